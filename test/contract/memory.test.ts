import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { memoryStore } from '../../lib/testing/memory/client.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';
import { describeKinds } from './kinds-contract.ts';
import { describeStore } from './store-contract.ts';

describeStore('memory', async () => {
  const tables = new MemoryTables();
  return {
    store: memoryStore(tables),
    terminalStore: memoryStore(tables, { plan: swarmkitPlan({ taskIsGone: 'terminal' }) }),
    holdingStore: memoryStore(tables, { plan: swarmkitPlan({ taskIsGone: 'terminal', taskNetworks: true }) }),
    put: async (table, item) => tables.put(table, item),
    delete: async (table, keys) => tables.delete(table, keys),
    get: async (table, keys) => tables.get(table, keys),
  };
});

describeKinds('memory', async (plan) => {
  const tables = new MemoryTables(0, plan);
  return {
    store: memoryStore(tables),
    put: async (table, item) => tables.put(table, item),
    get: async (table, keys) => tables.get(table, keys),
  };
});
