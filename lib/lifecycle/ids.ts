/** Ids of items, the keys and the names that are made of them, and the ids that are read out of both again. */
import { DeallocatorError } from '../protocol/errors.ts';
import { PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX } from '../protocol/limits.ts';
import type { KindPlan } from './kind-plan.ts';
import type { Plan } from './plan.ts';
import { endsAt, fill, type Parts, readWith } from './templates.ts';

/** A text where the kind's id has one part, else its parts by their names. */
export type Id = string | Parts;

/** One item. */
export interface ItemKey<N extends string = string> {
  readonly kind: N;
  readonly id: Id;
}

type Item = Readonly<Record<string, unknown>>;

/** The key of the item. `InvalidArgument` for what can't be an id of its kind. */
export function keyOf<N extends string>(plan: Plan<N>, { kind, id }: ItemKey<N>): Readonly<Record<string, string>> {
  const parts = partsFor(plan.kinds[kind], id);
  const problem =
    parts === undefined
      ? `must have the parts ${plan.kinds[kind].parts.join(', ')}, each a text`
      : problemOf(plan, kind, parts);
  if (parts !== undefined && problem === undefined) return keyWith(plan.kinds[kind], parts);
  throw new DeallocatorError('InvalidArgument', `the ${plan.kinds[kind].words.singular} id ${shown(id)} ${problem}`);
}

/** The id of an item of that kind; undefined for an item that is none of it, or whose id could not be. */
export function idOf<N extends string>(plan: Plan<N>, kind: N, item: Item): Id | undefined {
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
  return problemOf(plan, kind, found) === undefined ? idWith(plan.kinds[kind], found) : undefined;
}

/**
 * What an item is called in counters, receipts, attachments and logs: `service#web`. Of several parts, each but the last has its
 * length before it, so that no two ids have one name: `task#3#web#1`.
 */
export function nameOf<N extends string>(plan: Plan<N>, { kind, id }: ItemKey<N>): string {
  return nameWith(plan.kinds[kind], kind, partsFor(plan.kinds[kind], id) ?? {});
}

/** The inverse of {@link nameOf}; undefined for the name of anything else. */
export function parseName<N extends string>(plan: Plan<N>, name: string): ItemKey<N> | undefined {
  const end = name.indexOf('#');
  const kind = name.slice(0, end) as N;
  if (end === -1 || !Object.hasOwn(plan.kinds, kind)) return undefined;
  const parts: Record<string, string> = {};
  let rest = name.slice(end + 1);
  for (const [place, part] of plan.kinds[kind].parts.entries()) {
    const isLast = place === plan.kinds[kind].parts.length - 1;
    const [head = '', digits] = isLast ? ['', rest.length] : (/^([1-9]\d{0,3})#/.exec(rest) ?? []);
    if (digits === undefined) return undefined;
    const value = rest.slice(head.length, head.length + Number(digits));
    if (!isLast && rest[head.length + value.length] !== '#') return undefined;
    parts[part] = value;
    rest = rest.slice(head.length + value.length + 1);
  }
  return problemOf(plan, kind, parts) === undefined ? { kind, id: idWith(plan.kinds[kind], parts) } : undefined;
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

function idWith({ parts }: KindPlan, found: Parts): Id {
  return parts.length === 1
    ? (found[parts[0] as string] as string)
    : Object.fromEntries(parts.map((part) => [part, found[part] as string]));
}

function keyWith({ key }: KindPlan, parts: Parts): Record<string, string> {
  return Object.fromEntries(Object.entries(key).map(([attribute, template]) => [attribute, fill(template, parts)]));
}

function nameWith({ parts }: KindPlan, kind: string, values: Parts): string {
  const told = parts.map((part, place) => {
    const value = values[part] ?? '';
    return place === parts.length - 1 ? value : `${value.length}#${value}`;
  });
  return [kind, ...told].join('#');
}

/** Why no item of the kind can have that id, behind its mention. */
export function problemOf<N extends string>(plan: Plan<N>, kind: N, parts: Parts): string | undefined {
  const planned = plan.kinds[kind];
  for (const part of planned.parts) {
    const value = parts[part] as string;
    if (value === '') return `has an empty ${part}; it must have at least 1 character`;
    if (!value.isWellFormed()) return `holds half a character in ${part}, which DynamoDB would change`;
    const separators = Object.hasOwn(plan.separators, part) ? (plan.separators[part] ?? []) : [];
    const text = separators.find((one) => !endsAt(value, one));
    if (text !== undefined)
      return `has a ${part} that runs into "${text}", which ends it in keys; choose one without that text`;
  }
  const [partition, sort] = Object.values(keyWith(planned, parts)) as [string, string | undefined];
  const name = nameWith(planned, kind, parts);
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
  const long = limits.find(([, text, most]) => byteLength(text) > most);
  return long && `makes a ${long[0]} of ${byteLength(long[1])} bytes, and at most ${long[2]} fit`;
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
