/**
 * What the deallocator knows of the world. A *parent* is a service (its children: its tasks) or a network (its children: its
 * attachments). Whatever differs between the kinds is data, here and in the store's schema: settle, finalize and heal name
 * no kind.
 */
import { type ItemKey, itemName, joinParts, splitParts } from '../lifecycle/keys.ts';
import { idBytesMax, SORT_KEY_BYTES_MAX } from './limits.ts';

/** A kind of what is marked first, and deleted only when nothing uses it. */
export type ParentKind = string;

export interface KindRules {
  /** Whether its children are tasks: they run, end in a state, and can be told to stop. */
  readonly runsTasks: boolean;
  /** The kind of parents that one of this kind refers to; each reference is an attachment, a child of the other. */
  readonly refersTo: ParentKind | undefined;
}

export const KINDS: Record<ParentKind, KindRules> = {
  service: { runsTasks: true, refersTo: 'network' },
  network: { runsTasks: false, refersTo: undefined },
};

/** The rules of a kind. */
export function kindRules(kind: string): KindRules {
  return KINDS[kind] as KindRules;
}

/** In the order in which they are swept and told. */
export const PARENT_KINDS = Object.keys(KINDS) as readonly ParentKind[];

/** The kind that users hold by attachments. */
const HELD_KIND: ParentKind = 'network';

/**
 * `C[p]`: exists only while p drains. Invariant (S7): `remaining` ≤ living children + removal records that are not processed
 * yet. It may be too low, or negative: that costs a recount, and never a deletion.
 */
export interface Counter {
  readonly remaining: number;
  /** Fresh and random at each creation and each recount: it names one interval in which only decrements happened. */
  readonly epoch: string;
}

/** A service's two network lists, each `undefined` where it is missing. */
export interface NetworkLists {
  readonly task: unknown;
  readonly service: unknown;
}

/** What a transaction compares of an item, by its paths: each value as it is stored, undefined where it was missing. */
export type AsRead = Readonly<Record<string, unknown>>;

/** An item as read: in step 2 of settle, as what may go along, or as a holder. */
export interface SeenItem {
  /** Its kind and id. */
  readonly key: ItemKey;
  /** True only for the BOOL `true`. No other value is a mark, not even the string "true": no proof, no delete. */
  readonly pendingDelete: boolean;
  /** Unique for each mark. Undefined until a function has stamped a mark that was written without it. */
  readonly markedAt: string | undefined;
  /** Who marked it, where that was said: for receipts and reports, never for a decision. */
  readonly markedBy: string | undefined;
  /** Why it was marked, where that was said. */
  readonly markedReason: string | undefined;
  /** What people call it, where its spec has a name: for receipts and reports, never for a decision. */
  readonly name?: string | undefined;
  /** True only for the BOOL `true`: marked or not, it stays until that is taken away. */
  readonly isProtected: boolean;
  /** What it holds, each once. An item that is gone by its state holds nothing. */
  readonly held: readonly ItemKey[];
  /** What it lets go of when it is deleted: what it holds, or has held until its state ended that. @default {@link held} */
  readonly letsGo?: readonly ItemKey[];
  /** What says that it holds these. Only the store looks into it. */
  readonly asRead: AsRead;
}

/** An item under a mark that a condition can name. */
export type MarkedItem = SeenItem & { readonly pendingDelete: true; readonly markedAt: string };

/** An item as read, where it is guarded. */
export type Parent = SeenItem;
/** The same under a mark that a condition can name. */
export type MarkedParent = MarkedItem;

export function isMarked(item: SeenItem): item is MarkedItem {
  return item.pendingDelete && item.markedAt !== undefined;
}

export function taskKey(serviceId: string, id: string): ItemKey {
  return { kind: 'task', id: joinParts([serviceId, id]) };
}

/** A task's service, and its own id there. */
export function taskParts({ id }: ItemKey): { readonly serviceId: string; readonly id: string } {
  const [serviceId, own] = splitParts(id, 2) as [string, string];
  return { serviceId, id: own };
}

/** Whether a user is itself marked and deleted, and not a leaf such as a task. */
export function isParent(user: ItemKey): boolean {
  return Object.hasOwn(KINDS, user.kind);
}

/** The inverse of {@link itemName}; ids may hold `#` themselves. Undefined for the name of anything else. */
export function parseParentName(name: string): ItemKey | undefined {
  const separator = name.indexOf('#');
  const kind = name.slice(0, separator);
  const id = name.slice(separator + 1);
  return separator !== -1 && id !== '' && Object.hasOwn(KINDS, kind) ? { kind: kind as ParentKind, id } : undefined;
}

/** The inverse of {@link itemName}. Undefined for the name of anything else: a parent that refers to nothing is no user. */
export function parseUserName(name: string): ItemKey | undefined {
  if (name.startsWith('task#')) {
    const id = name.slice('task#'.length);
    return splitParts(id, 2) === undefined ? undefined : { kind: 'task', id };
  }
  const parent = parseParentName(name);
  return parent && kindRules(parent.kind).refersTo !== undefined ? parent : undefined;
}

/** What an attachment holds, by its name. Undefined for a name of anything else. */
export function parseHeldName(name: string): ItemKey | undefined {
  const parent = parseParentName(name);
  return parent?.kind === HELD_KIND ? parent : undefined;
}

/** What a user's references name. */
export function referredTo(id: string): ItemKey {
  return { kind: HELD_KIND, id };
}

/** A user's service: the user itself, or the service of the task. */
export function serviceOf(user: ItemKey): ItemKey {
  return isParent(user) ? user : { kind: 'service', id: taskParts(user).serviceId };
}

/** A service's network lists, whatever else its spec holds. */
export function networkLists(spec: unknown): NetworkLists {
  return { task: attribute(attribute(spec, 'task'), 'networks'), service: attribute(spec, 'networks') };
}

/**
 * The networks that a service refers to: `spec.task.networks[].target`, or, if that list is empty or missing, the old-style
 * `spec.networks[].target` (SwarmKit's rule). Each once, in order. An entry that can't be a network's id (not a string,
 * empty, too long for a key) is passed over: no network can have it, so none can wait for it. For the same reason a service
 * whose own name is too long for an attachment's key refers to nothing.
 *
 * @param user whose attachments' keys must hold its {@link itemName}
 */
export function referencedNetworks(user: ItemKey, lists: NetworkLists): string[] {
  if (byteLength(itemName(user)) > SORT_KEY_BYTES_MAX) return [];
  const entries = Array.isArray(lists.task) && lists.task.length > 0 ? lists.task : lists.service;
  if (!Array.isArray(entries)) return [];
  const targets = entries.map((entry) => attribute(entry, 'target')).filter((target) => isId(HELD_KIND, target));
  return [...new Set(targets)];
}

/** A task's own list of networks, as {@link referencedNetworks} takes it. */
export function taskNetworkLists(networks: unknown): NetworkLists {
  return { task: undefined, service: networks };
}

/** Whether a value can be the id of a kind of item: a non-empty string that fits its keys. */
export function isId(kind: string, value: unknown): value is string {
  return typeof value === 'string' && value !== '' && byteLength(value) <= idBytesMax(kind);
}

export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** An attribute of an object's own, and nothing that it inherits. */
function attribute(map: unknown, name: string): unknown {
  const isMap = typeof map === 'object' && map !== null && !Array.isArray(map);
  return isMap && Object.hasOwn(map, name) ? (map as Record<string, unknown>)[name] : undefined;
}
