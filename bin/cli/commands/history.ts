import type { ItemKey } from '../../../lib/lifecycle/keys.ts';
import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { typedId } from '../../../lib/lifecycle/told.ts';
import { interruptible } from '../../../lib/operate/interruptible.ts';
import {
  called,
  keysCalled,
  kindOf,
  listed,
  namesOf,
  parseTypedId,
  parseTypedName,
  planned,
  spokenWith,
} from '../../../lib/operate/names.ts';
import {
  HISTORY_DELETIONS_MAX,
  type History,
  type HistoryOptions,
  readHistory,
} from '../../../lib/operate/reports/history.ts';
import { keyOf } from '../../../lib/operate/reports/order.ts';
import { RECEIPT_DAYS_DEFAULT } from '../../../lib/protocol/limits.ts';
import { timeOfMark } from '../../../lib/protocol/time.ts';
import { asTyped, type Given, readKind, readNumber, refuseMore } from '../arguments.ts';
import { type Command, DONE, FAILED } from '../command.ts';
import { openTyped, resolveTyped } from '../objects.ts';
import { terminalOf } from '../terminal.ts';
import { columns, shortened, visible } from '../text.ts';

export const history: Command = {
  name: 'history',
  group: 'Look',
  takes: '[[KIND] ID]',
  says: 'shows what was deleted, the newest first: when, who had asked for it and why, what went along',
  options: {
    kind: { value: 'KIND', says: 'such as service or network (default: every kind)' },
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
    const limit = readNumber(given, 'limit', HISTORY_DELETIONS_MAX);
    const { deployment, typed } = await openTyped(session, (plan) => {
      const past = readPast(plan, given, kindText === undefined ? undefined : readKind(plan, kindText));
      return { ...past, keys: keysOf(plan, past) };
    });
    const { id, kind, keys } = typed;
    const { plan } = deployment.cluster;
    const read = (options: HistoryOptions) =>
      interruptible(readHistory(deployment.cluster, { name: id, kind, limit, ...options }), io);
    let found = id === undefined || kind === undefined ? await read({ id }) : undefined;
    if (id !== undefined && (found === undefined || found.whereabouts === 'not there')) {
      // A name stands for what is there now; else for all that were called so when they were deleted.
      const resolved = await resolveTyped(session, deployment, keys);
      const there = resolved.find(({ by }) => by !== 'receipt' && by !== 'nothing');
      if (there !== undefined) found = await read({ ...there.key });
    }
    found ??= await read({ id });
    if (isJson) printJson(found);
    else if (found.deletions.length === 0) report(nothingWords(plan, id, kind, found));
    else {
      const say = sayer(plan, found);
      const rows = found.deletions.map(
        ({ object, name, deletedAt, markedAt, markedBy, markedReason, wentWith, freed, trigger }) => [
          deletedAt,
          shortened(called(plan, object, name)),
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
function sayer(plan: Plan, { deletions }: History): (object: string) => string {
  const names = namesOf(deletions.map(({ object, name }) => ({ key: keyOf(plan, object), name })));
  return (object) => spokenWith(plan, names, object);
}

const EXPIRY = `Receipts are kept for ${RECEIPT_DAYS_DEFAULT} days, unless the deployment says otherwise.`;

function nothingWords(
  plan: Plan,
  id: string | undefined,
  kind: string | undefined,
  { whereabouts, isWhole }: History,
): string {
  if (id === undefined) return `No receipt of a deletion was found. ${EXPIRY}`;
  const name = visible(kind === undefined ? id : `${planned(plan, kind).words.singular} ${id}`);
  const receipt = isWhole ? 'no receipt' : 'no receipt that was read';
  const where =
    whereabouts === 'there'
      ? `is there, and ${receipt} tells of a former life`
      : `is not there, and ${receipt} tells of it`;
  return `${name} ${where}. ${EXPIRY}`;
}

interface Past {
  readonly id?: string | undefined;
  readonly kind?: string | undefined;
}

/** `ID` of any kind, `KIND ID`, or `KIND/ID`. With `--kind`, the id is taken as it is. */
function readPast(plan: Plan, given: Given, kind: string | undefined): Past {
  const [first, second] = given.positionals;
  const named = first === undefined || kind !== undefined ? undefined : namedIn(plan, first);
  const firstKind = second === undefined || kind !== undefined ? undefined : kindOf(plan, first ?? '');
  refuseMore(given, firstKind === undefined ? 1 : 2);
  if (firstKind !== undefined) return { id: second as string, kind: firstKind };
  return named ?? (first === undefined ? { kind } : { id: first, kind });
}

/** As typed, and by which kind. */
function namedIn(plan: Plan, word: string): Past | undefined {
  const key = asTyped(() => parseTypedName(plan, word));
  return key && { kind: key.kind, id: typedId(plan, key) };
}

function keysOf(plan: Plan, { id, kind }: Past): readonly ItemKey[] {
  if (id === undefined) return [];
  return asTyped(() => (kind === undefined ? keysCalled(plan, id) : [parseTypedId(plan, kind, id)]));
}
