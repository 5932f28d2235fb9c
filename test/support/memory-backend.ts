/** The real handlers over tables in memory: every step checked, deliveries in a test's hands. */

import type { TableName } from '../../lib/dynamodb/schema.ts';
import type { SwarmkitOptions } from '../../lib/lifecycle/swarmkit.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { checkStep, type World } from '../../lib/protocol/invariants.ts';
import { DEFAULT_RULES, type Rules } from '../../lib/protocol/rules.ts';
import type { Store } from '../../lib/protocol/store.ts';
import type { Violation } from '../../lib/protocol/violations.ts';
import type { BatchResponse } from '../../lib/streams/batch.ts';
import { compareSequenceNumbers } from '../../lib/streams/records.ts';
import { type SweepAnswer, type SweepRequest, sweepRequested } from '../../lib/streams/sweep-requested.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { memoryStore } from '../../lib/testing/memory/client.ts';
import { type LogLine, testPorts } from '../../lib/testing/memory/ports.ts';
import { type Handler, handlersOf, mappingFilter } from '../../lib/testing/memory/stream-functions.ts';
import { type LambdaRecord, MemoryTables } from '../../lib/testing/memory/tables.ts';
import type { Backend } from './backend.ts';

/** A story that isn't done after so many batches never will be. */
const BATCHES_MAX = 10_000;

export interface MemoryBackend extends Backend {
  readonly tables: MemoryTables;
  readonly chance: ReturnType<typeof testChance>;
  /** Promises broken by any single step so far. */
  readonly violations: Violation[];
  /** Hands one batch to the function of a table's stream, as the mapping's filter lets it through. */
  invoke(table: TableName, records: readonly LambdaRecord[]): Promise<BatchResponse>;
}

export interface MemoryBackendOptions {
  readonly seed?: number;
  /** Puts faults between the handlers and the store. */
  readonly wrap?: (store: Store) => Store;
  /** Whether the function's process has died in the invocation that has just ended: then all of its batch failed. */
  readonly takeCrash?: () => boolean;
  /** @default DEFAULT_RULES */
  readonly rules?: Rules;
  /** Of SwarmKit's kinds. @default none */
  readonly choices?: SwarmkitOptions;
  /** False: the tables are brought along. @default true */
  readonly isLearned?: boolean;
  /** What receipts and logs call the function. @default test */
  readonly functionName?: string;
}

export function memoryBackend(options: MemoryBackendOptions = {}): MemoryBackend {
  const { rules = DEFAULT_RULES } = options;
  const plan = swarmkitPlan(options.choices);
  const tables = new MemoryTables(0, plan);
  const violations: Violation[] = [];
  const chance = testChance(options.seed);
  const watch = (before: World, after: World) =>
    violations.push(...checkStep(before, after, { plan, rules, nowEpochMillis: chance.nowEpochMillis() }));
  tables.onStep = watch;
  const log: LogLine[] = [];
  const store = (options.wrap ?? ((inner) => inner))(
    memoryStore(tables, { rules, isLearned: options.isLearned ?? true, chance }),
  );
  const ports = testPorts(store, chance, log, rules, options.functionName, plan);
  const context = { awsRequestId: 'r1', getRemainingTimeInMillis: () => 900_000 };
  const handlers: Partial<Record<TableName, Handler>> = handlersOf(ports);
  const isWanted = mappingFilter(tables.plan);
  const invoke = async (table: TableName, records: readonly LambdaRecord[]): Promise<BatchResponse> => {
    const handler = handlers[table];
    const wanted = records.filter((record) => isWanted(table, record));
    if (handler === undefined || wanted.length === 0) return { batchItemFailures: [] };
    return handler({ Records: wanted }, context);
  };

  return {
    tables,
    chance,
    violations,
    log,
    invoke,
    put: async (table, item) => tables.put(table, item),
    delete: async (table, keys) => {
      // A raw writer is free to break what the deallocator promises.
      tables.onStep = undefined;
      tables.delete(table, keys);
      tables.onStep = watch;
    },
    get: async (table, keys) => tables.get(table, keys),
    world: async (): Promise<World> => tables.world(),
    sweep: (request?: SweepRequest): Promise<SweepAnswer> => sweepRequested(ports)(request, context),
    deliver: async () => {
      for (let batches = 0; batches < BATCHES_MAX; batches++) {
        const waiting = Object.keys(handlers).find((name) => tables.streams[name as TableName].length > 0) as TableName;
        if (waiting === undefined) return;
        const batch = tables.streams[waiting].splice(0);
        const answered = await failuresOf(invoke(waiting, batch), batch);
        const failures = options.takeCrash?.() ? allOf(batch) : answered;
        const checkpoint = failures.sort(compareSequenceNumbers)[0];
        const again = batch.filter(
          ({ dynamodb }) =>
            checkpoint !== undefined && compareSequenceNumbers(dynamodb.SequenceNumber, checkpoint) >= 0,
        );
        tables.streams[waiting].unshift(...again);
      }
      throw new Error(`records are still waiting after ${BATCHES_MAX} batches`);
    },
    close: async () => {},
  };
}

/** The failed records; all of them when the function threw. */
async function failuresOf(answer: Promise<BatchResponse>, batch: readonly LambdaRecord[]): Promise<string[]> {
  try {
    return (await answer).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  } catch {
    return allOf(batch);
  }
}

function allOf(batch: readonly LambdaRecord[]): string[] {
  return batch.map(({ dynamodb }) => dynamodb.SequenceNumber);
}
