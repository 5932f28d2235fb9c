/** Mends what an audit has found, by the hands of the sweep function: nobody else may delete, and it re-checks everything. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { type SweepPort, settleParents } from '../recovery/settle-parents.ts';
import { type AuditOptions, Looks } from './audit.ts';
import { type Finding, type Suspect, sameEvidence, suspectKey } from './findings.ts';

export interface RepairProgress {
  /** Parents that the sweep was asked for so far, and all of them. */
  readonly done: number;
  readonly total: number;
}

export interface RepairOptions extends Pick<AuditOptions, 'rules' | 'sweepIntervalMillis' | 'signal' | 'chance'> {
  readonly onProgress?: (progress: RepairProgress) => void;
}

export interface RepairResult {
  /** They are not there any more, by this repair or by somebody else. */
  readonly repaired: readonly Finding[];
  /** They are still there as they were found. */
  readonly left: readonly LeftFinding[];
  /** What went because of it: names such as `service#web`, at most 1,000 for each 100 parents. */
  readonly deleted: readonly string[];
}

export interface LeftFinding extends Finding {
  /** What the sweep said when it failed at that parent. Absent where a person must act, and where the sweep did not help. */
  readonly error?: string;
}

/**
 * Asks the sweep function for the parents that mend the findings, then looks at each finding again. Safe while everybody
 * goes on writing, and as often as one likes: what is asked for is looked at anew, and changed only on condition that it is
 * as it was read; what has meanwhile become right stays.
 *
 * What `mending` leaves to a person is passed over and is among `left`, unless somebody mended it meanwhile. Fails as the
 * port fails; what was mended by then stays mended.
 */
export async function repair(
  db: DynamoDBDocumentClient,
  tables: PhysicalNames,
  sweep: SweepPort,
  findings: readonly Finding[],
  options: RepairOptions = {},
): Promise<RepairResult> {
  const names = new Set(findings.flatMap(({ mending }) => (mending.by === 'sweep' ? [mending.parent] : [])));
  const { deleted, failed } = await settleParents(sweep, 'audit', [...names], options);
  const { onProgress: _, ...rest } = options;
  const looks = new Looks(db, tables, rest);
  const now = new Map<string, Suspect>((await looks.again(findings)).map((found) => [suspectKey(found), found]));
  // Another of its kind, under another mark or epoch, is not the one that was found.
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
