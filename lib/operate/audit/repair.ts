/** Mends what an audit has found, by the sweep function: only that may delete, and it re-checks everything. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { type SweepPort, settleParents } from '../recovery/settle-parents.ts';
import { type AuditOptions, Looks } from './audit.ts';
import { type Finding, type Suspect, sameEvidence, suspectKey } from './findings.ts';

/** How far a repair is. */
export interface RepairProgress {
  /** Services and networks that the sweep was asked for so far. */
  readonly done: number;
  /** All that it will be asked for. */
  readonly total: number;
}

/** How a repair is done; as for the audit before it. */
export interface RepairOptions
  extends Pick<AuditOptions, 'rules' | 'plan' | 'sweepIntervalMillis' | 'signal' | 'chance'> {
  /** Told after each request to the sweep function. */
  readonly onProgress?: (progress: RepairProgress) => void;
}

/** What became of the findings. */
export interface RepairResult {
  /** No longer there, by this repair or otherwise. */
  readonly repaired: readonly Finding[];
  /** Still there as they were found. */
  readonly left: readonly LeftFinding[];
  /** Names such as `service#web` of what was deleted because of it, at most 1,000 for each 100 parents. */
  readonly deleted: readonly string[];
}

/** A finding that a repair did not mend. */
export interface LeftFinding extends Finding {
  /** The error of the sweep at that parent. Absent where a person must act, and where the sweep did not help. */
  readonly error?: string;
}

/**
 * Asks the sweep function for the parents that mend the findings, then looks at each finding again. Safe while others write,
 * and to repeat: the sweep reads everything anew, and changes an item only on condition that it is as it was read.
 *
 * What `mending` leaves to a person is passed over, and is among `left` unless it was mended meanwhile. Rejects as the port
 * does; what was mended by then stays mended.
 */
export async function repair(
  db: DynamoDBDocumentClient,
  tables: PhysicalNames,
  sweep: SweepPort,
  findings: readonly Finding[],
  options: RepairOptions = {},
): Promise<RepairResult> {
  const names = new Set(findings.flatMap(({ mending }) => (mending.by === 'sweep' ? [mending.parent] : [])));
  const { deleted, failed } = await settleParents(sweep, 'audit', [...names], options.signal, options.onProgress);
  const looks = new Looks(db, tables, options);
  const now = new Map<string, Suspect>((await looks.again(findings)).map((found) => [suspectKey(found), found]));
  // A finding under another mark or epoch is not the one that was found.
  const isLeft = (finding: Finding) => sameEvidence(finding, now.get(suspectKey(finding)));
  return {
    repaired: findings.filter((finding) => !isLeft(finding)),
    left: findings.filter(isLeft).map((finding) => {
      const error = finding.mending.by === 'sweep' ? failed.get(finding.mending.parent) : undefined;
      return error === undefined ? finding : { ...finding, error };
    }),
    deleted,
  };
}
