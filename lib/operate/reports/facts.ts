/** What is known of one object: its mark, what is in its way and since when, and what will follow. */

import { type Id, idOf } from '../../lifecycle/ids.ts';
import { type ItemKey, itemName, sameItem } from '../../lifecycle/keys.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import type { SeenItem } from '../../protocol/model.ts';
import { isoNow } from '../../protocol/time.ts';
import { guardedOf, keyGiven, type Names, namesOf, type ObjectKey, planned } from '../names.ts';
import { hasUsers } from './children.ts';
import type { Cluster, CounterFound } from './cluster.ts';
import { forecast } from './forecast.ts';
import type { Forecast, StayReason } from './foreseen.ts';
import type { ChildrenFound } from './found.ts';
import type { FoundParent } from './found-parents.ts';
import { type Deletion, readHistory } from './history.ts';
import { type Neighbourhood, readNeighbourhood } from './neighbourhood.ts';
import { dependsOn } from './order.ts';
import { seenUsersOf } from './seen-users.ts';
import { type Standing, standingOf } from './standing.ts';
import {
  allChildren,
  type CounterView,
  type CountView,
  type MarkView,
  underKeyCount,
  viewCounter,
  viewHold,
  viewMark,
} from './view.ts';

/** Users of an object, or what it uses, that are named one by one. */
const RELATIONS_NAMED_MAX = 100;
/** Former lives that are told of. */
const FORMER_LIVES_MAX = 5;

/** Children of one kind, counted. */
export interface CountedChildren extends CountView {
  /** The kind, such as `task`. */
  readonly kind: string;
}

/** A user of the object, such as a service, or a task, of a network; or what the object itself uses. */
export interface Related {
  /** Its name: `service#web`, or `task#3#web#1` for task `1` of service `web`. */
  readonly object: string;
  /**
   * For a task, that of its service. `absent`: its attachment is left over, or the reference leads nowhere. `there`: it is attached,
   * and nothing that is marked decides about it, as about a comment that its users delete.
   */
  readonly state: 'marked' | 'not marked' | 'absent' | 'there';
  /** What keeps it under its own key, by kind: the tasks of a service. */
  readonly children?: readonly CountedChildren[];
  /** Of what the object uses: names of the others that use it too, as far as they were read. */
  readonly alsoUsedBy?: readonly string[];
  /** What holds it beside its own children. */
  readonly hold?: StayReason;
}

/**
 * How the deallocator's count compares with the table.
 *
 * - `equal`.
 * - `too low`: normal, since the counter may err only downward; at zero the children are counted again.
 * - `too high`: removals are on their way to it, or their records were lost; if it stays so, a sweep sets it right.
 * - `unreadable`: a raw writer has overwritten it, and nothing is decided with it.
 * - `missing`: the object is marked and drains, but nothing counts yet. The record of its mark is on its way, or was lost; a
 *   sweep opens a counter.
 * - `left over`: the object is not marked, or not there; a sweep removes the counter.
 * - `unknown`: there are too many children to count.
 */
export type Agreement = 'equal' | 'too low' | 'too high' | 'unreadable' | 'missing' | 'left over' | 'unknown';

/** A counter, compared with what is counted in the table. */
export interface ComparedCounter extends Partial<CounterView> {
  /** How the two compare. */
  readonly agreement: Agreement;
}

/** What is known of one object. */
export interface Facts {
  /** Its kind. */
  readonly kind: string;
  /** Its id, as it was asked for: a text; where it has several parts, these by their names. */
  readonly id: Id;
  /** Its name, such as `service#web`. */
  readonly object: string;
  /** When this was read, ISO 8601. */
  readonly readAt: string;
  /** `absent`: it is not there; `absence` says what a receipt tells. */
  readonly state: 'marked' | 'not marked' | 'absent';
  /** The mark, where there is one. */
  readonly mark?: MarkView;
  /** The last undelete, where no mark has followed it. */
  readonly undeleted?: FoundParent['undeleted'];
  /** Whether `protected` is `true`: then it stays, marked or not. */
  readonly isProtected: boolean;
  /** `pendingDelete` is there, and neither true nor false nor null: that is no mark, whatever it was meant for. */
  readonly hasMalformedMark: boolean;
  /** Of what is marked: what it waits for, as `status` tells it. */
  readonly standing?: Standing;
  /** Of what is absent: a receipt tells that it was deleted; or none does. */
  readonly absence?: 'gone' | 'not there';
  /** What holds it beside its children. */
  readonly hold?: StayReason;
  /** What lies under its key and is deleted plainly, such as a service's tasks: counted, and the first 20 by id. By kind. */
  readonly children?: readonly ChildrenFound[];
  /** Of what may have users, as a network: these, the first 100. */
  readonly usedBy?: readonly Related[];
  /** Of what may use others, as a service: these, the first 100. */
  readonly uses?: readonly Related[];
  /** Users, and what it uses, that are not named. */
  readonly moreRelated: number;
  /** The deallocator's own count, where there is one or should be one. */
  readonly counter?: ComparedCounter;
  /** What will go, and what will stay, if nobody does anything. */
  readonly forecast: Forecast;
  /** What people call it and what is around it, where their specs have other names than their ids: by `service#…`. */
  readonly names: Names;
  /** Former lives of this id, newest first, at most 5. */
  readonly formerLives: readonly Deletion[];
  /** False: part of the neighbourhood or of the history was too large to be read. */
  readonly isWhole: boolean;
}

/** With what surrounds the object. `InvalidArgument` for what can't be an id. */
export async function readFacts(cluster: Cluster, object: ObjectKey): Promise<{ facts: Facts; part: Neighbourhood }> {
  const { plan } = cluster;
  const key = keyGiven(plan, object);
  const name = itemName(key);
  const readAt = isoNow(cluster.chance);
  // The counter first: one that is read after the children would look too low for every removal in between.
  const counter = (await cluster.readCounters([key])).get(name);
  const part = await readNeighbourhood(cluster, [key], { closedCountedMax: RELATIONS_NAMED_MAX });
  const parent = part.parents.get(name);
  const history = await readHistory(cluster, { ...key, limit: FORMER_LIVES_MAX });
  const { circumstances } = cluster;
  const { nowEpochMillis } = circumstances;
  const isMarked = parent?.pendingDelete === true;
  const children = part.children.get(name);
  const agreement = compareCounter(counter, allChildren(children, part.users.get(name)), isMarked);
  const hold = parent && viewHold(parent, circumstances);
  const usedBy = parent && hasUsers(plan, key.kind) ? usersOf(part, parent, circumstances) : undefined;
  const uses = parent && planned(plan, key.kind).fencedBy.length > 0 ? usedIn(part, parent, circumstances) : undefined;
  const more = [usedBy, uses].map((related = []) => Math.max(0, related.length - RELATIONS_NAMED_MAX));
  const facts = {
    kind: key.kind,
    id: idOf(plan, key),
    object: name,
    readAt,
    state: parent === undefined ? ('absent' as const) : isMarked ? ('marked' as const) : ('not marked' as const),
    ...(parent && isMarked && { mark: viewMark(parent, nowEpochMillis) }),
    ...(parent?.undeleted && !isMarked && { undeleted: parent.undeleted }),
    isProtected: parent?.isProtected === true,
    hasMalformedMark: parent?.hasMalformedMark === true,
    ...(parent && isMarked && { standing: readStanding(part, parent, counter, circumstances) }),
    ...(parent === undefined && { absence: history.deletions.length > 0 ? ('gone' as const) : ('not there' as const) }),
    ...(hold && { hold }),
    ...(children && { children }),
    ...(usedBy && { usedBy: usedBy.slice(0, RELATIONS_NAMED_MAX) }),
    ...(uses && { uses: uses.slice(0, RELATIONS_NAMED_MAX) }),
    moreRelated: more.reduce((sum, number) => sum + number, 0),
    ...(agreement && { counter: { ...(counter && viewCounter(counter, nowEpochMillis)), agreement } }),
    forecast: forecast(part, circumstances),
    names: parent === undefined ? namesOf([{ key, name: history.deletions[0]?.name }]) : (part.names ?? {}),
    formerLives: history.deletions,
    isWhole: part.isWhole && history.isWhole,
  };
  return { facts, part };
}

/** Of what is marked, as far as its users were read. */
export function readStanding(
  part: Neighbourhood,
  parent: FoundParent,
  counter: CounterFound | undefined,
  circumstances: Circumstances,
): Standing {
  const name = itemName(parent.key);
  const under = part.children.get(name);
  const children = allChildren(under, part.users.get(name));
  const users = seenUsersOf(parent.key, part);
  return standingOf(
    { plan: part.plan, parent, children, underKey: underKeyCount(under), counter, users },
    circumstances,
  );
}

/** Undefined: there is nothing to compare. */
export function compareCounter(
  counter: CounterFound | undefined,
  children: CountView,
  isMarked: boolean,
): Agreement | undefined {
  if (counter !== undefined && counter.remaining === undefined) return 'unreadable';
  if (!isMarked) return counter && 'left over';
  if (counter?.remaining === undefined) return children.count > 0 ? 'missing' : undefined;
  if (counter.remaining < children.count) return 'too low';
  if (!children.isExact) return 'unknown';
  return counter.remaining === children.count ? 'equal' : 'too high';
}

function usersOf(part: Neighbourhood, { key }: SeenItem, circumstances: Circumstances): Related[] {
  const users = part.users.get(itemName(key))?.users ?? [];
  return users.map((user) => relatedOf(part, user, circumstances));
}

function usedIn(part: Neighbourhood, parent: FoundParent, circumstances: Circumstances): Related[] {
  return dependsOn(part.plan, parent).map((used) => {
    const others = part.users.get(itemName(used))?.users.filter((user) => !sameItem(user, parent.key));
    const { object, state, ...rest } = relatedOf(part, used, circumstances);
    return { object, state, ...(others && { alsoUsedBy: others.map(itemName) }), ...rest };
  });
}

function relatedOf(part: Neighbourhood, key: ItemKey, circumstances: Circumstances): Related {
  const guarded = guardedOf(part.plan, key);
  const parent = guarded && part.parents.get(itemName(guarded));
  const children = part.children.get(itemName(key))?.map(({ kind, count, isExact }) => ({ kind, count, isExact }));
  const hold = parent && viewHold(parent, circumstances);
  return {
    object: itemName(key),
    state: guarded === undefined ? 'there' : stateOf(parent),
    ...(children && { children }),
    ...(hold && { hold }),
  };
}

function stateOf(parent: SeenItem | undefined): Related['state'] {
  return parent === undefined ? 'absent' : parent.pendingDelete ? 'marked' : 'not marked';
}
