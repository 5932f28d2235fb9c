/** Who plays in a selftest's trial of a kind: each dependent needs the item that is on trial, whatever the lifecycle is. */
import { expect, it } from 'vitest';
import { CHATBOT } from '../../bin/examples/chatbot.ts';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { keyOfItem } from '../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import { liesUnder } from '../../lib/lifecycle/parents.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { heldBy } from '../../lib/lifecycle/references.ts';
import { SWARMKIT, SWARMKIT_ALL, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { castOf } from '../../lib/operate/selftest/cast.ts';
import { PUBLIC_SCHEMAS } from '../support/lifecycles.ts';

const RUN = '20261126T083000Z.1f0e4c2a';

const TREE: Lifecycle = {
  kinds: {
    folder: {
      table: 'folders',
      key: { owner: '${owner}', id: '${folder}' },
      dependsOn: [{ kind: 'folder', by: 'value', at: 'parent' }],
    },
  },
};

const LIFECYCLES: readonly (readonly [string, Lifecycle])[] = [
  ['SWARMKIT', SWARMKIT],
  ['swarmkit with tasks that hold networks', swarmkit({ taskNetworks: true })],
  ['SWARMKIT_ALL', SWARMKIT_ALL],
  ['IDEAS', IDEAS],
  ['SANDBOX', SANDBOX],
  ['CHATBOT', CHATBOT],
  ['a tree of one kind', TREE],
  ...Object.entries(PUBLIC_SCHEMAS).flatMap(([name, { lifecycle, refused }]) =>
    refused.length === 0 ? [[name, lifecycle] as const] : [],
  ),
];

it.each(LIFECYCLES)(
  'of %s: what a trial puts is of its kinds, in an order in which each finds what it needs',
  (_, lifecycle) => {
    const plan = planOf(lifecycle);
    for (const kind of plan.sweep) {
      const { subject, ground, dependents } = castOf(plan, kind, RUN);
      const there = new Set<string>();
      for (const { key, item } of [...ground, subject, ...dependents]) {
        expect(keyOfItem(plan, key.kind, item)).toEqual(key);
        const needed: ItemKey[] = [...heldBy(plan, key.kind, item), ...liesUnder(plan, key.kind, item)];
        expect(needed.map(itemName).filter((name) => !there.has(name))).toEqual([]);
        expect(there.has(itemName(key)), itemName(key)).toBe(false);
        there.add(itemName(key));
      }
      const counted = plan.kinds[kind]?.countedBy.flatMap((one) => (one.by === 'key' ? [one.kind] : one.kinds)) ?? [];
      expect(dependents.map(({ key }) => key.kind)).toEqual(counted);
      for (const { key, item, by } of dependents) {
        const needed = by === 'key' ? liesUnder(plan, key.kind, item) : heldBy(plan, key.kind, item);
        expect(needed.map(itemName)).toContain(itemName(subject.key));
      }
    }
  },
);

it('has ids of letters and digits, which run into no text that ends them', () => {
  const plan = planOf({
    kinds: {
      page: { table: 'pages', key: { id: '${site}-${page}' }, dependsOn: [] },
      note: {
        table: 'notes',
        key: { id: '${note}' },
        dependsOn: [{ kind: 'page', by: 'value', at: 'page', as: '${site}-${page}' }],
      },
    },
  });
  expect(castOf(plan, 'page', RUN).subject.key.id).toMatch(/^[\w#]+$/);
});
