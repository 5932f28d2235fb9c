/** As data, and apart from the code that counts: dashboard and alarms are made from the same names. */

/** Metrics, and what each counts. Values of `Seconds` are one for each deletion; the others are sums. */
export const METRICS = {
  ServicesDeleted: 'Count',
  NetworksDeleted: 'Count',
  /** Decisions to wait: the parent has children left. */
  StillDraining: 'Count',
  /** Decisions to wait although no child is left: protected, or in its grace period. */
  Held: 'Count',
  /** Tasks that were told to stop because their service was marked. */
  TasksStopped: 'Count',
  /** Counter writes by removal records. */
  Decrements: 'Count',
  Recounts: 'Count',
  /** Requests tried again because another had the item, and rounds of settle beyond the first. */
  Conflicts: 'Count',
  Throttles: 'Count',
  /** Requests tried again because nobody answered: timeouts, server and network errors. */
  Unanswered: 'Count',
  /** Attachments put or removed because somebody had written a service without them. */
  Healed: 'Count',
  /** Writes of a `pendingDelete` that is no mark, such as the text "true". */
  MalformedMarks: 'Count',
  /** Records, or swept parents, that failed. */
  Failures: 'Count',
  /** From a mark to its deletion. */
  DrainSeconds: 'Seconds',
  /** Sweeps that came to the end of all that is marked, in one invocation or in several. */
  SweepsFinished: 'Count',
  /** What sweeps deleted because no record had led to it, or because its grace period was over; not what was asked for by name. */
  SweptUp: 'Count',
  /** What the last complete sweep left marked. */
  StillMarked: 'Count',
  /** The age of the oldest of these. 0 when nothing is marked; a mark that doesn't tell its time has no age. */
  OldestMarkSeconds: 'Seconds',
} as const;

export type MetricName = keyof typeof METRICS;
