/** The metrics as data, apart from the code that counts: dashboard and alarms are made from the same names. */

/** Each metric and its unit, by the dimension `function`. A `Count` is a sum; `Seconds` have one value for each deletion or sweep. */
export const METRICS = {
  /** Decisions to wait, because the parent has children left. */
  StillDraining: 'Count',
  /** Decisions to wait although no child is left: the parent is protected, or in its grace period. */
  Held: 'Count',
  /** Tasks that were told to stop because their service was marked. */
  TasksStopped: 'Count',
  /** Counter writes by removal records. */
  Decrements: 'Count',
  Recounts: 'Count',
  /** Requests tried again because another was at work on the item, and rounds of settle beyond the first. */
  Conflicts: 'Count',
  Throttles: 'Count',
  /** Requests tried again because no answer came: timeouts, server and network errors. */
  Unanswered: 'Count',
  /** Attachments put or removed after a raw write of a service. */
  Healed: 'Count',
  /** Writes of a `pendingDelete` that is not a mark, such as the text "true". */
  MalformedMarks: 'Count',
  /** Records, or swept parents, that failed. */
  Failures: 'Count',
  /** From a mark to its deletion. */
  DrainSeconds: 'Seconds',
  /** Sweeps that came to the end of all that is marked, in one or several invocations. */
  SweepsFinished: 'Count',
  /** What sweeps deleted, because its record was lost or its grace period over; not what was asked for by name. */
  SweptUp: 'Count',
  /** Parents that the last complete sweep left marked. */
  StillMarked: 'Count',
  /** The age of the oldest of these marks. 0 when nothing is marked; a mark that doesn't tell its time has no age. */
  OldestMarkSeconds: 'Seconds',
} as const;

/** The same of each kind: by the dimensions `function` and `kind`. */
export const KIND_METRICS = {
  /** What went, in a transaction of its own or in another's. */
  Deleted: 'Count',
} as const;

/** The metrics that the functions write. */
export type MetricName = keyof typeof METRICS;
export type KindMetricName = keyof typeof KIND_METRICS;
