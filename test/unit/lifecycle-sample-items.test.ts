/** Sample items: what is said of them is what is read out of them again. */
import { describe, expect, it } from 'vitest';
import { CHATBOT } from '../../bin/examples/chatbot.ts';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { keyOfItem, keyWith } from '../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { heldBy } from '../../lib/lifecycle/references.ts';
import { sampleItem } from '../../lib/lifecycle/sample-items.ts';
import { SWARMKIT_ALL, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { PUBLIC_SCHEMAS } from '../support/lifecycles.ts';

const PLANNED: readonly Lifecycle[] = [
  SWARMKIT_ALL,
  swarmkit({ taskNetworks: true }),
  IDEAS,
  SANDBOX,
  CHATBOT,
  ...Object.values(PUBLIC_SCHEMAS)
    .filter(({ refused }) => refused.length === 0)
    .map(({ lifecycle }) => lifecycle),
];

const keyOf = (plan: Plan, kind: string, mark = ''): ItemKey =>
  keyWith(plan, kind, Object.fromEntries((plan.kinds[kind]?.parts ?? []).map((part) => [part, `${part}${mark}`])));

describe('a sample item', () => {
  it.each(PLANNED.map((lifecycle) => [Object.keys(lifecycle.kinds).join(', '), lifecycle] as const))(
    'of %s has its key, and holds what it is to hold',
    (_, lifecycle) => {
      const plan: Plan = planOf(lifecycle);
      for (const [kind, { holds }] of Object.entries(plan.kinds)) {
        const held = [...new Set(holds.map((one) => one.kind))].map((one) => keyOf(plan, one));
        for (const some of [[], held]) {
          const item = sampleItem(plan, keyOf(plan, kind), some) ?? {};
          expect(keyOfItem(plan, kind, item)).toEqual(keyOf(plan, kind));
          expect(heldBy(plan, kind, item).map(itemName).sort()).toEqual(some.map(itemName).sort());
        }
      }
    },
  );

  it('has room for many in a list, and for one at a place', () => {
    const all: Plan = planOf(SWARMKIT_ALL);
    const networks = ['a', 'b'].map((mark) => keyOf(all, 'network', mark));
    const service = sampleItem(all, keyOf(all, 'service'), networks);
    expect(service).toEqual({
      id: 'service',
      spec: { task: { networks: [{ target: 'networka' }, { target: 'networkb' }] } },
    });
    const ideas: Plan = planOf(IDEAS);
    const two = ['a', 'b'].map((mark) => keyOf(ideas, 'idea', mark));
    expect(sampleItem(ideas, keyOf(ideas, 'comment'), two)).toBeUndefined();
  });

  it('is none where its kind does not hold the other', () => {
    const plan: Plan = planOf(IDEAS);
    expect(sampleItem(plan, keyOf(plan, 'comment'), [keyOf(plan, 'hackathon')])).toBeUndefined();
  });
});
