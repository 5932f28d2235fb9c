/** A memory backend with what a person has beside it: the typed client, and what reports read through. */

import { DeallocatorClient } from '../../lib/client/index.ts';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import { type SwarmkitOptions, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { Cluster } from '../../lib/operate/reports/cluster.ts';
import { DEFAULT_RULES, type Rules } from '../../lib/protocol/rules.ts';
import { MEMORY_NAMES, memoryClient } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { memoryBackend } from './memory-backend.ts';
import { memoryWriters } from './memory-writers.ts';

export interface MemoryClusterOptions {
  /** What receipts call the function. @default test */
  readonly functionName?: string;
  /** Small, so that every list has more than one page. @default 2 */
  readonly pageItemsMax?: number;
  /** Of SwarmKit's kinds. @default none */
  readonly choices?: SwarmkitOptions;
}

export function memoryCluster(
  rules: Rules = DEFAULT_RULES,
  { functionName, pageItemsMax = 2, choices = {} }: MemoryClusterOptions = {},
) {
  const backend = memoryBackend({ rules, choices, ...(functionName !== undefined && { functionName }) });
  const { tables, chance } = backend;
  const writers = memoryWriters(tables, () => `${new Date(chance.nowEpochMillis()).toISOString()}#${chance.fresh()}`);
  const engine = new MemoryEngine({ tables, names: MEMORY_NAMES, pageItemsMax });
  const sdk = memoryClient((operation, input) => engine.carryOut(operation, input));
  const db = documentClient(sdk);
  const cluster = new Cluster(db, MEMORY_NAMES, { plan: tables.plan, rules, chance, isLearned: true });
  const lifecycle = swarmkit(choices);
  const client = new DeallocatorClient({ lifecycle, tables: MEMORY_NAMES, client: sdk, chance });
  return { backend, tables, chance, writers, db, cluster, client };
}
