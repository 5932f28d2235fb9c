/** What a story is told on: the memory store, or the local cloud. */
import type { TableName } from '../../lib/dynamodb/schema.ts';
import type { World } from '../../lib/protocol/invariants.ts';
import type { SweepAnswer, SweepRequest } from '../../lib/streams/sweep-requested.ts';
import type { LogLine } from '../../lib/testing/memory/ports.ts';

export interface Backend {
  /** What the functions have logged so far. */
  readonly log: readonly LogLine[];
  put(table: TableName, item: Record<string, unknown>): Promise<void>;
  delete(table: TableName, keys: Record<string, string>): Promise<void>;
  get(table: TableName, keys: Record<string, string>): Promise<Record<string, unknown> | undefined>;
  world(): Promise<World>;
  /** Until nothing is left to deliver. */
  deliver(): Promise<void>;
  sweep(request?: SweepRequest): Promise<SweepAnswer>;
  close(): Promise<void>;
}
