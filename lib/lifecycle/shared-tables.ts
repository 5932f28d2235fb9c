/** Kinds in one table: refused as a whole until that is built, and for good where nobody could tell their items apart. */
import type { Kind } from './declaration.ts';
import { type Refusal, refusal } from './refusals.ts';
import { isBare, isConstant, literalStart } from './templates.ts';

type Kinds = Readonly<Record<string, Kind>>;

/** Kinds of one table: not there yet. What would keep their items apart is checked already. */
export function findShared(kinds: Kinds): Refusal[] {
  const way = 'give it a table of its own; its items can be moved kind by kind';
  return Object.entries(kinds).flatMap(([name, kind], place, all) => {
    const before = all.slice(0, place).filter(([, other]) => other.table === kind.table);
    const [first] = before[0] ?? [];
    return [
      ...(first === undefined
        ? []
        : [refusal('sharedTable', name, `is in table ${kind.table}, as kind ${first} is`, way)]),
      ...before.flatMap(([other, one]) => findMixed(other, one, name, kind)),
    ];
  });
}

function findMixed(a: string, one: Kind, b: string, other: Kind): Refusal[] {
  const attributes = Object.keys(one.key);
  if (attributes.join() !== Object.keys(other.key).join()) {
    return [
      refusal(
        'otherKeys',
        b,
        `has other key attributes than kind ${a} in that table`,
        'declare the key that the table has',
      ),
    ];
  }
  if (attributes.some((attribute) => differ(one.key[attribute] as string, other.key[attribute] as string))) return [];
  const bare = [one, other].some(({ key }) => Object.values(key).some(isBare));
  const way = "begin the keys of each with a text of its own: 'Widget#${widget}'";
  return [
    refusal(bare ? 'bareTakesOthers' : 'keysLookAlike', b, `has keys that those of kind ${a} may look like`, way),
  ];
}

/** Whether no text is of both templates. */
function differ(one: string, other: string): boolean {
  if (isConstant(one) && isConstant(other)) return one !== other;
  const [a, b] = [literalStart(one), literalStart(other)];
  const shorter = Math.min(a.length, b.length);
  return a.slice(0, shorter) !== b.slice(0, shorter);
}

export function pairs<T>(all: readonly T[]): (readonly [T, T])[] {
  return all.flatMap((one, place) => all.slice(place + 1).map((other) => [one, other] as const));
}
