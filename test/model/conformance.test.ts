/** The model is of this code: what the real handlers do, request by request, the model allows, and nothing else. */
import { describe, expect, it } from 'vitest';
import type { Chance } from '../../lib/protocol/chance.ts';
import { settle } from '../../lib/protocol/settle.ts';
import type { Store } from '../../lib/protocol/store.ts';
import { amountOf } from '../support/amount.ts';
import { configuration } from './configurations.ts';
import { DrainModel } from './model.ts';
import { type Ran, runReal } from './real-run.ts';
import { PROTOCOL_RULES, type Rules } from './rules.ts';

const FOLLOWED = {
  handlers: 4,
  tasks: 3,
  updates: true,
  heals: true,
  crashes: true,
  duplicates: 'of each kind',
  undeliveredMax: 50, // no bound: only what really happens is followed
  batchMax: 2,
} as const;

const RUNS = amountOf('runs that the model follows');

const WORLDS = [
  {
    world: configuration('one service, swept', '', { ...FOLLOWED, services: 1, networks: 0, sweeps: true }),
    runs: RUNS,
  },
  { world: configuration('two services, one network', '', { ...FOLLOWED, services: 2, networks: 1 }), runs: RUNS },
  { world: configuration('one service, two networks', '', { ...FOLLOWED, services: 1, networks: 2 }), runs: RUNS },
];
/** Far more than a wrong model or a wrong settle needs. */
const RUNS_UNTIL_REFUSED = 500;
const TIMEOUT_MILLIS = 300_000;

const told = ({ refused, story }: Ran) => `${refused}\n${story.map((line, n) => `${n + 1}. ${line}`).join('\n')}`;

describe('the model accepts the real protocol', () => {
  it.each(WORLDS)('in $runs runs of $world.name', { timeout: TIMEOUT_MILLIS }, async ({ world, runs }) => {
    const model = new DrainModel(world, PROTOCOL_RULES, false);
    const sum = { steps: 0, crashes: 0, duplicates: 0, deletions: 0 };
    for (let seed = 1; seed <= runs; seed++) {
      const ran = await runReal(model, { seed, sweeps: world.sweeps });
      expect(ran.refused, `seed ${seed}: ${told(ran)}`).toBeUndefined();
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += ran[name];
    }
    expect(sum.steps).toBeGreaterThan(runs * 10);
    for (const name of ['crashes', 'duplicates', 'deletions'] as const)
      expect(sum[name], name).toBeGreaterThan(runs / 10);
  });
});

describe('the model refuses', () => {
  const untilRefused = async (
    rules: Partial<Rules>,
    settleMarked?: (store: Store, chance: Chance, id: string) => Promise<void>,
  ) => {
    const world = configuration('one service', '', { ...FOLLOWED, services: 1, networks: 0 });
    const model = new DrainModel(world, { ...PROTOCOL_RULES, ...rules }, false);
    for (let seed = 1; seed <= RUNS_UNTIL_REFUSED; seed++) {
      const { refused } = await runReal(model, { seed, sweeps: false, ...(settleMarked && { settleMarked }) });
      if (refused !== undefined) return refused;
    }
    return undefined;
  };

  it('a settle that counts before it reads the parent', { timeout: TIMEOUT_MILLIS }, async () => {
    const countFirst = async (store: Store, chance: Chance, id: string) => {
      const key = { kind: 'service', id } as const;
      const counter = await store.openCounter(key, { epoch: chance.fresh(), openedAt: '' });
      await store.countChildren(key, 10);
      await settle(store, chance, key, { opened: counter });
    };
    expect(await untilRefused({}, countFirst)).toMatch(/refuses: .*countChildren/);
  });

  it('a settle that returns without closing the counter', { timeout: TIMEOUT_MILLIS }, async () => {
    const leaveOpen = async (store: Store, chance: Chance, id: string) => {
      const key = { kind: 'service', id } as const;
      const counter = await store.openCounter(key, { epoch: chance.fresh(), openedAt: '' });
      const parent = await store.readItem(key);
      if (parent?.pendingDelete) await settle(store, chance, key, { opened: counter });
    };
    expect(await untilRefused({}, leaveOpen)).toMatch(/returned, where the model goes on|refuses/);
  });

  it.each<[string, Partial<Rules>]>([
    ['counts first', { order: 'open count parent' }],
    ['settles below zero only', { settleWhen: 'negative' }],
    ['recounts absolutely', { recountAdds: 'absolute' }],
    ['returns after any failed recount', { afterFailedRecount: 'return' }],
    ['leaves the counter', { finalizeDeletesCounter: false }],
  ])('the real protocol where the model itself %s', { timeout: TIMEOUT_MILLIS }, async (_, rules) => {
    expect(await untilRefused(rules)).toBeDefined();
  });
});
