import { interruptible } from '../../../lib/operate/interruptible.ts';
import { listed, spoken } from '../../../lib/operate/names.ts';
import { HISTORY_DELETIONS_MAX, type History, readHistory } from '../../../lib/operate/reports/history.ts';
import { RECEIPT_DAYS_DEFAULT } from '../../../lib/protocol/limits.ts';
import type { ParentKind } from '../../../lib/protocol/model.ts';
import { checkTyped, readKind, readNumber, refuseMore } from '../arguments.ts';
import { type Command, DONE, FAILED } from '../command.ts';
import { terminalOf } from '../terminal.ts';
import { columns, shortened, visible } from '../text.ts';

export const history: Command = {
  name: 'history',
  group: 'Look',
  takes: '[ID]',
  says: 'shows what was deleted, the newest first: when, who had asked for it and why, what went along',
  options: {
    kind: { value: 'KIND', says: 'service or network (default: both)' },
    limit: { value: 'N', says: 'how many are shown (default: 100)' },
  },
  examples: [
    ['deallocator history', 'the last 100 deletions'],
    ['deallocator history web --kind service', 'each life of service web'],
  ],
  async run({ io, open, isJson, print, printJson }, given) {
    refuseMore(given, 1);
    const [id] = given.positionals;
    const kindText = given.text('kind');
    const kind = kindText === undefined ? undefined : readKind(kindText);
    const limit = readNumber(given, 'limit', HISTORY_DELETIONS_MAX);
    if (id !== undefined) checkTyped(kind ?? 'network', id);
    const { cluster } = await open();
    const found = await interruptible(readHistory(cluster, { id, kind, limit }), io);
    if (isJson) printJson(found);
    else if (found.deletions.length === 0) print(nothingWords(id, kind, found));
    else {
      const rows = found.deletions.map(
        ({ object, deletedAt, markedAt, markedBy, markedReason, wentWith, freed, trigger }) => [
          deletedAt,
          shortened(spoken(object)),
          markedAt.split('#')[0] ?? markedAt,
          shortened([markedBy, markedReason].filter(Boolean).join(': ') || '-'),
          shortened(wentWith === undefined ? listed(freed.map(spoken)) || '-' : spoken(wentWith)),
          trigger,
        ],
      );
      print(
        columns(['DELETED', 'OBJECT', 'MARKED', 'WHO: WHY', 'TOGETHER WITH', 'BY'], rows, {
          terminal: terminalOf(io.out, io.environment),
          optional: ['BY', 'MARKED', 'TOGETHER WITH'],
        }),
      );
      if (found.more > 0) print(`… and ${found.more} more, all older; --limit shows them`);
    }
    if (!isJson && !found.isWhole) print('Not all receipts were read; newer ones may be among the others.');
    return found.whereabouts === 'not there' ? FAILED : DONE;
  },
};

const EXPIRY = `Receipts are kept for ${RECEIPT_DAYS_DEFAULT} days, unless the deployment says otherwise.`;

function nothingWords(id: string | undefined, kind: ParentKind | undefined, { whereabouts }: History): string {
  if (id === undefined) return `No receipt of a deletion was found. ${EXPIRY}`;
  const name = visible(kind === undefined ? id : `${kind} ${id}`);
  const where =
    whereabouts === 'there'
      ? 'is there, and no receipt tells of a former life'
      : 'is not there, and no receipt tells of it';
  return `${name} ${where}. ${EXPIRY}`;
}
