/** Import and export on DynamoDB Local: whole, repeated, broken off at every request, beside others; and a real swarm drains. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, NumberValue } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadSnapshot } from '../../bin/demo/load-snapshot.ts';
import { compareWithPlan, planStackRemoval, stackOf } from '../../bin/demo/stack-removal.ts';
import { DeallocatorClient } from '../../lib/client/index.ts';
import type { Connection } from '../../lib/dynamodb/client.ts';
import { connect } from '../../lib/dynamodb/document-client.ts';
import { parseSnapshot } from '../../lib/operate/snapshots/entries.ts';
import { exportSnapshot } from '../../lib/operate/snapshots/export.ts';
import { type ImportProgress, importSnapshot } from '../../lib/operate/snapshots/import.ts';
import { readImport } from '../../lib/operate/snapshots/read-import.ts';
import type { Snapshot } from '../../lib/operate/snapshots/snapshot.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { createDatabase, ownConnection, PHYSICAL_NAMES, rawAccess } from '../support/dynamodb.ts';
import { localBackend } from '../support/local-backend.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const swarm = readImport(
  ['networks', 'services', 'tasks'].map((kind) => {
    const name = `${kind}.json`;
    return { name, text: readFileSync(join(ROOT, 'test', 'fixtures', 'swarm', name), 'utf8') };
  }),
).snapshot;
const sample = parseSnapshot(readFileSync(join(ROOT, 'bin', 'sample-cluster.json'), 'utf8'));

const on = (...targets: string[]) => targets.map((target) => ({ target }));
/** Each kind in one transaction, but for the tasks, which need two. */
const small: Snapshot = {
  networks: [{ id: 'front' }, { id: 'back', attachable: true }],
  services: [
    { id: 'web', spec: { task: { networks: on('front', 'back') } } },
    { id: 'old', spec: { networks: on('back') }, weight: 0.1 },
  ],
  tasks: [
    ...Array.from({ length: 120 }, (_, n) => ({ serviceId: 'web', id: `t${n}`, slot: n })),
    { serviceId: 'old', id: 't0', status: { state: 'failed' } },
  ],
};

let connection: Connection;
let db: DynamoDBDocumentClient;
let raw: ReturnType<typeof rawAccess>;
let client: DeallocatorClient;
/** What happens just before, or just after, one of the client's requests is carried out. */
let beforeRequest: (request: string) => Promise<void> | void;
let afterRequest: (request: string) => Promise<void> | void;

beforeEach(async () => {
  connection = ownConnection();
  db = await createDatabase(connection);
  raw = rawAccess(db, PHYSICAL_NAMES);
  beforeRequest = () => {};
  afterRequest = () => {};
  const sdk = new DynamoDBClient({ ...connection, maxAttempts: 1 });
  sdk.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const request = commandName.replace('Command', '');
        await beforeRequest(request);
        const answer = await next(args);
        await afterRequest(request);
        return answer;
      },
    { step: 'initialize' },
  );
  client = new DeallocatorClient({ tables: PHYSICAL_NAMES, client: sdk });
});

const counts = (created: number, alreadyThere = 0, refused = 0) => ({ created, alreadyThere, refused });
const byId = (a: { id: string; serviceId?: unknown }, b: typeof a) =>
  JSON.stringify([a.serviceId, a.id]) < JSON.stringify([b.serviceId, b.id]) ? -1 : 1;
const sorted = ({ networks, services, tasks }: Snapshot) => ({
  networks: networks.toSorted(byId),
  services: services.toSorted(byId),
  tasks: tasks.toSorted(byId),
});
/** What is in the tables, and that it is as promised. */
const stored = async (): Promise<Snapshot> => {
  const world = await raw.world();
  expect(checkRest(world)).toEqual([]);
  return sorted(world as unknown as Snapshot);
};
class Broken extends Error {}

describe('an import', () => {
  it('puts all of it, with attachments, and says how far it is', async () => {
    const seen: ImportProgress[] = [];
    const result = await importSnapshot(client, small, { onProgress: (progress) => seen.push(progress) });
    expect(result).toEqual({ networks: counts(2), services: counts(2), tasks: counts(121), refusals: [] });
    expect(await stored()).toEqual(sorted(small));
    expect((await raw.world()).attachments).toHaveLength(3);
    expect(seen.filter(({ done, total }) => done === total)).toEqual([
      { phase: 'networks', done: 2, total: 2 },
      { phase: 'services', done: 2, total: 2 },
      { phase: 'tasks', done: 121, total: 121 },
    ]);
    expect(seen.map(({ done }) => done)).toEqual([1, 2, 1, 2, ...Array.from({ length: 121 }, (_, n) => n + 1)]);
  });

  it('of the real swarm is whole, and again it writes nothing', async () => {
    expect(await importSnapshot(client, swarm)).toMatchObject({
      networks: counts(5),
      services: counts(9),
      tasks: counts(21),
    });
    expect(await stored()).toEqual(sorted(swarm));
    beforeRequest = (request) => expect(request).toBe('BatchGetItem');
    expect(await importSnapshot(client, swarm)).toEqual({
      networks: counts(0, 5),
      services: counts(0, 9),
      tasks: counts(0, 21),
      refusals: [],
    });
  });

  it.each(['before', 'after'] as const)('broken off %s any of its writes goes on from there', async (moment) => {
    let total = 0;
    for (let breakAt = 1; breakAt <= 5; breakAt++) {
      for (const { serviceId, id } of (await raw.world()).tasks) await raw.delete('tasks', { serviceId, id });
      for (const table of ['services', 'networks'] as const) {
        for (const { id } of (await raw.world())[table]) await raw.delete(table, { id });
      }
      for (const { held, holder } of (await raw.world()).attachments) await raw.delete('attachments', { held, holder });
      let writes = 0;
      const maybeBreak = (request: string) => {
        // Whatever is on its way beside it goes on, as after a kill.
        if (request === 'TransactWriteItems' && ++writes === breakAt) throw new Broken();
      };
      beforeRequest = moment === 'before' ? maybeBreak : () => {};
      afterRequest = moment === 'after' ? maybeBreak : () => {};
      const broken = await importSnapshot(client, small).then(
        () => false,
        () => true,
      );
      beforeRequest = () => {};
      afterRequest = () => {};
      if (!broken) break;
      total++;
      const { refusals, networks, services, tasks } = await importSnapshot(client, small);
      expect(refusals).toEqual([]);
      const created = networks.created + services.created + tasks.created;
      const alreadyThere = networks.alreadyThere + services.alreadyThere + tasks.alreadyThere;
      expect(created + alreadyThere).toBe(125);
      expect(await stored()).toEqual(sorted(small));
    }
    expect(total).toBe(4);
  });

  it('stops at a signal with its reason, and goes on from there', async () => {
    const controller = new AbortController();
    const onProgress = ({ phase }: ImportProgress) => {
      if (phase === 'services') controller.abort(new Broken());
    };
    await expect(importSnapshot(client, small, { signal: controller.signal, onProgress })).rejects.toThrow(Broken);
    expect(await raw.world()).toMatchObject({ networks: { length: 2 }, services: { length: 2 }, tasks: [] });
    expect((await importSnapshot(client, small)).services).toEqual(counts(0, 2));
    expect(await stored()).toEqual(sorted(small));
    controller.abort();
    await expect(importSnapshot(client, small, { signal: controller.signal })).rejects.toThrow(Broken);
  });

  it('never overwrites what is there with other content, and leaves out what belongs to it', async () => {
    await raw.put('networks', { id: 'back', attachable: false });
    await raw.put('services', { id: 'lone', spec: {} });
    const before = await raw.world();
    const snapshot = {
      ...small,
      services: [...small.services, { id: 'lone', spec: { annotations: { name: 'lone' } } }, { id: 'free' }],
      tasks: [...small.tasks, { serviceId: 'lone', id: 'x' }, { serviceId: 'free', id: 'y' }],
    };
    const { refusals, ...rest } = await importSnapshot(client, snapshot);
    expect(rest).toEqual({ networks: counts(1, 0, 1), services: counts(1, 0, 3), tasks: counts(1, 0, 122) });
    expect(refusals).toHaveLength(126);
    expect(refusals).toEqual(
      expect.arrayContaining([
        { object: 'network#back', reason: expect.stringContaining('other content') },
        {
          object: 'service#web',
          reason: 'it belongs to network#back, which was not imported',
          cause: 'network#back',
        },
        { object: 'service#lone', reason: expect.stringContaining('other content') },
        {
          object: 'task#lone#x',
          reason: 'it belongs to service#lone, which was not imported',
          cause: 'service#lone',
        },
      ]),
    );
    const after = await raw.world();
    expect(after.networks).toEqual(expect.arrayContaining([...before.networks, { id: 'front' }]));
    expect(after.services).toEqual(expect.arrayContaining([...before.services, { id: 'free' }]));
    expect(after.tasks).toEqual([{ serviceId: 'free', id: 'y' }]);
  });

  it('leaves alone what is marked, and tasks that have changed', async () => {
    await importSnapshot(client, small);
    await client.removeService('old');
    await raw.put('tasks', { serviceId: 'web', id: 't7', slot: 7, status: { state: 'failed' } });
    const before = await raw.world();
    const { refusals, ...rest } = await importSnapshot(client, small);
    expect(rest).toEqual({ networks: counts(0, 2), services: counts(0, 1, 1), tasks: counts(0, 119, 2) });
    expect(refusals).toEqual([
      { object: 'service#old', reason: expect.stringMatching(/marked for deletion \(20.*undelete it/) },
      { object: 'task#web#t7', reason: expect.stringContaining('other content') },
      { object: 'task#old#t0', reason: expect.stringContaining('service#old'), cause: 'service#old' },
    ]);
    expect(await raw.world()).toEqual(before);
  });

  it('takes a mark that was taken back for none, and a value that is no mark for other content', async () => {
    await raw.put('networks', { id: 'front', markedAt: 'left behind', unmarkedAt: '2026-01-01', unmarkedBy: 'ann' });
    await raw.put('networks', { id: 'back', attachable: true, pendingDelete: 'true' });
    expect((await importSnapshot(client, small)).networks).toEqual(counts(0, 1, 1));
  });

  it('refuses tasks whose service is marked meanwhile', async () => {
    let reads = 0;
    beforeRequest = async (request) => {
      if (request !== 'BatchGetItem' || ++reads !== 3) return; // that of the tasks
      await raw.put('services', { id: 'web', spec: small.services[0]?.spec, pendingDelete: true });
    };
    const { refusals, tasks } = await importSnapshot(client, { ...small, tasks: small.tasks.slice(0, 2) });
    expect(tasks).toEqual(counts(0, 0, 2));
    expect(refusals[0]).toMatchObject({
      object: 'task#web#t0',
      reason: expect.stringContaining('service web is marked'),
    });
  });

  it('goes on beside somebody who creates the same at the same time', async () => {
    const between: Record<number, () => Promise<void>> = {
      1: () => raw.put('networks', { id: 'front' }),
      4: async () => {
        await raw.put('tasks', { serviceId: 'web', id: 't3', slot: 3 });
        await raw.put('tasks', { serviceId: 'web', id: 't4', slot: 'another' });
      },
    };
    let reads = 0; // the networks are looked at twice
    afterRequest = async (request) => {
      if (request === 'BatchGetItem') await between[++reads]?.();
    };
    const snapshot = {
      networks: [{ id: 'front' }],
      services: [{ id: 'web', spec: { task: { networks: on('front') } } }],
      tasks: small.tasks.slice(0, 120),
    };
    const { refusals, ...rest } = await importSnapshot(client, snapshot);
    expect(rest).toEqual({ networks: counts(0, 1), services: counts(1), tasks: counts(118, 1, 1) });
    expect(refusals).toEqual([{ object: 'task#web#t4', reason: expect.stringContaining('other content') }]);
  });

  it('gives up an object that comes and goes each time', async () => {
    beforeRequest = async (request) => {
      if (request === 'TransactWriteItems') {
        await raw.put('networks', { id: 'front' });
        await raw.put('tasks', { serviceId: 'web', id: 't0' });
      } else {
        await raw.delete('networks', { id: 'front' });
        await raw.delete('tasks', { serviceId: 'web', id: 't0' });
      }
    };
    const reason = expect.stringContaining('each of the 3 times');
    const one = await importSnapshot(client, { networks: [{ id: 'front' }], services: [], tasks: [] });
    expect(one).toMatchObject({ networks: counts(0, 0, 1), refusals: [{ object: 'network#front', reason }] });
    await raw.put('services', { id: 'web' });
    const tasks = [{ serviceId: 'web', id: 't0' }];
    const two = await importSnapshot(client, { networks: [], services: [{ id: 'web' }], tasks });
    expect(two).toMatchObject({ tasks: counts(0, 0, 1), refusals: [{ object: 'task#web#t0', reason }] });
  });

  it('refuses only the items that are too large, and puts those that are too large together one by one', async () => {
    const tasks = [
      { serviceId: 's', id: 'huge', text: 'x'.repeat(500_000) },
      ...Array.from({ length: 20 }, (_, n) => ({ serviceId: 's', id: `t${n}`, text: 'x'.repeat(250_000) })),
    ];
    const result = await importSnapshot(client, { networks: [], services: [{ id: 's' }], tasks });
    expect(result).toMatchObject({
      tasks: counts(20, 0, 1),
      refusals: [{ object: 'task#s#huge', reason: expect.stringContaining('was rejected: ValidationException') }],
    });
  });

  it('fails for what concerns all of it: tables that are not there, or missing grants', async () => {
    const elsewhere = new DeallocatorClient({ tables: { ...PHYSICAL_NAMES, tasks: 'elsewhere' }, connection });
    await expect(importSnapshot(elsewhere, small)).rejects.toMatchObject({ code: 'FailedPrecondition', blockers: [] });
    afterRequest = (request) => {
      if (request === 'TransactWriteItems') throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    };
    const more = { ...small, networks: [...small.networks, { id: 'third' }] };
    await expect(importSnapshot(client, more)).rejects.toMatchObject({ code: 'FailedPrecondition', blockers: [] });
  });
});

describe('a load', () => {
  it('is whole, or fails and names what was in the way', async () => {
    const { signal } = new AbortController();
    await loadSnapshot(client, sample, signal);
    expect(await stored()).toEqual(sorted(sample));
    await loadSnapshot(client, sample, signal);
    await client.removeNetwork('ingress', { whenInUse: 'wait' });
    await expect(loadSnapshot(client, sample, signal)).rejects.toMatchObject({
      code: 'AlreadyExists',
      message: expect.stringMatching(/the first of them network#ingress: it is there, and marked/),
    });
  });
});

describe('an export', () => {
  it.each([
    ['the sample', sample],
    ['the real swarm', swarm],
  ])('of %s is what an import takes, and the same again', async (_, snapshot) => {
    await importSnapshot(client, snapshot);
    const first = await exportSnapshot(db, PHYSICAL_NAMES);
    expect(first).toEqual({ snapshot: sorted(snapshot), marked: [], omitted: [] });
    const file = { name: 'export.json', text: JSON.stringify(first.snapshot) };

    const other = ownConnection();
    const otherDb = await createDatabase(other);
    const otherClient = new DeallocatorClient({ tables: PHYSICAL_NAMES, connection: other });
    const { refusals } = await importSnapshot(otherClient, readImport([file]).snapshot);
    expect(refusals).toEqual([]);
    expect(await exportSnapshot(otherDb, PHYSICAL_NAMES)).toEqual(first);
    expect(checkRest(await rawAccess(otherDb, PHYSICAL_NAMES).world())).toEqual([]);
  });

  it('turns pages', async () => {
    const text = 'x'.repeat(300_000);
    for (let n = 0; n < 8; n++) await raw.put('networks', { id: `n${n}`, text });
    const { snapshot } = await exportSnapshot(db, PHYSICAL_NAMES);
    expect(snapshot.networks).toEqual(Array.from({ length: 8 }, (_, n) => ({ id: `n${n}`, text })));
  });

  it('holds what is marked without its mark, and names it', async () => {
    await importSnapshot(client, small);
    await client.removeService('web');
    await client.removeNetwork('back', { whenInUse: 'wait' });
    const { snapshot, marked, omitted } = await exportSnapshot(db, PHYSICAL_NAMES);
    expect(snapshot).toEqual(sorted(small));
    expect(marked).toEqual(['network#back', 'service#web']);
    expect(omitted).toEqual([]);
  });

  it('omits what an import would refuse, and what JSON can not hold, and says so', async () => {
    await importSnapshot(client, small);
    await raw.put('services', { id: 'astray', spec: { networks: on('nowhere') } });
    await raw.put('tasks', { serviceId: 'astray', id: 't1' });
    await raw.put('tasks', { serviceId: 'gone', id: 't1' });
    await raw.put('tasks', {
      serviceId: 'old',
      id: 't1',
      pendingDelete: 'of the task itself',
      names: new Set(['a']),
      deep: [{ bytes: new Uint8Array([1]), kept: [1.5, null, true] }],
      big: NumberValue.from('12345678901234567890'),
    });
    await raw.put('networks', { id: 'half', pendingDelete: 'true' });
    const { snapshot, marked, omitted } = await exportSnapshot(db, PHYSICAL_NAMES);
    expect(marked).toEqual([]);
    expect(snapshot.services).toEqual(small.services.toSorted(byId));
    expect(snapshot.networks).toContainEqual({ id: 'half' });
    expect(snapshot.tasks).toHaveLength(122);
    expect(snapshot.tasks.find(({ serviceId, id }) => serviceId === 'old' && id === 't1')).toEqual({
      serviceId: 'old',
      id: 't1',
      pendingDelete: 'of the task itself',
      deep: [{ kept: [1.5, null, true] }],
    });
    expect(omitted.map(({ object, reason }) => `${object}: ${reason}`).sort()).toEqual([
      expect.stringMatching(/^network#half: its mark is incomplete/),
      expect.stringMatching(
        /^service#astray: .*networks\[0\]\.target is "nowhere", and the snapshot has no such network/,
      ),
      expect.stringMatching(/^task#astray#t1: .*"astray", and the snapshot has no such service/),
      expect.stringMatching(/^task#gone#t1: .*"gone", and the snapshot has no such service/),
      expect.stringMatching(/^task#old#t1: JSON can't hold its big/),
      expect.stringMatching(/^task#old#t1: JSON can't hold its deep\[0\]\.bytes/),
      expect.stringMatching(/^task#old#t1: JSON can't hold its names/),
    ]);
  });

  it('refuses more than one import takes, and stops at a signal', async () => {
    await client.createService({ id: 's' });
    await client.createTasks(
      's',
      Array.from({ length: 10_001 }, (_, n) => ({ id: `t${n}` })),
    );
    await expect(exportSnapshot(connect(connection), PHYSICAL_NAMES)).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('more than 10000 tasks'),
    });
    const signal = AbortSignal.abort(new Broken());
    await expect(exportSnapshot(db, PHYSICAL_NAMES, { signal })).rejects.toThrow(Broken);
  });
});

describe('on the functions', () => {
  it("a real swarm's stack drains, and all the rest stays", async () => {
    const backend = await localBackend();
    try {
      await importSnapshot(backend.client, swarm);
      await backend.deliver();
      const plan = planStackRemoval(swarm, 'shop');
      const others = (await backend.world()).tasks.filter(({ serviceId }) => !plan.services.includes(serviceId));

      for (const id of plan.services) await backend.client.removeService(id);
      for (const id of plan.networks) await backend.client.removeNetwork(id);
      await backend.deliver();
      expect((await backend.world()).services).toHaveLength(9);
      for (const { serviceId, id } of swarm.tasks) {
        if (plan.services.includes(serviceId)) await backend.client.deleteTask(serviceId, id);
      }
      await backend.deliver();

      const world = await backend.world();
      expect(compareWithPlan(world, plan, new Map())).toEqual([]);
      expect(checkRest(world)).toEqual([]);
      expect([...world.services, ...world.networks].filter((object) => stackOf(object) === 'shop')).toEqual([]);
      expect(world.services).toHaveLength(4);
      expect(world.networks).toHaveLength(3);
      expect(world.tasks.toSorted(byId)).toEqual(others.toSorted(byId));
    } finally {
      await backend.close();
    }
  });
});
