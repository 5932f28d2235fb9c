/** The real handlers, handed whatever a test makes up: no mapping, no filter and no stream stand between. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import type { Store } from '../../lib/protocol/store.ts';
import type { BatchResponse, StreamEvent } from '../../lib/streams/batch.ts';
import { type SweepAnswer, type SweepRequest, sweepRequested } from '../../lib/streams/sweep-requested.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import type { LogLine } from '../../lib/testing/memory/ports.ts';
import { testPorts } from '../../lib/testing/memory/ports.ts';
import { type Handler, handlersOf } from '../../lib/testing/memory/stream-functions.ts';
import type { Backend } from '../support/backend.ts';
import {
  emptyDatabase,
  type ownConnection,
  PHYSICAL_NAMES,
  rawAccess,
  withTokensOfALife,
} from '../support/dynamodb.ts';
import { memoryBackend } from '../support/memory-backend.ts';

export const STREAMED = ['tasks', 'attachments', 'services', 'networks'] as const;
export type Streamed = (typeof STREAMED)[number];

const CONTEXT = { awsRequestId: 'r1', getRemainingTimeInMillis: () => 900_000 };

export interface House extends Pick<Backend, 'put' | 'delete' | 'get' | 'world' | 'log'> {
  /** Any event, as a function's caller may send it. */
  call(table: Streamed, event: unknown): Promise<BatchResponse>;
  /** The failed records' sequence numbers. */
  batch(table: Streamed, records: readonly unknown[]): Promise<string[]>;
  sweep(request?: unknown): Promise<SweepAnswer>;
}

/** On the memory backend: for breadth. Its own streams and filters are not used. */
export async function memoryHouse() {
  let store: Store | undefined;
  const backend = memoryBackend({
    wrap: (opened) => {
      store = opened;
      return opened;
    },
  });
  // A backend may open its store only when it is first used.
  if (store === undefined) await backend.sweep();
  if (store === undefined) throw new Error('the memory backend has opened no store');
  const { put, get, world } = backend;
  const log: LogLine[] = [];
  return { put, delete: backend.delete, get, world, violations: backend.violations, ...functionsOn(store, log) };
}

export interface EngineHouse extends House {
  readonly db: DynamoDBDocumentClient;
  readonly connection: ReturnType<typeof ownConnection>;
  /** For a typed client whose tokens a test counts. */
  readonly sdk: DynamoDBClient;
}

/** On DynamoDB Local, in an empty database: one at a time. */
export async function engineHouse(): Promise<EngineHouse> {
  const { connection, db } = await emptyDatabase();
  const sdk = new DynamoDBClient({ ...connection, maxAttempts: 1 });
  withTokensOfALife(sdk);
  const store = new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { chance: testChance(), isLearned: true }));
  return { ...rawAccess(db, PHYSICAL_NAMES), db, connection, sdk, ...functionsOn(store, []) };
}

function functionsOn(store: Store, log: LogLine[]) {
  const ports = testPorts(store, testChance(), log);
  const handlers = handlersOf(ports);
  const call = (table: Streamed, event: unknown) => (handlers[table] as Handler)(event as StreamEvent, CONTEXT);
  return {
    log,
    call,
    batch: async (table: Streamed, records: readonly unknown[]) => failuresOf(await call(table, { Records: records })),
    sweep: async (request?: unknown) => sweepRequested(ports)(request as SweepRequest | undefined, CONTEXT),
  };
}

function failuresOf({ batchItemFailures }: BatchResponse): string[] {
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

/** What the functions said of what they could not do: the subject and the code, in the order of the log. */
export function failuresSaid(log: readonly LogLine[]): { subject: unknown; code: unknown }[] {
  return log.filter(({ decision }) => decision === 'failed').map(({ subject, code }) => ({ subject, code }));
}
