/** For tests of code that uses the deallocator. */

export type { Violation } from '../protocol/violations.ts';
export { BrokenPromiseError } from './broken-promise.ts';
export {
  type CheckedWriters,
  type CheckWritersOptions,
  checkWriters,
  type Writer,
  type WriterTools,
} from './check-writers.ts';
export type { Faults, Whose } from './faults.ts';
export { type Drained, type InMemoryDeallocator, type InMemoryOptions, inMemory, type ObjectKey } from './in-memory.ts';
export { startLocalCloud } from './local-cloud.ts';
export { NotInMemoryError } from './memory/not-in-memory.ts';
export type { LocalCloudOptions, RunningCloud } from './running-cloud.ts';
