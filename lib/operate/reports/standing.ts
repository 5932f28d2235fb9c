/** What a marked object waits for. Decided here once: status, explain, wait and programs tell it in the same words. */

import { type ItemKey, itemName, sameItem } from '../../lifecycle/keys.ts';
import { type Circumstances, findHold } from '../../protocol/decide.ts';
import { isMarked, kindRules, type Parent, serviceOf } from '../../protocol/model.ts';
import { markedAtEpochMillis } from '../../protocol/time.ts';
import { type Cluster, type CounterFound, isUnreadable } from './cluster.ts';
import type { StayReason } from './forecast.ts';
import type { CountView } from './view.ts';

/** Worst first. The first three, and `held` by a protection, need somebody. */
export const MARKED_STATES = ['unreadable', 'blocked', 'stalled', 'held', 'draining', 'ready'] as const;

/** As long as a deployment by default waits between two sweeps: what is still as it was then, no lost record explains. */
export const STALLED_AFTER_MILLIS_DEFAULT = 15 * 60 * 1000;
/** Users of one network that are looked at, to tell which of them block it. */
export const USERS_LOOKED_AT_MAX = 100;

/** A user of a marked network that will not go by itself. */
export interface Blocker {
  /** `service#web`, or a task that holds the network by itself. */
  readonly object: string;
  /** What people call the service, or the task's. */
  readonly name?: string;
  /** About that service, or the task's: nobody asked for its removal; it is protected; its counter was overwritten. */
  readonly because: 'not marked' | 'protected' | 'unreadable counter';
}

/**
 * - `unreadable`: a raw writer has overwritten its counter, and nothing is decided with it. `deallocator audit --repair` helps.
 * - `blocked`: users of it stay, so it stays too, until somebody acts.
 * - `stalled`: no removal of a child was counted for a while, nor anything else happened to it.
 * - `held`: it is protected; or no child is left, and its grace period runs.
 * - `draining`: children are left, and go.
 * - `ready`: nothing is in its way. Its deletion is under way, or a record was lost and the next sweep deletes it.
 */
export type Standing =
  | { readonly state: 'unreadable' | 'held' | 'draining' | 'ready' }
  | {
      readonly state: 'blocked';
      /** Users that will not go by themselves. */
      readonly blockedBy: readonly Blocker[];
      /** Users that were not looked at, or at least so many: any of them may block it too. */
      readonly usersNotLookedAt: number;
    }
  | {
      readonly state: 'stalled';
      /** For how long nothing has happened to it, in seconds. */
      readonly noProgressSeconds: number;
    };

/** The states of what is marked, as {@link MARKED_STATES} orders them. */
export type MarkedState = Standing['state'];

/** A user of a network, with its service: the user itself, or that of the task. */
export interface SeenUser {
  /** The service, or the task with its service. */
  readonly user: ItemKey;
  /** Undefined: it is gone, and its attachment is left over. */
  readonly parent: Parent | undefined;
  /** The counter of that service; undefined where there is none. */
  readonly counter: CounterFound | undefined;
}

/** What was seen of a marked object. */
export interface Seen {
  /** The object itself. */
  readonly parent: Parent;
  /** For a service its tasks, for a network its users. */
  readonly children: CountView;
  /** Its counter; undefined where there is none. */
  readonly counter: CounterFound | undefined;
  /** For a network: its users, as many as were looked at. */
  readonly users: readonly SeenUser[];
}

/** What it waits for, by what was seen of it. @param stalledAfterMillis how long nothing may happen before that is `stalled` */
export function standingOf(
  { parent, children, counter, users }: Seen,
  circumstances: Circumstances,
  stalledAfterMillis = STALLED_AFTER_MILLIS_DEFAULT,
): Standing {
  if (isUnreadable(counter)) return { state: 'unreadable' };
  const blockedBy = users.flatMap((user) => blockerOf(user, parent));
  const usersNotLookedAt = kindRules(parent.key.kind).runsTasks ? 0 : Math.max(0, children.count - users.length);
  if (blockedBy.length > 0) return { state: 'blocked', blockedBy, usersNotLookedAt };
  if (parent.isProtected) return { state: 'held' };
  const isDraining = children.count > 0 || !children.isExact;
  if (isMarked(parent) && findHold(parent, circumstances) !== undefined) {
    return { state: isDraining ? 'draining' : 'held' };
  }
  const progress = Math.max(...progressOf(parent, counter, circumstances), ...users.flatMap(progressOfUser));
  const noProgressMillis = circumstances.nowEpochMillis - progress;
  // What was not looked at may have gone on.
  if (noProgressMillis > stalledAfterMillis && Number.isFinite(progress) && usersNotLookedAt === 0) {
    return { state: 'stalled', noProgressSeconds: Math.round(noProgressMillis / 1000) };
  }
  return { state: isDraining ? 'draining' : 'ready' };
}

/** Whether it stays until somebody acts. */
export function needsSomebody({ state }: Standing, hold: StayReason | undefined): boolean {
  return state === 'held'
    ? hold?.because === 'protected'
    : MARKED_STATES.indexOf(state) < MARKED_STATES.indexOf('held');
}

function blockerOf({ user, parent, counter }: SeenUser, network: Parent): Blocker[] {
  // What is gone, or refers to the network no more, is only an attachment that a sweep removes.
  if (parent === undefined) return [];
  if (user.kind !== 'task' && !parent.held.some((held) => sameItem(held, network.key))) return [];
  const { name } = parent;
  const object = { object: itemName(user), ...(name !== undefined && { name }) };
  if (!parent.pendingDelete) return [{ ...object, because: 'not marked' }];
  // A task goes by itself, whatever holds its service.
  if (user.kind === 'task') return [];
  if (parent.isProtected) return [{ ...object, because: 'protected' }];
  return isUnreadable(counter) ? [{ ...object, because: 'unreadable counter' }] : [];
}

/** Times at which something happened: the mark, the end of a grace period, a recount, a removal that was counted. */
function progressOf(parent: Parent, counter: CounterFound | undefined, { rules, nowEpochMillis }: Circumstances) {
  const marked = parent.markedAt === undefined ? undefined : markedAtEpochMillis(parent.markedAt);
  const graceEnds = marked === undefined ? undefined : marked + rules.gracePeriodMillis;
  return [marked, graceEnds, ...timesOf(counter)].filter(
    (time) => time !== undefined && time <= nowEpochMillis,
  ) as number[];
}

function progressOfUser({ parent, counter }: SeenUser): number[] {
  const marked = parent?.markedAt === undefined ? undefined : markedAtEpochMillis(parent.markedAt);
  return [...(marked === undefined ? [] : [marked]), ...timesOf(counter)];
}

function timesOf(counter: CounterFound | undefined): number[] {
  return [counter?.openedAt, counter?.progressedAt].flatMap((time) => {
    const epochMillis = time === undefined ? Number.NaN : Date.parse(time);
    return Number.isNaN(epochMillis) ? [] : [epochMillis];
  });
}

/** The first users of each of these networks, all of them read together. */
export async function readUsers(
  cluster: Cluster,
  lists: readonly (readonly ItemKey[])[],
): Promise<readonly (readonly SeenUser[])[]> {
  const looked = lists.map((users) => users.slice(0, USERS_LOOKED_AT_MAX));
  const services = new Map(looked.flat().map((user) => [itemName(serviceOf(user)), serviceOf(user)]));
  const keys = [...services.values()];
  const counters = await cluster.readCounters(keys);
  const parents = await cluster.readParents(keys);
  return looked.map((users) =>
    users.map((user) => {
      const name = itemName(serviceOf(user));
      return { user, parent: parents.get(name), counter: counters.get(name) };
    }),
  );
}
