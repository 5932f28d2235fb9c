import { spoken } from '../../../lib/operate/names.ts';
import { sweepAll } from '../../../lib/operate/recovery/whole-sweep.ts';
import { refuseMore } from '../arguments.ts';
import { type Command, DONE, FAILED } from '../command.ts';
import { openProgress } from '../progress.ts';
import { terminalOf } from '../terminal.ts';
import { duration, facts, list, shortened } from '../text.ts';

export const sweep: Command = {
  name: 'sweep',
  group: 'Check and repair',
  takes: '',
  says: 'settles everything that is marked, with the deployed function, and says what went',
  options: {
    full: { says: 'also finds marks without markedAt whose record was lost; reads whole tables' },
    restart: { says: 'from the beginning (default: where an unfinished sweep has stopped)' },
  },
  examples: [
    ['deallocator sweep', 'now, instead of within 15 minutes'],
    ['deallocator sweep --full --json', 'after an outage, for a script'],
  ],
  async run({ io, open, isJson, report, printJson }, given) {
    refuseMore(given, 0);
    const { sweep, cluster } = await open();
    const startEpochMillis = io.chance.nowEpochMillis();
    const progress = openProgress(io);
    // How many are marked is not known beforehand.
    progress.update(0, 0, 'sweeping');
    let seen = 0;
    const result = await sweepAll(sweep, {
      full: given.flag('full'),
      restart: given.flag('restart'),
      signal: io.signal,
      onAnswer: ({ settled }) => {
        seen += settled;
        progress.update(0, 0, `sweeping: ${seen} settled`);
      },
    }).finally(() => progress.close());
    const seconds = (io.chance.nowEpochMillis() - startEpochMillis) / 1000;
    if (isJson) printJson({ ...result, seconds });
    else {
      const {
        deleted,
        deletedCount,
        failed,
        failedCount,
        settled,
        stillMarked,
        oldestMarkSeconds,
        learning = [],
      } = result;
      const rows = [
        ...deleted.map((name) => [shortened(spoken(cluster.plan, name)), 'deleted']),
        ...failed.map(({ parent, error }) => [shortened(spoken(cluster.plan, parent)), `failed: ${error}`]),
      ];
      const all = {
        all: deletedCount + failedCount,
        jsonHas: 'up to 1,000 of each invocation',
        terminal: terminalOf(io.out, io.environment),
      };
      if (rows.length > 0) report(`${list(['OBJECT', 'SWEPT'], rows, all)}\n`);
      const oldest = oldestMarkSeconds > 0 ? `, the oldest mark is ${duration(oldestMarkSeconds)} old` : '';
      report(
        facts([
          ['settled', settled],
          ['deleted', deletedCount],
          ['failed', failedCount],
          ['still marked', `${stillMarked}${oldest}`],
          ...(learning.length > 0 ? [['learning', learning.join(', ')] as const] : []),
          ['took', `${seconds.toFixed(1)} s`],
        ]),
      );
    }
    return result.failedCount > 0 ? FAILED : DONE;
  },
};
