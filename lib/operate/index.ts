/** The package's third door: for whoever operates a deployment from a program. Nothing here prints. */
export { type Connection, connect } from '../dynamodb/client.ts';
export type { Violation } from '../protocol/invariants.ts';
export type { Parent, ParentKey, ParentKind } from '../protocol/model.ts';
export { DEFAULT_RULES, type Rules } from '../protocol/rules.ts';
export type { SweepAnswer, SweepRequest } from '../streams/sweep-requested.ts';
export { type AuditOptions, type AuditResult, audit } from './audit.ts';
export type { AuditProgress } from './audit-reader.ts';
export { Cluster, type ClusterOptions, type FoundParent, type TaskFound } from './cluster.ts';
export { type DeadLetterQueue, openDeadLetters, openRecords } from './dead-letter-queue.ts';
export { type Agreement, type Explanation, explain, type Related } from './explain.ts';
export { type ExportOptions, type ExportResult, exportSnapshot } from './export.ts';
export type { About, Evidence, Finding, Mending, Problem, Suspect } from './findings.ts';
export {
  type Assumption,
  type Forecast,
  type ForecastDeletion,
  type ForecastStay,
  type ForecastStep,
  forecast,
  type StayReason,
} from './forecast.ts';
export { drawGraph, type GraphFormat } from './graph.ts';
export { type Deletion, type History, type HistoryOptions, readHistory } from './history.ts';
export {
  type ImportCounts,
  type ImportOptions,
  type ImportPhase,
  type ImportProgress,
  type ImportResult,
  importSnapshot,
} from './import.ts';
export { type Neighbourhood, readNeighbourhood } from './neighbourhood.ts';
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
} from './plan.ts';
export { type ImportFile, type ImportInput, readImport } from './read-import.ts';
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
} from './redrive.ts';
export {
  type LeftFinding,
  type RepairOptions,
  type RepairProgress,
  type RepairResult,
  repair,
} from './repair.ts';
export type { SweepPort } from './settle-parents.ts';
export type { LeftOut, Snapshot, SnapshotTask } from './snapshot.ts';
export { readStatus, type Status, type StatusEntry, type StatusOptions } from './status.ts';
export type { Unusable } from './swarm-snapshot.ts';
export { type SweepOptions, type SweepResult, sweepAll } from './sweep.ts';
export { openSweepFunction } from './sweep-function.ts';
export type { CounterView, CountView, MarkView } from './view.ts';
export {
  type Awaited,
  type WaitOptions,
  type WaitOutcome,
  type WaitProgress,
  type WaitResult,
  waitUntilGone,
} from './wait.ts';
