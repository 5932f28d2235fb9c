import { describe, expect, it } from 'vitest';
import { counterOf, indexKeyNames, namedLists, sweepCursorOf } from '../../lib/dynamodb/items.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';

const plan = planOf(SWARMKIT);

describe('a sweep’s cursor', () => {
  const marked = { id: 'web', markedAt: 'm1' };
  it.each([
    { source: 'service', from: marked },
    { source: 'network', from: { markedAt: 'm1', id: 'front' } },
    { source: 'counter', from: { id: 'service#web' } },
    { source: 'unstamped service', from: { id: 'web' } },
    { source: 'unstamped network', from: { id: 'front' } },
    { source: 'counter', from: undefined },
  ])('is what a sweep wrote: $source, $from', (cursor) => {
    expect(sweepCursorOf(plan, { cursor })).toEqual(cursor);
  });

  it.each<[string, unknown]>([
    ['no cursor', undefined],
    ['no source', { from: marked }],
    ['another source', { source: 'tasks', from: marked }],
    ['a text as a place', { source: 'counter', from: 'id' }],
    ['null as a place', { source: 'counter', from: null }],
    ['an empty place', { source: 'counter', from: {} }],
    ['half a place', { source: 'service', from: { id: 'web' } }],
    ['more than a place', { source: 'counter', from: marked }],
    ['an empty id', { source: 'counter', from: { id: '' } }],
    ['an empty time', { source: 'service', from: { id: 'web', markedAt: '' } }],
    ['a number for an id', { source: 'counter', from: { id: 7 } }],
    ['a number for a time', { source: 'network', from: { id: 'front', markedAt: 7 } }],
  ])('is none with %s', (_, cursor) => {
    expect(sweepCursorOf(plan, { cursor })).toBeUndefined();
    expect(sweepCursorOf(plan, undefined)).toBeUndefined();
  });
});

it('an entry of an index is known by its own key and the item’s, each name once; without an index, by the item’s', () => {
  const { services, tasks } = plan.tables;
  expect(indexKeyNames(services)).toEqual(['id', 'markedAt']);
  expect(indexKeyNames(tasks)).toEqual(['serviceId', 'id']);
});

it('a target that is no text is kept as what it is, for whoever must name it', () => {
  const lists = namedLists({ M: { networks: { L: [{ M: { target: { N: '7' } } }, { M: { target: { S: 'a' } } }] } } });
  expect(lists).toEqual({ task: undefined, service: [{ target: 7 }, { target: 'a' }] });
});

it.each([undefined, { id: 'service#web', remaining: '1', epoch: 'e' }, { id: 'service#web', remaining: 1 }])(
  'no counter is made of %j, and its reader is told what to do',
  (item) => {
    expect(() => counterOf(item)).toThrow(
      expect.objectContaining({
        code: 'InvalidArgument',
        message: expect.stringMatching(/never writes; "deallocator audit --repair" resets it/),
      }),
    );
  },
);

it.each([{}, { M: { odd: {} } }, { L: [{}] }])(
  'a target that the SDK can not translate, %j, spoils no other',
  (target) => {
    const networks = { L: [{ M: { target: target as never } }, { M: { target: { S: 'a' } } }] };
    expect(namedLists({ M: { networks } }).service).toEqual([{ target: null }, { target: 'a' }]);
  },
);
