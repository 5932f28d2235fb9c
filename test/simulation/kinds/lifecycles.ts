/** The lifecycles that are simulated beside SwarmKit's own, by name; and a row of small ones that nobody thought of. */
import { CHATBOT } from '../../../bin/examples/chatbot.ts';
import { IDEAS } from '../../../bin/examples/ideas.ts';
import { SANDBOX } from '../../../bin/examples/sandbox.ts';
import type { Dependency, Kind, Lifecycle } from '../../../lib/lifecycle/declaration.ts';
import { type Plan, planOf } from '../../../lib/lifecycle/plan.ts';
import { isLifecycleError } from '../../../lib/lifecycle/refusals.ts';
import { SWARMKIT_ALL } from '../../../lib/lifecycle/swarmkit.ts';
import { random } from '../../../lib/testing/simulation/random.ts';
import { SITES } from '../../support/lifecycles.ts';

/** A directory lies in another one: a tree of one kind. */
const TREE: Lifecycle = {
  kinds: {
    directory: {
      table: 'directories',
      key: { owner: '${owner}', id: '${directory}' },
      dependsOn: [{ kind: 'directory', by: 'value', at: 'parent' }],
    },
  },
};

const NAMED = {
  ...{ ideas: IDEAS, sandbox: SANDBOX, chatbot: CHATBOT, 'swarmkit all': SWARMKIT_ALL },
  ...{ tree: TREE, sites: SITES },
} as const;
const PLANS = new Map<string, Plan>(Object.entries<Lifecycle>(NAMED).map(([name, one]) => [name, planOf(one)]));

export type LifecycleName = keyof typeof NAMED | 'random';

/** So many lifecycles by dice: each makes places for processes, which are kept. */
const RANDOM_LIFECYCLES = 60;

export function planNamed(name: LifecycleName, draw: () => number): Plan {
  if (name !== 'random') return PLANS.get(name) as Plan;
  const number = Math.floor(draw() * RANDOM_LIFECYCLES);
  const plan = PLANS.get(`random ${number}`) ?? randomPlan(number);
  PLANS.set(`random ${number}`, plan);
  return plan;
}

function randomPlan(seed: number): Plan {
  const draw = random(seed);
  for (;;) {
    try {
      return planOf(randomLifecycle(draw));
    } catch (error) {
      if (!isLifecycleError(error)) throw error;
    }
  }
}

const KINDS = ['red', 'green', 'blue', 'gold'];

/** Two to four kinds, each over some of those before it, by its key or by values. */
export function randomLifecycle(draw: () => number): Lifecycle {
  const is = (chance: number) => draw() < chance;
  const kinds: Record<string, Kind> = {};
  const names = KINDS.slice(0, 2 + Math.floor(draw() * (KINDS.length - 1)));
  for (const [place, name] of names.entries()) {
    const others = names.slice(0, place).filter(() => is(0.7));
    const [above] = others.filter(() => is(0.35));
    const prefix = is(0.5) ? `${name}/` : '';
    const key =
      above === undefined
        ? { id: `${prefix}\${${name}}`, ...(is(0.3) && { sort: 'meta' }) }
        : { id: keyUnder(kinds[above] as Kind), sort: `${prefix}\${${name}}` };
    const dependsOn = others.map(
      (kind): Dependency =>
        kind === above
          ? { kind, by: 'key', onDelete: is(0.3) ? { set: { wanted: 'removed' } } : 'wait' }
          : { kind, by: 'value', as: wholeId(kinds[kind] as Kind), at: is(0.5) ? `${kind}Id` : `uses.${kind}s[]` },
    );
    const goneWhen =
      is(0.3) && dependsOn.length > 0
        ? { at: is(0.5) ? 'state' : 'status.now', isOneOf: ['over', 'failed'] }
        : undefined;
    kinds[name] = { table: `${name}Items`, key, dependsOn, ...(goneWhen && { goneWhen }) };
  }
  const attributes = is(0.3) ? { pendingDelete: 'removing', markedAt: 'removing-since', protected: 'keep' } : undefined;
  return { kinds, ...(attributes && { attributes }) };
}

const partsOf = ({ key }: Kind) => [...new Set(Object.values(key).flatMap((text) => text.match(/\$\{\w+\}/g) ?? []))];

/** Of a kind with a sort key of its own, both in one. */
function keyUnder(kind: Kind): string {
  return partsOf(kind).join('.');
}

function wholeId(kind: Kind): string {
  return partsOf(kind).join(':');
}
