/** Dead letters on ports that a test owns: what is settled, in which order, and what stays in the queue. */

import { describe, expect, it } from 'vitest';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { type DeadLetterMessage, type RecordsPage, redrive } from '../../lib/operate/recovery/redrive.ts';
import type { SweepAnswer, SweepRequest } from '../../lib/streams/sweep-requested.ts';
import { PHYSICAL_NAMES as TABLES } from '../support/dynamodb.ts';
import { memoryCluster } from '../support/memory-cluster.ts';

type Table = keyof typeof TABLES;
const ARN = (table: string) =>
  `arn:aws:dynamodb:eu-central-1:123456789012:table/${table}/stream/2026-01-01T00:00:00.000`;

const batch = (table: Table, first: number, last: number): DeadLetterMessage => ({
  handle: `${table} ${first}`,
  body: JSON.stringify({
    requestContext: { condition: 'RetryAttemptsExhausted' },
    DDBStreamBatchInfo: {
      streamArn: ARN(TABLES[table]),
      shardId: `shard-${table}`,
      startSequenceNumber: String(first),
      endSequenceNumber: String(last),
      batchSize: last - first + 1,
    },
  }),
});
const record = (sequenceNumber: number, keys: Record<string, string>, images: Record<string, unknown> = {}) => ({
  eventName: 'REMOVE',
  dynamodb: {
    SequenceNumber: String(sequenceNumber),
    Keys: Object.fromEntries(Object.entries(keys).map(([name, value]) => [name, { S: value }])),
    ...images,
  },
});
const ANSWER: SweepAnswer = {
  complete: true,
  settled: 0,
  deletedCount: 0,
  failedCount: 0,
  stillMarked: 0,
  oldestMarkSeconds: 0,
  deleted: [],
  failed: [],
};

/** A queue that hides what it has given out, a stream of pages a shard, and a sweep that answers as it is told. */
function world(
  messages: readonly DeadLetterMessage[],
  shards: Record<string, readonly (RecordsPage | 'gone')[]> = {},
  answers: (request: SweepRequest) => Partial<SweepAnswer> = () => ({}),
) {
  const events: string[] = [];
  const hidden = new Set<string>();
  const queue = [...messages];
  const requests: SweepRequest[] = [];
  return {
    events,
    requests,
    queue,
    ports: {
      deadLetters: {
        receive: async () => {
          const some = queue.filter(({ handle }) => !hidden.has(handle)).slice(0, 2);
          for (const { handle } of some) hidden.add(handle);
          return some;
        },
        delete: async (handle: string) => {
          events.push(`delete ${handle}`);
          queue.splice(
            queue.findIndex((message) => message.handle === handle),
            1,
          );
        },
      },
      records: {
        open: async ({ shardId }: { shardId: string }) => (shards[shardId] === undefined ? 'gone' : `${shardId}/0`),
        next: async (iterator: string) => {
          const [shardId = '', page = ''] = iterator.split('/');
          const found = shards[shardId]?.[Number(page)] ?? { records: [] };
          return found === 'gone'
            ? found
            : { ...found, next: found.next === 'end' ? undefined : `${shardId}/${Number(page) + 1}` };
        },
      },
      sweep: {
        invoke: async (request: SweepRequest) => {
          requests.push(request);
          events.push(request.parents ? `settle ${request.parents.join()}` : `sweep${request.restart ? ' anew' : ''}`);
          return { ...ANSWER, ...answers(request) };
        },
      },
    },
  };
}

describe('a batch of another lifecycle', () => {
  const plan = planOf(SANDBOX);
  const tables = Object.fromEntries(Object.keys(plan.tables).map((table) => [table, `sandbox-${table}`]));
  const names = tables as unknown as typeof TABLES;
  const images = (before: Record<string, string>, after?: Record<string, string>) => {
    const stored = (image: Record<string, string>) =>
      Object.fromEntries(Object.entries(image).map(([name, text]) => [name, { S: text }]));
    return { OldImage: stored(before), ...(after && { NewImage: stored(after) }) };
  };
  const letter = (table: string) => {
    const message = batch('tasks', 11, 12);
    return { ...message, body: message.body.replaceAll(TABLES.tasks, `sandbox-${table}`) };
  };
  const settled = async (table: string, ...records: unknown[]) => {
    const { ports, events } = world([letter(table)], { 'shard-tasks': [{ records }] });
    await redrive(ports, names, { plan });
    return events[0];
  };

  it('settles a guarded item that its record is about, and what it names no more', async () => {
    const key = { uuid: 't1' };
    const changed = record(12, key, images({ ...key, blueprintId: 'b1' }, { ...key, blueprintId: 'b2' }));
    expect(await settled('leaseTemplates', { ...changed, eventName: 'MODIFY' })).toBe(
      'settle leaseTemplate#t1,blueprint#b1',
    );
  });

  it('settles what a leaf no longer holds', async () => {
    const key = { userEmail: 'a@b', uuid: 'l1' };
    const gone = record(12, key, images({ ...key, originalLeaseTemplateUuid: 't1' }));
    expect(await settled('leases', gone)).toBe('settle leaseTemplate#t1');
  });

  it('settles what an attachment was of, whatever its kind', async () => {
    const gone = record(12, { held: 'blueprint#b1', holder: 'leaseTemplate#t1' });
    expect(await settled('attachments', gone)).toBe('settle blueprint#b1');
  });

  it('of a table that it does not have stays in the queue', async () => {
    const { ports } = world([letter('services')]);
    expect(await redrive(ports, names, { plan })).toMatchObject({ kept: 1, deleted: 0 });
  });
});

describe('a batch whose records are there', () => {
  it('settles what they name, each parent once, and only then deletes the message', async () => {
    const { ports, events, requests } = world([batch('tasks', 11, 13)], {
      'shard-tasks': [
        { records: [record(11, { serviceId: 'web', id: 't1' }), record(12, { serviceId: 'web', id: 't2' })] },
        { records: [] },
        { records: [record(13, { serviceId: 'api', id: 't1' }), record(14, { serviceId: 'late', id: 't1' })] },
      ],
    });
    expect(await redrive(ports, TABLES)).toMatchObject({ received: 1, deleted: 1, kept: 0, settled: 2, sweeps: 0 });
    expect(events).toEqual(['settle service#web,service#api', 'delete tasks 11']);
    expect(requests[0]?.trigger).toBe('redrive');
  });

  it('of a service names the networks too that it refers to no more; of an attachment, its network', async () => {
    const image = (...targets: string[]) => ({
      id: { S: 'web' },
      spec: { M: { networks: { L: targets.map((target) => ({ M: { target: { S: target } } })) } } },
    });
    const { ports, events } = world([batch('services', 1, 1), batch('attachments', 5, 5)], {
      'shard-services': [
        {
          records: [
            {
              ...record(1, { id: 'web' }, { OldImage: image('a', 'b'), NewImage: image('b', 'c') }),
              eventName: 'MODIFY',
            },
          ],
        },
      ],
      'shard-attachments': [{ records: [record(5, { held: 'network#front', holder: 'service#web' })] }],
    });
    await redrive(ports, TABLES);
    expect(events[0]).toBe('settle service#web,network#a,network#front');
  });

  it('of a task that holds networks names that task, and those that it holds no more', async () => {
    const image = (...targets: string[]) => ({
      networks: { L: targets.map((target) => ({ M: { target: { S: target } } })) },
    });
    const keys = { serviceId: 'web', id: 't1' };
    const records = [
      { ...record(1, keys, { OldImage: image('a', 'b'), NewImage: image('b') }), eventName: 'MODIFY' },
      record(2, { ...keys, id: 't2' }, { OldImage: image('c') }),
    ];
    const { ports, events } = world([batch('tasks', 1, 2)], { 'shard-tasks': [{ records }] });
    await redrive(ports, TABLES, { plan: swarmkitPlan({ taskNetworks: true }) });
    expect(events[0]).toBe('settle service#web,network#a,task#3#web#t1,network#c');
  });

  it('resets a counter that a raw write has overwritten, and only of what the message is about', async () => {
    const memory = memoryCluster();
    const { client, backend, tables } = memory;
    for (const id of ['web', 'api']) {
      await client.createService({ id });
      await client.createTask(id, { id: '1' });
      await client.removeService(id);
    }
    await backend.deliver();
    const overwritten = (id: string) => ({ id: `service#${id}`, remaining: 'abc', epoch: 'e' });
    for (const id of ['web', 'api']) tables.put('counters', overwritten(id));
    const { ports, queue } = world([batch('tasks', 1, 1)], {
      'shard-tasks': [{ records: [record(1, { serviceId: 'web', id: 't1' })] }],
    });
    const sweep = { invoke: (request: SweepRequest) => backend.sweep(request) };
    expect(await redrive({ ...ports, sweep }, TABLES)).toMatchObject({ deleted: 1, kept: 0, settled: 1 });
    expect(queue).toEqual([]);
    expect(tables.get('counters', { id: 'service#web' })).toMatchObject({ remaining: 1 });
    expect(tables.get('counters', { id: 'service#api' })).toMatchObject(overwritten('api'));
    await client.deleteTask('web', '1');
    await backend.deliver();
    expect(tables.get('services', { id: 'web' })).toBeUndefined();
  });

  it('keeps the message of a parent that failed, and deletes the others', async () => {
    const { ports, queue } = world(
      [batch('tasks', 1, 1), batch('networks', 2, 2)],
      {
        'shard-tasks': [{ records: [record(1, { serviceId: 'web', id: 't1' })] }],
        'shard-networks': [{ records: [record(2, { id: 'front' }, { OldImage: {} })] }],
      },
      () => ({ failedCount: 1, failed: [{ parent: 'service#web', error: 'Aborted: contention' }] }),
    );
    const result = await redrive(ports, TABLES);
    expect(result).toMatchObject({ deleted: 1, kept: 1 });
    expect(result.keptMessages[0]?.reason).toBe('service#web was not settled: Aborted: contention');
    expect(queue.map(({ handle }) => handle)).toEqual(['tasks 1']);
  });

  it('asks for no more than 100 parents at once', async () => {
    const records = Array.from({ length: 101 }, (_, n) => record(n, { serviceId: `s${n}`, id: 't' }));
    const { ports, requests } = world([batch('tasks', 0, 100)], { 'shard-tasks': [{ records }] });
    await redrive(ports, TABLES);
    expect(requests.map(({ parents }) => parents?.length)).toEqual([100, 1]);
  });
});

describe('a batch whose records are gone, in full or in part', () => {
  it.each([
    ['never opened', {}],
    [
      'trimmed on the way',
      { 'shard-tasks': [{ records: [record(1, { serviceId: 'web', id: 't1' })] }, 'gone'] as const },
    ],
    [
      'at an early end',
      { 'shard-tasks': [{ records: [record(1, { serviceId: 'web', id: 't1' })], next: 'end' }] as const },
    ],
  ])('%s: a whole sweep comes before the delete', async (_, shards) => {
    const { ports, events } = world([batch('tasks', 1, 9)], shards);
    const result = await redrive(ports, TABLES);
    expect(events.slice(-2)).toEqual(['sweep anew', 'delete tasks 1']);
    expect(result).toMatchObject({ sweeps: 1, deleted: 1, gone: [{ startSequenceNumber: '1' }] });
  });

  it('brings the sweep to its end, and begins anew where another sweep has moved its place', async () => {
    const at = (source: 'service' | 'network') => ({ source, from: undefined });
    const answers: Partial<SweepAnswer>[] = [
      { complete: false, resumeAt: at('service') },
      { startedAt: at('service'), complete: false, resumeAt: at('network') },
      { complete: true }, // began anew: others had come to the end, but were they full?
      { complete: false, resumeAt: at('network') },
      { startedAt: at('network'), complete: true },
    ];
    const { ports, events } = world([batch('tasks', 1, 1)], {}, () => answers.shift() ?? {});
    await redrive(ports, TABLES);
    expect(events).toEqual(['sweep anew', 'sweep', 'sweep', 'sweep anew', 'sweep', 'delete tasks 1']);
  });

  it('keeps the message when something failed in that sweep', async () => {
    const { ports, queue } = world([batch('tasks', 1, 1)], {}, () => ({ failedCount: 2 }));
    expect(await redrive(ports, TABLES)).toMatchObject({ deleted: 0, kept: 1, sweeps: 1 });
    expect(queue).toHaveLength(1);
  });

  it('gives up a sweep that never ends, and deletes nothing', async () => {
    const resumeAt = { source: 'service' as const, from: undefined };
    const { ports, queue, requests } = world([batch('tasks', 1, 1)], {}, () => ({
      complete: false,
      startedAt: resumeAt,
      resumeAt,
    }));
    await expect(redrive(ports, TABLES)).rejects.toMatchObject({ code: 'Aborted' });
    expect(requests).toHaveLength(100);
    expect(queue).toHaveLength(1);
  });
});

describe('other letters', () => {
  it('of the sweep’s own events bring one whole sweep a group', async () => {
    const { ports, events } = world([
      { handle: 'async', body: JSON.stringify({ requestPayload: { trigger: 'deployment' }, responsePayload: {} }) },
      { handle: 'event', body: JSON.stringify({ trigger: 'schedule' }) },
    ]);
    expect(await redrive(ports, TABLES)).toMatchObject({ deleted: 2, sweeps: 1 });
    expect(events).toEqual(['sweep anew', 'delete async', 'delete event']);
  });

  it('that are none of ours stay, and are told', async () => {
    const foreign = batch('tasks', 1, 1).body.replace(TABLES.tasks, 'Other');
    const { ports, queue } = world([
      { handle: 'text', body: 'hello' },
      { handle: 'list', body: '[1]' },
      { handle: 'foreign', body: foreign },
      { handle: 'broken', body: JSON.stringify({ DDBStreamBatchInfo: { shardId: 7 } }) },
    ]);
    const result = await redrive(ports, TABLES);
    expect(result).toMatchObject({ received: 4, deleted: 0, kept: 4, sweeps: 0 });
    expect(result.keptMessages.map(({ reason }) => reason.slice(0, 27))).toEqual([
      'its body is not JSON: "hell',
      'its body is not an object: ',
      'it is of the stream arn:aws',
      'its DDBStreamBatchInfo name',
    ]);
    expect(queue).toHaveLength(4);
  });

  it('with records that can’t be read are made up for by a whole sweep, and told', async () => {
    const { ports, events } = world([batch('tasks', 1, 3)], {
      'shard-tasks': [
        { records: [record(1, { serviceId: 'web', id: 't1' }), record(2, {}), { eventName: 'REMOVE' }] },
        { records: [record(3, { serviceId: 'api', id: 't1' })] },
      ],
    });
    const result = await redrive(ports, TABLES);
    expect(events).toEqual(['settle service#web,service#api', 'sweep anew', 'delete tasks 1']);
    expect(result.malformed.map((text) => text.split(':')[0])).toEqual([
      'record 2',
      'record without a sequence number',
    ]);
    expect(result.gone).toEqual([]);
  });
});

describe('a run', () => {
  it('ends after so many messages, tells its progress, and stops when it is told to', async () => {
    const messages = [1, 2, 3, 4].map((n) => ({ handle: `m${n}`, body: JSON.stringify({ n }) }));
    const progress: number[] = [];
    const first = world(messages);
    const onProgress = ({ deleted }: { deleted: number }) => progress.push(deleted);
    expect(await redrive(first.ports, TABLES, { messagesMax: 3, onProgress })).toMatchObject({ received: 4 });
    expect(progress).toEqual([2, 4]);

    const stop = new AbortController();
    const second = world(messages);
    const stopping = redrive(second.ports, TABLES, {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(stopping).rejects.toThrow('enough');
    expect(second.queue).toHaveLength(2);
  });
});
