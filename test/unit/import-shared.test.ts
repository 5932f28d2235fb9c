/** Volumes, secrets and configs into the tables of a lifecycle that has them, and out of them again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeallocatorClient, planOf, SWARMKIT_ALL } from '../../lib/client/index.ts';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import type { Plan } from '../../lib/lifecycle/plan.ts';
import { exportSnapshot } from '../../lib/operate/snapshots/export.ts';
import { exportLines } from '../../lib/operate/snapshots/export-lines.ts';
import { importSnapshot } from '../../lib/operate/snapshots/import.ts';
import { importLines } from '../../lib/operate/snapshots/import-lines.ts';
import { prepareImport } from '../../lib/operate/snapshots/look-up.ts';
import { readImport } from '../../lib/operate/snapshots/read-import.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { memoryClient, memoryNames } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { MemoryTables } from '../../lib/testing/memory/tables.ts';

const plan: Plan = planOf(SWARMKIT_ALL);
const tables = memoryNames(plan);
const LISTS = ['services', 'tasks', 'networks', 'volumes', 'secrets', 'configs'];
const swarm = readImport(
  LISTS.map((kind) => {
    const name = `${kind}.json`;
    return { name, text: readFileSync(join(import.meta.dirname, '..', 'fixtures', 'swarm', name), 'utf8') };
  }),
  { plan },
).snapshot;
const counts = (created: number, alreadyThere = 0, refused = 0) => ({ created, alreadyThere, refused });

let memory: MemoryTables;
let db: ReturnType<typeof documentClient>;
let client: DeallocatorClient;

const open = () => {
  memory = new MemoryTables(0, plan);
  const engine = new MemoryEngine({ tables: memory, names: tables });
  db = documentClient(memoryClient((operation, input) => engine.carryOut(operation, input)));
  client = new DeallocatorClient({
    lifecycle: SWARMKIT_ALL,
    tables,
    client: db,
    chance: testChance(),
  }) as DeallocatorClient;
};
beforeEach(open);

const DATABASE = 'syussvkmj36l05uwm8ysb9871';
const PASSWORD = 'nue48uim4gpdsrkjo0muanw1t';

describe('an import', () => {
  it('creates what services share before the services, with an attachment of each, and may be repeated', async () => {
    const phases: string[] = [];
    const result = await importSnapshot(client, swarm, { onProgress: ({ phase }) => phases.push(phase) });
    expect([...new Set(phases)]).toEqual(['networks', 'volumes', 'secrets', 'configs', 'services', 'tasks']);
    expect(result).toMatchObject({ volumes: counts(3), secrets: counts(3), configs: counts(2), refusals: [] });
    expect(memory.get('attachments', { held: `secret#${PASSWORD}`, holder: `service#${DATABASE}` })).toBeDefined();
    expect(await client.getService(DATABASE)).toMatchObject({
      spec: { task: { container: { secrets: [{ secretID: PASSWORD }] } } },
    });
    const again = await importSnapshot(client, swarm);
    expect(again).toMatchObject({ volumes: counts(0, 3), secrets: counts(0, 3), services: counts(0, 9), refusals: [] });
  });

  it('refuses a service whose secret is marked, and the tasks of that service', async () => {
    const secret = { id: 's1' };
    await importSnapshot(client, { networks: [], services: [], tasks: [], secrets: [secret] });
    memory.put('secrets', { ...secret, pendingDelete: true, markedAt: '2026-01-01T00:00:00.000Z#1' });
    const services = [{ id: 'web', spec: { task: { container: { secrets: [{ secretID: 's1' }] } } } }];
    const result = await importSnapshot(client, {
      networks: [],
      secrets: [secret],
      services,
      tasks: [{ serviceId: 'web', id: '1' }],
    });
    expect(result.refusals.map(({ object, cause }) => [object, cause])).toEqual([
      ['secret#s1', undefined],
      ['service#web', 'secret#s1'],
      ['task#web#1', 'service#web'],
    ]);
  });

  it('refuses a service whose secret is there with other content, though its fence would let it pass', async () => {
    const nothing = { networks: [], services: [], tasks: [] };
    await importSnapshot(client, { ...nothing, secrets: [{ id: 's1', spec: { annotations: { name: 'old' } } }] });
    const services = [{ id: 'web', spec: { task: { container: { secrets: [{ secretID: 's1' }] } } } }];
    const result = await importSnapshot(client, { ...nothing, services, secrets: [{ id: 's1' }] });
    expect(result.refusals.map(({ object, cause }) => [object, cause])).toEqual([
      ['secret#s1', undefined],
      ['service#web', 'secret#s1'],
    ]);
  });

  it('looks up in the tables what the files refer to and do not hold', async () => {
    const file = (value: unknown) => [{ name: 'a.json', text: JSON.stringify(value) }];
    const ContainerSpec = {
      Secrets: [{ SecretID: PASSWORD, SecretName: 'x' }],
      Mounts: [{ Type: 'volume', Source: 'web-data' }],
    };
    const service = { ID: 's', Spec: { Name: 'n', TaskTemplate: { ContainerSpec } } };
    const options = { partial: true, plan };
    await expect(prepareImport(file(service), async () => client, options)).rejects.toThrow(/no such secret is given/);
    await importSnapshot(client, swarm);
    const { snapshot } = await prepareImport(file(service), async () => client, options);
    expect(snapshot.services[0]?.spec?.task).toEqual({
      container: { secrets: [{ secretID: PASSWORD }], mounts: [{ source: 'web-data' }] },
    });
  });

  it('by the client of a lifecycle without them names the kind', async () => {
    const plain = new DeallocatorClient({ tables, client: db });
    await expect(importSnapshot(plain, swarm)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });
});

describe('an export', () => {
  const sorted = (lists: object) =>
    Object.fromEntries(
      Object.entries(lists).map(([name, list]) => [name, (list as object[]).map((one) => JSON.stringify(one)).sort()]),
    );

  it('has all lists, and an import of it into other tables is the same', async () => {
    await importSnapshot(client, swarm);
    const { snapshot, omitted } = await exportSnapshot(db, tables, { plan });
    expect(omitted).toEqual([]);
    expect(sorted(snapshot)).toEqual(sorted(swarm));
    open();
    await importSnapshot(client, snapshot);
    expect((await exportSnapshot(db, tables, { plan })).snapshot).toEqual(snapshot);
  });

  it('has them as lines too', async () => {
    await importSnapshot(client, swarm);
    const pieces: string[] = [];
    const { counts: written } = await exportLines(db, tables, (piece) => pieces.push(piece), { plan });
    expect(written).toMatchObject({ volumes: 3, secrets: 3, configs: 2, services: 9 });
    open();
    const file = {
      name: 'cluster.jsonl',
      async *open() {
        yield* pieces;
      },
    };
    await expect(importLines(client, file)).rejects.toThrow(/it must be one network, service or task, or the end/);
    const result = await importLines(client, file, { plan });
    expect(result).toMatchObject({ volumes: counts(3), configs: counts(2), services: counts(9), refusals: [] });
  });
});
