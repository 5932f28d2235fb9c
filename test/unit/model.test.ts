/** What a service refers to, and what its name is, by SwarmKit's plan: the two questions that every function asks first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Id, keyFor, parseItemName } from '../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName, sameItem } from '../../lib/lifecycle/keys.ts';
import { isDeallocatorError } from '../../lib/protocol/errors.ts';
import { byteLength, isMarked, type SeenItem } from '../../lib/protocol/model.ts';
import { parseHolderName } from '../../lib/protocol/rest.ts';
import { networksOf, PLAN, taskKey } from '../support/swarmkit.ts';

const referencesOf = (spec: unknown, id = 'web') => networksOf({ id, spec });
const to = (...targets: unknown[]) => targets.map((target) => ({ target }));

describe('references', () => {
  it.each<[string, unknown, string[]]>([
    ["are the task's networks, in order", { task: { networks: to('b', 'a') } }, ['b', 'a']],
    ['count each network once, where it stands first', { task: { networks: to('b', 'a', 'b', 'a') } }, ['b', 'a']],
    ['are the old-style networks where there is no task', { networks: to('old') }, ['old']],
    ['are the old-style networks where the task has no list', { task: {}, networks: to('old') }, ['old']],
    [
      "are the old-style networks where the task's list is empty",
      { task: { networks: [] }, networks: to('old') },
      ['old'],
    ],
    [
      "are the old-style networks where the task's list is none",
      { task: { networks: { 0: { target: 'a' } } }, networks: to('old') },
      ['old'],
    ],
    [
      "are the task's networks alone where both are named",
      { task: { networks: to('new') }, networks: to('old') },
      ['new'],
    ],
    [
      "are none where the task's list names nothing fit, whatever the old-style list names",
      { task: { networks: [{}] }, networks: to('old') },
      [],
    ],
    ['count old-style networks once too', { networks: to('old', 'old') }, ['old']],
    ['keep the other attributes of an entry out', { networks: [{ target: 'a', aliases: ['b'], id: 'c' }] }, ['a']],
  ])('%s', (_, spec, expected) => {
    expect(referencesOf(spec)).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['no spec', undefined],
    ['null', null],
    ['a text', 'networks'],
    ['a number', 7],
    ['a list', [{ networks: to('a') }]],
    ['a task that is a list', { task: [{ networks: to('a') }] }],
    ['a task that is null', { task: null }],
    ['a list that is a text', { task: { networks: 'a' } }],
    ['a list that is a set', { networks: new Set(['a']) }],
    ['a list that is null', { networks: null }],
  ])('are none where the spec is %s', (_, spec) => {
    expect(referencesOf(spec)).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'a'],
    ['a number', 1],
    ['a list', ['a']],
    ['a map without a target', { Target: 'a' }],
    ['an empty target', { target: '' }],
    ['a target that is a number', { target: 1 }],
    ['a target that is a list', { target: ['a'] }],
    ['a target of 2,041 bytes', { target: 'a'.repeat(2041) }],
    ['a target of 2,042 bytes in 1,021 characters', { target: 'é'.repeat(1021) }],
  ])('pass over an entry that is %s, and see the next one', (_, entry) => {
    expect(referencesOf({ networks: [entry, { target: 'b' }] })).toEqual(['b']);
  });

  it('take a target of 2,040 bytes', () => {
    const targets = ['a'.repeat(2040), 'é'.repeat(1020)];
    expect(referencesOf({ networks: to(...targets) })).toEqual(targets);
  });

  it('are none where the id of the service fits no attachment', () => {
    expect(referencesOf({ networks: to('a') }, 's'.repeat(1016))).toEqual(['a']);
    expect(referencesOf({ networks: to('a') }, 's'.repeat(1017))).toEqual([]);
    expect(referencesOf({ networks: to('a') }, '😀'.repeat(255))).toEqual([]);
  });

  it('are found whatever else the spec holds', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 })), fc.jsonValue(), (targets, other) => {
        expect(referencesOf({ other, task: { other, networks: to(...targets) } })).toEqual(targets);
      }),
    );
  });

  it('never throw, and hold only ids that fit, whatever the spec is', () => {
    const spec = fc.oneof(
      fc.anything(),
      fc.record({ networks: fc.anything(), task: fc.record({ networks: fc.array(fc.anything()) }) }),
    );
    fc.assert(
      fc.property(spec, (value) => {
        for (const id of referencesOf(value)) expect(typeof id === 'string' && id.length > 0).toBe(true);
      }),
    );
  });
});

const anyId = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 });
const anyKey: fc.Arbitrary<ItemKey> = fc.record({ kind: fc.constantFrom('service', 'network'), id: anyId });

describe('the name of a parent', () => {
  it('is its kind and its id', () => {
    expect(itemName({ kind: 'service', id: 'web' })).toBe('service#web');
    expect(itemName({ kind: 'network', id: 'a#b' })).toBe('network#a#b');
  });

  it('leads back to the parent, whatever the id holds', () => {
    const leadsBack = (key: ItemKey) => {
      expect(parseItemName(PLAN, itemName(key))).toEqual(key);
    };
    fc.assert(fc.property(anyKey, leadsBack));
    const odd = fc.constantFrom('#', '##', 'network#x', 'service#', '__proto__', 'constructor', '\u0000', ' ');
    fc.assert(fc.property(odd, (id) => leadsBack({ kind: 'service', id })));
  });

  it('is different for different parents', () => {
    fc.assert(
      fc.property(anyKey, anyKey, (a, b) => {
        expect(itemName(a) === itemName(b)).toBe(a.kind === b.kind && a.id === b.id);
        expect(sameItem(a, b)).toBe(a.kind === b.kind && a.id === b.id);
      }),
    );
  });

  it.each([
    '',
    '#',
    'service',
    'service#',
    '#web',
    'sweep',
    'task#web',
    'Service#web',
    ' service#web',
    'servic#e',
    'servicex',
    '__proto__#web',
    'constructor#web',
    'toString#web',
  ])('is not %j', (name) => {
    expect(parseItemName(PLAN, name)).toBeUndefined();
  });
});

describe('the name of a user', () => {
  it('leads back to it, whatever the ids hold, and is another for each', () => {
    const id = fc.string({ minLength: 1, unit: 'binary' });
    const user = fc.oneof(
      fc.tuple(id, id).map(([serviceId, own]) => taskKey(serviceId, own)),
      fc.record({ kind: fc.constant('service' as const), id }),
    );
    fc.assert(
      fc.property(user, (key) => {
        expect(parseHolderName(PLAN, itemName(key))).toEqual(key);
      }),
    );
    expect(itemName(taskKey('web', '1'))).toBe('task#3#web#1');
    expect(itemName({ kind: 'service', id: 'task#3#web#1' })).toBe('service#task#3#web#1');
  });

  it.each([
    'task#',
    'task#3',
    'task#3#web',
    'task#3#web#',
    'task#2#web#1',
    'task#0##1',
    'task#03#web#1',
    'task#-1#a#b',
    'Task#3#web#1',
    'xtask#1##a',
    'task#1#',
    'web',
    'service#',
    'network#front',
    'volume#data',
  ])('is not %j', (name) => expect(parseHolderName(PLAN, name)).toBeUndefined());
});

it('users of one id are the same only if they are of one kind', () => {
  const web = { kind: 'service', id: 'web' } as const;
  expect(sameItem(web, { ...web })).toBe(true);
  expect(sameItem(web, { kind: 'network', id: 'web' })).toBe(false);
  expect(sameItem(web, { kind: 'task', id: 'web' })).toBe(false);
});

describe('an id', () => {
  const isId = (kind: string, value: unknown) => {
    try {
      return (
        keyFor(PLAN, kind, kind === 'task' ? ({ service: 'web', task: value } as Id) : (value as Id)) !== undefined
      );
    } catch (error) {
      if (isDeallocatorError(error, 'InvalidArgument')) return false;
      throw error;
    }
  };

  it('is a text that is not empty', () => {
    for (const value of ['', undefined, null, 7, ['web'], { id: 'web' }, true])
      expect(isId('service', value)).toBe(false);
    expect(isId('service', 'w')).toBe(true);
  });

  it.each<['service' | 'network' | 'task', number]>([
    ['service', 1016],
    ['network', 2040],
    ['task', 1024],
  ])('of a %s has at most %i bytes, not characters', (kind, bytes) => {
    expect(isId(kind, 'x'.repeat(bytes))).toBe(true);
    expect(isId(kind, 'x'.repeat(bytes + 1))).toBe(false);
    expect(isId(kind, '😀'.repeat(bytes / 4))).toBe(true);
    expect(isId(kind, `${'😀'.repeat(bytes / 4)}x`)).toBe(false);
  });

  it('is measured as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(byteLength(text)).toBe(Buffer.from(text).length);
      }),
    );
  });
});

describe('a mark', () => {
  const parent = (pendingDelete: boolean, markedAt: string | undefined): SeenItem => {
    return {
      key: { kind: 'service', id: 'web' },
      pendingDelete,
      markedAt,
      markedBy: undefined,
      markedReason: undefined,
      isProtected: false,
      held: [],
      asRead: {},
    };
  };

  it('can be named in a condition only with its time', () => {
    expect(isMarked(parent(true, 'm1'))).toBe(true);
    expect(isMarked(parent(true, undefined))).toBe(false);
    expect(isMarked(parent(false, 'm1'))).toBe(false);
    expect(isMarked(parent(false, undefined))).toBe(false);
  });
});
