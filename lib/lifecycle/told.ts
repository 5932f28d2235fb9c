/** What an item is called in sentences. Client, commands and reports say the same. */
import { partsOfKey } from './ids.ts';
import { type ItemKey, joinParts, splitParts } from './keys.ts';
import type { Plan } from './plan.ts';

/** `service web`, `task 1 of service web`, `directory bob/docs`. An id of several parts of its own is told as it may be typed. */
export function told(plan: Plan, key: ItemKey): string {
  const above = keyAbove(plan, key);
  const text = [plan.kinds[key.kind]?.words.singular ?? key.kind, ownId(plan, key)].filter(Boolean).join(' ');
  return above === undefined ? text : `${text} of ${told(plan, above)}`;
}

/** What tells it from others under the same key: `1` of task 1 of service web. */
export function ownId(plan: Plan, key: ItemKey): string {
  const above = keyAbove(plan, key);
  const known = above === undefined ? [] : partNamesOf(plan, above);
  const parts = partsOfKey(plan, key);
  return slashed(
    partNamesOf(plan, key)
      .filter((part) => !known.includes(part))
      .map((part) => parts[part] ?? ''),
  );
}

/** What may be typed for an id: of several parts, each has `%2F` for a slash, and `%25` for a percent sign. */
export function typedId(plan: Plan, key: ItemKey): string {
  return slashed(splitParts(key.id, partNamesOf(plan, key).length) ?? [key.id]);
}

/** What the item lies under that is of a kind: its parts are among the item's own. */
export function keyOver(plan: Plan, key: ItemKey, kind: string): ItemKey {
  const parts = partsOfKey(plan, key);
  return { kind, id: joinParts((plan.kinds[kind]?.parts ?? []).map((part) => parts[part] ?? '')) };
}

/** What the item lies under by its key, the nearest: of task 1 of service web, that service. */
export function keyAbove(plan: Plan, key: ItemKey): ItemKey | undefined {
  const lengthOf = ({ kind }: { kind: string }) => plan.kinds[kind]?.parts.length ?? 0;
  const [nearest] = [...(plan.kinds[key.kind]?.under ?? [])].sort((a, b) => lengthOf(b) - lengthOf(a));
  return nearest && keyOver(plan, key, nearest.kind);
}

function partNamesOf(plan: Plan, { kind }: ItemKey): readonly string[] {
  return plan.kinds[kind]?.parts ?? [];
}

function slashed(parts: readonly string[]): string {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return parts.map((part) => part.replaceAll('%', '%25').replaceAll('/', '%2F')).join('/');
}
