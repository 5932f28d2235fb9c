/** What a marked object waits for. Decided here once: status, explain, wait and programs tell it in the same words. */

import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { type Circumstances, findHold } from '../../protocol/decide.ts';
import { isMarked, type SeenItem } from '../../protocol/model.ts';
import { markedAtEpochMillis } from '../../protocol/time.ts';
import { planned } from '../names.ts';
import { type CounterFound, isUnreadable } from './cluster.ts';
import type { StayReason } from './foreseen.ts';
import type { FoundParent } from './found-parents.ts';
import { isUserOf } from './order.ts';
import type { CountView } from './view.ts';

/** Worst first. The first three, and `held` by a protection, need somebody. */
export const MARKED_STATES = ['unreadable', 'blocked', 'stalled', 'held', 'draining', 'ready'] as const;

/** As long as a deployment by default waits between two sweeps: what is still as it was then, no lost record explains. */
export const STALLED_AFTER_MILLIS_DEFAULT = 15 * 60 * 1000;
/** Users of one object that are looked at, to tell which of them block it. */
export const USERS_LOOKED_AT_MAX = 100;
/** Users of users, and so on, that are looked at: deeper than lifecycles are, and an end for a tree of one kind. */
export const LEVELS_LOOKED_AT_MAX = 16;

/** A user of a marked object that will not go by itself; or a user of such a user, to any depth. */
export interface Blocker {
  /** `service#web`, or a task that holds the network by itself. */
  readonly object: string;
  /** Where it uses the object by way of others that are marked: the name of the one that uses it directly. */
  readonly through?: string;
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

/** A user of an object, with the guarded item that decides about it: the user itself, or for a task its service. */
export interface SeenUser {
  /** The service, or the task of one. */
  readonly user: ItemKey;
  /** Undefined: it is gone, and its attachment is left over; or no guarded item decides about the user. */
  readonly parent: FoundParent | undefined;
  /** Its counter; undefined where there is none. */
  readonly counter: CounterFound | undefined;
  /** Of what is marked itself: what uses it in turn. @default none */
  readonly users?: readonly SeenUser[];
}

/** What was seen of a marked object. */
export interface Seen {
  /** What the kinds are. */
  readonly plan: Plan;
  /** The object itself. */
  readonly parent: FoundParent;
  /** All that keeps it: for a service its tasks, for a network its users. */
  readonly children: CountView;
  /** How many of these lie under its key, and are counted alone. @default 0 */
  readonly underKey?: number;
  /** Its counter; undefined where there is none. */
  readonly counter: CounterFound | undefined;
  /** Its users, as many as were looked at. */
  readonly users: readonly SeenUser[];
}

/** What it waits for, by what was seen of it. @param stalledAfterMillis how long nothing may happen before that is `stalled` */
export function standingOf(
  { plan, parent, children, underKey = 0, counter, users }: Seen,
  circumstances: Circumstances,
  stalledAfterMillis = STALLED_AFTER_MILLIS_DEFAULT,
): Standing {
  if (isUnreadable(counter)) return { state: 'unreadable' };
  const blockedBy = eachOnce(users.flatMap((user) => blockersOf(plan, user, parent.key)));
  const usersNotLookedAt = Math.max(0, children.count - underKey - users.length);
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

/** Who blocks it directly is not told again by way of others. */
function eachOnce(blockers: readonly Blocker[]): Blocker[] {
  const direct = blockers.filter(({ through }) => through === undefined);
  const all = [...direct, ...blockers].map((blocker) => [blocker.object, blocker] as const);
  return [...new Map(all.reverse()).values()].reverse();
}

function blockersOf(plan: Plan, { user, parent, counter, users = [] }: SeenUser, of: ItemKey): Blocker[] {
  // What is gone, or refers to the object no more, is only an attachment that a sweep removes.
  if (parent === undefined) return [];
  const { isGuarded } = planned(plan, user.kind);
  if (isGuarded && !isUserOf(plan, parent, of)) return [];
  const { name } = parent;
  const object = { object: itemName(user), ...(name !== undefined && { name }) };
  if (!parent.pendingDelete) return [{ ...object, because: 'not marked' }];
  // A task goes by itself, whatever holds its service.
  if (!isGuarded) return [];
  if (parent.isProtected) return [{ ...object, because: 'protected' }];
  if (isUnreadable(counter)) return [{ ...object, because: 'unreadable counter' }];
  const deeper = users.flatMap((one) => blockersOf(plan, one, parent.key));
  return deeper.map((blocker) => ({ ...blocker, through: object.object }));
}

/** Times at which something happened: the mark, the end of a grace period, a recount, a removal that was counted. */
function progressOf(parent: SeenItem, counter: CounterFound | undefined, { rules, nowEpochMillis }: Circumstances) {
  const marked = parent.markedAt === undefined ? undefined : markedAtEpochMillis(parent.markedAt);
  const graceEnds = marked === undefined ? undefined : marked + rules.gracePeriodMillis;
  return [marked, graceEnds, ...timesOf(counter)].filter(
    (time) => time !== undefined && time <= nowEpochMillis,
  ) as number[];
}

function progressOfUser({ parent, counter, users = [] }: SeenUser): number[] {
  const marked = parent?.markedAt === undefined ? undefined : markedAtEpochMillis(parent.markedAt);
  return [...(marked === undefined ? [] : [marked]), ...timesOf(counter), ...users.flatMap(progressOfUser)];
}

function timesOf(counter: CounterFound | undefined): number[] {
  return [counter?.openedAt, counter?.progressedAt].flatMap((time) => {
    const epochMillis = time === undefined ? Number.NaN : Date.parse(time);
    return Number.isNaN(epochMillis) ? [] : [epochMillis];
  });
}
