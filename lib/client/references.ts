/** What a new item holds, checked: nothing that the deallocator would pass over may look like a reference. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { attributeOf } from '../dynamodb/client.ts';
import { type Item, native } from '../dynamodb/requests.ts';
import { partsOfKey } from '../lifecycle/ids.ts';
import { type ItemKey, itemName, sameItem } from '../lifecycle/keys.ts';
import type { Held, KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { heldBy } from '../lifecycle/references.ts';
import { readWith } from '../lifecycle/templates.ts';
import { told } from '../lifecycle/told.ts';
import { invalid, shown } from '../protocol/arguments.ts';
import { aOr, checkedParts, checkHolder, plannedKind } from './ids.ts';

/** The attributes that decide what an item holds, and whether it keeps anything. */
export function decisiveAttributes({ holds, goneWhen }: Pick<KindPlan, 'holds' | 'goneWhen'>): string[] {
  if (holds.length === 0) return [];
  const paths = [...holds.flatMap((held) => held.paths), ...(goneWhen === undefined ? [] : [goneWhen.at])];
  return [...new Set(paths.map((path) => stepsOf(path)[0] as string))];
}

/**
 * What an item holds, each once. It is read as it will be stored: a JavaScript Map, say, becomes a map, and must not carry a reference
 * past the fence.
 */
export function checkedReferences(plan: Plan, key: ItemKey, item: Readonly<Record<string, unknown>>): ItemKey[] {
  const planned = plannedKind(plan, key.kind);
  const stored: Record<string, AttributeValue> = {};
  for (const attribute of decisiveAttributes(planned)) {
    const value = item[attribute];
    if (value !== undefined) stored[attribute] = toStored(attribute, value);
  }
  const seen: Item = native(stored);
  for (const held of planned.holds) {
    for (const path of held.paths) checkPath(plan, key, held, path, seen);
  }
  const references = heldBy(plan, key.kind, { ...keyAttributesOf(planned, item), ...seen });
  if (references.length > planned.heldMax) {
    const named = [...new Set(planned.holds.map(({ kind }) => plannedKind(plan, kind).words.plural))].join(' and ');
    throw invalid(
      `${told(plan, key)} refers to ${references.length} ${named}; at most ${planned.heldMax} fit the transaction that deletes it`,
    );
  }
  return references;
}

function keyAttributesOf({ key }: KindPlan, item: Readonly<Record<string, unknown>>): Item {
  return Object.fromEntries(Object.keys(key).map((attribute) => [attribute, item[attribute]]));
}

function stepsOf(path: string): string[] {
  return path.split(/\.|(?=\[\])/);
}

/** Each value at the path names an item. */
function checkPath(plan: Plan, key: ItemKey, held: Held, path: string, item: Item): void {
  const steps = stepsOf(path);
  let values: unknown[] = [item];
  for (const [place, step] of steps.entries()) {
    const name = steps.slice(0, place).join('.').replaceAll('.[]', '[]');
    if (step === '[]') {
      values = values.flatMap((value) => entriesOf(plan, key, name, value));
      continue;
    }
    if (place === 1) for (const value of values) checkMap(plan, key, name, value);
    values = values.map((value) => attributeIn(value, step));
  }
  const isList = path.includes('[]');
  for (const value of values) {
    if (isList || (value !== undefined && value !== null)) checkValue(plan, key, held, path, value);
  }
}

function entriesOf(plan: Plan, key: ItemKey, name: string, list: unknown): unknown[] {
  if (list === undefined) return [];
  if (Array.isArray(list)) return list;
  if (list instanceof Set) return [...list];
  throw invalid(`${name} of ${told(plan, key)} must be a list`);
}

function checkMap(plan: Plan, key: ItemKey, name: string, value: unknown): void {
  if (value === undefined || value === null || isMap(value)) return;
  throw invalid(`the ${name} of ${told(plan, key)} is ${shown(value)}; it must be an object`);
}

function checkValue(plan: Plan, key: ItemKey, held: Held, path: string, value: unknown): void {
  const { parts, words } = plannedKind(plan, held.kind);
  if (typeof value !== 'string') {
    throw invalid(
      `${aOr(words.singular)}'s id is ${shown(value)}; it must be a string (${path} of ${told(plan, key)})`,
    );
  }
  const named = value === '' && parts.length === 1 ? { [parts[0] as string]: value } : readWith(held.as, value);
  if (named === undefined) {
    throw invalid(`${path} of ${told(plan, key)} is ${shown(value)}; it names ${aOr(words.singular)} as ${held.as}`);
  }
  const other = checkedParts(plan, held.kind, { ...partsOfKey(plan, key), ...named });
  if (sameItem(other, key)) {
    throw invalid(`${told(plan, key)} names itself at ${path}, and would wait for itself; name another, or none`);
  }
  checkHolder(plan, key);
}

function isMap(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Set);
}

/** An attribute of an object's own, and nothing that it inherits. */
function attributeIn(map: unknown, name: string): unknown {
  return isMap(map) && Object.hasOwn(map, name) ? map[name] : undefined;
}

/** As DynamoDB will hold it. */
export function toStored(attribute: string, value: unknown): AttributeValue {
  try {
    return attributeOf(value);
  } catch (cause) {
    throw invalid(`the ${attribute} holds what DynamoDB can't: ${(cause as Error).message}`, cause);
  }
}

/** Names of items, each once. */
export function distinct(keys: readonly ItemKey[]): ItemKey[] {
  return [...new Map(keys.map((key) => [itemName(key), key])).values()];
}
