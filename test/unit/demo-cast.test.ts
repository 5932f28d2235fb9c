/** The demo's items of any lifecycle: each depends on others that are there before it. */
import { expect, it } from 'vitest';
import { castFor, latecomerFor } from '../../bin/demo/cast.ts';
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
    for (const [kind, { holds }] of Object.entries(plan.kinds)) {
      for (const set of ['a', 'b']) {
        const members = cast.filter((one) => one.key.kind === kind && one.set === set);
        expect(members.length, `${kind} ${set}`).toBeGreaterThan(0);
        for (const { item } of members) {
          const held = heldBy(plan, kind, item).map((one) => one.kind);
          expect(held).toEqual(expect.arrayContaining(holds.map((one) => one.kind).filter((one) => one !== kind)));
        }
      }
    }
  },
);

it('has one more leaf, which nobody has made', () => {
  const plan: Plan = planOf(SANDBOX);
  const cast = castFor(plan);
  const names = cast.map(({ key }) => itemName(key));
  expect(names.filter((name) => name.startsWith('lease#'))).toEqual([
    'lease#2#a1#a1',
    'lease#2#a2#a2',
    'lease#2#a3#a3',
    'lease#2#b1#b1',
  ]);
  expect(latecomerFor(plan, cast)?.key).toEqual({ kind: 'lease', id: '2#a4#a4' });
});

it('shares what lists may name', () => {
  const plan: Plan = planOf(SWARMKIT_ALL);
  const cast = castFor(plan);
  const shared = cast.filter(({ set }) => set === 'shared').map(({ key }) => itemName(key));
  expect(shared).toEqual(['network#s1', 'secret#s1', 'config#s1', 'volume#s1']);
  const held = cast
    .filter(({ key }) => key.kind === 'service')
    .map(({ item }) => heldBy(plan, 'service', item).map(itemName));
  expect(held).toEqual([
    ['network#a1', 'network#s1', 'secret#a1', 'secret#s1', 'config#a1', 'config#s1', 'volume#a1', 'volume#s1'],
    ['network#b1', 'network#s1', 'secret#b1', 'secret#s1', 'config#b1', 'config#s1', 'volume#b1', 'volume#s1'],
  ]);
});
