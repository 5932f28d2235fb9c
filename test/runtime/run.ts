/**
 * `npm run runtime`: the deployed bundles under Amazon's own Runtime Interface Client, instead of our emulation of Lambda, on
 * the local cloud's tables. Each function deletes, or helps to delete, something real. Tells how long each takes to start,
 * for its first invocation, and for a later one. Exit status: 0 all did, 1 not.
 *
 * Not a part of `npm test`: it compiles C++ first, for a minute or two.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { ASSEMBLY_DIRECTORY, readNames, readSynthesizedStack, STACK_NAME, synthesize } from '../../bin/synthesize.ts';
import { DeallocatorClient, isDeallocatorError } from '../../lib/client/index.ts';
import type { FunctionProperties } from '../../lib/local/lambda/functions.ts';
import { environmentOf } from '../../lib/local/lambda/pool.ts';
import { startLocalCloud } from '../../lib/local/local-cloud.ts';
import { buildInterfaceClient } from './interface-client.ts';
import { openRuntimeApi, type RuntimeApi } from './runtime-api.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** Invocations after the first one; their median is told. */
const WARM_INVOCATIONS = 20;

const program = buildInterfaceClient(join(ROOT, '.reports', 'runtime-interface-client'));
await synthesize(new AbortController().signal);
const cloud = await startLocalCloud({
  assemblyDirectory: ASSEMBLY_DIRECTORY,
  stackName: STACK_NAME,
  schedules: false,
  log: () => {},
});
const tasks = mkdtempSync(join(tmpdir(), 'runtime-'));
// The events are handed out here, to the other processes.
await cloud.pauseMappings();
const { endpoint, region, accessKeyId, secretAccessKey, outputs } = cloud;
const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
const client = new DeallocatorClient({ tables: readNames(outputs).tables, connection });
const { functions } = readSynthesizedStack();

interface Running {
  readonly api: RuntimeApi;
  readonly process: ChildProcess;
  readonly startMillis: number;
}

async function start(properties: FunctionProperties): Promise<Running> {
  const api = await openRuntimeApi(properties.arn);
  // As in Lambda's /var/task, there is no package.json above it that says what its files are.
  const directory = join(tasks, properties.logicalId);
  cpSync(properties.directory, directory, { recursive: true });
  const began = performance.now();
  const child = spawn(process.execPath, [program], {
    env: { ...environmentOf({ ...properties, directory }, endpoint), AWS_LAMBDA_RUNTIME_API: api.address },
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the runtime of ${properties.name} ended with status ${code}`)));
  });
  exited.catch(() => {});
  await Promise.race([api.ready, exited]);
  return { api, process: child, startMillis: performance.now() - began };
}

let sequence = 0;
type Keys = Record<string, { S: string }>;
const event = (eventName: string, keys: Keys, images: object = {}) => ({
  Records: [{ eventName, dynamodb: { SequenceNumber: String(++sequence), Keys: keys, ...images } }],
});
const marked = async (reading: Promise<{ id: string; markedAt?: string }>) => {
  const { id, markedAt = '' } = await reading;
  const image = { id: { S: id } };
  const after = { ...image, pendingDelete: { BOOL: true }, markedAt: { S: markedAt } };
  return event('MODIFY', image, { OldImage: image, NewImage: after });
};
async function expectGone(reading: Promise<unknown>): Promise<void> {
  const found = await reading.catch((error: unknown) => error);
  if (!isDeallocatorError(found, 'NotFound')) throw new Error(`still there: ${JSON.stringify(found)}`);
}

/** Of each function, what it is told of, and what must be gone then. In this order: the sweep opens the counters. */
const STORIES: Readonly<Record<string, { tell(): Promise<unknown>; check(): Promise<void> }>> = {
  sweep: {
    async tell() {
      for (const id of ['front', 'back']) await client.createNetwork({ id });
      await client.createService({ id: 'web' });
      await client.createService({ id: 'api', spec: { networks: [{ target: 'front' }] } });
      await client.createTask('web', { id: '1' });
      await client.createService({ id: 'job' });
      await client.removeService('web');
      await client.removeNetwork('front', { whenInUse: 'wait' });
      return { trigger: 'runtime' };
    },
    check: async () => {},
  },
  'task-deleted': {
    async tell() {
      await client.deleteTask('web', '1');
      return event('REMOVE', { serviceId: { S: 'web' }, id: { S: '1' } });
    },
    check: () => expectGone(client.getService('web')),
  },
  'attachment-deleted': {
    async tell() {
      await client.updateService('api', () => ({ networks: [] }));
      return event('REMOVE', { held: { S: 'network#front' }, holder: { S: 'service#api' } });
    },
    check: () => expectGone(client.getNetwork('front')),
  },
  'service-updated': {
    async tell() {
      await client.removeService('job');
      return marked(client.getService('job'));
    },
    check: () => expectGone(client.getService('job')),
  },
  'network-updated': {
    async tell() {
      await client.removeNetwork('back');
      return marked(client.getNetwork('back'));
    },
    check: () => expectGone(client.getNetwork('back')),
  },
};

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};
const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

const table = new Table({
  head: ['function', 'start ms', 'first invocation ms', `median of ${WARM_INVOCATIONS} more ms`],
  colAligns: ['left', 'right', 'right', 'right'],
  style: { head: [], border: [] },
});
const all: Running[] = [];
try {
  for (const [name, story] of Object.entries(STORIES)) {
    const properties = functions.find(({ environment }) => environment.DEALLOCATOR_FUNCTION === name);
    if (properties === undefined) throw new Error(`the template has no function ${name}`);
    const told = await story.tell();
    const running = await start(properties);
    all.push(running);
    const firstMillis = await timed(async () => {
      const answer = (await running.api.invoke(told)) as { readonly batchItemFailures?: readonly unknown[] };
      if ((answer.batchItemFailures ?? []).length > 0) throw new Error(`${name} failed: ${JSON.stringify(answer)}`);
    });
    await story.check();
    const warm: number[] = [];
    // The same event again: there is nothing left to do, but to look.
    for (let n = 0; n < WARM_INVOCATIONS; n++) warm.push(await timed(() => running.api.invoke(told)));
    table.push([name, ...[running.startMillis, firstMillis, median(warm)].map((millis) => millis.toFixed(1))]);
  }
  console.log(table.toString());
} finally {
  for (const { api, process: child } of all) {
    child.removeAllListeners('exit');
    child.kill('SIGKILL');
    api.close();
  }
  await cloud.stop();
  rmSync(tasks, { recursive: true });
}
