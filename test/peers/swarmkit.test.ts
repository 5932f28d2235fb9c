/** Defects of SwarmKit's deallocator that this one must not have, and where it keeps to SwarmKit's rule, today's rule by name. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { MARKED, network, service, task } from '../support/objects.ts';
import { type Told, told, unanswered } from './told.ts';

let story: Told;
beforeEach(() => {
  story = told();
});
afterEach(async () => {
  await story.backend.deliver();
  expect(story.backend.violations).toEqual([]);
  expect(checkRest(await story.backend.world())).toEqual([]);
});

const said = (decision: string) => story.backend.log.filter((line) => line.decision === decision);

describe('in doubt', () => {
  it.each([1, 0])('S1 a look-up of the tasks that fails deletes nothing: %i tasks were left', async (left) => {
    await story.drain('web', 1 + left);
    await story.deleteTask('web', 't1');
    const records = story.take('tasks');
    // However many are left, the counter says that none is.
    await story.backend.put('counters', { id: 'service#web', remaining: 1, epoch: 'e' });
    story.before('countChildren', unanswered);
    expect(await story.invoke('tasks', records)).toEqual(records.map(({ dynamodb }) => dynamodb.SequenceNumber));
    expect(await story.isThere('services', 'web')).toBe(true);
    expect(said('failed')).toMatchObject([{ subject: 'service#web', error: 'DynamoDB did not answer' }]);

    await story.invokeUntilDone('tasks', records);
    expect(await story.isThere('services', 'web')).toBe(left > 0);
  });

  it.each(['openCounter', 'readItem', 'countChildren', 'listAttached'])(
    'S1 S2 a sweep whose %s fails deletes nothing, names the parent, and the next one finishes',
    async (request) => {
      await story.backend.put('networks', network('front'));
      await story.drain('web', 1, ['front']);
      await story.backend.put('networks', network('front', { ...MARKED, markedAt: 'm1' }));
      await story.backend.deliver();
      await story.deleteTask('web', 't1');
      story.take('tasks');
      story.before(request, unanswered);
      const swept = await story.backend.sweep();
      expect(swept.failed).toEqual([
        { parent: expect.stringMatching(/^(service#web|network#front)$/), error: 'Error: DynamoDB did not answer' },
      ]);
      expect(await story.isThere('networks', 'front')).toBe(true);
      await story.backend.sweep();
      expect(await story.isThere('services', 'web')).toBe(false);
      expect(await story.isThere('networks', 'front')).toBe(false);
    },
  );
});

describe('a deletion that failed', () => {
  it('L1 is not forgotten: its record comes again, without any update or restart', async () => {
    await story.drain('web', 1);
    await story.deleteTask('web', 't1');
    story.before('finalize', unanswered);
    const records = story.take('tasks');
    expect(await story.invoke('tasks', records)).toHaveLength(1);
    expect(await story.isThere('services', 'web')).toBe(true);
    await story.invokeUntilDone('tasks', records);
    expect(await story.isThere('services', 'web')).toBe(false);
  });

  it('L2 is not forgotten when its record was given up: the sweep comes back', async () => {
    await story.drain('web', 1);
    await story.deleteTask('web', 't1');
    story.before('finalize', unanswered);
    expect(await story.invoke('tasks', story.take('tasks'))).toHaveLength(1);
    expect(await story.backend.sweep()).toMatchObject({ deleted: ['service#web'], failed: [] });
  });
});

describe('a mark that is cleared', () => {
  it('S3 cancels: the last task goes, and the service stays', async () => {
    await story.drain('web', 2);
    await story.deleteTask('web', 't1');
    await story.backend.deliver();
    await story.backend.put('services', service('web'));
    await story.deleteTask('web', 't2');
    await story.backend.deliver();
    expect(await story.isThere('services', 'web')).toBe(true);
    expect(await story.remaining('service#web')).toBeUndefined();
  });

  it.each(['services', 'tasks'] as const)(
    'S3 cancels also when the %s stream is far ahead of the other',
    async (ahead) => {
      await story.drain('web', 1);
      await story.backend.put('services', service('web'));
      await story.deleteTask('web', 't1');
      const first = story.take(ahead);
      const behind = ahead === 'services' ? 'tasks' : 'services';
      const second = story.take(behind);
      await story.invokeUntilDone(ahead, first);
      await story.invokeUntilDone(behind, second);
      expect(await story.isThere('services', 'web')).toBe(true);
    },
  );

  it.each(['readItem', 'countChildren'])(
    'S3 cancels a deletion that is under way, right behind its %s',
    async (request) => {
      await story.drain('web', 1);
      await story.deleteTask('web', 't1');
      story.after(request, () => story.backend.put('services', service('web')));
      await story.backend.deliver();
      expect(await story.isThere('services', 'web')).toBe(true);
    },
  );
});

describe('errors inside the deletion', () => {
  it('S6 do not delete the networks and keep the service: nothing goes, and both go later', async () => {
    for (const id of ['front', 'back']) await story.backend.put('networks', network(id));
    await story.drain('web', 1, ['front', 'back']);
    for (const id of ['front', 'back']) await story.backend.put('networks', network(id, { ...MARKED, markedAt: 'm' }));
    await story.backend.deliver();
    await story.deleteTask('web', 't1');
    story.before('finalize', unanswered);
    const records = story.take('tasks');
    expect(await story.invoke('tasks', records)).toHaveLength(1);
    const { services, networks, attachments } = await story.backend.world();
    expect([services.length, networks.length, attachments.length]).toEqual([1, 2, 2]);
    await story.invokeUntilDone('tasks', records);
    for (const id of ['front', 'back']) expect(await story.isThere('networks', id)).toBe(false);
    expect(await story.isThere('services', 'web')).toBe(false);
  });

  it('S3 S6 one network whose mark is taken back meanwhile stops all of it, and then stays alone', async () => {
    for (const id of ['front', 'back']) await story.backend.put('networks', network(id));
    await story.drain('web', 1, ['front', 'back']);
    for (const id of ['front', 'back']) await story.backend.put('networks', network(id, { ...MARKED, markedAt: 'm' }));
    await story.backend.deliver();
    await story.deleteTask('web', 't1');
    const seen: number[] = [];
    story.before('finalize', async () => {
      await story.backend.put('networks', network('back'));
      story.after('finalize', async () => {
        seen.push((await story.backend.world()).networks.length, (await story.backend.world()).services.length);
      });
    });
    await story.backend.deliver();
    expect(seen).toEqual([2, 1]);
    expect(await story.isThere('services', 'web')).toBe(false);
    expect(await story.isThere('networks', 'front')).toBe(false);
    expect(await story.isThere('networks', 'back')).toBe(true);
  });
});

describe('what was done is said', () => {
  it('also of a network that goes alone: who went, under which mark, and a metric', async () => {
    await story.backend.put('networks', network('front', { ...MARKED, markedAt: 'm1' }));
    await story.backend.deliver();
    expect(said('deleted')).toMatchObject([{ parent: 'network#front', markedAt: 'm1', freed: [] }]);
    expect(story.backend.log.filter((line) => 'Deleted' in line)).toMatchObject([{ kind: 'network', Deleted: [1] }]);
  });

  it('also of a network that goes with its service', async () => {
    await story.backend.put('networks', network('front'));
    await story.drain('web', 1, ['front']);
    await story.backend.put('networks', network('front', { ...MARKED, markedAt: 'm1' }));
    await story.backend.deliver();
    await story.deleteTask('web', 't1');
    await story.backend.deliver();
    expect(said('deleted')).toMatchObject([{ parent: 'service#web', freed: ['network#front'] }]);
    expect(story.backend.log.filter((line) => 'Deleted' in line)).toMatchObject([
      { kind: 'service', Deleted: [1] },
      { kind: 'network', Deleted: [1] },
    ]);
  });
});

describe("today's rule", () => {
  // An option to count only tasks that still run is issue 4's.
  it.each(['complete', 'shutdown', 'failed', 'rejected', 'orphaned', 'remove'])(
    'a finished task that is kept for history holds its service like any other, until its item goes: %s',
    async (state) => {
      await story.drain('web', 2);
      await story.deleteTask('web', 't1');
      await story.backend.put('tasks', { ...task('web', 't2'), desiredState: 'shutdown', status: { state } });
      await story.backend.deliver();
      await story.backend.sweep();
      expect(await story.isThere('services', 'web')).toBe(true);
      await story.deleteTask('web', 't2');
      await story.backend.deliver();
      expect(await story.isThere('services', 'web')).toBe(false);
    },
  );

  // Attachments of tasks are issue 4's option. Until then a network is held by services alone.
  it('a task that names a network which its service does not name holds its service, and not that network', async () => {
    await story.backend.put('networks', network('direct'));
    await story.backend.put('services', service('web'));
    await story.backend.put('tasks', { ...task('web', 't1'), networks: [{ network: { id: 'direct' } }] });
    await story.backend.put('networks', network('direct', MARKED));
    await story.backend.deliver();
    expect(await story.isThere('networks', 'direct')).toBe(false);
    expect(await story.isThere('services', 'web')).toBe(true);
    expect(await story.tasksLeft('web')).toBe(1);
  });
});
