import { memoryStore } from '../support/memory-client.ts';
import { MemoryTables } from '../support/memory-tables.ts';
import { describeStore } from './store-contract.ts';

describeStore('memory', async () => {
  const tables = new MemoryTables();
  return {
    store: memoryStore(tables),
    put: async (table, item) => tables.put(table, item),
    delete: async (table, keys) => tables.delete(table, keys),
    get: async (table, keys) => tables.get(table, keys),
  };
});
