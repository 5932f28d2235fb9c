/**
 * What public counters and cascades on DynamoDB Streams were seen to do when a record comes twice or a write fails, told of
 * ours. Each peer lost or double-counted under one such fault; the truth is in the tasks, and a parent goes by the truth.
 */
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

const failures = () => story.backend.log.filter(({ decision }) => decision === 'failed');

/** The numbers agree with the tables, and the service goes with its real last task. */
async function expectTruth(id: string, left: number): Promise<void> {
  expect(await story.tasksLeft(id)).toBe(left);
  expect(await story.isThere('services', id)).toBe(true);
  expect(await story.remaining(`service#${id}`)).toBeLessThanOrEqual(left);
  const { tasks } = await story.backend.world();
  for (const last of tasks.filter(({ serviceId }) => serviceId === id)) {
    expect(await story.isThere('services', id)).toBe(true);
    await story.deleteTask(id, last.id);
    await story.backend.deliver();
  }
  expect(await story.isThere('services', id)).toBe(false);
}

describe('a counter that is fed by a stream', () => {
  it('S1 one task delete delivered twice counts once: two tasks hold the service', async () => {
    await story.drain('web', 3);
    await story.deleteTask('web', 't1');
    const [record] = story.take('tasks');
    if (record === undefined) throw new Error('no record came');
    expect(await story.invoke('tasks', [record])).toEqual([]);
    expect(await story.invoke('tasks', [record])).toEqual([]);
    await expectTruth('web', 2);
  });

  it('S7 one task delete delivered six more times does not run below zero: it is counted anew', async () => {
    await story.drain('web', 3);
    await story.deleteTask('web', 't1');
    const [record] = story.take('tasks');
    if (record === undefined) throw new Error('no record came');
    for (let n = 1; n <= 7; n++) {
      await story.invoke('tasks', [record]);
      expect(await story.remaining('service#web')).toBeGreaterThan(0);
    }
    await expectTruth('web', 2);
  });

  it('S1 one task delete that stands twice in one batch counts once', async () => {
    await story.drain('web', 3);
    await story.deleteTask('web', 't1');
    const records = story.take('tasks');
    await story.invoke('tasks', [...records, ...records, ...records]);
    expect(await story.remaining('service#web')).toBe(2);
    await expectTruth('web', 2);
  });

  it('L1 a failed write is reported, not swallowed: the record comes again and the service goes', async () => {
    await story.drain('web', 1);
    await story.deleteTask('web', 't1');
    const records = story.take('tasks');
    story.before('decrement', unanswered);
    expect(await story.invoke('tasks', records)).toEqual(records.map(({ dynamodb }) => dynamodb.SequenceNumber));
    expect(failures()).toMatchObject([{ subject: 'service#web', error: 'DynamoDB did not answer' }]);
    expect(await story.isThere('services', 'web')).toBe(true);
    await story.invokeUntilDone('tasks', records);
    expect(await story.isThere('services', 'web')).toBe(false);
  });

  it('an insert delivered twice counts nothing: children are counted in their table', async () => {
    await story.drain('web', 1);
    await story.backend.put('services', service('api'));
    await story.backend.put('tasks', task('api', 't1'));
    const inserts = story.take('tasks').map((record) => ({ ...record, eventName: 'INSERT' as const }));
    expect(inserts).toHaveLength(1);
    await story.backend.deliver();
    await story.backend.put('services', service('api', [], MARKED));
    for (let n = 1; n <= 2; n++) await story.invoke('tasks', inserts);
    await story.backend.deliver();
    expect(await story.remaining('service#api')).toBe(1);
    await expectTruth('api', 1);
    await expectTruth('web', 1);
  });

  it('S2 a service whose insert is delivered twice is attached once', async () => {
    await story.backend.put('networks', network('front'));
    await story.backend.put('services', service('web', ['front']));
    const inserts = story.take('services');
    for (let n = 1; n <= 2; n++) expect(await story.invoke('services', inserts)).toEqual([]);
    expect((await story.backend.world()).attachments).toEqual([{ held: 'network#front', holder: 'service#web' }]);
  });

  it('the fifth of seven writes fails once: all seven counts are the same in the end', async () => {
    const ids = Array.from({ length: 7 }, (_, n) => `s${n + 1}`);
    for (const id of ids) await story.drain(id, 2);
    for (const id of ids) await story.deleteTask(id, 't1');
    let writes = 0;
    const failFifth = () => {
      writes++;
      if (writes === 5) unanswered();
      story.before('decrement', failFifth);
    };
    story.before('decrement', failFifth);
    const records = story.take('tasks');
    expect(records).toHaveLength(7);
    await story.invokeUntilDone('tasks', records);
    expect(failures()).toHaveLength(1);
    // The sixth and the seventh were counted twice, reached zero, and were counted anew.
    for (const id of ids) expect(await story.remaining(`service#${id}`)).toBe(1);
    for (const id of ids) await expectTruth(id, 1);
  });

  it('S2 one release that is retried counts once: two services hold the network', async () => {
    await story.backend.put('networks', network('front'));
    for (const id of ['a', 'b', 'c']) await story.backend.put('services', service(id, ['front']));
    await story.backend.deliver();
    await story.backend.put('networks', network('front', MARKED));
    await story.backend.deliver();
    expect(await story.remaining('network#front')).toBe(3);

    await story.backend.put('services', service('a'));
    await story.invokeUntilDone('services', story.take('services'));
    const released = story.take('attachments');
    expect(released).toHaveLength(1);
    for (let n = 1; n <= 3; n++) await story.invoke('attachments', released);
    expect(await story.isThere('networks', 'front')).toBe(true);
    expect(await story.remaining('network#front')).toBe(2);

    for (const id of ['b', 'c']) {
      expect(await story.isThere('networks', 'front')).toBe(true);
      await story.backend.put('services', service(id));
      await story.backend.deliver();
    }
    expect(await story.isThere('networks', 'front')).toBe(false);
  });
});

describe('a handler that ends in the middle', () => {
  it('the same record twice after a success changes nothing', async () => {
    await story.drain('web', 3);
    await story.deleteTask('web', 't1');
    const records = story.take('tasks');
    expect(await story.invoke('tasks', records)).toEqual([]);
    expect(await story.remaining('service#web')).toBe(2);
    expect(await story.invoke('tasks', records)).toEqual([]);
    await expectTruth('web', 2);
  });

  it('S1 a handler that throws after its write runs again, and two tasks hold the service', async () => {
    await story.drain('web', 3);
    await story.deleteTask('web', 't1');
    story.after('decrement', unanswered);
    await story.invokeUntilDone('tasks', story.take('tasks'));
    expect(failures()).toHaveLength(1);
    await expectTruth('web', 2);
  });

  it('L1 a handler that throws after the write that reached zero runs again, and the service goes', async () => {
    await story.drain('web', 1);
    await story.deleteTask('web', 't1');
    story.after('decrement', unanswered);
    const records = story.take('tasks');
    expect(await story.invoke('tasks', records)).toHaveLength(1);
    expect(await story.remaining('service#web')).toBe(0);
    await story.invokeUntilDone('tasks', records);
    expect(await story.isThere('services', 'web')).toBe(false);
  });

  it.each(['before', 'after'] as const)(
    'S1 a handler that times out mid-way and runs again, the first run going on %s the second: two tasks hold the service',
    async (order) => {
      await story.drain('web', 5);
      for (const id of ['t1', 't2', 't3']) await story.deleteTask('web', id);
      const records = story.take('tasks');
      let goOn = () => {};
      const frozen = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      let isFrozen = () => {};
      const hasCounted = new Promise<void>((resolve) => {
        isFrozen = resolve;
      });
      // The first run stands still right behind its decrement; Lambda takes it for dead and starts a second one.
      story.after('decrement', () => {
        isFrozen();
        return frozen;
      });
      const first = story.invoke('tasks', records);
      await hasCounted;
      if (order === 'before') goOn();
      await story.invokeUntilDone('tasks', records);
      goOn();
      expect(await first).toEqual([]);
      await expectTruth('web', 2);
    },
  );

  it('records after a failed one are not lost, nor counted twice when they run again', async () => {
    const ids = ['s1', 's2', 's3', 's4', 's5'];
    for (const id of ids) await story.drain(id, 2);
    for (const id of ids) await story.deleteTask(id, 't1');
    const records = story.take('tasks');
    let writes = 0;
    const failSecond = () => {
      if (++writes === 2) unanswered();
      story.before('decrement', failSecond);
    };
    story.before('decrement', failSecond);
    expect(await story.invoke('tasks', records)).toEqual([records[1]?.dynamodb.SequenceNumber]);
    expect(await Promise.all(ids.map((id) => story.remaining(`service#${id}`)))).toEqual([1, 2, 1, 1, 1]);
    await story.invokeUntilDone('tasks', records.slice(1));
    expect(await Promise.all(ids.map((id) => story.remaining(`service#${id}`)))).toEqual([1, 1, 1, 1, 1]);
    for (const id of ids) await expectTruth(id, 1);
  });
});

describe('a cascade', () => {
  const stack = async () => {
    for (const id of ['a', 'b', 'c']) await story.backend.put('networks', network(id));
    await story.drain('web', 1, ['a', 'b', 'c']);
    for (const id of ['a', 'b', 'c']) await story.backend.put('networks', network(id, MARKED));
    await story.backend.deliver();
    await story.deleteTask('web', 't1');
    return story.take('tasks');
  };
  const left = async () => {
    const { services, networks, attachments } = await story.backend.world();
    return [services.length, networks.length, attachments.length];
  };

  it('S6 that nobody disturbs leaves nothing', async () => {
    await story.invokeUntilDone('tasks', await stack());
    await story.backend.deliver();
    expect(await left()).toEqual([0, 0, 0]);
    expect((await story.backend.world()).counters).toEqual([]);
  });

  it('S6 whose delete is throttled leaves no orphan: all of it stays, is reported, and goes together later', async () => {
    const records = await stack();
    story.before('finalize', () => {
      throw new Error('ThrottlingException');
    });
    expect(await story.invoke('tasks', records)).toEqual(records.map(({ dynamodb }) => dynamodb.SequenceNumber));
    expect(await left()).toEqual([1, 3, 3]);
    expect(failures()).toMatchObject([{ subject: 'service#web', error: 'ThrottlingException' }]);
    await story.invokeUntilDone('tasks', records);
    expect(await left()).toEqual([0, 0, 0]);
  });

  it('S6 whose answer is lost after the commit is whole, and its repeat finds nothing to do', async () => {
    const records = await stack();
    story.after('finalize', unanswered);
    expect(await story.invoke('tasks', records)).toHaveLength(1);
    expect(await left()).toEqual([0, 0, 0]);
    await story.invokeUntilDone('tasks', records);
    expect(await left()).toEqual([0, 0, 0]);
  });
});

describe('a new reference that lands between count zero and the deletion', () => {
  it('S2 keeps the network: a service came, under a second mark', async () => {
    await story.backend.put('networks', network('front', { ...MARKED, markedAt: 'm1' }));
    story.after('countChildren', async () => {
      // By writers who keep the fence: the mark is taken back, a service comes, the network is marked again.
      await story.backend.put('networks', network('front'));
      await story.backend.put('services', service('web', ['front']));
      await story.backend.put('attachments', { held: 'network#front', holder: 'service#web' });
      await story.backend.put('networks', network('front', { ...MARKED, markedAt: 'm2' }));
    });
    await story.backend.deliver();
    expect(await story.isThere('networks', 'front')).toBe(true);
    expect(await story.remaining('network#front')).toBe(1);
    await story.backend.put('services', service('web'));
    await story.backend.deliver();
    expect(await story.isThere('networks', 'front')).toBe(false);
  });

  it('S2 keeps the network that was to go with a service: another service came', async () => {
    await story.backend.put('networks', network('front'));
    await story.drain('web', 1, ['front']);
    await story.backend.put('networks', network('front', { ...MARKED, markedAt: 'm1' }));
    await story.backend.deliver();
    await story.deleteTask('web', 't1');
    story.after('listAttached', async () => {
      await story.backend.put('networks', network('front'));
      await story.backend.put('services', service('api', ['front']));
      await story.backend.put('attachments', { held: 'network#front', holder: 'service#api' });
      await story.backend.put('networks', network('front', { ...MARKED, markedAt: 'm2' }));
    });
    await story.backend.deliver();
    expect(await story.isThere('services', 'web')).toBe(false);
    expect(await story.isThere('networks', 'front')).toBe(true);
    expect((await story.backend.world()).attachments).toEqual([{ held: 'network#front', holder: 'service#api' }]);
  });

  it('S1 keeps the service: a task came, under a second mark', async () => {
    await story.drain('web', 1);
    await story.deleteTask('web', 't1');
    story.after('countChildren', async () => {
      await story.backend.put('services', service('web'));
      await story.backend.put('tasks', task('web', 't2'));
      await story.backend.put('services', service('web', [], { ...MARKED, markedAt: 'm2' }));
    });
    await story.backend.deliver();
    await expectTruth('web', 1);
  });
});
