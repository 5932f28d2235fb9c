/**
 * What follows from SwarmKit's kinds is what the construct deploys and the engine does today, for each choice of a deployment. Where
 * the general form differs on purpose, the difference stands here with its reason.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MARKED_INDEX, streamOf, TABLES, type TableName } from '../../lib/dynamodb/schema.ts';
import { DELETION_RULES } from '../../lib/infra/deletions.ts';
import {
  functionPermissions,
  OPERATE_PERMISSIONS,
  READ_PERMISSIONS,
  WRITE_PERMISSIONS,
} from '../../lib/infra/permissions.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { heldBy } from '../../lib/lifecycle/references.ts';
import { SWARMKIT, SWARMKIT_ALL, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { NETWORKS_PER_SERVICE_MAX } from '../../lib/protocol/limits.ts';
import { KINDS, networkLists, referencedNetworks, taskNetworkLists } from '../../lib/protocol/model.ts';
import { DEFAULT_RULES, type Rules } from '../../lib/protocol/rules.ts';
import { constructId } from '../../lib/streams/deployment.ts';
import { FUNCTIONS, STREAM_FUNCTION_NAMES } from '../../lib/streams/functions.ts';

const CHOICES = (['deleted', 'terminal'] as const).flatMap((taskIsGone) =>
  [false, true].flatMap((stopTasks) => [false, true].map((taskNetworks) => ({ taskIsGone, stopTasks, taskNetworks }))),
);
const rulesOf = (choice: (typeof CHOICES)[number]): Rules => ({ ...DEFAULT_RULES, ...choice });
const plan = planOf(SWARMKIT);
const tableNames = Object.keys(TABLES) as TableName[];

/** Both images for every kind from the start: a later choice would replace the stream, since a view type can't be changed in place. */
const BOTH_IMAGES: readonly TableName[] = ['tasks'];

describe.each(CHOICES)('with %j', (choice) => {
  const chosen = planOf(swarmkit(choice));
  const rules = rulesOf(choice);

  it('each function may do what it may today', () => {
    expect(chosen.permissions).toEqual(functionPermissions(rules));
  });

  it('each function is woken by the records that wake it today', () => {
    expect(Object.keys(chosen.functions).sort()).toEqual([...STREAM_FUNCTION_NAMES].sort());
    for (const name of STREAM_FUNCTION_NAMES) {
      const { id, table, batchingWindowSeconds, filters } = FUNCTIONS[name];
      expect(chosen.functions[name], name).toMatchObject({ constructId: id, table, batchingWindowSeconds });
      expect(chosen.functions[name]?.filters, name).toEqual(filters(rules));
    }
  });

  it('each stream carries what it carries today, or more', () => {
    for (const name of tableNames) {
      const expected = BOTH_IMAGES.includes(name) ? 'NEW_AND_OLD_IMAGES' : streamOf(name, rules);
      expect(chosen.tables[name]?.stream, name).toBe(expected);
    }
  });
});

it('the tables have the keys, the index, the names and the lock that they have today', () => {
  expect(Object.keys(plan.tables).sort()).toEqual([...tableNames].sort());
  for (const name of tableNames) {
    const { partitionKey, sortKey, marked, variable } = TABLES[name];
    const rule: { readonly by: string; readonly inTransaction: boolean } | undefined = {
      ...DELETION_RULES,
      tasks: undefined,
      receipts: { by: 'nobody', inTransaction: true },
    }[name];
    expect(plan.tables[name], name).toMatchObject({
      partitionKey,
      sortKey,
      markedIndex: marked ? MARKED_INDEX : undefined,
      variable,
      constructId: constructId(name),
      deletes: rule,
    });
  }
});

it('the grants are those of today', () => {
  expect(plan.grants).toEqual({ read: READ_PERMISSIONS, write: WRITE_PERMISSIONS, operate: OPERATE_PERMISSIONS });
});

it('the kinds are those of today', () => {
  expect(plan.sweep).toEqual(Object.keys(KINDS));
  for (const [kind, { refersTo, runsTasks }] of Object.entries(KINDS)) {
    const { holds, countedBy } = plan.kinds[kind as 'service' | 'network'];
    expect(holds.map((held) => held.kind)).toEqual(refersTo === undefined ? [] : [refersTo]);
    expect(countedBy.map((count) => count.by === 'key' && count.kind === 'task')).toEqual([runsTasks]);
    const words = { singular: kind, plural: `${kind}s`, short: [kind === 'service' ? 'svc' : 'net'] };
    expect(plan.kinds[kind as 'service' | 'network'].words).toEqual(words);
  }
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
  // Half a character can't be in DynamoDB: today's reading passes such a target on, and this one does not.
  const wellFormed = (ids: readonly string[]) => ids.filter((one) => one.isWellFormed());

  it('is, for a service, what it refers to today', () => {
    const spec = fc.oneof(
      fc.record({ task: fc.record({ networks: list }), networks: list }),
      fc.record({ networks: list }),
    );
    fc.assert(
      fc.property(id, spec, (service, given) => {
        const held = heldBy(plan, 'service', { id: service, spec: given });
        expect(held.map((one) => one.id)).toEqual(
          wellFormed(referencedNetworks({ kind: 'service', id: service }, networkLists(given))),
        );
      }),
    );
  });

  it('is, for a task, what its own networks name', () => {
    const withNetworks = planOf(swarmkit({ taskNetworks: true }));
    fc.assert(
      fc.property(id, list, (task, networks) => {
        const held = heldBy(withNetworks, 'task', { serviceId: 'web', id: task, networks });
        expect(held.map((one) => one.id)).toEqual(
          wellFormed(referencedNetworks({ kind: 'service', id: 'x' }, taskNetworkLists(networks))),
        );
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
