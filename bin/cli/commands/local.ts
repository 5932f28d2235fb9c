/** A local cloud from its start to Ctrl-C: `deallocator local`, and `npm run local` in a clone. */
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
    const stopAsked = new Promise<string>((resolve) => {
      if (io.signal.aborted) resolve('Ctrl-C');
      else io.signal.addEventListener('abort', () => resolve('Ctrl-C'), { once: true });
    });
    await keepLocalCloud(
      { port: readPort(given) },
      {
        stopAsked,
        print,
        tell: (line) => void io.err.write(`${line}\n`),
        directory: join(io.directory, RUNNING_CLOUDS),
      },
    );
    return DONE;
  },
};

export interface Keeping {
  /** Resolves with the reason to stop. */
  readonly stopAsked: Promise<string>;
  /** Takes the one line of JSON. */
  print(line: string): void;
  /** Takes what is logged, and what is for people. */
  tell(line: string): void;
  /** Where other commands look for it. Absent: they don't find it. */
  readonly directory?: string | undefined;
  /** For people, once it is ready. */
  readonly next?: string | undefined;
}

/** A signal while it starts has to wait until there is something to stop. */
export async function keepLocalCloud(
  options: Parameters<typeof startLocalCloud>[0],
  { stopAsked, print, tell, directory, next }: Keeping,
): Promise<void> {
  const { config, stop } = await startLocalCloud({ ...options, schedules: true, log: tell });
  const file = directory && writeRunningFile(directory, config);
  try {
    print(JSON.stringify(config));
    tell(`local: ready at ${config.endpoint}; Ctrl-C stops it`);
    if (next !== undefined) tell(next);
    tell(`local: stopping (${await stopAsked})`);
  } finally {
    if (file) removeRunningFile(file);
    await stop();
  }
}

function readPort(given: Given): number {
  const text = given.text('port') ?? '0';
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= PORT_MAX) return port;
  throw new UsageError(`--port is "${text}", allowed: a number from 0 to ${PORT_MAX}`);
}
