/**
 * What follows from SwarmKit's kinds is what was written out by hand before there was a plan, for each choice of a deployment, and what
 * the engine does. That list is kept in swarmkit-expected.json: a plan that comes out otherwise must be meant so, and change it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Grants, Permissions } from '../../lib/lifecycle/permissions.ts';
import { planOf, type WholePlan } from '../../lib/lifecycle/plan.ts';
import { heldBy } from '../../lib/lifecycle/references.ts';
import { SWARMKIT, SWARMKIT_ALL, type SwarmkitOptions, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { NETWORKS_PER_SERVICE_MAX } from '../../lib/protocol/limits.ts';
import expected from './swarmkit-expected.json' with { type: 'json' };

const plan = planOf(SWARMKIT);
/** One text for the actions on each table, as they are written there. */
const joined = (permissions: Permissions) =>
  Object.fromEntries(Object.entries(permissions).map(([target, actions]) => [target, actions.join(' ')]));
const joinedEach = (all: Readonly<Record<string, Permissions>> | Grants) =>
  Object.fromEntries(Object.entries(all).map(([name, permissions]) => [name, joined(permissions)]));

/** Both images for every kind from the start: a later choice would replace the stream, since a view type can't be changed in place. */
const BOTH_IMAGES: readonly string[] = ['tasks'];

describe.each(expected.choices)('with $choice', ({ choice, permissions, filters }) => {
  const chosen: WholePlan = planOf(swarmkit(choice as SwarmkitOptions));

  it('each function may do what it could', () => {
    expect(joinedEach(chosen.permissions)).toEqual(permissions);
  });

  it('each function is woken by the records that woke it', () => {
    const { functions } = chosen;
    expect(Object.fromEntries(Object.entries(functions).map(([name, one]) => [name, one.filters]))).toEqual(filters);
    for (const [name, one] of Object.entries(expected.functions)) expect(functions[name], name).toMatchObject(one);
  });

  it('each stream carries what it carried, or more', () => {
    for (const [name, table] of Object.entries(expected.tables)) {
      const stream = BOTH_IMAGES.includes(name) ? 'NEW_AND_OLD_IMAGES' : 'stream' in table ? table.stream : undefined;
      expect(chosen.tables[name]?.stream, name).toBe(stream);
    }
  });
});

it('the tables have the keys, the index, the names and the lock that they had', () => {
  expect(Object.keys(plan.tables).sort()).toEqual(Object.keys(expected.tables).sort());
  for (const [name, { stream: _, ...table }] of Object.entries(
    expected.tables as Record<string, object & { stream?: string }>,
  )) {
    expect(plan.tables[name], name).toMatchObject({
      sortKey: undefined,
      markedIndex: undefined,
      deletes: undefined,
      ...table,
    });
  }
});

it('the grants are those that they were', () => {
  expect(joinedEach(plan.grants)).toEqual(expected.grants);
});

it('the kinds are those of today', () => {
  expect(plan.sweep).toEqual(['service', 'network']);
  expect(plan.kinds.service.holds.map((held) => held.kind)).toEqual(['network']);
  expect(plan.kinds.network.holds).toEqual([]);
  expect(plan.kinds.service.countedBy).toMatchObject([{ by: 'key', kind: 'task' }]);
  expect(plan.kinds.network.countedBy.map(({ by }) => by)).toEqual(['attachments']);
  expect(plan.kinds.service.words).toEqual({ singular: 'service', plural: 'services', short: ['svc'] });
  expect(plan.kinds.network.words).toEqual({ singular: 'network', plural: 'networks', short: ['net'] });
  expect(plan.kinds.service.heldMax).toBe(NETWORKS_PER_SERVICE_MAX);
  expect(plan.kinds.network).toMatchObject({ goesAlong: true, restrictedBy: ['service'] });
  expect(plan.kinds.service).toMatchObject({ goesAlong: false, fencedBy: ['network'] });
  expect(plan.kinds.task).toMatchObject({ isGuarded: false, fencedBy: ['service'], goesAlong: false });
});

describe('what an item holds', () => {
  const text = fc.oneof(fc.constantFrom('a', 'b', '', 'a#b'), fc.string({ unit: 'binary', maxLength: 3 }));
  const target = fc.oneof(
    fc.record({ target: fc.oneof(text, fc.integer(), fc.constant(null)) }),
    fc.constant('x'),
    text,
  );
  const list = fc.oneof(fc.array(target, { maxLength: 4 }), fc.constant(undefined), fc.constant('none'));
  const id = fc.string({ minLength: 1, maxLength: 4 });
  /** SwarmKit's rule, written out: the first list that has entries, and of these each target that can be an id, once. */
  const targetsOf = (...lists: unknown[]) => {
    const entries = lists.find((one): one is unknown[] => Array.isArray(one) && one.length > 0) ?? [];
    const targets = entries.map((entry) => (entry as { target?: unknown } | null)?.target);
    return [...new Set(targets.filter((one): one is string => typeof one === 'string' && one !== ''))].filter((one) =>
      one.isWellFormed(),
    );
  };

  it('is, for a service, what it refers to', () => {
    const spec = fc.oneof(
      fc.record({ task: fc.record({ networks: list }), networks: list }),
      fc.record({ networks: list }),
    );
    fc.assert(
      fc.property(id, spec, (service, given) => {
        const held = heldBy(plan, 'service', { id: service, spec: given });
        const { task, networks } = given as {
          readonly task?: { readonly networks: unknown };
          readonly networks: unknown;
        };
        expect(held.map((one) => one.id)).toEqual(targetsOf(task?.networks, networks));
      }),
    );
  });

  it('is, for a task, what its own networks name', () => {
    const withNetworks = planOf(swarmkit({ taskNetworks: true }));
    fc.assert(
      fc.property(id, list, (task, networks) => {
        const held = heldBy(withNetworks, 'task', { serviceId: 'web', id: task, networks });
        expect(held.map((one) => one.id)).toEqual(targetsOf(networks));
      }),
    );
  });

  it('is nothing that can be no id', () => {
    const networks = ['', '\ud800', 'n'.repeat(2041), 'n'.repeat(2040)].map((target) => ({ target }));
    expect(heldBy(plan, 'service', { id: 'web', spec: { networks } }).map((one) => one.id)).toEqual(['n'.repeat(2040)]);
    expect(heldBy(plan, 'service', { id: '\ud800', spec: { networks } })).toEqual([]);
    expect(heldBy(plan, 'service', { spec: { networks } })).toEqual([]);
  });

  it('is nothing once a task has ended, where ended tasks are gone', () => {
    const terminal = planOf(swarmkit({ taskIsGone: 'terminal', taskNetworks: true }));
    const task = (state: string) => ({ serviceId: 'web', id: '1', status: { state }, networks: [{ target: 'n' }] });
    expect(heldBy(terminal, 'task', task('running'))).toEqual([{ kind: 'network', id: 'n' }]);
    expect(heldBy(terminal, 'task', task('complete'))).toEqual([]);
  });

  it('is of each kind that its services share', () => {
    const container = {
      secrets: [{ secretID: 's' }],
      configs: [{ configID: 'c' }],
      mounts: [{ source: 'v', target: '/v' }, { target: '/tmp' }],
    };
    const service = { id: 'web', spec: { task: { networks: [{ target: 'n' }], container } } };
    expect(heldBy(planOf(SWARMKIT_ALL), 'service', service)).toEqual([
      { kind: 'network', id: 'n' },
      { kind: 'secret', id: 's' },
      { kind: 'config', id: 'c' },
      { kind: 'volume', id: 'v' },
    ]);
  });
});
