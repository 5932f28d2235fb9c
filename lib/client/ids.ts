/** Ids as callers give them, who may have no types: what is wrong with one, and what an item is called. */
import { partsOfKey } from '../lifecycle/ids.ts';
import { type ItemKey, itemName, joinParts } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { endsAt, fill, partsIn, piecesOf } from '../lifecycle/templates.ts';
import { told } from '../lifecycle/told.ts';
import { wordsOf } from '../lifecycle/words.ts';
import { invalid, shown } from '../protocol/arguments.ts';
import { PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX } from '../protocol/limits.ts';
import { byteLength } from '../protocol/model.ts';

/** What follows for a kind that the caller names. */
export function plannedKind(plan: Plan, kind: unknown): KindPlan {
  const planned = typeof kind === 'string' && Object.hasOwn(plan.kinds, kind) ? plan.kinds[kind] : undefined;
  if (planned !== undefined) return planned;
  throw invalid(`the kind is ${shown(kind)}; this lifecycle has ${Object.keys(plan.kinds).join(', ')}`);
}

export function guardedKind(plan: Plan, kind: unknown): KindPlan {
  const planned = plannedKind(plan, kind);
  if (planned.isGuarded) return planned;
  const { plural } = planned.words;
  throw invalid(`${plural} are not removed by a mark, since nothing depends on them; delete them`);
}

export function leafKind(plan: Plan, kind: unknown): KindPlan {
  const planned = plannedKind(plan, kind);
  if (!planned.isGuarded) return planned;
  const { plural } = planned.words;
  throw invalid(`${plural} are not deleted plainly, since others depend on them; remove them, which marks them`);
}

/** The item of that kind and id. */
export function checkedKey(plan: Plan, kind: string, id: unknown): ItemKey {
  const { parts, words } = plannedKind(plan, kind);
  const [only] = parts;
  if (parts.length === 1) return checkedParts(plan, kind, { [only as string]: id });
  if (typeof id !== 'object' || id === null || Object.keys(id).some((part) => !parts.includes(part))) {
    throw invalid(`${aOr(words.singular)}'s id is ${shown(id)}; it must be an object of ${parts.join(', ')}`);
  }
  return checkedParts(plan, kind, id as Readonly<Record<string, unknown>>);
}

/** @param given perhaps with other names beside those of the parts */
export function checkedParts(plan: Plan, kind: string, given: Readonly<Record<string, unknown>>): ItemKey {
  const planned = plannedKind(plan, kind);
  const parts: Record<string, string> = {};
  for (const part of planned.parts) parts[part] = checkedPart(plan, kind, part, given);
  const key = { kind, id: joinParts(planned.parts.map((part) => parts[part] as string)) };
  const texts = Object.entries(planned.key).map(([attribute, template]) => [attribute, fill(template, parts)] as const);
  for (const [place, [attribute, text]] of texts.entries()) {
    checkBytes(plan, key, `a ${attribute}`, text, place === 0 ? PARTITION_KEY_BYTES_MAX : SORT_KEY_BYTES_MAX);
  }
  if (planned.isGuarded) checkBytes(plan, key, 'a name', itemName(key), nameBytesMax(planned));
  return key;
}

/** What an item lies under, by its key. */
export function parentsOf(plan: Plan, key: ItemKey): ItemKey[] {
  const parts = partsOfKey(plan, key);
  return plannedKind(plan, key.kind).under.map(({ kind }) => checkedParts(plan, kind, parts));
}

/** An attachment's sort key is its holder's name. */
export function checkHolder(plan: Plan, key: ItemKey): void {
  const bytes = byteLength(itemName(key));
  if (bytes <= SORT_KEY_BYTES_MAX) return;
  throw invalid(
    `the ids of ${told(plan, key)} make a name of ${bytes} bytes, and an attachment's key holds ${SORT_KEY_BYTES_MAX}; take shorter ones, or let it hold nothing`,
  );
}

function checkedPart(plan: Plan, kind: string, part: string, given: Readonly<Record<string, unknown>>): string {
  const planned = plannedKind(plan, kind);
  const value = Object.hasOwn(given, part) ? given[part] : undefined;
  const what = planned.parts.length === 1 ? planned.words.singular : wordsOf(part, []).singular;
  const most = partBytesMax(kind, planned, part);
  if (typeof value !== 'string') throw invalid(`${aOr(what)}'s id is ${shown(value)}; it must be a string`);
  if (value === '') throw invalid(`${aOr(what)}'s id is empty; it must have 1 to ${most} bytes`);
  if (!value.isWellFormed()) {
    throw invalid(`the ${what} id ${shown(value)} holds half a character; DynamoDB would change it`);
  }
  const bytes = byteLength(value);
  if (bytes > most) throw invalid(`the ${what} id ${shown(value)} has ${bytes} bytes; at most ${most} fit the keys`);
  const separators = Object.hasOwn(plan.separators, part) ? (plan.separators[part] ?? []) : [];
  const text = separators.find((one) => !endsAt(value, one));
  if (text === undefined) return value;
  throw invalid(
    `the ${what} id ${shown(value)} runs into "${text}", which ends it in keys; choose one without that text`,
  );
}

/** What is left for one part where it is alone in a key attribute, or in the name. */
function partBytesMax(kind: string, planned: KindPlan, part: string): number {
  const limits = Object.values(planned.key).map((template, place) => {
    const most = place === 0 ? PARTITION_KEY_BYTES_MAX : SORT_KEY_BYTES_MAX;
    const pieces = piecesOf(template);
    const literal = pieces.map((piece) => ('text' in piece ? byteLength(piece.text) : 0)).reduce((a, b) => a + b, 0);
    const times = pieces.filter((piece) => 'part' in piece && piece.part === part).length;
    return times > 0 && partsIn(template).length === 1 ? Math.floor((most - literal) / times) : most;
  });
  const inName = planned.parts.length === 1 && planned.isGuarded;
  return Math.min(...limits, ...(inName ? [nameBytesMax(planned) - byteLength(itemName({ kind, id: '' }))] : []));
}

function nameBytesMax({ holds }: KindPlan): number {
  return holds.length > 0 ? SORT_KEY_BYTES_MAX : PARTITION_KEY_BYTES_MAX;
}

function checkBytes(plan: Plan, key: ItemKey, what: string, text: string, most: number): void {
  const bytes = byteLength(text);
  if (bytes <= most) return;
  throw invalid(`the id of ${told(plan, key)} makes ${what} of ${bytes} bytes; at most ${most} fit the keys`);
}

export function aOr(word: string): string {
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}
