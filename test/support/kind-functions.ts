/** The real functions of any lifecycle over tables in memory, and a document client of the same tables. */
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { memoryClient, memoryNames } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { testPorts } from '../../lib/testing/memory/ports.ts';
import { handlersOf, mappingFilter } from '../../lib/testing/memory/stream-functions.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';

/** A story that isn't done after so many batches never will be. */
const BATCHES_MAX = 1000;

export function kindFunctions(lifecycle: Lifecycle) {
  const plan = planOf(lifecycle);
  const names: Readonly<Record<string, string>> = memoryNames(plan);
  const memory = new MemoryTables(0, plan);
  const engine = new MemoryEngine({ tables: memory, names });
  const db = documentClient(memoryClient((operation, input) => engine.carryOut(operation, input)));
  const chance = testChance();
  const store = new DynamoDBStore(openDatabase(db, names as never, { plan, chance, isLearned: true }));
  const handlers = handlersOf(testPorts(store, chance, [], DEFAULT_RULES, 'test', plan));
  const isWanted = mappingFilter(plan);
  const context = { awsRequestId: 'r1', getRemainingTimeInMillis: () => 900_000 };

  /** Hands all records to the functions, until none is left. */
  async function drain(): Promise<void> {
    for (let batches = 0; batches < BATCHES_MAX; batches++) {
      const table = Object.keys(handlers).find((name) => (memory.streams[name]?.length ?? 0) > 0);
      if (table === undefined) return;
      const Records = (memory.streams[table] ?? []).splice(0).filter((record) => isWanted(table, record));
      if (Records.length === 0) continue;
      const answer = await handlers[table]?.({ Records }, context);
      if (answer?.batchItemFailures.length !== 0) throw new Error(`records of ${table} failed`);
    }
    throw new Error(`records are still waiting after ${BATCHES_MAX} batches`);
  }

  return { db, tables: names, chance, drain, items: async (table: string) => memory.list(table) };
}
