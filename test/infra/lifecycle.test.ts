/**
 * The construct deploys what the plan of the kinds says. For SwarmKit's kinds the template is kept as it is, in
 * swarmkit-template.snap: whatever changes there is seen, and must be meant. `npx vitest run --project main -u` writes it anew.
 */
import { describe, expect, it, test } from 'vitest';
import type { DeallocatorProps } from '../../lib/infra/index.ts';
import { defineLifecycle } from '../../lib/lifecycle/define.ts';
import { SWARMKIT, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { createWorld } from './world.ts';

/** The template, but for the hash of the code, which each change of a source changes. */
const templateOf = (props: DeallocatorProps) =>
  JSON.stringify(createWorld(props).template.toJSON(), undefined, 1).replaceAll(/[0-9a-f]{64}\.zip/g, 'CODE.zip');

describe('the template of SwarmKit’s kinds', () => {
  it('is the one that was reviewed', async () => {
    await expect(templateOf({})).toMatchFileSnapshot('swarmkit-template.snap');
  });

  it('is the same for whoever declares these kinds himself', () => {
    expect(templateOf({ lifecycle: SWARMKIT })).toBe(templateOf({}));
  });

  it.each([{ taskIsGone: 'terminal' }, { stopTasks: true }, { taskNetworks: true }] as const)(
    'has the kinds that are chosen: %j',
    (choice) => {
      const kindsOf = (props: DeallocatorProps) => {
        const { deallocator, propertiesOf } = createWorld(props);
        const { Environment } = propertiesOf(deallocator.functions.sweep);
        return JSON.parse((Environment as { Variables: Record<string, string> }).Variables.LIFECYCLE ?? '');
      };
      expect(kindsOf(choice)).toEqual(swarmkit(choice));
      expect(kindsOf({ lifecycle: swarmkit(choice) })).toEqual(kindsOf(choice));
    },
  );
});

const tooMany = () =>
  defineLifecycle({
    kinds: Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => [`k${n}`, { table: `t${n}`, key: { id: `\${k${n}}` } }]),
    ),
  });

test.each<[what: string, props: () => DeallocatorProps, message: RegExp]>([
  [
    'a lifecycle beside the choices of SwarmKit’s kinds',
    () => ({ lifecycle: SWARMKIT, stopTasks: true, taskNetworks: false }),
    /^World\/Deallocator: lifecycle is given beside stopTasks, taskNetworks, .*lifecycle: swarmkit\(\{ stopTasks: …, taskNetworks: … \}\)/,
  ],
  [
    'a lifecycle that can’t be kept',
    () => ({ lifecycle: { kinds: { a: { table: 'as', key: { id: 'a' } } } } }),
    /^World\/Deallocator: lifecycle: .*put a part of the id into it/,
  ],
  [
    'a table of another name',
    () => ({ warmThroughput: { service: {} } }),
    /warmThroughput names service, .* has services, tasks, networks, .*; name one of these/,
  ],
  [
    'a function of another name',
    () => ({ mappings: { sweep: {} } }),
    /mappings names sweep, .* has service-updated, task-deleted, network-updated, attachment-deleted;/,
  ],
  [
    'a reservation for a function of another name',
    () => ({ reservedConcurrency: { 'task-updated': 1 } }),
    /reservedConcurrency names task-updated/,
  ],
  [
    'more than the environment of a function holds',
    () => ({ lifecycle: tooMany() }),
    /take up to \d+ bytes of the functions' environment, and Lambda takes 4096; give tables and paths shorter names/,
  ],
  [
    'a budget for more tables than an alarm can watch',
    () => ({ lifecycle: eleven, alarms: { consumedWriteUnits: 1 } }),
    /alarms.consumedWriteUnits: this deployment has 11 tables, and an alarm can watch 10 metrics/,
  ],
])('%s is refused in words', (_, props, message) => {
  expect(() => createWorld(props())).toThrow(message);
  expect(() => createWorld(props())).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
});

const eleven = defineLifecycle({
  kinds: Object.fromEntries(
    Array.from({ length: 9 }, (_, n) => [`k${n}`, { table: `t${n}`, key: { id: `\${k${n}}` } }]),
  ),
});

test('a metric of what is not there is refused', () => {
  const { deallocator } = createWorld();
  expect(() => deallocator.metricDeleted('task')).toThrow(/metricDeleted names task, .* has service, network/);
  expect(() => deallocator.metric('Failures', 'task-updated')).toThrow(/the function names task-updated/);
  expect(() => deallocator.metricIteratorAge('nobody')).toThrow(/the function names nobody/);
});
