import { spoken } from '../../../lib/operate/names.ts';
import { openDeadLetters, openRecords } from '../../../lib/operate/recovery/dead-letter-queue.ts';
import { redrive as redriveLetters } from '../../../lib/operate/recovery/redrive.ts';
import { refuseMore } from '../arguments.ts';
import { type Command, DONE, FAILED } from '../command.ts';
import { openProgress } from '../progress.ts';
import { terminalOf } from '../terminal.ts';
import { count, facts, list, shortened, visible } from '../text.ts';

export const redrive: Command = {
  name: 'redrive',
  group: 'Check and repair',
  takes: '',
  says: 'makes up for what is in the dead-letter queue, and empties it',
  options: {},
  examples: [
    ['deallocator redrive', 'settles what the dead letters are about, then deletes them'],
    ['deallocator redrive --deployment Shop --json', 'of a deployed stack, for a script'],
  ],
  async run({ io, open, isJson, report, printJson }, given) {
    refuseMore(given, 0);
    const { connection, deadLetterQueueUrl, tables, sweep, cluster } = await open();
    const deadLetters = openDeadLetters(connection, deadLetterQueueUrl, io.signal);
    const records = openRecords(connection, io.signal);
    const progress = openProgress(io);
    try {
      const result = await redriveLetters({ deadLetters, records, sweep }, tables, {
        plan: cluster.plan,
        signal: io.signal,
        onProgress: ({ received, deleted, kept }) =>
          progress.update(deleted + kept, received, `${count(received, 'message')} received`),
      });
      progress.close();
      if (isJson) printJson(result);
      else {
        const { keptMessages, deletedParents, malformed, gone } = result;
        report(
          facts([
            ['received', result.received],
            ['deleted', result.deleted],
            ['kept', result.kept],
            ['settled', result.settled],
            ['whole sweeps', result.sweeps],
          ]),
        );
        const rows = [
          ...deletedParents.map((name) => [shortened(spoken(cluster.plan, name)), 'deleted']),
          ...malformed.map((what) => ['a record', `could not be read: ${what}`]),
          ...keptMessages.map(({ body, reason }) => [body.slice(0, 60), `kept: ${reason}`]),
        ];
        if (rows.length > 0)
          report(`\n${list(['WHAT', 'OUTCOME'], rows, { terminal: terminalOf(io.out, io.environment) })}`);
        if (gone.length > 0) {
          report(
            visible(
              `${gone.length} of the batches had left the stream, and a whole sweep made up for it; "deallocator audit" tells whether attachments are missing`,
            ),
          );
        }
      }
      return result.kept > 0 ? FAILED : DONE;
    } finally {
      progress.close();
      deadLetters.close();
      records.close();
    }
  },
};
