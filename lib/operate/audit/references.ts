/** What an item refers to, in words for the person who must mend it, and what is wrong with it. */
import { partsOfKey, problemOf } from '../../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Held, KindPlan } from '../../lifecycle/kind-plan.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { valuesOf } from '../../lifecycle/references.ts';
import { readWith } from '../../lifecycle/templates.ts';
import { told } from '../../lifecycle/told.ts';
import { shown } from '../../protocol/arguments.ts';
import type { Told } from '../../protocol/rest.ts';
import { isMap } from '../values.ts';
import type { Keys } from './world.ts';

export function createAgain({ plan, item, other }: Keys & { readonly plan: Plan }): string {
  if (item === undefined || other === undefined) return 'create it again';
  const { isGuarded } = plan.kinds[item.kind] as KindPlan;
  const [place] = placesOf(plan, item.kind);
  const list = place === undefined ? told(plan, item) : `the ${place} of ${told(plan, item)}`;
  return `create ${told(plan, other)} again, or take it out of ${isGuarded || place !== undefined ? list : told(plan, item)}`;
}

/** The attributes of its items where a kind says what it holds: `spec`, `networks`. */
function placesOf(plan: Plan, kind: string): string[] {
  const paths = (plan.kinds[kind] as KindPlan).holds.flatMap((held) => held.paths);
  return [...new Set(paths.map((path) => path.split(/[.[]/)[0] as string))];
}

/** `the network lists in the spec of service#web`. */
export function placesIn(plan: Plan, item: ItemKey): string {
  const { holds } = plan.kinds[item.kind] as KindPlan;
  const kinds = [...new Set(holds.map(({ kind }) => plan.kinds[kind]?.words.singular ?? kind))];
  const isOfLists = holds.every(({ paths }) => paths.every((path) => path.includes('[]')));
  const what = `the ${kinds.join(' and ')} ${isOfLists ? 'lists' : 'references'}`;
  return `${what} in the ${placesOf(plan, item.kind).join(' and ')} of ${itemName(item)}`;
}

/** What it holds, in words: `networks`. */
export function heldWords(plan: Plan, kind: string): string {
  const { holds } = plan.kinds[kind] as KindPlan;
  return [...new Set(holds.map((held) => plan.kinds[held.kind]?.words.plural))].join(', ');
}

/** In the paths that count, or in one that would count if it were a list. */
export function wrongReferences(plan: Plan, key: ItemKey, item: Told['item']): string | undefined {
  const { holds } = plan.kinds[key.kind] as KindPlan;
  const odd = holds.flatMap(({ paths }) => paths.flatMap((path) => oddListAt(path, item)));
  if (odd.length > 0) return `${odd.join(' and ')} of another type than a list`;
  const own = partsOfKey(plan, key);
  for (const held of holds) {
    const values = valuesOf(held, item);
    const place = values.findIndex((value) => !isReference(plan, held, own, value));
    if (place === -1) continue;
    const name = held.paths[0]?.split('.').at(-1);
    const word = plan.kinds[held.kind]?.words.singular;
    return `a ${word} reference [${place}] whose ${name} is ${shown(values[place])}`;
  }
  return undefined;
}

/** Whether an item could have what the value names, as the plan reads it. */
function isReference(plan: Plan, { kind, as }: Held, own: Readonly<Record<string, string>>, value: unknown): boolean {
  const named = typeof value === 'string' ? readWith(as, value) : undefined;
  if (named === undefined) return false;
  const parts = (plan.kinds[kind] as KindPlan).parts.map((part) => [part, named[part] ?? own[part] ?? '']);
  return problemOf(plan, kind, Object.fromEntries(parts)) === undefined;
}

/** The path up to its first list, where something stands that is none. A null is how some languages write an empty one. */
function oddListAt(path: string, item: Told['item']): string[] {
  const [root = ''] = path.split('[]');
  if (root === path) return [];
  const value = root.split('.').reduce<unknown>((map, step) => (isMap(map) ? map[step] : undefined), item);
  const isList = value === undefined || value === null || Array.isArray(value) || value instanceof Set;
  return isList ? [] : [root];
}
