/** The process around one call of the command line. */
import { userInfo } from 'node:os';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import { onNpmEnd } from './npm-end.ts';
import { run } from './run.ts';

/** The system may not know the user, as in a container: then there is no name. */
function findUserName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** Exit status: 0 done, 1 error, 2 usage, 3 blocked or timed out, 130 Ctrl-C. */
export async function main(): Promise<void> {
  const interruption = new AbortController();
  process.on('SIGINT', () => {
    // A second one does not wait for an orderly end.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort(new DOMException('interrupted by Ctrl-C', 'AbortError'));
  });
  onNpmEnd(process.env, () => interruption.abort(new DOMException('npm has ended', 'AbortError')));
  // A reader may go away, as `head` does; what was asked for is done all the same.
  let isReaderGone = false;
  process.stdout.on('error', () => {
    isReaderGone = true;
  });
  process.stderr.on('error', () => {});

  const status = await run(process.argv.slice(2), {
    // Opened only by what reads it.
    get input() {
      return process.stdin;
    },
    out: process.stdout,
    err: process.stderr,
    environment: process.env,
    directory: process.cwd(),
    userName: process.env.USER || findUserName(),
    chance: systemChance,
    signal: interruption.signal,
    isReaderGone: () => isReaderGone,
  });
  process.exitCode = status;
  // A pause that is no longer waited for would keep the process alive until its end.
  if (interruption.signal.aborted) process.stdout.write('', () => process.exit(status));
}
