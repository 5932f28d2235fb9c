import { join } from 'node:path';
import { removeRunningFile, writeRunningFile } from '../../../lib/local/running-file.ts';
import { startLocalCloud } from '../../../lib/testing/local-cloud.ts';
import { type Given, refuseMore } from '../arguments.ts';
import { type Command, DONE } from '../command.ts';
import { UsageError } from '../errors.ts';
import { RUNNING_CLOUDS } from '../running-clouds.ts';

const PORT_MAX = 65_535;
/** Functions and engine end within seconds; a busy machine takes longer. */
const STOP_MILLIS_MAX = 20_000;

export const local: Command = {
  name: 'local',
  group: 'Set up',
  takes: '',
  says: 'runs tables, streams and functions on this machine until Ctrl-C, for other commands in the same directory',
  options: { port: { value: 'N', says: 'the port of its endpoint (default: any free one)' } },
  examples: [['deallocator local --port 8000', 'then, in another terminal of this directory: deallocator status']],
  isAlone: true,
  orderlyEndMillis: STOP_MILLIS_MAX,
  async run({ io, print }, given) {
    refuseMore(given, 0);
    const tell = (line: string) => void io.err.write(`${line}\n`);
    const cloud = await startLocalCloud({ port: readPort(given), schedules: true, log: tell });
    const file = writeRunningFile(join(io.directory, RUNNING_CLOUDS), cloud.config);
    try {
      print(JSON.stringify(cloud.config));
      tell(`ready at ${cloud.config.endpoint}; Ctrl-C stops it`);
      await new Promise<void>((resolve) => {
        if (io.signal.aborted) resolve();
        else io.signal.addEventListener('abort', () => resolve(), { once: true });
      });
    } finally {
      removeRunningFile(file);
      await cloud.stop();
    }
    return DONE;
  },
};

function readPort(given: Given): number {
  const text = given.text('port') ?? '0';
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= PORT_MAX) return port;
  throw new UsageError(`--port is "${text}", allowed: a number from 0 to ${PORT_MAX}`);
}
