/** What an audit tells of, and when two findings are the same. */
import { isDeepStrictEqual } from 'node:util';
import type { Promised } from '../../protocol/violations.ts';
import type { Evidence, Mending, Problem } from './problems.ts';
import type { About } from './world.ts';

/** What may be wrong, by the ids that it is about. */
export interface Suspicion {
  /** What is wrong, for machines. */
  readonly problem: Problem;
  /** The ids that it is about. */
  readonly about: About;
}

/** Wrong at one look. It may be of the time between two reads or two records, until a later look sees the same. */
export interface Suspect extends Suspicion {
  /** Absent where no promise is broken yet. */
  readonly promise?: Promised;
  /** `service#web`, `attachment#network#front#service#web`, `task#web#web.1`, … */
  readonly subject: string;
  /** A sentence for the person who must act. */
  readonly message: string;
  /** What was seen. */
  readonly evidence: Evidence;
}

/** Wrong at two looks in the same way, with a pause between them. Plain data, ready for JSON. */
export interface Finding extends Suspect {
  /** Since when it may have been wrong, ISO 8601: the time of the mark, or of the deletion that its receipt tells. */
  readonly since?: string;
  /** The promise that it breaks, in words. */
  readonly promised?: string;
  /** Who can mend it, and how. */
  readonly mending: Mending;
}

/** The same for two looks at one thing. */
export function suspectKey({ problem, about }: Suspicion): string {
  const told = Object.entries(about).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([problem, ...told]);
}

/** Whether two looks saw the same wrong, and not one after the other of its kind. */
export function sameEvidence(a: Suspect, b: Suspect | undefined): boolean {
  return b !== undefined && isDeepStrictEqual(compared(a), compared(b));
}

/** An overwritten counter stays what it is while children come and go: their number is told, and not compared. */
function compared({ problem, evidence }: Suspect): Evidence {
  if (problem !== 'unreadable counter') return evidence;
  const { children: _, ...others } = evidence;
  return others;
}
