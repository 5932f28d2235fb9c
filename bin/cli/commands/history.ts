import { interruptible } from '../../../lib/operate/interruptible.ts';
import { spoken } from '../../../lib/operate/names.ts';
import { HISTORY_DELETIONS_MAX, readHistory } from '../../../lib/operate/reports/history.ts';
import { checkTyped, readKind, readNumber, refuseMore } from '../arguments.ts';
import { type Command, DONE } from '../command.ts';
import { columns, shortened } from '../text.ts';

export const history: Command = {
  name: 'history',
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
    else if (found.deletions.length === 0) print('No receipt of a deletion was found.');
    else {
      const rows = found.deletions.map(
        ({ object, deletedAt, markedAt, markedBy, markedReason, wentWith, freed, trigger }) => [
          deletedAt,
          shortened(spoken(object)),
          markedAt.split('#')[0] ?? markedAt,
          shortened([markedBy, markedReason].filter(Boolean).join(': ') || '-'),
          shortened(wentWith === undefined ? freed.map(spoken).join(', ') || '-' : spoken(wentWith)),
          trigger,
        ],
      );
      print(columns(['DELETED', 'OBJECT', 'MARKED', 'WHO: WHY', 'TOGETHER WITH', 'BY'], rows));
      if (found.more > 0) print(`… and ${found.more} more, all older; --limit shows them`);
    }
    if (!isJson && !found.isWhole) print('Not all receipts were read; newer ones may be among the others.');
    return DONE;
  },
};
