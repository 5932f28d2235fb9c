/** What our own code costs in processor time and memory, over the SDK's real client, with every answer at once. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { connect } from '../../lib/dynamodb/document-client.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { streamHandlerOf } from '../../lib/streams/handlers.ts';
import { MEMORY_NAMES } from '../../lib/testing/memory/client.ts';

export interface HandlerCost {
  readonly records: number;
  readonly parents: number;
  readonly requests: number;
  /** Time of one invocation on one core: the quickest of several, since other programs only ever add. */
  readonly cpuMillis: number;
}

/** A batch in a process of its own, as a function has it: the most memory that it ever held, in megabytes. */
export async function measureBatchMegabytes(records: number, parents: number): Promise<number> {
  return await withStubServer(async (port) => {
    const child = fork(join(import.meta.dirname, 'batch-process.ts'), [String(port), String(records), String(parents)]);
    const [kilobytes] = (await once(child, 'message')) as [number];
    return kilobytes / 1024;
  });
}

export async function withStubServer<T>(use: (port: number) => Promise<T>): Promise<T> {
  const server = fork(join(import.meta.dirname, 'stub-server.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    const [port] = (await once(server, 'message')) as [number];
    return await use(port);
  } finally {
    server.kill();
  }
}

/** Our function over a client to the given port; counts what it sends. */
export function openHandler(port: number) {
  const db = connect({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  });
  let requests = 0;
  db.middlewareStack.add(
    (next) => (args) => {
      requests++;
      return next(args);
    },
    { step: 'initialize', name: 'count' },
  );
  const handler = streamHandlerOf('tasks', {
    openStore: (observer) => new DynamoDBStore(openDatabase(db, MEMORY_NAMES, { observer })),
    chance: systemChance,
    plan: swarmkitPlan(),
    rules: DEFAULT_RULES,
    telemetry: {
      functionName: 'bench',
      namespace: 'Bench',
      nowEpochMillis: systemChance.nowEpochMillis,
      writeLine: () => {},
    },
  });
  return {
    /** The event as Lambda's runtime gets it, and parses it in our time. Returns the number of requests. */
    async handle(text: string): Promise<number> {
      requests = 0;
      const { batchItemFailures } = await handler(JSON.parse(text), context);
      if (batchItemFailures.length > 0) throw new Error('the stub server knows too little: a record failed');
      return requests;
    },
    close: () => db.destroy(),
  };
}

const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 60_000 };

export function removals(records: number, parents: number): { readonly Records: readonly unknown[] } {
  return {
    Records: Array.from({ length: records }, (_, n) => ({
      eventID: `event-${n}`,
      eventName: 'REMOVE',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'us-east-1',
      dynamodb: {
        ApproximateCreationDateTime: 1_767_225_600,
        Keys: { serviceId: { S: `service-${n % parents}` }, id: { S: `task-${n}` } },
        SequenceNumber: String(n + 1).padStart(21, '0'),
        SizeBytes: 40,
        StreamViewType: 'KEYS_ONLY',
      },
      eventSourceARN: 'arn:aws:dynamodb:us-east-1:000000000000:table/Tasks/stream/2026-01-01T00:00:00.000',
    })),
  };
}

/** @param invocations warm-ups aside */
export async function measureHandlerCost(
  shapes: readonly { readonly records: number; readonly parents: number }[],
  invocations: number,
): Promise<readonly HandlerCost[]> {
  return await withStubServer(async (port) => {
    const { handle, close } = openHandler(port);
    const costs: HandlerCost[] = [];
    for (const { records, parents } of shapes) {
      const text = JSON.stringify(removals(records, parents));
      let [cpuMillis, requests] = [Number.POSITIVE_INFINITY, 0];
      for (let n = -2; n < invocations; n++) {
        const before = process.cpuUsage();
        requests = await handle(text);
        const { user, system } = process.cpuUsage(before);
        if (n >= 0) cpuMillis = Math.min(cpuMillis, (user + system) / 1000);
      }
      costs.push({ records, parents, requests, cpuMillis });
    }
    close();
    return costs;
  });
}
