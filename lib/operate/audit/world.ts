/** What an audit reads, and by which ids it speaks of it. */

import { type Id, idOf, keyFor, keyWith, partsOfKey } from '../../lifecycle/ids.ts';
import type { ItemKey } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { isSwarmkits } from '../../lifecycle/swarmkits.ts';
import type { KindWorld } from '../../protocol/rest.ts';

export interface AuditedCounter {
  readonly id: string;
  /** A whole number, unless a raw writer overwrote it. */
  readonly remaining: unknown;
  readonly epoch?: unknown;
}

export interface AuditedWorld extends Omit<KindWorld, 'counters'> {
  readonly counters: readonly AuditedCounter[];
}

export type Attachment = KindWorld['attachments'][number];

/** One item of a lifecycle's kinds. */
export interface AboutItem {
  /** Its kind. */
  readonly kind: string;
  /** Its id: a text, or its parts by their names. */
  readonly id: Id;
}

/**
 * What a finding is about, as far as each is concerned. SwarmKit's objects are told by the names of their ids' parts; items of other
 * lifecycles by `item` and `other`.
 */
export interface About {
  /** A service's id. */
  readonly service?: string;
  /** A network's id. */
  readonly network?: string;
  /** A task's id; `service` is the one that it belongs to. */
  readonly task?: string;
  /** A volume's id. */
  readonly volume?: string;
  /** A secret's id. */
  readonly secret?: string;
  /** A config's id. */
  readonly config?: string;
  /** Of other lifecycles: what lies under another or holds it, or is wrong by itself. */
  readonly item?: AboutItem;
  /** The other one. */
  readonly other?: AboutItem;
  /** The counter's own key, where that is what is wrong. */
  readonly counter?: string;
  /** An attachment's own keys, where these are what is wrong. */
  readonly held?: string;
  /** The other one of the two. */
  readonly holder?: string;
  /** A table's name, where an item can be none of its kind, whose key attributes follow. */
  readonly table?: string;
  /** Its key attributes. */
  readonly key?: Readonly<Record<string, string>>;
}

/** The same by keys. */
export interface Keys {
  readonly item?: ItemKey;
  readonly other?: ItemKey;
}

/** Parts have one name in the whole lifecycle, and of SwarmKit's kinds no two items of one finding share one of their own. */
export function aboutOf(plan: Plan, { item, other }: Keys): About {
  if (isSwarmkits(plan)) return { ...(item && partsOfKey(plan, item)), ...(other && partsOfKey(plan, other)) };
  const told = (key: ItemKey): AboutItem => ({ kind: key.kind, id: idOf(plan, key) });
  return { ...(item && { item: told(item) }), ...(other && { other: told(other) }) };
}

/** The inverse of {@link aboutOf}. `InvalidArgument` for ids that can't be. */
export function keysIn(plan: Plan, about: About): Keys {
  if (about.table !== undefined) return {};
  if (!isSwarmkits(plan)) {
    const { item, other } = about;
    const keyOf = ({ kind, id }: AboutItem) => keyFor(plan, kind, id);
    return { ...(item && { item: keyOf(item) }), ...(other && { other: keyOf(other) }) };
  }
  const given = about as Readonly<Record<string, unknown>>;
  const whole = Object.keys(plan.kinds).filter((kind) => plan.kinds[kind]?.parts.every((part) => part in given));
  // A task's service is named by its own id, and nothing beside it.
  const names = whole.filter(
    (kind) => !whole.some((child) => plan.kinds[child]?.under.some((one) => one.kind === kind)),
  );
  const keys = names.map((kind) => keyWith(plan, kind, given as Readonly<Record<string, string>>));
  const [first, second] = keys;
  const isHeld = first !== undefined && plan.kinds[second?.kind ?? '']?.holds.some(({ kind }) => kind === first.kind);
  const [item, other] = isHeld ? [second, first] : [first, second];
  const parent = item && other === undefined ? parentOf(plan, item) : undefined;
  return { ...(item && { item }), ...((other ?? parent) && { other: other ?? parent }) };
}

/** What it lies under, where that is one. */
function parentOf(plan: Plan, item: ItemKey): ItemKey | undefined {
  const [under] = plan.kinds[item.kind]?.under ?? [];
  return under && keyWith(plan, under.kind, partsOfKey(plan, item));
}
