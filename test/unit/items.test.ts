import { describe, expect, it } from 'vitest';
import { asReadOf, counterOf, heldIn, indexKeyNames, sweepCursorOf } from '../../lib/dynamodb/items.ts';
import { type StoredItem, StoredValue } from '../../lib/dynamodb/requests.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import type { TablePlan } from '../../lib/lifecycle/tables.ts';

const plan: Plan = planOf(SWARMKIT);

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
  expect(indexKeyNames(services as TablePlan)).toEqual(['id', 'markedAt']);
  expect(indexKeyNames(tasks as TablePlan)).toEqual(['serviceId', 'id']);
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

describe('what a stored item holds', () => {
  const serviceWith = (...targets: unknown[]) =>
    ({
      id: { S: 'web' },
      spec: { M: { networks: { L: targets.map((target) => ({ M: { target } })) } } },
    }) as StoredItem;
  const web = { kind: 'service', id: 'web' };

  it.each([{ N: '7' }, { NULL: true }, { BOOL: true }, {}, { M: { odd: {} } }, { L: [{}] }])(
    'is not spoiled by a target that is no text, or that the SDK can not translate: %j',
    (target) => {
      expect(heldIn(plan, web, serviceWith(target, { S: 'a' }))).toEqual([{ kind: 'network', id: 'a' }]);
    },
  );

  it('is compared by the lists exactly as stored, missing ones as undefined', () => {
    const odd = { L: [{ M: { target: { S: 'a' }, aliases: { L: [] } } }, { N: '7' }] };
    const both = { id: { S: 'web' }, spec: { M: { task: { M: { networks: odd } }, networks: { S: 'text' } } } };
    expect(asReadOf(plan, 'service', both as StoredItem)).toEqual({
      'spec.task.networks': new StoredValue(odd as never),
      'spec.networks': new StoredValue({ S: 'text' }),
    });
    expect(asReadOf(plan, 'service', { id: { S: 'web' } })).toEqual({
      'spec.task.networks': undefined,
      'spec.networks': undefined,
    });
  });
});
