/** Tables, functions and the command line in memory for kinds of any lifecycle. */
import type { Deployment } from '../../bin/cli/connection.ts';
import { DeallocatorClient } from '../../lib/client/index.ts';
import type { LifecycleClient } from '../../lib/client/lifecycle-client.ts';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import type { PhysicalNames } from '../../lib/dynamodb/schema.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { Cluster } from '../../lib/operate/reports/cluster.ts';
import { DEFAULT_RULES, type Rules } from '../../lib/protocol/rules.ts';
import { sweepRequested } from '../../lib/streams/sweep-requested.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { memoryClient, memoryNames, memoryStore } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { testPorts } from '../../lib/testing/memory/ports.ts';
import { handlersOf, mappingFilter, streamedTables } from '../../lib/testing/memory/stream-functions.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';
import { type CallOptions, call } from './command-line.ts';
import { MEMORY_TARGET } from './memory-command-line.ts';

/** A story that isn't done after so many batches never will be. */
const BATCHES_MAX = 1000;

/** @param isLearned false: items may be older than the declaration of what they hold */
export function memoryKinds(lifecycle: Lifecycle, more: Partial<Rules> = {}, isLearned = true) {
  const rules = { ...DEFAULT_RULES, ...more };
  const plan: Plan = planOf(lifecycle);
  const tables = new MemoryTables(0, plan);
  const chance = testChance();
  const names: PhysicalNames = memoryNames(plan);
  const engine = new MemoryEngine({ tables, names, pageItemsMax: 2 });
  const sdk = memoryClient((operation, input) => engine.carryOut(operation, input));
  const db = documentClient(sdk);
  const cluster = new Cluster(db, names, { plan, rules, chance, isLearned });
  const client: LifecycleClient<Lifecycle> = new DeallocatorClient({ lifecycle, tables: names, client: sdk, chance });
  const ports = testPorts(memoryStore(tables, { chance, isLearned }), chance, [], rules, 'test', plan);
  const handlers = handlersOf(ports);
  const isWanted = mappingFilter(plan);
  const context = { awsRequestId: 'r1', getRemainingTimeInMillis: () => 900_000 };
  const sweep = (request: object = {}) => sweepRequested(ports)(request, context);

  /** Until nothing is left to deliver. What fails fails the test. */
  async function deliver(): Promise<void> {
    for (let batches = 0; batches < BATCHES_MAX; batches++) {
      const table = streamedTables(plan).find((name) => (tables.streams[name]?.length ?? 0) > 0);
      if (table === undefined) return;
      const records = tables.streams[table]?.splice(0).filter((record) => isWanted(table, record)) ?? [];
      if (records.length === 0) continue;
      const answer = await handlers[table]?.({ Records: records }, context);
      if (answer === undefined || answer.batchItemFailures.length > 0)
        throw new Error(`a batch of ${table} has failed`);
    }
    throw new Error(`records are still waiting after ${BATCHES_MAX} batches`);
  }

  const deployment: Deployment = {
    ...{ tables: names, rules, sweepFunctionName: 'sweep', target: MEMORY_TARGET, connection: MEMORY_TARGET },
    ...{ where: { ...MEMORY_TARGET, tables: [] }, db, client: client as never as DeallocatorClient, cluster },
    sweep: { invoke: sweep },
    close: () => {},
  };
  const cli = (args: readonly string[], options: CallOptions = {}) =>
    call(args, { chance, ...options, open: async () => deployment });
  const json = async (...args: string[]) => JSON.parse((await cli([...args, '--json'])).stdout);
  return { plan, tables, chance, cluster, client, backend: { deliver }, sweep, cli, json };
}
