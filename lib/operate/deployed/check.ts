/** One thing that was looked at: what was expected beside what was seen, and what to do about the difference. */
import type { Promised } from '../../protocol/violations.ts';

/** What is wrong, for machines. */
export type Fault =
  // Of a table.
  | 'unknown table'
  | 'another table'
  | 'replicas'
  | 'no stream'
  | 'wrong view type'
  | 'missing index'
  | 'no time to live'
  | 'time to live on a guarded table'
  | 'unguarded table'
  | 'no transaction key'
  | 'other way to delete'
  | 'roles of another deployment'
  // Of a function, its mapping and what starts it.
  | 'no mapping'
  | 'several mappings'
  | 'disabled mapping'
  | 'failing mapping'
  | 'wrong filter'
  | 'unsafe mapping'
  | 'wrong environment'
  | 'throttled function'
  | 'function not ready'
  | 'no schedule'
  | 'stopped pipe'
  // Of what happens.
  | 'missing permission'
  | 'failing function'
  | 'not delivered'
  | 'not deleted'
  | 'broken promise'
  | 'delete not denied'
  | 'left over'
  // Of what watches.
  | 'alarm'
  | 'dead letters'
  | 'no metrics';

/** One thing that was looked at. */
export interface Check {
  /** What was looked at: `stream of Tasks`, `the last task`. */
  readonly name: string;
  /** `not looked at`: that proves nothing; `seen` says what kept it from being looked at. */
  readonly result: 'passed' | 'failed' | 'not looked at';
  /** What a deployment that works shows, in words. */
  readonly expected: string;
  /** What was seen, in words. */
  readonly seen: string;
  /** Where it failed. */
  readonly fault?: Fault;
  /** What to do: a command, where one does it. */
  readonly fix?: string;
  /** The promises that it is about, as docs/design.md §5 numbers them. */
  readonly promises?: readonly Promised[];
  /** How long it took, where that is what a user waits for. */
  readonly millis?: number;
}

export function passed(name: string, expected: string, seen = 'as expected'): Check {
  return { name, result: 'passed', expected, seen };
}

export function failed(name: string, fault: Fault, says: Pick<Check, 'expected' | 'seen' | 'fix'>): Check {
  return { name, result: 'failed', fault, ...says };
}

/** @param why what kept it from being looked at, and perhaps what would help */
export function notLookedAt(name: string, expected: string, why: string): Check {
  return { name, result: 'not looked at', expected, seen: why };
}
