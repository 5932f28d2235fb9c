/** Ids of items as users have them, the keys that are made of them, and the ids that are read out of these again. */
import { DeallocatorError } from '../protocol/errors.ts';
import { PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX } from '../protocol/limits.ts';
import { type ItemKey, itemName, joinParts, splitParts } from './keys.ts';
import type { KindPlan } from './kind-plan.ts';
import type { Plan } from './plan.ts';
import { endsAt, fill, type Parts, readWith } from './templates.ts';

/** A text where the kind's id has one part, else its parts by their names. */
export type Id = string | Parts;

type Item = Readonly<Record<string, unknown>>;

/** The item of that kind and id. `InvalidArgument` for what can't be an id of its kind. */
export function keyFor<N extends string>(plan: Plan<N>, kind: N, id: Id): ItemKey<N> {
  const parts = partsFor(plan.kinds[kind], id);
  const problem =
    parts === undefined
      ? `must have the parts ${plan.kinds[kind].parts.join(', ')}, each a text`
      : problemOf(plan, kind, parts);
  if (parts !== undefined && problem === undefined) return keyWith(plan, kind, parts);
  throw new DeallocatorError('InvalidArgument', `the ${plan.kinds[kind].words.singular} id ${shown(id)} ${problem}`);
}

/** The item of that kind; undefined for one that is none of it, or whose id could not be. */
export function keyOfItem<N extends string>(plan: Plan<N>, kind: N, item: Item): ItemKey<N> | undefined {
  const found: Record<string, string> = {};
  for (const [attribute, template] of Object.entries(plan.kinds[kind].key)) {
    const text = item[attribute];
    const parts = typeof text === 'string' ? readWith(template, text) : undefined;
    if (parts === undefined) return undefined;
    for (const [part, value] of Object.entries(parts)) {
      if ((found[part] ?? value) !== value) return undefined;
      found[part] = value;
    }
  }
  return problemOf(plan, kind, found) === undefined ? keyWith(plan, kind, found) : undefined;
}

/** The id as users write and read it. @param key of that plan */
export function idOf<N extends string>(plan: Plan<N>, key: ItemKey<N>): Id {
  const parts = partsOfKey(plan, key);
  return plan.kinds[key.kind].parts.length === 1 ? key.id : parts;
}

/** The key of its item in its table. @param key of that plan */
export function attributesOf<N extends string>(plan: Plan<N>, key: ItemKey<N>): Readonly<Record<string, string>> {
  return filled(plan.kinds[key.kind], partsOfKey(plan, key));
}

/** The parts of its id, by their names. @param key of that plan */
export function partsOfKey<N extends string>(plan: Plan<N>, { kind, id }: ItemKey<N>): Parts {
  const { parts } = plan.kinds[kind];
  const values = splitParts(id, parts.length) ?? [];
  return Object.fromEntries(parts.map((part, place) => [part, values[place] ?? '']));
}

/** The inverse of {@link itemName}; undefined for the name of anything else. */
export function parseItemName<N extends string>(plan: Plan<N>, name: string): ItemKey<N> | undefined {
  const end = name.indexOf('#');
  const kind = name.slice(0, end) as N;
  if (end === -1 || !Object.hasOwn(plan.kinds, kind)) return undefined;
  const key = { kind, id: name.slice(end + 1) };
  if (splitParts(key.id, plan.kinds[kind].parts.length) === undefined) return undefined;
  return problemOf(plan, kind, partsOfKey(plan, key)) === undefined ? key : undefined;
}

/** The parts of an id, by their names; undefined for what has others. */
export function partsFor({ parts }: Pick<KindPlan, 'parts'>, id: unknown): Parts | undefined {
  const [only] = parts;
  if (parts.length === 1) return typeof id === 'string' ? { [only as string]: id } : undefined;
  if (typeof id !== 'object' || id === null || Object.keys(id).length !== parts.length) return undefined;
  const given = id as Readonly<Record<string, unknown>>;
  const isWhole = parts.every((part) => Object.hasOwn(given, part) && typeof given[part] === 'string');
  return isWhole ? (given as Parts) : undefined;
}

/** @param parts all of the kind's */
export function keyWith<N extends string>(plan: Plan<N>, kind: N, parts: Parts): ItemKey<N> {
  return { kind, id: joinParts(plan.kinds[kind].parts.map((part) => parts[part] ?? '')) };
}

function filled({ key }: KindPlan, parts: Parts): Record<string, string> {
  return Object.fromEntries(Object.entries(key).map(([attribute, template]) => [attribute, fill(template, parts)]));
}

/** Why no item of the kind can have that id, behind its mention. */
export function problemOf<N extends string>(plan: Plan<N>, kind: N, parts: Parts): string | undefined {
  const planned = plan.kinds[kind];
  for (const part of planned.parts) {
    const value = parts[part] as string;
    if (value === '')
      return `${planned.parts.length === 1 ? 'is empty' : `has an empty ${part}`}; it must have at least 1 character`;
    if (!value.isWellFormed()) return `holds half a character in ${part}, which DynamoDB would change`;
    const separators = Object.hasOwn(plan.separators, part) ? (plan.separators[part] ?? []) : [];
    const text = separators.find((one) => !endsAt(value, one));
    if (text !== undefined)
      return `has a ${part} that runs into "${text}", which ends it in keys; choose one without that text`;
  }
  const [partition, sort] = Object.values(filled(planned, parts)) as [string, string | undefined];
  const name = itemName(keyWith(plan, kind, parts));
  const limits = [
    ['partition key', partition, PARTITION_KEY_BYTES_MAX],
    ['sort key', sort ?? '', SORT_KEY_BYTES_MAX],
    // It is a partition key of counters and receipts, and the sort key of its own attachments.
    [
      'name',
      name,
      planned.holds.length > 0
        ? SORT_KEY_BYTES_MAX
        : planned.isGuarded
          ? PARTITION_KEY_BYTES_MAX
          : Number.POSITIVE_INFINITY,
    ],
  ] as const;
  const long = limits.find(([, text, most]) => isLongerThan(text, most));
  return long && `makes a ${long[0]} of ${byteLength(long[1])} bytes, and at most ${long[2]} fit`;
}

/** Bytes of UTF-8 for a unit of JavaScript's texts, at most: hardly any text has to be encoded to know that it fits. */
const BYTES_OF_UNIT_MAX = 3;

function isLongerThan(text: string, bytes: number): boolean {
  return text.length * BYTES_OF_UNIT_MAX > bytes && byteLength(text) > bytes;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Characters of an id that a message quotes. */
const SHOWN_CHARACTERS_MAX = 60;

function shown(id: unknown): string {
  const text = JSON.stringify(id) ?? 'missing';
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
