/** The pure decisions: what holds a marked parent, what goes along with a service, and when a task is gone. */
import { describe, expect, it } from 'vitest';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { isGone } from '../../lib/lifecycle/references.ts';
import { type SwarmkitOptions, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { findHold, goesAlong } from '../../lib/protocol/decide.ts';
import { firstMarked } from '../../lib/protocol/finalize.ts';
import type { MarkedItem, SeenItem } from '../../lib/protocol/model.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const HOUR_MILLIS = 3_600_000;
const patient = { rules: { ...DEFAULT_RULES, gracePeriodMillis: HOUR_MILLIS }, nowEpochMillis: NOW };
const hasty = { rules: DEFAULT_RULES, nowEpochMillis: NOW };
const mark = (markedAt: string, isProtected = false) => ({
  key: { kind: 'network', id: 'front' },
  markedAt,
  isProtected,
});

describe('a hold', () => {
  it('is a protection, whatever else is', () => {
    expect(findHold(mark('2020-01-01T00:00:00.000Z#1', true), patient)).toEqual({ because: 'protected' });
    expect(findHold(mark('no time', true), hasty)).toEqual({ because: 'protected' });
  });

  it('is a grace period until it ends', () => {
    const until = { because: 'grace period', untilEpochMillis: NOW + HOUR_MILLIS };
    expect(findHold(mark('2026-01-01T00:00:00.000Z#1'), patient)).toEqual(until);
    expect(findHold(mark('2025-12-31T23:00:00.001Z#1'), patient)).toMatchObject({ untilEpochMillis: NOW + 1 });
    expect(findHold(mark('2025-12-31T23:00:00.000Z#1'), patient)).toBeUndefined();
  });

  it('is none where no grace period is, by a clock that is behind the marker’s too', () => {
    expect(findHold(mark('2026-01-01T00:10:00.000Z#1'), hasty)).toBeUndefined();
  });

  it('is none for a mark that tells no time: it must not stay for ever', () => {
    expect(findHold(mark('release-2'), patient)).toBeUndefined();
  });
});

describe('a network', () => {
  const network: SeenItem = {
    pendingDelete: true,
    ...mark('2025-12-31T00:00:00.000Z#1'),
    markedBy: undefined,
    markedReason: undefined,
    held: [],
    asRead: {},
  };

  it.each<[string, Partial<SeenItem>, readonly string[], boolean]>([
    ['marked, and nobody else is attached', {}, ['service#web'], true],
    ['marked, and nobody at all is attached', {}, [], true],
    ['attached to by another', {}, ['service#api', 'service#web'], false],
    ['not marked', { pendingDelete: false }, ['service#web'], false],
    ['marked without a time', { markedAt: undefined }, ['service#web'], false],
    ['protected', { isProtected: true }, ['service#web'], false],
    ['in its grace period', { markedAt: '2026-01-01T00:00:00.000Z#1' }, ['service#web'], false],
  ])('that is %s', (_, more, attached, goes) => {
    expect(goesAlong({ ...network, ...more }, attached, { kind: 'service', id: 'web' }, patient)).toBe(goes);
  });

  it('that is not there', () => {
    expect(goesAlong(undefined, [], { kind: 'service', id: 'web' }, patient)).toBe(false);
  });
});

describe('a task', () => {
  const isGoneIn = (state: unknown, choices: SwarmkitOptions = {}) =>
    isGone(planOf(swarmkit(choices)).kinds.task, { serviceId: 'web', id: '1', status: { state } });
  it.each(['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned'])(
    'is gone once %s, if so chosen',
    (state) => {
      expect(isGoneIn(state, { taskIsGone: 'terminal' })).toBe(true);
      expect(isGoneIn(state)).toBe(false);
    },
  );

  it.each([
    'new',
    'pending',
    'assigned',
    'accepted',
    'preparing',
    'ready',
    'starting',
    'running',
    'COMPLETE',
    'completed',
    '',
    undefined,
    null,
    7,
    ['complete'],
  ])('is not gone in the state %j', (state) => {
    expect(isGoneIn(state, { taskIsGone: 'terminal' })).toBe(false);
  });
});

it('there is no grace period by default, and receipts are kept for 90 days', () => {
  expect(DEFAULT_RULES).toEqual({ gracePeriodMillis: 0, receiptDays: 90 });
});

it('what is being learned is held, with the time since when, where a sweep has told it', () => {
  const item = { ...mark('2020-01-01T00:00:00.000Z#1'), key: { kind: 'network', id: 'n' } };
  const learning = (since: number | undefined) => ({ ...patient, learning: new Map([['network', since]]) });
  expect(findHold(item, learning(5))).toStrictEqual({ because: 'learning', sinceEpochMillis: 5 });
  expect(findHold(item, learning(undefined))).toStrictEqual({ because: 'learning' });
});

it('of marks of one moment the first by name go along', () => {
  const at = (id: string, time: string) => ({ key: { kind: 'network', id }, markedAt: `${time}#m` }) as MarkedItem;
  const [b, a, c] = [
    at('b', '2026-01-01T00:00:00.000Z'),
    at('a', '2026-01-01T00:00:00.000Z'),
    at('c', '2025-01-01T00:00:00.000Z'),
  ];
  const idsOf = (most: number) => firstMarked([b, a, c], most).map(({ key }) => key.id);
  expect([idsOf(1), idsOf(2), idsOf(3)]).toEqual([['c'], ['a', 'c'], ['b', 'a', 'c']]);
  expect(firstMarked([a, b, c], 2)).toEqual([a, c]);
});
