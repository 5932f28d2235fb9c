/** Items that say what a program's own would say: for trials of a deployment, demos and tests, which have no items of their own. */
import type { Path } from './declaration.ts';
import { attributesOf, partsOfKey } from './ids.ts';
import type { ItemKey } from './keys.ts';
import type { Held } from './kind-plan.ts';
import type { Plan } from './plan.ts';
import { fill, partsIn } from './templates.ts';

type Item = Record<string, unknown>;

/**
 * An item of that key that holds these things and nothing else. `undefined` where no item can: one of them is of a kind that it does
 * not hold, there is no place for so many, or the two do not lie in one place of their ids that the value leaves out.
 */
export function sampleItem<N extends string>(
  plan: Plan<N>,
  key: ItemKey<N>,
  held: readonly ItemKey<N>[] = [],
): Readonly<Item> | undefined {
  const { holds } = plan.kinds[key.kind];
  const item: Item = { ...attributesOf(plan, key) };
  if (held.some(({ kind }) => !holds.some((one) => one.kind === kind))) return undefined;
  for (const dependency of holds) {
    const own = partsOfKey(plan, key);
    const mine = held.filter(({ kind }) => kind === dependency.kind).map((one) => partsOfKey(plan, one));
    const named = partsIn(dependency.as);
    const isNear = mine.every((parts) =>
      Object.keys(parts).every((one) => named.includes(one) || parts[one] === own[one]),
    );
    const texts = mine.map((parts) => fill(dependency.as, parts));
    if (!isNear || !write(item, dependency, texts)) return undefined;
  }
  return item;
}

/** One text a path, and all of them where the path leads through a list. */
function write(item: Item, { paths, isFirstOnly }: Held, texts: readonly string[]): boolean {
  const [list] = paths.filter((path) => path.includes('[]'));
  const places = isFirstOnly ? paths.slice(0, 1) : paths;
  if (list !== undefined && places.includes(list)) {
    if (texts.length > 0) put(item, list, texts);
    return true;
  }
  if (texts.length > places.length) return false;
  for (const [place, text] of texts.entries()) put(item, places[place] as Path, [text]);
  return true;
}

function put(map: Item, path: Path, texts: readonly string[]): void {
  const [name = '', ...others] = path.split('.');
  const rest = others.join('.');
  if (name.endsWith('[]')) {
    const before = (map[name.slice(0, -2)] as unknown[] | undefined) ?? [];
    map[name.slice(0, -2)] = [...before, ...texts.map((text) => (rest === '' ? text : inside(rest, [text])))];
  } else if (rest === '') [map[name]] = texts;
  else {
    const below = (map[name] as Item | undefined) ?? {};
    map[name] = below;
    put(below, rest, texts);
  }
}

function inside(path: Path, texts: readonly string[]): Item {
  const map: Item = {};
  put(map, path, texts);
  return map;
}
