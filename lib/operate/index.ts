/** The package's third door: for whoever operates a deployment from a program. Nothing here prints. */
export type { Violation } from '../protocol/invariants.ts';
export { DEFAULT_RULES, type Rules } from '../protocol/rules.ts';
export type { SweepAnswer, SweepRequest } from '../streams/sweep.ts';
export { type AuditOptions, type AuditResult, audit } from './audit.ts';
export { Cluster, type ClusterOptions } from './cluster.ts';
export { type DeadLetterQueue, openDeadLetters, openRecords } from './dead-letter-queue.ts';
export { type Explanation, explain } from './explain.ts';
export { type ExportOptions, type ExportResult, exportSnapshot } from './export.ts';
export type { Finding } from './findings.ts';
export type { Forecast, StayReason } from './forecast.ts';
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
export {
  type Applied,
  applyRemoval,
  applyUndelete,
  planRemoval,
  planUndelete,
  type RemovalPlan,
  type RemovalRequest,
  type UndeletePlan,
} from './plan.ts';
export { type ImportFile, type ImportInput, readImport } from './read-import.ts';
export {
  type DeadLetterPort,
  type RecordsPort,
  type RedriveOptions,
  type RedrivePorts,
  type RedriveResult,
  redrive,
} from './redrive.ts';
export { type RepairOptions, type RepairResult, repair } from './repair.ts';
export type { SweepPort } from './settle-parents.ts';
export type { LeftOut, Snapshot, SnapshotTask } from './snapshot.ts';
export { readStatus, type Status, type StatusOptions } from './status.ts';
export type { Unusable } from './swarm-snapshot.ts';
export { type SweepOptions, type SweepResult, sweepAll } from './sweep.ts';
export { openSweepFunction } from './sweep-function.ts';
export { type Awaited, type WaitOptions, type WaitProgress, type WaitResult, waitUntilGone } from './wait.ts';
