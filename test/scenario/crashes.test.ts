/**
 * A crash between any two requests, and an answer lost after a commit: each story is told once without a fault, and then
 * again for every request that it made, with the process dying right before and right after that request.
 */
import { describe, expect, it } from 'vitest';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { type CrashPlan, crashingStore, wrapStore } from '../support/faults.ts';
import { type MemoryBackend, memoryBackend } from '../support/memory-backend.ts';
import { memoryWriters } from '../support/memory-writers.ts';
import { MARKED, network, service } from '../support/objects.ts';

interface Told {
  readonly backend: MemoryBackend;
  readonly write: ReturnType<typeof memoryWriters>;
}

interface Story {
  readonly name: string;
  tell(told: Told): Promise<void>;
  /** Ids of the services and networks that are left. */
  readonly left: readonly string[];
  /** Dies at every so many requests: at each one, unless there is a reason. */
  readonly diesAtEach?: number;
}

const STORIES: readonly Story[] = [
  {
    name: 'S6 a service goes with its last task, and its free network with it',
    async tell({ backend, write }) {
      for (const id of ['front', 'back']) write.createNetwork(id);
      write.createService('web', ['front', 'back']);
      for (const id of ['t1', 't2']) write.createTask('web', id);
      write.mark('networks', 'front');
      write.mark('services', 'web');
      await backend.deliver();
      write.deleteTask('web', 't1');
      await backend.deliver();
      write.deleteTask('web', 't2');
    },
    left: ['back'],
  },
  {
    name: 'L3 two services that share a marked network end together',
    async tell({ backend, write }) {
      write.createNetwork('front');
      for (const id of ['web', 'api']) {
        write.createService(id, ['front']);
        write.createTask(id, 't1');
        write.mark('services', id);
      }
      write.mark('networks', 'front');
      await backend.deliver();
      for (const id of ['web', 'api']) write.deleteTask(id, 't1');
    },
    left: [],
  },
  {
    name: 'S3 an undelete keeps the service, and a second mark removes it',
    async tell({ backend, write }) {
      write.createService('web', []);
      write.createTask('web', 't1');
      write.mark('services', 'web');
      await backend.deliver();
      write.undelete('services', 'web');
      write.deleteTask('web', 't1');
      await backend.deliver();
      expect(await backend.get('services', { id: 'web' })).toBeDefined();
      write.createTask('web', 't2');
      write.mark('services', 'web');
      write.deleteTask('web', 't2');
    },
    left: [],
  },
  {
    name: 'S5 an id is used again',
    async tell({ backend, write }) {
      write.createService('web', []);
      write.mark('services', 'web');
      await backend.deliver();
      expect(write.createService('web', [])).toBe(true);
      write.createTask('web', 't1');
      await backend.deliver();
      expect(await backend.get('services', { id: 'web' })).toBeDefined();
      write.mark('services', 'web');
      write.deleteTask('web', 't1');
    },
    left: [],
  },
  {
    name: 'S4 a service is written, changed and deleted by other hands',
    async tell({ backend }) {
      for (const id of ['front', 'back']) await backend.put('networks', network(id));
      await backend.put('services', service('web', ['front']));
      await backend.deliver();
      expect((await backend.world()).attachments).toEqual([{ held: 'network#front', holder: 'service#web' }]);
      await backend.put('services', service('web', ['back']));
      await backend.deliver();
      expect((await backend.world()).attachments).toEqual([{ held: 'network#back', holder: 'service#web' }]);
      await backend.put('networks', network('back', MARKED));
      await backend.delete('services', { id: 'web' });
    },
    left: ['front'],
  },
  {
    name: 'S4 a service of 40 networks, more than one transaction deletes, written by other hands and marked',
    async tell({ backend }) {
      const ids = Array.from({ length: 40 }, (_, n) => `n${n}`);
      for (const id of ids) await backend.put('networks', network(id));
      await backend.put('services', service('web', ids));
      await backend.deliver();
      for (const id of ids) await backend.put('networks', network(id, MARKED));
      await backend.put('services', service('web', ids, MARKED));
    },
    left: [],
    // Hundreds of requests that differ in nothing but the network's name: 17 is prime to any row of them.
    diesAtEach: 17,
  },
];

async function tell(story: Story, plan: CrashPlan | undefined) {
  let crashing: ReturnType<typeof crashingStore> | undefined;
  const backend = memoryBackend({
    wrap: (store) => {
      crashing = crashingStore(store, plan);
      return crashing.store;
    },
    takeCrash: () => crashing?.takeCrash() ?? false,
  });
  let marks = 0;
  await story.tell({ backend, write: memoryWriters(backend.tables, () => `m${++marks}`) });
  await backend.deliver();
  const world = await backend.world();
  return { backend, world, requests: crashing?.requests() ?? 0 };
}

describe.each(STORIES)('$name', (story) => {
  it('without a fault', async () => {
    const { backend, world, requests } = await tell(story, undefined);
    expect(backend.violations).toEqual([]);
    expect(checkRest(world)).toEqual([]);
    expect([...world.services, ...world.networks].map(({ id }) => id)).toEqual(story.left);
    expect(requests).toBeGreaterThan(5);
  });

  it.each(['before', 'after'] as const)('with a crash right %s any request', async (when) => {
    const { requests } = await tell(story, undefined);
    for (let at = 0; at < requests; at += story.diesAtEach ?? 1) {
      const { backend, world } = await tell(story, { at, when });
      const where = `crash ${when} request ${at}`;
      expect(backend.violations, where).toEqual([]);
      expect(checkRest(world), where).toEqual([]);
      expect(
        [...world.services, ...world.networks].map(({ id }) => id),
        where,
      ).toEqual(story.left);
    }
  });
});

describe('L2 a mark without a time', () => {
  it('is found by the sweep when all after its stamp failed and its record was given up', async () => {
    const backend = memoryBackend({
      wrap: (store) =>
        wrapStore(store, async (request, call) => {
          if (request !== 'stampMark' && isBroken) throw new Error('DynamoDB did not answer');
          return call();
        }),
    });
    let isBroken = true;
    await backend.put('services', service('web', ['front'], MARKED));
    const records = backend.tables.streams.services.splice(0);
    expect((await backend.invoke('services', records)).batchItemFailures).toHaveLength(1);
    isBroken = false;
    expect(await backend.sweep()).toMatchObject({ deleted: ['service#web'] });
  });
});

describe('L2 the sweep', () => {
  const dropped = async (plan: CrashPlan | undefined) => {
    let crashing: ReturnType<typeof crashingStore> | undefined;
    const backend = memoryBackend({
      wrap: (store) => {
        crashing = crashingStore(store, plan);
        return crashing.store;
      },
    });
    const { tables } = backend;
    const write = memoryWriters(tables, () => 'm1');
    for (const id of ['front', 'back', 'unused']) write.createNetwork(id);
    write.createService('web', ['front']);
    write.createTask('web', 't1');
    write.mark('services', 'web');
    for (const id of ['front', 'back', 'unused']) write.mark('networks', id);
    write.deleteTask('web', 't1');
    // A service whose attachment nobody cleared, deleted by other hands.
    tables.put('attachments', { held: 'network#back', holder: 'service#gone' });
    // A counter that its parent left behind.
    tables.put('counters', { id: 'service#former', remaining: 3, epoch: 'e' });
    for (const records of Object.values(tables.streams)) records.length = 0;
    const first = await backend.sweep().catch(() => undefined);
    crashing?.takeCrash();
    return { backend, first, requests: crashing?.requests() ?? 0 };
  };

  it('comes back for everything whose record was lost', async () => {
    const { backend, first } = await dropped(undefined);
    expect(first).toMatchObject({ complete: true, failed: [] });
    for (const records of Object.values(backend.tables.streams)) records.length = 0;
    expect(backend.violations).toEqual([]);
    expect(checkRest(await backend.world())).toEqual([]);
    expect((await backend.world()).services).toEqual([]);
    expect((await backend.world()).networks).toEqual([]);
  });

  it.each(['before', 'after'] as const)(
    'may itself crash right %s any request: the next one finishes',
    async (when) => {
      const { requests } = await dropped(undefined);
      for (let at = 0; at < requests; at++) {
        const { backend } = await dropped({ at, when });
        for (const records of Object.values(backend.tables.streams)) records.length = 0;
        expect(await backend.sweep(), `crash ${when} request ${at}`).toMatchObject({ complete: true, failed: [] });
        expect(backend.violations).toEqual([]);
        expect(checkRest(await backend.world()), `crash ${when} request ${at}`).toEqual([]);
      }
    },
  );
});
