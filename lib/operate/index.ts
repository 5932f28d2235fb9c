/** The package's third door: for whoever operates a deployment from a program. Nothing here prints. */
export type { Violation } from '../protocol/invariants.ts';
export { audit } from './audit.ts';
export { type ExportOptions, type ExportResult, exportSnapshot } from './export.ts';
export {
  type ImportCounts,
  type ImportOptions,
  type ImportPhase,
  type ImportProgress,
  type ImportResult,
  importSnapshot,
} from './import.ts';
export { applyRemoval, planRemoval, planUndelete } from './plan.ts';
export { type ImportFile, type ImportInput, readImport } from './read-import.ts';
export type { LeftOut, Snapshot, SnapshotTask } from './snapshot.ts';
export type { Unusable } from './swarm-snapshot.ts';
