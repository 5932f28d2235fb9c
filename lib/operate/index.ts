/** The package's third door: to operate a deployment from a program. Nothing here prints. */
export type { Connection } from '../dynamodb/client.ts';
export { connect } from '../dynamodb/document-client.ts';
export type { Id } from '../lifecycle/ids.ts';
export type { ItemKey } from '../lifecycle/keys.ts';
export type { SeenItem } from '../protocol/model.ts';
export { DEFAULT_RULES, type Rules } from '../protocol/rules.ts';
export type { Violation } from '../protocol/violations.ts';
export type { SweepAnswer, SweepFailure, SweepRequest } from '../streams/sweep-requested.ts';
export { type AuditOptions, type AuditResult, audit } from './audit/audit.ts';
export type * from './audit/findings.ts';
export type { Evidence, Mending, Problem } from './audit/problems.ts';
export type { AuditProgress } from './audit/reader.ts';
export type * from './audit/repair.ts';
export { repair } from './audit/repair.ts';
export type { About, AboutItem } from './audit/world.ts';
export type { Check, Fault } from './deployed/check.ts';
export type * from './deployed/surroundings.ts';
export type { ObjectKey } from './names.ts';
export { type DeadLetterQueue, type OpenRecords, openDeadLetters, openRecords } from './recovery/dead-letter-queue.ts';
export type * from './recovery/redrive.ts';
export { redrive } from './recovery/redrive.ts';
export type { SweepPort } from './recovery/settle-parents.ts';
export { openSweepFunction } from './recovery/sweep-function.ts';
export type * from './recovery/whole-sweep.ts';
export { sweepAll } from './recovery/whole-sweep.ts';
export type * from './reports/apply.ts';
export { applyRemoval, applyUndelete } from './reports/apply.ts';
export {
  Cluster,
  type ClusterOptions,
  type CounterFound,
  type FoundKeys,
  type FoundMark,
  type FoundMarks,
} from './reports/cluster.ts';
export type { GraphFormat, GraphOptions } from './reports/drawing.ts';
export { type Explanation, explain } from './reports/explain.ts';
export type { Agreement, ComparedCounter, CountedChildren, Related } from './reports/facts.ts';
export { forecast } from './reports/forecast.ts';
export type * from './reports/foreseen.ts';
export type { ChildFound, ChildrenFound, UsersFound } from './reports/found.ts';
export type { FoundParent, UndeletedView } from './reports/found-parents.ts';
export { drawGraph } from './reports/graph.ts';
export type * from './reports/history.ts';
export { findDeleted, readHistory } from './reports/history.ts';
export type * from './reports/listing.ts';
export { listObjects } from './reports/listing.ts';
export { type Neighbourhood, readNeighbourhood } from './reports/neighbourhood.ts';
export type * from './reports/plan.ts';
export { planRemoval, planUndelete } from './reports/plan.ts';
export type * from './reports/resolve.ts';
export { resolve } from './reports/resolve.ts';
export type * from './reports/standing.ts';
export { MARKED_STATES, STALLED_AFTER_MILLIS_DEFAULT, standingOf } from './reports/standing.ts';
export type * from './reports/status.ts';
export { readStatus } from './reports/status.ts';
export type * from './reports/view.ts';
export type * from './reports/wait.ts';
export { waitUntilGone } from './reports/wait.ts';
export { type PromiseKept, type SelftestOptions, type SelftestResult, selftest } from './selftest/selftest.ts';
export type { ImportFile } from './snapshots/documents.ts';
export type { ExportOptions, ExportResult } from './snapshots/export.ts';
export { exportSnapshot } from './snapshots/export.ts';
export type * from './snapshots/export-lines.ts';
export { exportLines } from './snapshots/export-lines.ts';
export type { ImportCounts, ImportOptions, ImportPhase, ImportProgress, ImportResult } from './snapshots/import.ts';
export { importSnapshot } from './snapshots/import.ts';
export type * from './snapshots/import-lines.ts';
export { importLines } from './snapshots/import-lines.ts';
export type { Known, KnownNetwork, Lack } from './snapshots/lacks.ts';
export { prepareImport } from './snapshots/look-up.ts';
export type { ImportInput, ReadOptions } from './snapshots/read-import.ts';
export { readImport } from './snapshots/read-import.ts';
export type { LeftOut, NewShared, Snapshot, SnapshotTask } from './snapshots/snapshot.ts';
export { type Grouped, groupByCause, type Unusable } from './snapshots/unusable.ts';
