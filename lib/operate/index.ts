/** The package's third door: for whoever operates a deployment from a program. Nothing here prints. */
export { type Connection, connect } from '../dynamodb/client.ts';
export type { Violation } from '../protocol/invariants.ts';
export type { Parent, ParentKey, ParentKind } from '../protocol/model.ts';
export { DEFAULT_RULES, type Rules } from '../protocol/rules.ts';
export type { SweepAnswer, SweepRequest } from '../streams/sweep.ts';
export { type AuditOptions, type AuditResult, audit } from './audit/audit.ts';
export type { Finding, Suspect } from './audit/findings.ts';
export type { Evidence, Mending, Problem } from './audit/problems.ts';
export type { AuditProgress } from './audit/reader.ts';
export {
  type LeftFinding,
  type RepairOptions,
  type RepairProgress,
  type RepairResult,
  repair,
} from './audit/repair.ts';
export type { About } from './audit/world.ts';
export { type DeadLetterQueue, openDeadLetters, openRecords } from './recovery/dead-letter-queue.ts';
export {
  type DeadLetterMessage,
  type DeadLetterPort,
  type RecordsPage,
  type RecordsPort,
  type RedriveOptions,
  type RedrivePorts,
  type RedriveProgress,
  type RedriveResult,
  redrive,
} from './recovery/redrive.ts';
export type { SweepPort } from './recovery/settle-parents.ts';
export { openSweepFunction } from './recovery/sweep-function.ts';
export { type SweepOptions, type SweepResult, sweepAll } from './recovery/whole-sweep.ts';
export { Cluster, type ClusterOptions, type FoundParent, type TaskFound } from './reports/cluster.ts';
export { type Explanation, explain } from './reports/explain.ts';
export type { Agreement, Related } from './reports/facts.ts';
export {
  type Assumption,
  type Forecast,
  type ForecastDeletion,
  type ForecastStay,
  type ForecastStep,
  forecast,
  type StayReason,
} from './reports/forecast.ts';
export { drawGraph, type GraphFormat } from './reports/graph.ts';
export { type Deletion, type History, type HistoryOptions, readHistory } from './reports/history.ts';
export { type Neighbourhood, readNeighbourhood } from './reports/neighbourhood.ts';
export {
  type AlreadyMarked,
  type Applied,
  applyRemoval,
  applyUndelete,
  type PlannedMark,
  type PlanRefusal,
  planRemoval,
  planUndelete,
  type RemovalPlan,
  type RemovalRequest,
  type UndeletePlan,
} from './reports/plan.ts';
export { readStatus, type Status, type StatusEntry, type StatusOptions } from './reports/status.ts';
export type { CounterView, CountView, MarkView } from './reports/view.ts';
export {
  type Awaited,
  type WaitOptions,
  type WaitOutcome,
  type WaitProgress,
  type WaitResult,
  waitUntilGone,
} from './reports/wait.ts';
export { type ExportOptions, type ExportResult, exportSnapshot } from './snapshots/export.ts';
export {
  type ImportCounts,
  type ImportOptions,
  type ImportPhase,
  type ImportProgress,
  type ImportResult,
  importSnapshot,
} from './snapshots/import.ts';
export { type ImportFile, type ImportInput, readImport } from './snapshots/read-import.ts';
export type { LeftOut, Snapshot, SnapshotTask } from './snapshots/snapshot.ts';
export type { Unusable } from './snapshots/swarm-snapshot.ts';
