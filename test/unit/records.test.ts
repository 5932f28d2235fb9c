/** Stream records as Lambda delivers them, and as nobody should: a record that can't be read fails alone, by name. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { isDeallocatorError } from '../../lib/protocol/errors.ts';
import {
  compareSequenceNumbers,
  isMalformed,
  type MalformedRecord,
  recordReader,
  type StreamRecord,
} from '../../lib/streams/records.ts';

const PLAN = planOf(swarmkit());
const TERMINAL = planOf(swarmkit({ taskIsGone: 'terminal' }));
const TASK_NETWORKS = planOf(swarmkit({ taskNetworks: true }));
type Read = StreamRecord | MalformedRecord;

const SEQUENCE = '000000000000000000042';

const readTask = (record: unknown) => recordReader(PLAN, 'tasks')(record) as Read;
const readService = (record: unknown) => recordReader(PLAN, 'services')(record) as Read;

const removal = (more: Record<string, unknown> = {}) => ({
  eventName: 'REMOVE',
  dynamodb: { SequenceNumber: SEQUENCE, Keys: { serviceId: { S: 'web' }, id: { S: 't1' } }, ...more },
});
const change = (more: Record<string, unknown> = {}) => ({
  eventName: 'MODIFY',
  dynamodb: {
    SequenceNumber: SEQUENCE,
    Keys: { id: { S: 'web' } },
    OldImage: { id: { S: 'web' } },
    NewImage: { id: { S: 'web' } },
    ...more,
  },
});

const task = { kind: 'task', id: '3#web#t1' };
const web = { kind: 'service', id: 'web' };

it.each([
  ['services', PLAN, { id: 'web' }, [web, [], true]],
  ['tasks', PLAN, { serviceId: 'web', id: 't1' }, [undefined, [web], false]],
  ['tasks', TERMINAL, { serviceId: 'web', id: 't1' }, [undefined, [web], true]],
  ['tasks', TASK_NETWORKS, { serviceId: 'web', id: 't1' }, [task, [web], true]],
  ['networks', TASK_NETWORKS, { id: 'front' }, [{ kind: 'network', id: 'front' }, [], true]],
  [
    ...(['attachments', TASK_NETWORKS, { held: 'network#front', holder: 'service#web' }] as const),
    [undefined, [{ kind: 'network', id: 'front' }], false],
  ],
] as const)('the plan says what records of %s are about', (table, plan, keys, expected) => {
  const Keys = Object.fromEntries(Object.entries(keys).map(([name, S]) => [name, { S }]));
  const read = recordReader(plan, table)(removal({ Keys, OldImage: {} })) as StreamRecord;
  expect([read.item, read.parents, read.before !== undefined]).toEqual(expected);
});

describe('a record of a child', () => {
  it("names the parent, and nothing of the child's image", () => {
    expect(readTask(removal({ OldImage: 'not looked at' }))).toEqual({
      sequenceNumber: SEQUENCE,
      eventName: 'REMOVE',
      item: undefined,
      parents: [{ kind: 'service', id: 'web' }],
      before: undefined,
      after: undefined,
    });
    const attachment = removal({ Keys: { held: { S: 'network#front' }, holder: { S: 'service#web' } } });
    expect(recordReader(PLAN, 'attachments')(attachment)).toMatchObject({
      parents: [{ kind: 'network', id: 'front' }],
    });
  });
});

it.each(['front', 'network#', 'service#web', 'volume#data', 'task#3#web#1'])(
  'a record of an attachment to %s, which nothing holds by attachments, is about nobody',
  (held) => {
    const record = removal({ Keys: { held: { S: held }, holder: { S: 'service#web' } } });
    expect(recordReader(PLAN, 'attachments')(record)).toBeUndefined();
  },
);

describe('a record of a parent', () => {
  const list = { L: [{ M: { target: { S: 'front' } } }] };

  it('tells of both images the mark, its time and what they name', () => {
    const record = change({
      OldImage: { id: { S: 'web' }, spec: { M: { networks: list } }, markedAt: { S: 'm0' }, protected: { BOOL: true } },
      NewImage: {
        id: { S: 'web' },
        pendingDelete: { BOOL: true },
        markedAt: { S: 'm1' },
        spec: { M: { task: { M: { networks: list } } } },
        protected: { S: 'true' },
        status: { M: { state: { S: 'running' } } },
        other: { S: 'not looked at' },
      },
    });
    expect(readService(record)).toEqual({
      sequenceNumber: SEQUENCE,
      eventName: 'MODIFY',
      item: { kind: 'service', id: 'web' },
      parents: [],
      before: {
        pendingDelete: false,
        malformedMark: undefined,
        markedAt: 'm0',
        isProtected: true,
        names: [{ kind: 'network', id: 'front' }],
        isGone: false,
      },
      after: {
        pendingDelete: true,
        malformedMark: undefined,
        markedAt: 'm1',
        isProtected: false,
        names: [{ kind: 'network', id: 'front' }],
        isGone: false,
      },
    });
  });

  it.each([
    ['INSERT', false, true],
    ['MODIFY', true, true],
    ['REMOVE', true, false],
  ])('of an %s has before: %j and after: %j', (eventName, before, after) => {
    const read = readService({ ...change(), eventName });
    if (isMalformed(read)) throw read.error;
    expect([read.before !== undefined, read.after !== undefined]).toEqual([before, after]);
  });

  it.each([
    [{ S: 'true' }],
    [{ N: '1' }],
    [{ NULL: true }],
    [{ BOOL: false }],
    [{ L: [{ BOOL: true }] }],
    [true],
    [undefined],
  ])('takes pendingDelete %j for no mark', (pendingDelete) => {
    expect(readService(change({ NewImage: { pendingDelete } }))).toMatchObject({ after: { pendingDelete: false } });
  });

  it('tells of the lists what can be an id alone, whatever stands beside it', () => {
    const odd = { NS: ['1', '9007199254740993'] };
    const entries = [{ M: { target: { S: 'front' }, odd } }, { S: 'no map' }, { M: { target: { N: '7' } } }];
    const read = readService(change({ NewImage: { spec: { M: { networks: { L: entries } } } } }));
    expect(read).toMatchObject({ after: { names: [{ kind: 'network', id: 'front' }] } });
  });

  it.each<[string, unknown]>([
    ['of no DynamoDB type', 5],
    ['of an unknown DynamoDB type', { X: '5' }],
    ['that is null', null],
    ['that is a text', { S: 'networks' }],
    ['whose lists are a text', { M: { networks: { S: 'front' }, task: { M: { networks: { S: 'front' } } } } }],
    ['whose list has no items', { M: { networks: { L: null } } }],
    [
      'whose networks stand in a prototype',
      { M: JSON.parse('{"__proto__":{"networks":{"L":[{"M":{"target":{"S":"x"}}}]}}}') },
    ],
  ])('names no network with a spec %s', (_, spec) => {
    const read = readService(change({ NewImage: { spec } }));
    if (isMalformed(read)) throw read.error;
    expect(read.after?.names).toEqual([]);
  });
});

describe('a malformed record', () => {
  it.each<[string, unknown, string]>([
    ['an unknown eventName', { ...removal(), eventName: 'TRUNCATE' }, 'eventName is "TRUNCATE"'],
    ['no eventName', { dynamodb: removal().dynamodb }, 'eventName is nothing'],
    ['an eventName in small letters', { ...removal(), eventName: 'remove' }, 'eventName is "remove"'],
    ['an eventName of the prototype', { ...removal(), eventName: 'constructor' }, 'eventName is "constructor"'],
    ['an eventName that is a list', { ...removal(), eventName: ['REMOVE'] }, 'eventName is ["REMOVE"]'],
    ['no keys', removal({ Keys: undefined }), 'Keys.serviceId is nothing'],
    ['null keys', removal({ Keys: null }), 'Keys.serviceId is nothing'],
    ['keys that are a text', removal({ Keys: 'web' }), 'Keys.serviceId is nothing'],
    ['another key', removal({ Keys: { id: { S: 'web' } } }), 'Keys.serviceId is nothing'],
    ['a number as key', removal({ Keys: { serviceId: { N: '7' } } }), 'Keys.serviceId is nothing'],
    ['a binary as key', removal({ Keys: { serviceId: { B: 'd2Vi' } } }), 'Keys.serviceId is nothing'],
    ['a bare text as key', removal({ Keys: { serviceId: 'web' } }), 'Keys.serviceId is nothing'],
    ['a null key', removal({ Keys: { serviceId: null } }), 'Keys.serviceId is nothing'],
    ['an empty key', removal({ Keys: { serviceId: { S: '' } } }), 'Keys.serviceId is ""'],
    ['a key whose text is a number', removal({ Keys: { serviceId: { S: 7 } } }), 'Keys.serviceId is 7'],
    [
      'a key under a polluted prototype only',
      removal({ Keys: JSON.parse('{"__proto__":{"serviceId":{"S":"web"}}}') }),
      'Keys.serviceId is nothing',
    ],
  ])('that has %s fails under its sequence number', (_, record, message) => {
    const read = readTask(record);
    if (!isMalformed(read)) throw new Error('it was read');
    expect(read.sequenceNumber).toBe(SEQUENCE);
    expect(isDeallocatorError(read.error, 'InvalidArgument')).toBe(true);
    expect(read.error.message).toContain(message);
  });

  it.each<[string, unknown, string]>([
    ['no new image', change({ NewImage: undefined }), 'NewImage is nothing'],
    ['no old image', change({ OldImage: undefined }), 'OldImage is nothing'],
    ['a null image', change({ NewImage: null }), 'NewImage is null'],
    ['a text for an image', change({ OldImage: 'web' }), 'OldImage is "web"'],
    [
      'a list of no DynamoDB type',
      change({ NewImage: { spec: { M: { networks: { L: 5 } } } } }),
      'the record is nothing',
    ],
  ])('of a parent that has %s fails under its sequence number', (_, record, message) => {
    const read = readService(record);
    if (!isMalformed(read)) throw new Error('it was read');
    expect(read.sequenceNumber).toBe(SEQUENCE);
    expect(isDeallocatorError(read.error, 'InvalidArgument')).toBe(true);
    expect(read.error.message).toContain(message);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['a text', 'record'],
    ['a number', 7],
    ['a list', []],
    ['an empty object', {}],
    ['a record without dynamodb', { eventName: 'REMOVE' }],
    ['a record with dynamodb null', { eventName: 'REMOVE', dynamodb: null }],
    ['a record without sequence number', removal({ SequenceNumber: undefined })],
    ['a record whose sequence number is a number', removal({ SequenceNumber: 42 })],
    ['a record whose sequence number is empty', removal({ SequenceNumber: '' })],
    ['a record whose sequence number has letters', removal({ SequenceNumber: '42a' })],
    ['a record whose sequence number has a sign', removal({ SequenceNumber: '-42' })],
    ['a record whose sequence number has a space', removal({ SequenceNumber: '42 ' })],
    ['a record whose sequence number ends its line', removal({ SequenceNumber: '42\n' })],
    ['a record whose sequence number has other digits', removal({ SequenceNumber: '٤٢' })],
    ['a record whose sequence number has 41 digits', removal({ SequenceNumber: '1'.repeat(41) })],
  ])('that is %s fails without a name', (_, record) => {
    const read = readTask(record);
    if (!isMalformed(read)) throw new Error('it was read');
    expect(read.sequenceNumber).toBeUndefined();
    expect(isDeallocatorError(read.error, 'InvalidArgument')).toBe(true);
  });

  it('is never thrown, whatever it is', () => {
    const record = fc.oneof(fc.anything(), fc.record({ eventName: fc.anything(), dynamodb: fc.anything() }));
    fc.assert(
      fc.property(record, (value) => {
        for (const read of [readTask(value), readService(value)]) {
          expect(isMalformed(read) && isDeallocatorError(read.error)).toBe(true);
        }
      }),
    );
  });

  it('shows no more than 100 characters of what was seen', () => {
    const read = readTask({ ...removal(), eventName: 'x'.repeat(10_000) });
    if (!isMalformed(read)) throw new Error('it was read');
    expect(read.error.message.length).toBeLessThan(350);
  });
});

describe('sequence numbers', () => {
  const low = '9'.repeat(39);
  const high = `1${'0'.repeat(39)}`;
  const higher = `1${'0'.repeat(38)}1`;

  it('have up to 40 digits', () => {
    expect(isMalformed(readTask(removal({ SequenceNumber: higher })))).toBe(false);
  });

  it('are ordered as numbers, not as texts, beyond what a number holds', () => {
    expect([higher, '10', low, '9', high].sort(compareSequenceNumbers)).toEqual(['9', '10', low, high, higher]);
    expect(compareSequenceNumbers('007', '7')).toBe(0);
  });

  it('are ordered like their digits when these are aligned', () => {
    const digits = fc.stringMatching(/^\d{1,40}$/);
    fc.assert(
      fc.property(digits, digits, (a, b) => {
        const [left, right] = [a.padStart(40, '0'), b.padStart(40, '0')];
        expect(compareSequenceNumbers(a, b)).toBe(left < right ? -1 : left > right ? 1 : 0);
      }),
    );
  });
});
