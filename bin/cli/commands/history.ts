import { interruptible } from '../../../lib/operate/interruptible.ts';
import { called, kindOf, listed, namesOf, parseTypedName, spokenWith } from '../../../lib/operate/names.ts';
import {
  HISTORY_DELETIONS_MAX,
  type History,
  type HistoryOptions,
  readHistory,
} from '../../../lib/operate/reports/history.ts';
import { RECEIPT_DAYS_DEFAULT } from '../../../lib/protocol/limits.ts';
import { isId, KINDS, type ParentKind } from '../../../lib/protocol/model.ts';
import { timeOfMark } from '../../../lib/protocol/time.ts';
import { checkTyped, type Given, readKind, readNumber, refuseMore } from '../arguments.ts';
import { type Command, DONE, FAILED } from '../command.ts';
import { resolveTyped } from '../objects.ts';
import { terminalOf } from '../terminal.ts';
import { columns, shortened, visible } from '../text.ts';

export const history: Command = {
  name: 'history',
  group: 'Look',
  takes: '[[KIND] ID]',
  says: 'shows what was deleted, the newest first: when, who had asked for it and why, what went along',
  options: {
    kind: { value: 'KIND', says: 'service or network (default: both)' },
    limit: { value: 'N', says: 'how many are shown (default: 100)' },
  },
  examples: [
    ['deallocator history', 'the last 100 deletions'],
    ['deallocator history web --kind service', 'each life of service web'],
    ['deallocator history shop_web', 'also by its name, if that is not its id'],
  ],
  async run(session, given) {
    const { io, isJson, report, printJson } = session;
    const kindText = given.text('kind');
    const { id, kind } = readPast(given, kindText === undefined ? undefined : readKind(kindText));
    const limit = readNumber(given, 'limit', HISTORY_DELETIONS_MAX);
    if (id !== undefined) checkTyped(kind ?? 'network', id);
    const deployment = await session.open();
    const read = (options: HistoryOptions) =>
      interruptible(readHistory(deployment.cluster, { name: id, kind, limit, ...options }), io);
    let found = id === undefined || kind === undefined ? await read({ id }) : undefined;
    if (id !== undefined && (found === undefined || found.whereabouts === 'not there')) {
      // A name stands for what is there now; else for all that were called so when they were deleted.
      const kinds = kind === undefined ? (Object.keys(KINDS) as ParentKind[]) : [kind];
      const asked = kinds.map((one) => ({ kind: one, id })).filter((key) => isId(key.kind, id));
      const resolved = await resolveTyped(session, deployment, asked);
      const there = resolved.find(({ by }) => by !== 'receipt' && by !== 'nothing');
      if (there !== undefined) found = await read({ ...there.key });
    }
    found ??= await read({ id });
    if (isJson) printJson(found);
    else if (found.deletions.length === 0) report(nothingWords(id, kind, found));
    else {
      const say = sayer(found);
      const rows = found.deletions.map(
        ({ object, name, deletedAt, markedAt, markedBy, markedReason, wentWith, freed, trigger }) => [
          deletedAt,
          shortened(called(object, name)),
          timeOfMark(markedAt),
          shortened([markedBy, markedReason].filter(Boolean).join(': ') || '-'),
          shortened(wentWith === undefined ? listed(freed.map(say)) || '-' : say(wentWith)),
          trigger,
        ],
      );
      report(
        columns(['DELETED', 'OBJECT', 'MARKED', 'WHO: WHY', 'TOGETHER WITH', 'BY'], rows, {
          terminal: terminalOf(io.out, io.environment),
          optional: ['BY', 'MARKED', 'TOGETHER WITH'],
        }),
      );
      if (found.more > 0) report(`… and ${found.more} more, all older; --limit shows them`);
    }
    if (!isJson && !found.isWhole) report('Not all receipts were read; newer ones may be among the others.');
    return found.whereabouts === 'not there' ? FAILED : DONE;
  },
};

/** What went together is in the same list, and has its name there. */
function sayer({ deletions }: History): (object: string) => string {
  const names = namesOf(deletions.map(({ kind, id, name }) => ({ key: { kind, id }, name })));
  return (object) => spokenWith(names, object);
}

const EXPIRY = `Receipts are kept for ${RECEIPT_DAYS_DEFAULT} days, unless the deployment says otherwise.`;

function nothingWords(id: string | undefined, kind: ParentKind | undefined, { whereabouts, isWhole }: History): string {
  if (id === undefined) return `No receipt of a deletion was found. ${EXPIRY}`;
  const name = visible(kind === undefined ? id : `${kind} ${id}`);
  const receipt = isWhole ? 'no receipt' : 'no receipt that was read';
  const where =
    whereabouts === 'there'
      ? `is there, and ${receipt} tells of a former life`
      : `is not there, and ${receipt} tells of it`;
  return `${name} ${where}. ${EXPIRY}`;
}

/** `ID` of either kind, `KIND ID`, or `KIND/ID`. With `--kind`, the id is taken as it is. */
function readPast(given: Given, kind: ParentKind | undefined): { id?: string; kind?: ParentKind | undefined } {
  const [first, second] = given.positionals;
  const named = first === undefined || kind !== undefined ? undefined : parseTypedName(first);
  const firstKind = second === undefined || kind !== undefined ? undefined : kindOf(first ?? '');
  refuseMore(given, firstKind === undefined ? 1 : 2);
  if (firstKind !== undefined) return { id: second as string, kind: firstKind };
  return named ?? (first === undefined ? { kind } : { id: first, kind });
}
