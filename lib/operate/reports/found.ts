/** The tasks of a service and the users of a network, as reports tell of them. */
import type { Item } from '../../dynamodb/requests.ts';
import type { ItemKey } from '../../lifecycle/keys.ts';
import { parseUserName } from '../../protocol/model.ts';
import { isGoneByState, type Rules } from '../../protocol/rules.ts';
import { naturally } from '../names.ts';
import { isMap } from '../values.ts';

export const TASK_PATHS: readonly string[] = [
  'id',
  'createdAt',
  'updatedAt',
  'status.timestamp',
  'status.state',
  'desiredState',
];
/** Characters of a task's state or times that a report shows: users write them, and they may be anything. */
const TASK_TEXT_CHARACTERS_MAX = 100;

/** A task that holds its service. */
export interface TaskFound {
  /** The task's id, unique among those of its service. */
  readonly id: string;
  /**
   * Since when it is known to be there: its `createdAt`, else its `status.timestamp`, else its `updatedAt`, as written. Absent
   * where it has none of these: the deallocator itself keeps no time of tasks.
   */
  readonly since?: string;
  /** Which of these `since` is. */
  readonly sinceAttribute?: 'createdAt' | 'status.timestamp' | 'updatedAt';
  /** Its `status.state`, where that is a string: the first 100 characters. */
  readonly state?: string;
  /** Its `desiredState`, where that is a string: the first 100 characters. */
  readonly desiredState?: string;
}

/** The tasks of one service. */
export interface TasksFound {
  /** Tasks that hold the service; a lower bound unless `isExact`. */
  readonly count: number;
  /** Whether all were counted. */
  readonly isExact: boolean;
  /** The first ones by id, numbers in it by their value. */
  readonly named: readonly TaskFound[];
}

/** A network's users: services, and tasks where these hold networks too. */
export interface AttachedFound {
  /** By their names, numbers in them by their value. */
  readonly users: readonly ItemKey[];
  /** False: there are more than were read. */
  readonly isWhole: boolean;
}

export function holdsItsService(task: Item, rules: Rules): boolean {
  return !isGoneByState(statusOf(task).state, rules);
}

/** @param tasks all that may be named */
export function foundTasks(tasks: Item[], count: number, isExact: boolean, namedMax: number): TasksFound {
  const first = tasks.sort((a, b) => naturally(a.id, b.id)).slice(0, namedMax);
  return { count, isExact, named: first.map(taskOf) };
}

/** A holder whose name says nothing counts as one that was not read: it holds, and can't be shown. */
export function foundAttached(names: readonly string[], isWhole: boolean): AttachedFound {
  const users = names.toSorted(naturally).map(parseUserName);
  const known = users.filter((user) => user !== undefined);
  return { users: known, isWhole: isWhole && known.length === users.length };
}

function taskOf(item: Item): TaskFound {
  const status = statusOf(item);
  const times = [
    ['createdAt', textOf(item.createdAt)],
    ['status.timestamp', textOf(status.timestamp)],
    ['updatedAt', textOf(item.updatedAt)],
  ] as const;
  const known = times.find(([, time]) => time !== undefined);
  const state = textOf(status.state);
  const desiredState = textOf(item.desiredState);
  return {
    id: item.id,
    ...(known && { since: known[1] as string, sinceAttribute: known[0] }),
    ...(state !== undefined && { state }),
    ...(desiredState !== undefined && { desiredState }),
  };
}

function statusOf(item: Item): Readonly<Record<string, unknown>> {
  return isMap(item.status) ? item.status : {};
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, TASK_TEXT_CHARACTERS_MAX) : undefined;
}
