/** The typed client's writes on the tables in memory: the same fences, each write one step. False: refused. */

import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import type { MemoryTables } from '../../lib/testing/memory/tables.ts';
import { network, service, task } from './objects.ts';
import { networksOf, taskKey } from './swarmkit.ts';

type Table = 'services' | 'networks';

export function memoryWriters(tables: MemoryTables, freshMark: () => string) {
  const isFit = (table: Table, id: string) => {
    const item = tables.get(table, { id });
    return item !== undefined && item.pendingDelete !== true;
  };
  const referencesOf = (id: string) => networksOf(tables.get('services', { id }) ?? {});
  const attachment = (network: string, user: ItemKey, isThere: boolean) => {
    const keys = { held: `network#${network}`, holder: itemName(user) };
    return { table: 'attachments' as const, keys, item: isThere ? keys : undefined };
  };
  return {
    createService(id: string, networks: readonly string[]): boolean {
      if (tables.get('services', { id }) !== undefined || !networks.every((name) => isFit('networks', name)))
        return false;
      tables.step([
        { table: 'services', keys: { id }, item: service(id, networks) },
        ...networks.map((name) => attachment(name, { kind: 'service', id }, true)),
      ]);
      return true;
    },
    updateService(id: string, networks: readonly string[]): boolean {
      if (!isFit('services', id)) return false;
      const before = referencesOf(id);
      const added = networks.filter((name) => !before.includes(name));
      const removed = before.filter((name) => !networks.includes(name));
      if (!added.every((name) => isFit('networks', name))) return false;
      tables.step([
        { table: 'services', keys: { id }, item: service(id, networks) },
        ...added.map((name) => attachment(name, { kind: 'service', id }, true)),
        ...removed.map((name) => attachment(name, { kind: 'service', id }, false)),
      ]);
      return true;
    },
    createNetwork(id: string): boolean {
      if (tables.get('networks', { id }) !== undefined) return false;
      tables.put('networks', network(id));
      return true;
    },
    /** @param held networks that the task holds by itself */
    createTask(serviceId: string, id: string, held: readonly string[] = []): boolean {
      if (!isFit('services', serviceId) || tables.get('tasks', { serviceId, id }) !== undefined) return false;
      if (!held.every((name) => isFit('networks', name))) return false;
      const networks = held.map((target) => ({ target }));
      tables.step([
        {
          table: 'tasks',
          keys: { serviceId, id },
          item: { ...task(serviceId, id), ...(held.length > 0 && { networks }) },
        },
        ...held.map((name) => attachment(name, taskKey(serviceId, id), true)),
      ]);
      return true;
    },
    deleteTask(serviceId: string, id: string): boolean {
      if (tables.get('tasks', { serviceId, id }) === undefined) return false;
      tables.delete('tasks', { serviceId, id });
      return true;
    },
    mark(table: Table, id: string): boolean {
      if (!isFit(table, id)) return false;
      tables.put(table, { ...tables.get(table, { id }), pendingDelete: true, markedAt: freshMark() });
      return true;
    },
    undelete(table: Table, id: string): boolean {
      const item = tables.get(table, { id });
      if (item?.pendingDelete !== true) return false;
      const { pendingDelete: _mark, markedAt: _time, ...rest } = item;
      tables.put(table, rest);
      return true;
    },
  };
}
