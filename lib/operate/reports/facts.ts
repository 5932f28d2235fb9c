/** What is known of one object: its mark, what is in its way and since when, and what will follow. */

import { type ItemKey, itemName, sameItem } from '../../lifecycle/keys.ts';
import { checkParent } from '../../protocol/arguments.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { kindRules, type Parent, type ParentKind, serviceOf } from '../../protocol/model.ts';
import { isoNow } from '../../protocol/time.ts';
import { type Names, namesOf } from '../names.ts';
import type { Cluster, CounterFound, FoundParent } from './cluster.ts';
import { type Forecast, forecast, type StayReason } from './forecast.ts';
import type { TaskFound } from './found.ts';
import { type Deletion, readHistory } from './history.ts';
import { type Neighbourhood, readNeighbourhood } from './neighbourhood.ts';
import { type Standing, standingOf, USERS_LOOKED_AT_MAX } from './standing.ts';
import { type CounterView, type CountView, type MarkView, viewCounter, viewHold, viewMark } from './view.ts';

/** Services that use a network, or networks that a service uses, that are named one by one. */
const RELATIONS_NAMED_MAX = 100;
/** Former lives that are told of. */
const FORMER_LIVES_MAX = 5;

/** A service, or a task, that uses the network; or a network that the service uses. */
export interface Related {
  /** Its name: `service#web`, or `task#3#web#1` for task `1` of service `web`. */
  readonly object: string;
  /** For a task, that of its service. `absent`: its attachment is left over, or the reference leads nowhere. */
  readonly state: 'marked' | 'not marked' | 'absent';
  /** For a service: the tasks that hold it. */
  readonly tasks?: CountView;
  /** For a network: names of the other services that use it, as far as they were read. */
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

/** Tasks, counted, and some of them one by one. */
export interface NamedTasks extends CountView {
  /** The first 20 by id, numbers in ids by their value. */
  readonly named: readonly TaskFound[];
}

/** A counter, compared with what is counted in the table. */
export interface ComparedCounter extends Partial<CounterView> {
  /** How the two compare. */
  readonly agreement: Agreement;
}

/** What is known of one object. */
export interface Facts {
  /** Its kind. */
  readonly kind: ParentKind;
  /** Its id, as it was asked for. */
  readonly id: string;
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
  /** For a service: the tasks that hold it, counted, and the first 20 by id, numbers in them by their value. */
  readonly tasks?: NamedTasks;
  /** For a network: its users, the first 100. */
  readonly usedBy?: readonly Related[];
  /** For a service: the networks that it uses, the first 100. */
  readonly uses?: readonly Related[];
  /** Users or used networks that are not named. */
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
export async function readFacts(cluster: Cluster, key: ItemKey): Promise<{ facts: Facts; part: Neighbourhood }> {
  checkParent(key);
  const readAt = isoNow(cluster.chance);
  // The counter first: one that is read after the children would look too low for every removal in between.
  const counter = (await cluster.readCounters([key])).get(itemName(key));
  const part = await readNeighbourhood(cluster, [key], { closedCountedMax: RELATIONS_NAMED_MAX });
  const parent = part.parents.get(itemName(key)) as FoundParent | undefined;
  const history = await readHistory(cluster, { ...key, limit: FORMER_LIVES_MAX });
  const { circumstances } = cluster;
  const { nowEpochMillis } = circumstances;
  const isMarked = parent?.pendingDelete === true;
  const agreement = compareCounter(counter, childrenOf(part, key), isMarked);
  const hold = parent && viewHold(parent, circumstances);
  const related = relatedTo(part, key, cluster);
  const { runsTasks, refersTo } = kindRules(key.kind);
  const tasks = runsTasks ? part.tasks.get(key.id) : undefined;
  const facts = {
    ...key,
    object: itemName(key),
    readAt,
    state: stateOf(parent),
    ...(parent && isMarked && { mark: viewMark(parent, nowEpochMillis) }),
    ...(parent?.undeleted && !isMarked && { undeleted: parent.undeleted }),
    isProtected: parent?.isProtected === true,
    hasMalformedMark: parent?.hasMalformedMark === true,
    ...(parent && isMarked && { standing: readStanding(part, parent, counter, circumstances) }),
    ...(parent === undefined && { absence: history.deletions.length > 0 ? ('gone' as const) : ('not there' as const) }),
    ...(hold && { hold }),
    ...(tasks && { tasks }),
    ...(parent && { [refersTo === undefined ? 'usedBy' : 'uses']: related.slice(0, RELATIONS_NAMED_MAX) }),
    moreRelated: Math.max(0, related.length - RELATIONS_NAMED_MAX),
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
  parent: Parent,
  counter: CounterFound | undefined,
  circumstances: Circumstances,
): Standing {
  const attached = kindRules(parent.key.kind).runsTasks ? [] : (part.attached.get(parent.key.id)?.users ?? []);
  const users = attached.filter((user) => part.parents.has(itemName(serviceOf(user))));
  const seen = users.slice(0, USERS_LOOKED_AT_MAX).map((user) => {
    const name = itemName(serviceOf(user));
    return { user, parent: part.parents.get(name), counter: part.counters?.get(name) };
  });
  return standingOf({ parent, children: childrenOf(part, parent.key), counter, users: seen }, circumstances);
}

function stateOf(parent: Parent | undefined): Related['state'] {
  return parent === undefined ? 'absent' : parent.pendingDelete ? 'marked' : 'not marked';
}

function childrenOf(part: Neighbourhood, { kind, id }: ItemKey): CountView {
  if (kindRules(kind).runsTasks) return part.tasks.get(id) ?? { count: 0, isExact: true };
  const { users, isWhole } = part.attached.get(id) ?? { users: [], isWhole: true };
  return { count: users.length, isExact: isWhole };
}

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

function relatedTo(part: Neighbourhood, key: ItemKey, { circumstances }: Cluster): Related[] {
  const { refersTo } = kindRules(key.kind);
  const users = (id: string) => part.attached.get(id)?.users ?? [];
  const references = part.parents.get(itemName(key))?.held ?? [];
  const keys: readonly ItemKey[] = refersTo === undefined ? users(key.id) : references;
  return keys.map((other) => {
    const parent = part.parents.get(itemName(serviceOf(other)));
    const tasks = other.kind === 'service' ? part.tasks.get(other.id) : undefined;
    const hold = parent && viewHold(parent, circumstances);
    const others = part.attached.has(other.id) && refersTo !== undefined ? users(other.id) : undefined;
    return {
      object: itemName(other),
      state: stateOf(parent),
      ...(tasks && { tasks: { count: tasks.count, isExact: tasks.isExact } }),
      ...(others && { alsoUsedBy: others.filter((user) => !sameItem(user, key)).map(itemName) }),
      ...(hold && { hold }),
    };
  });
}
