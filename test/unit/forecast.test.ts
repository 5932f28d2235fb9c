/** The forecast against the deallocator itself: random small histories, and what then becomes of them. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseItemName } from '../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import type { SwarmkitOptions } from '../../lib/lifecycle/swarmkit.ts';
import { forecast } from '../../lib/operate/reports/forecast.ts';
import type { Assumption, Forecast } from '../../lib/operate/reports/foreseen.ts';
import { type Neighbourhood, readNeighbourhood } from '../../lib/operate/reports/neighbourhood.ts';
import type { World } from '../../lib/protocol/invariants.ts';
import { DEFAULT_RULES, type Rules } from '../../lib/protocol/rules.ts';
import type { MemoryBackend } from '../support/memory-backend.ts';
import { memoryCluster } from '../support/memory-cluster.ts';
import { PLAN } from '../support/swarmkit.ts';

const MINUTE_MILLIS = 60_000;
/** No multiple of it is near the grace period, so that the milliseconds of a pause decide nothing. */
const WHILE_MILLIS = 433_000;

const SERVICES = ['web', 'api', 'job'];
const NETWORKS = ['front', 'back', 'shared'];

type Table = 'services' | 'networks';

function worldOf(rules: Rules = DEFAULT_RULES, choices: SwarmkitOptions = {}) {
  const { backend, tables, writers, cluster } = memoryCluster(rules, { choices });
  /** What each deleting transaction has taken, in order. */
  const deletions: string[][] = [];
  const check = tables.onStep;
  tables.onStep = (before, after) => {
    check?.(before, after);
    const known = new Set(before.receipts?.map(({ id, markedAt }) => JSON.stringify([id, markedAt])));
    for (const { id, markedAt, freed } of after.receipts ?? []) {
      if (known.has(JSON.stringify([id, markedAt]))) continue;
      deletions.push([id, ...(freed as { id: string }[]).map((network) => network.id)]);
    }
  };
  const protect = (table: Table, id: string, isProtected: boolean) => {
    const item = tables.get(table, { id });
    if (item !== undefined) tables.put(table, { ...item, protected: isProtected });
  };
  return { backend, writers, cluster, deletions, protect };
}

type Setting = ReturnType<typeof worldOf>;
type Act = (setting: Setting) => unknown;

const service = fc.constantFrom(...SERVICES);
const network = fc.constantFrom(...NETWORKS);
const networks = fc.uniqueArray(network, { maxLength: 3 });
const task = fc.constantFrom('1', '2', '3');
const parent = fc.oneof(
  service.map((id) => ['services', id] as const),
  network.map((id) => ['networks', id] as const),
);
const named = <T>(name: string, arbitrary: fc.Arbitrary<T>, act: (setting: Setting, value: T) => unknown) =>
  arbitrary.map((value) =>
    Object.assign((setting: Setting) => act(setting, value), { toString: () => `${name} ${JSON.stringify(value)}` }),
  );
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 2, arbitrary: named('createNetwork', network, ({ writers }, id) => writers.createNetwork(id)) },
  {
    weight: 4,
    arbitrary: named('createService', fc.tuple(service, networks), ({ writers }, [id, uses]) => {
      for (const name of uses) writers.createNetwork(name);
      writers.createService(id, uses);
    }),
  },
  named('updateService', fc.tuple(service, networks), ({ writers }, [id, uses]) => writers.updateService(id, uses)),
  {
    weight: 3,
    arbitrary: named('createTask', fc.tuple(service, task), ({ writers }, [id, one]) => writers.createTask(id, one)),
  },
  named('deleteTask', fc.tuple(service, task), ({ writers }, [id, one]) => writers.deleteTask(id, one)),
  { weight: 4, arbitrary: named('mark', parent, ({ writers }, [table, id]) => writers.mark(table, id)) },
  named('undelete', parent, ({ writers }, [table, id]) => writers.undelete(table, id)),
  named('protect', fc.tuple(parent, fc.boolean()), ({ protect }, [[table, id], is]) => protect(table, id, is)),
  named('deliver', fc.constant(0), ({ backend }) => backend.deliver()),
  named('wait', fc.integer({ min: 1, max: 3 }), ({ backend }, times) => backend.chance.advance(times * WHILE_MILLIS)),
);

/** Services before networks, each by id: as the forecast says that a sweep does it. */
const inOrder = (world: World): ItemKey[] => [
  ...world.services.map(({ id }): ItemKey => ({ kind: 'service', id })).sort((a, b) => (a.id < b.id ? -1 : 1)),
  ...world.networks.map(({ id }): ItemKey => ({ kind: 'network', id })).sort((a, b) => (a.id < b.id ? -1 : 1)),
];

async function sweepPart(backend: MemoryBackend, part: Neighbourhood): Promise<void> {
  for (const key of inOrder(await backend.world())) {
    if (!part.parents.has(itemName(key))) continue;
    await backend.sweep({ parents: [itemName(key)] });
    await backend.deliver();
  }
}

async function happen({ backend, writers }: Setting, assumption: Assumption, part: Neighbourhood): Promise<void> {
  if (assumption.assume === 'sweep') {
    const notBefore = Date.parse(assumption.notBefore ?? '');
    if (!Number.isNaN(notBefore)) backend.chance.advance(Math.max(0, notBefore - backend.chance.nowEpochMillis()));
    await sweepPart(backend, part);
    return;
  }
  const { id } = parseItemName(PLAN, assumption.of) as ItemKey;
  for (const { serviceId, id: one } of (await backend.world()).tasks) {
    if (serviceId === id) writers.deleteTask(serviceId, one);
  }
  await backend.deliver();
}

const namesOf = (told: Forecast) => told.steps.map(({ deletions }) => deletions.map(({ deleted }) => deleted));

/** Lets all of it happen, step by step, and returns what each step has deleted. */
async function play(setting: Setting, told: Forecast, part: Neighbourhood): Promise<string[][][]> {
  const { backend, deletions } = setting;
  const ofPart = () => deletions.filter(([name = '']) => part.parents.has(name)).map((names) => [...names]);
  const outcome: string[][][] = [];
  for (const { after } of told.steps) {
    deletions.length = 0;
    if (after !== undefined) await happen(setting, after, part);
    else {
      await backend.deliver();
      await sweepPart(backend, part);
    }
    outcome.push(ofPart());
  }
  deletions.length = 0;
  await backend.deliver();
  await sweepPart(backend, part);
  expect(ofPart()).toEqual([]); // that was all
  return outcome;
}

async function leftOf(backend: MemoryBackend, part: Neighbourhood): Promise<string[]> {
  return inOrder(await backend.world())
    .map(itemName)
    .filter((name) => part.parents.has(name));
}

const sets = (steps: readonly (readonly (readonly string[])[])[]) => steps.map((groups) => groups.flat().sort());

describe('what is forecast happens', () => {
  it.each([
    ['at rest, in the same transactions', true],
    ['with records on their way, the same objects in each step', false],
    ['at rest, where tasks hold networks too, the same objects in each step', true, true],
  ])('%s', async (_, isAtRest, taskNetworks = false) => {
    const graces = fc.constantFrom(0, 10 * MINUTE_MILLIS);
    let deletedCount = 0;
    let togetherCount = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ id: service, uses: networks, tasks: fc.uniqueArray(task), held: networks }), {
          maxLength: 3,
          size: 'max',
        }),
        fc.array(act, { maxLength: 15, size: 'max' }),
        fc.uniqueArray(parent, { maxLength: 6, size: 'max', selector: String }),
        graces,
        fc.option(parent, { freq: 2 }),
        async (services, acts, marks, gracePeriodMillis, seed) => {
          const setting = worldOf({ ...DEFAULT_RULES, gracePeriodMillis }, { taskNetworks });
          const { backend, cluster, writers } = setting;
          for (const id of NETWORKS) writers.createNetwork(id);
          for (const { id, uses, tasks, held } of services) {
            writers.createService(id, uses);
            for (const one of tasks) writers.createTask(id, one, taskNetworks ? held : []);
          }
          for (const one of acts) await one(setting);
          for (const [table, id] of marks) writers.mark(table, id);
          if (isAtRest) await backend.deliver();

          const all = inOrder(await backend.world());
          const kindOf = { services: 'service', networks: 'network' } as const;
          const seeds = seed === null ? all : [{ kind: kindOf[seed[0]], id: seed[1] }];
          const part = await readNeighbourhood(cluster, seeds);
          const told = forecast(part, cluster.circumstances);
          const before = await leftOf(backend, part);
          const outcome = await play(setting, told, part);

          // Networks that several tasks' attachments let go of at once go in any order.
          if (isAtRest && !taskNetworks) expect(outcome).toEqual(namesOf(told));
          else expect(sets(outcome)).toEqual(sets(namesOf(told)));
          const gone = namesOf(told).flat(2);
          const left = await leftOf(backend, part);
          expect(left).toEqual(before.filter((name) => !gone.includes(name)));

          const world = await backend.world();
          const isMarked = ({ kind, id }: ItemKey) =>
            (kind === 'service' ? world.services : world.networks).find((item) => item.id === id)?.pendingDelete ===
            true;
          const stillMarked = inOrder(world)
            .filter((key) => isMarked(key) && part.parents.has(itemName(key)))
            .map(itemName);
          const stays = told.stays.filter(({ reasons }) => !reasons.some(({ because }) => because === 'not marked'));
          expect(stays.map(({ object }) => object).sort()).toEqual(stillMarked.sort());
          for (const { reasons } of stays) expect(reasons).not.toEqual([]);
          expect(backend.violations).toEqual([]);
          deletedCount += gone.length;
          togetherCount += outcome.flat().filter((names) => names.length > 1).length;
        },
      ),
      { numRuns: 300 },
    );
    // Histories in which nothing happens would prove nothing.
    expect(deletedCount).toBeGreaterThan(150);
    expect(togetherCount).toBeGreaterThan(20);
  });
});

describe('a forecast', () => {
  const storied = async () => {
    const setting = worldOf();
    setting.writers.createNetwork('front');
    setting.writers.createNetwork('shared');
    setting.writers.createService('web', ['front', 'shared']);
    setting.writers.createService('api', ['shared']);
    setting.writers.createTask('web', '1');
    return setting;
  };

  it('tells what goes together, what stays, and because of whom', async () => {
    const { backend, cluster, writers } = await storied();
    writers.mark('services', 'web');
    writers.mark('networks', 'front');
    writers.mark('networks', 'shared');
    await backend.deliver();
    const part = await readNeighbourhood(cluster, [{ kind: 'service', id: 'web' }]);
    expect(forecast(part, cluster.circumstances)).toEqual({
      steps: [
        {
          after: { assume: 'children gone', of: 'service#web' },
          deletions: [{ deleted: ['service#web', 'network#front'], letsGoOf: ['network#shared'] }],
        },
      ],
      stays: [{ object: 'network#shared', reasons: [{ because: 'used', by: ['service#api'] }] }],
      isWhole: true,
    });
  });

  it('names what a grace period holds, and until when', async () => {
    const setting = worldOf({ ...DEFAULT_RULES, gracePeriodMillis: 10 * MINUTE_MILLIS });
    const { cluster, writers } = setting;
    writers.createService('web', []);
    writers.mark('services', 'web');
    const part = await readNeighbourhood(cluster, [{ kind: 'service', id: 'web' }]);
    const { steps, stays } = forecast(part, cluster.circumstances);
    const notBefore = '2026-01-01T00:10:00.000Z';
    expect(steps).toEqual([
      { after: { assume: 'sweep', notBefore }, deletions: [{ deleted: ['service#web'], letsGoOf: [] }] },
    ]);
    expect(stays).toEqual([]);
    expect(forecast(part, cluster.circumstances, []).stays).toEqual([
      { object: 'service#web', reasons: [{ because: 'grace period', until: notBefore }] },
    ]);
  });

  it('lets networks beyond what a transaction holds go right after it, as they do', async () => {
    const setting = worldOf();
    const { backend, cluster, writers } = setting;
    const many = Array.from({ length: 34 }, (_, n) => `n${String(n).padStart(2, '0')}`);
    for (const id of many) writers.createNetwork(id);
    writers.createService('web', many);
    writers.createTask('web', '1');
    writers.mark('services', 'web');
    for (const id of many) writers.mark('networks', id);
    await backend.deliver();
    const part = await readNeighbourhood(cluster, [{ kind: 'service', id: 'web' }]);
    const told = forecast(part, cluster.circumstances);
    expect(told.steps[0]?.deletions.map(({ deleted }) => deleted.length)).toEqual([33, 1, 1]);
    expect(sets(await play(setting, told, part))).toEqual(sets(namesOf(told)));
  });

  it('lets the sweep remove an attachment that no service stands behind', async () => {
    const setting = worldOf();
    const { backend, cluster, writers } = setting;
    writers.createNetwork('front');
    backend.tables.put('attachments', { held: 'network#front', holder: 'service#ghost' });
    writers.mark('networks', 'front');
    await backend.deliver();
    const part = await readNeighbourhood(cluster, [{ kind: 'network', id: 'front' }]);
    const told = forecast(part, cluster.circumstances);
    expect(told.steps).toEqual([
      { after: { assume: 'sweep' }, deletions: [{ deleted: ['network#front'], letsGoOf: [] }] },
    ]);
    expect(await play(setting, told, part)).toEqual(namesOf(told));
  });
});
