/**
 * What the watch excuses where raw writers write tasks that hold networks, and the stories beside it that it convicts. A
 * task's second life often finds the attachment of its first one: it is protected as far as that one was, and no further.
 */

import { describe, expect, it } from 'vitest';
import { itemName } from '../../lib/lifecycle/keys.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { type Item, MemoryTables } from '../../lib/testing/memory/tables.ts';
import { Watch } from '../../lib/testing/simulation/watch.ts';
import { network, service } from '../support/objects.ts';
import { RawWriters } from './raw-writers.ts';

const PLAN = swarmkitPlan({ taskNetworks: true });
const TASK = { serviceId: 'web', id: 't' };
const ATTACHMENT = { held: 'network#back', holder: itemName({ kind: 'task', id: '3#web#t' }) };
const MARK = { pendingDelete: true, markedAt: 'm1' };

type Step = keyof typeof STEPS;

const put = (table: 'tasks' | 'networks' | 'attachments' | 'receipts', item: Item) => ({
  table,
  keys: item as never,
  item,
});
const gone = (table: 'tasks' | 'networks' | 'attachments', keys: Record<string, string>) => ({
  table,
  keys,
  item: undefined,
});
const task = (...networks: string[]) => ({ ...TASK, networks: networks.map((target) => ({ target })) });

const RECEIPT = put('receipts', { id: 'network#back', markedAt: 'm1' });

/** Each is one transaction. The network that all of it is about is `back`. */
const STEPS = {
  'the network comes': [put('networks', network('back'))],
  'the network is marked': [put('networks', network('back', MARK))],
  'the mark is cleared': [put('networks', network('back'))],
  'the network is marked again': [put('networks', network('back', { ...MARK, markedAt: 'm2' }))],
  'the network goes': [gone('networks', { id: 'back' }), RECEIPT],
  'the network goes without a receipt': [gone('networks', { id: 'back' })],
  'a client writes the task': [put('tasks', task('back')), put('attachments', ATTACHMENT)],
  'a raw writer writes the task': [put('tasks', { ...task('back'), writtenRaw: true })],
  'a raw writer turns the task away': [put('tasks', { ...task(), writtenRaw: true })],
  'the task is attached': [put('attachments', ATTACHMENT)],
  'the attachment goes': [gone('attachments', ATTACHMENT)],
  'the task is deleted': [gone('tasks', TASK)],
} as const;

function watched(steps: readonly Step[], lost = false) {
  const tables = new MemoryTables();
  const watch = new Watch(PLAN, DEFAULT_RULES, new RawWriters(PLAN));
  tables.put('services', service('web'));
  tables.onStep = (before, after) => watch.step(before, after, Number.POSITIVE_INFINITY);
  for (const step of steps) tables.step(STEPS[step]);
  watch.rest(tables.world(), lost, Number.POSITIVE_INFINITY);
  return { broken: [...new Set(watch.violations.map(({ promise }) => promise))].sort(), excused: watch.excused };
}

const DANGLING: readonly Step[] = ['a raw writer writes the task', 'the task is attached'];
const UNDER_THE_MARK: readonly Step[] = ['the network comes', 'the network is marked', ...DANGLING];
const SECOND_LIFE: readonly Step[] = ['the task is deleted', 'a raw writer writes the task'];

describe('the watch excuses', () => {
  it.each<[string, readonly Step[]]>([
    ['a raw reference to a network that is not there', DANGLING],
    ['its second life, which finds the attachment of the first', [...DANGLING, ...SECOND_LIFE]],
    [
      'its return, before anything saw that it was away',
      [...DANGLING, 'a raw writer turns the task away', DANGLING[0] as Step],
    ],
  ])('%s', (_, steps) => {
    expect(watched(steps)).toEqual({ broken: [], excused: 1 });
  });

  it.each<[string, readonly Step[]]>([
    ['a raw task that is written under the mark', UNDER_THE_MARK],
    ['its second life under the same mark', [...UNDER_THE_MARK, ...SECOND_LIFE]],
  ])('a deletion beside %s', (_, steps) => {
    // The network's deletion, without the attachment, and the reference that is left: each is told.
    expect(watched([...steps, 'the network goes'])).toEqual({ broken: [], excused: 3 });
  });

  it('a deletion beside the attachment of a raw task that was written under the mark, and is gone', () => {
    const steps: readonly Step[] = ['the task is deleted', 'the network goes', 'the attachment goes'];
    expect(watched([...UNDER_THE_MARK, ...steps])).toEqual({ broken: [], excused: 1 });
  });

  it('a raw task without an attachment where its record was lost', () => {
    const steps: readonly Step[] = ['the network comes', 'a raw writer writes the task'];
    expect(watched(steps, true)).toEqual({ broken: [], excused: 1 });
    expect(watched(steps, false).broken).toEqual(['S2']);
  });
});

describe('the watch convicts', () => {
  it.each<[string, readonly Step[]]>([
    [
      'a client that puts a second life on a network that is not there',
      [...DANGLING, 'the task is deleted', 'a client writes the task'],
    ],
    [
      'a client that puts one on a network that went beside the first',
      [...UNDER_THE_MARK, 'the network goes', 'the task is deleted', 'a client writes the task'],
    ],
  ])('%s', (_, steps) => {
    expect(watched(steps).broken).toEqual(['S2']);
  });

  it.each<[string, readonly Step[]]>([
    ['under a mark that came after the attachment', ['the network comes', ...DANGLING, 'the network is marked']],
    [
      'under a later mark than that of its attachment',
      [...UNDER_THE_MARK, 'the mark is cleared', 'the network is marked again'],
    ],
    [
      'under a later mark, beside the second life',
      [...UNDER_THE_MARK, 'the mark is cleared', ...SECOND_LIFE, 'the network is marked again'],
    ],
    [
      'beside a second life whose attachment was there before the mark',
      ['the network comes', 'a client writes the task', 'the network is marked', ...SECOND_LIFE],
    ],
    [
      'beside a second life by a client under the mark of the first',
      [...UNDER_THE_MARK, 'the task is deleted', 'a client writes the task'],
    ],
  ])('a deletion %s', (_, steps) => {
    expect(watched([...steps, 'the network goes']).broken).toEqual(['S2', 'S6']);
  });

  it('a deletion that is wrong by itself, beside a raw task that is written under the mark', () => {
    expect(watched([...UNDER_THE_MARK, 'the network goes without a receipt']).broken).toEqual(['S6']);
  });

  it('a deletion beside the attachment of a task that is gone, which was there before the mark', () => {
    const steps: readonly Step[] = ['the network comes', 'a client writes the task', 'the network is marked'];
    const end: readonly Step[] = ['the task is deleted', 'the network goes', 'the attachment goes'];
    expect(watched([...steps, ...end]).broken).toEqual(['S6']);
  });

  it.each<[string, Step]>([
    ['a client', 'a client writes the task'],
    ['a raw writer', 'a raw writer writes the task'],
  ])('whatever takes the attachment of a living task away, written by %s', (_, writes) => {
    const steps: readonly Step[] = ['the network comes', writes, 'the task is attached', 'the attachment goes'];
    expect(watched(steps, true).broken).toEqual(['S2']);
    expect(watched([...steps, 'the network is marked', 'the network goes']).broken).toContain('S2');
  });
});

describe('before the sweep that a late request needs', () => {
  const tables = new MemoryTables();
  for (const id of ['web', 'api']) tables.put('counters', { id: `service#${id}`, remaining: 0, epoch: id });
  tables.put('services', service('job', [], { pendingDelete: true, markedAt: 'm1' }));
  const unexcused = (counters: readonly string[]) => {
    const watch = new Watch(PLAN, DEFAULT_RULES);
    watch.restBeforeSweep(tables.world(), counters, Number.POSITIVE_INFINITY);
    return watch.violations.map(({ promise, subject }) => `${promise} ${subject}`);
  };

  it('only the counter that it has opened is excused', () => {
    expect(unexcused(['service#web'])).toEqual(['S4 service#api', 'L1 service#job']);
    expect(unexcused([])).toEqual(['S4 service#web', 'S4 service#api', 'L1 service#job']);
  });
});
