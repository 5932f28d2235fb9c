/** The demo's items of any lifecycle: each depends on others that are there before it. */
import { expect, it } from 'vitest';
import { castFor } from '../../bin/demo/cast.ts';
import { CHATBOT } from '../../bin/examples/chatbot.ts';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { keyOfItem } from '../../lib/lifecycle/ids.ts';
import { itemName } from '../../lib/lifecycle/keys.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { heldBy } from '../../lib/lifecycle/references.ts';
import { SWARMKIT_ALL } from '../../lib/lifecycle/swarmkit.ts';
import { PUBLIC_SCHEMAS } from '../support/lifecycles.ts';

const ALL: readonly Lifecycle[] = [
  SWARMKIT_ALL,
  IDEAS,
  SANDBOX,
  CHATBOT,
  ...Object.values(PUBLIC_SCHEMAS)
    .filter(({ refused }) => refused.length === 0)
    .map(({ lifecycle }) => lifecycle),
];

it.each(ALL.map((lifecycle) => [Object.keys(lifecycle.kinds).join(', '), lifecycle] as const))(
  'has items of each kind in both sets, and what they depend on before them: %s',
  (_, lifecycle) => {
    const plan: Plan = planOf(lifecycle);
    const cast = castFor(plan);
    const before = new Set<string>();
    for (const { key, item } of cast) {
      expect(keyOfItem(plan, key.kind, item)).toEqual(key);
      for (const held of heldBy(plan, key.kind, item)) expect(before).toContain(itemName(held));
      before.add(itemName(key));
    }
    expect(before.size).toBe(cast.length);
    for (const kind of Object.keys(plan.kinds)) {
      for (const set of ['a', 'b']) {
        const members = cast.filter((one) => one.key.kind === kind && one.set === set);
        expect(members.length, `${kind} ${set}`).toBeGreaterThan(0);
        // What they hold by value is of their set, or shared.
        const holds = plan.kinds[kind]?.holds.map((held) => held.kind).filter((held) => held !== kind) ?? [];
        for (const { item } of members) {
          const held = heldBy(plan, kind, item).map((one) => one.kind);
          expect(holds.filter((one) => !held.includes(one))).toEqual([]);
        }
      }
    }
  },
);

it('shares what lists may name', () => {
  const cast = castFor(planOf(SWARMKIT_ALL));
  const shared = cast.filter(({ set }) => set === 'shared').map(({ key }) => itemName(key));
  expect(shared).toEqual(['network#s1', 'secret#s1', 'config#s1', 'volume#s1']);
  const holders = cast.filter(({ key }) => key.kind === 'service');
  expect(holders.map(({ item }) => heldBy(planOf(SWARMKIT_ALL), 'service', item).map(itemName))).toEqual([
    ['network#a1', 'network#s1', 'secret#a1', 'secret#s1', 'config#a1', 'config#s1', 'volume#a1', 'volume#s1'],
    ['network#b1', 'network#s1', 'secret#b1', 'secret#s1', 'config#b1', 'config#s1', 'volume#b1', 'volume#s1'],
  ]);
});
