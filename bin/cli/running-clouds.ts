/** Which local cloud is meant where nothing says so: the only one that runs beside this directory. */
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { isMap } from '../../lib/operate/values.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';

/** Where each local cloud writes what it has printed, from the directory in which it was started. */
export const RUNNING_CLOUDS = join('.local', 'clouds');

/** A port of this machine answers at once, or not at all. */
const ANSWER_MILLIS_MAX = 500;

interface Cloud {
  readonly name: string;
  readonly text: string;
  readonly endpoint: string;
  readonly pid: number;
}

/**
 * Clouds that have ended without removing their file are passed over.
 *
 * @param endpoint what was typed: it tells several apart
 */
export async function findRunningCloud(directory: string, endpoint: string | undefined): Promise<Cloud> {
  const written = await readClouds(directory);
  const answers = await Promise.all(written.map(isRunning));
  const running = written.filter((_, place) => answers[place]);
  const meant = running.find((cloud) => endpoint !== undefined && isSameAddress(cloud.endpoint, endpoint));
  if (meant !== undefined) return meant;
  const [only, ...others] = running;
  if (only === undefined) {
    const ended =
      written.length === 0 ? '' : ` (${written.map((cloud) => cloud.endpoint).join(', ')} ran there and ended)`;
    throw new DeallocatorError(
      'FailedPrecondition',
      `no local cloud runs beside this directory${ended}; start one with "npx deallocator local" (in a clone "npm run local"), or say where the deployment is with --deployment NAME or --config FILE`,
    );
  }
  if (others.length === 0) return only;
  const choices = running.map(({ endpoint: at, name, pid }) => `${at} (--config ${name}, process ${pid})`);
  throw new DeallocatorError(
    'FailedPrecondition',
    `${running.length} local clouds run beside this directory: ${choices.join(', ')}; choose one with --endpoint URL, --config FILE, or DEALLOCATOR_CONFIG`,
  );
}

async function readClouds(directory: string): Promise<Cloud[]> {
  const names = await readdir(join(directory, RUNNING_CLOUDS)).catch(() => []);
  const clouds = names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map(async (file): Promise<Cloud[]> => {
      const name = join(RUNNING_CLOUDS, file);
      try {
        const text = await readFile(join(directory, name), 'utf8');
        const found: unknown = JSON.parse(text);
        const { endpoint, pid } = isMap(found) ? found : {};
        return typeof endpoint === 'string' && typeof pid === 'number' ? [{ name, text, endpoint, pid }] : [];
      } catch {
        // It has just ended, or is about to write what it is.
        return [];
      }
    });
  return (await Promise.all(clouds)).flat();
}

/** Both: another process may have its number by now, or its port. */
async function isRunning({ endpoint, pid }: Cloud): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: ANSWER_MILLIS_MAX });
    const end = (isThere: boolean) => () => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}

function isSameAddress(first: string, second: string): boolean {
  const address = (text: string) => new URL(text.replace('//localhost', '//127.0.0.1')).host;
  return address(first) === address(second);
}
