/** How many requests an import sends, beside the same objects created one by one. Requests are exact; seconds are not. */
import { expect, it } from 'vitest';
import { DeallocatorClient } from '../../lib/client/index.ts';
import { importSnapshot } from '../../lib/operate/snapshots/import.ts';
import type { Snapshot } from '../../lib/operate/snapshots/snapshot.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { MEMORY_NAMES, memoryClient } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';

/** A tables' client that counts the requests, and the transactions under way that check one network. */
function open() {
  const tables = new MemoryTables();
  const engine = new MemoryEngine({ tables, names: MEMORY_NAMES });
  const requests: Record<string, number> = {};
  const sdk = memoryClient((operation, input) => {
    requests[operation] = (requests[operation] ?? 0) + 1;
    return engine.carryOut(operation, input);
  });
  const client = new DeallocatorClient({ tables: MEMORY_NAMES, client: sdk, chance: testChance() });
  const total = () => Object.values(requests).reduce((sum, number) => sum + number, 0);
  return { tables, client, requests, total };
}

/** Services with a task each, on networks of their own stack and on one that all share. */
function clusterOf(services: number, perStack = 10): Snapshot {
  const stacks = Math.ceil(services / perStack);
  const on = (n: number) => [{ target: 'public' }, { target: `stack-${Math.floor(n / perStack)}` }];
  const each = <T>(length: number, make: (n: number) => T) => Array.from({ length }, (_, n) => make(n));
  return {
    networks: [{ id: 'public' }, ...each(stacks, (n) => ({ id: `stack-${n}` }))],
    services: each(services, (n) => ({ id: `web-${n}`, spec: { task: { networks: on(n) } } })),
    tasks: each(services, (n) => ({ serviceId: `web-${n}`, id: 't1', status: { state: 'running' } })),
  };
}

/** As an import did before: it looked at each object, and created it. */
async function oneByOne(client: DeallocatorClient, { networks, services, tasks }: Snapshot): Promise<void> {
  for (const network of networks) {
    await client.getNetwork(network.id).catch(() => undefined);
    await client.createNetwork(network);
  }
  for (const service of services) {
    await client.getService(service.id).catch(() => undefined);
    await client.createService(service);
  }
  for (const { serviceId, ...task } of tasks) {
    await client.listTasks(serviceId);
    await client.createTask(serviceId, task);
  }
}

it('an import of 1,000 services with a task each sends 1/40 of the requests that one by one takes', async () => {
  const cluster = clusterOf(1000);
  const [before, now] = [open(), open()];
  await oneByOne(before.client, cluster);
  await importSnapshot(now.client, cluster);
  expect(before.requests).toEqual({ GetItem: 1101, Query: 1000, TransactWriteItems: 2101 });
  // Transactions: 2 of networks, 33 of services (5 actions each but for the fences, which some share), 20 of tasks (2 actions each).
  expect(now.requests).toEqual({ BatchGetItem: 22, TransactWriteItems: 55 });
  expect(before.total() / now.total()).toBeGreaterThan(40);
  expect(now.tables.world()).toEqual(before.tables.world());
  expect(checkRest(now.tables.world())).toEqual([]);
});

it('an import that is repeated reads 100 objects with one request, and writes nothing', async () => {
  const { client, requests } = open();
  await importSnapshot(client, clusterOf(1000));
  const { TransactWriteItems, BatchGetItem } = requests;
  const { services, refusals } = await importSnapshot(client, clusterOf(1000));
  expect({ services, refusals }).toEqual({
    services: { created: 0, alreadyThere: 1000, refused: 0 },
    refusals: [],
  });
  expect(requests).toEqual({ TransactWriteItems, BatchGetItem: 2 * (BatchGetItem as number) });
});

it('one object that is refused fails alone, in the words of its own transaction, and costs some transactions more', async () => {
  const { client, requests } = open();
  const cluster = clusterOf(300, 1);
  await client.createNetwork({ id: 'marked' });
  await client.removeNetwork('marked');
  const services = cluster.services.map((service, n) =>
    n === 77 ? { ...service, spec: { networks: [{ target: 'marked' }] } } : service,
  );
  const alone = await client.createService({ ...services[77], id: 'web-77' }).catch((error: Error) => error.message);
  const sent = requests.TransactWriteItems as number;
  const result = await importSnapshot(client, { ...cluster, services });
  expect(result).toMatchObject({
    services: { created: 299, alreadyThere: 0, refused: 1 },
    tasks: { created: 299, alreadyThere: 0, refused: 1 },
    refusals: [
      { object: 'service#web-77', reason: alone, cause: 'network#marked' },
      { object: 'task#web-77#t1', cause: 'service#web-77' },
    ],
  });
  expect((requests.TransactWriteItems as number) - sent).toBeLessThan(40);
});

it('no two transactions at once check one network, and others go side by side', async () => {
  const { client } = open();
  let most = 0;
  const underWay: string[] = [];
  class Watched extends DeallocatorClient {
    override async createTogether(objects: Parameters<DeallocatorClient['createTogether']>[0]) {
      const names = (objects.services ?? []).flatMap(({ spec }) => spec?.networks?.map(({ target }) => target) ?? []);
      const checked = [...new Set(names)];
      expect(checked.filter((name) => underWay.includes(name))).toEqual([]);
      underWay.push(...checked);
      most = Math.max(most, underWay.length);
      await new Promise((resolve) => setImmediate(resolve));
      await client.createTogether(objects);
      for (const name of checked) underWay.splice(underWay.indexOf(name), 1);
    }
    override findTogether = client.findTogether.bind(client);
  }
  const networks = Array.from({ length: 12 }, (_, n) => ({ id: `n${n}` }));
  const services = Array.from({ length: 600 }, (_, n) => ({
    id: `s${n}`,
    spec: { networks: [{ target: `n${Math.floor(n / 50)}` }] },
  }));
  const watched = new Watched({ tables: MEMORY_NAMES, connection: { region: 'nowhere' } });
  expect((await importSnapshot(watched, { networks, services, tasks: [] })).services.created).toBe(600);
  expect(most).toBeGreaterThan(4);
});
