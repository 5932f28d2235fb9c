/**
 * The five functions as data: which table's stream wakes each, and with which records. What it does follows from what that table holds. The construct and the
 * handlers read this table, in memory as when deployed.
 */
import { TERMINAL_TASK_STATES } from '../lifecycle/swarmkit.ts';
import type { Rules } from '../protocol/rules.ts';

export type StreamFunctionName = 'task-deleted' | 'attachment-deleted' | 'service-updated' | 'network-updated';
/** The five functions. */
export type FunctionName = StreamFunctionName | 'sweep';
export type StreamedTable = 'tasks' | 'attachments' | 'services' | 'networks';

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html */
export type Pattern = Readonly<Record<string, unknown>>;

export interface StreamFunction {
  /** The construct's id. A deployment knows the function by it: with another id it gets another function. */
  readonly id: string;
  readonly table: StreamedTable;
  readonly batchingWindowSeconds: number;
  /** ORed; without any, every record comes through. Lambda does not charge for what they leave out. */
  readonly filters: (rules: Rules) => readonly Pattern[];
}

const REMOVALS: Pattern = { eventName: ['REMOVE'] };
/** A task that ends or has ended: the function tells which of the two. */
const ENDINGS: Pattern = {
  eventName: ['MODIFY'],
  dynamodb: { NewImage: { status: { M: { state: { S: TERMINAL_TASK_STATES } } } } },
};

export const FUNCTIONS: Readonly<Record<StreamFunctionName, StreamFunction> & { sweep: Pick<StreamFunction, 'id'> }> = {
  'task-deleted': {
    id: 'TaskDeleted',
    table: 'tasks',
    batchingWindowSeconds: 1,
    // A task that holds networks matters when it comes, changes them or goes, and no pattern can compare its images.
    filters: ({ taskIsGone, taskNetworks }) =>
      taskNetworks ? [] : taskIsGone === 'terminal' ? [REMOVALS, ENDINGS] : [REMOVALS],
  },
  'attachment-deleted': {
    id: 'AttachmentDeleted',
    table: 'attachments',
    batchingWindowSeconds: 1,
    filters: () => [REMOVALS],
  },
  'service-updated': {
    id: 'ServiceUpdated',
    table: 'services',
    batchingWindowSeconds: 0,
    // A write matters when the mark or the networks changed, and a pattern can't compare the old image with the new one.
    // Nor can it leave out the unmarked, because any raw write may need its attachments healed. The function compares the
    // images before it asks the database for anything.
    filters: () => [],
  },
  'network-updated': {
    id: 'NetworkUpdated',
    table: 'networks',
    // A head start for `service-updated`: a service that was written raw right before its network was marked gets its
    // attachments meanwhile. The typed client doesn't need it, and no user waits for a network's last second.
    batchingWindowSeconds: 1,
    filters: () => [
      // Marked now, or marked before: an undelete must close its counter. Two patterns, as `$or` below one key is fragile.
      { dynamodb: { NewImage: { pendingDelete: { BOOL: [true] } } } },
      { dynamodb: { OldImage: { pendingDelete: { BOOL: [true] } } } },
      // No marks, but meant as marks: the function logs them.
      { dynamodb: { NewImage: { pendingDelete: { S: [{ exists: true }] } } } },
      { dynamodb: { NewImage: { pendingDelete: { N: [{ exists: true }] } } } },
    ],
  },
  sweep: { id: 'Sweep' },
};

export const FUNCTION_NAMES = Object.keys(FUNCTIONS) as readonly FunctionName[];
export const STREAM_FUNCTION_NAMES = FUNCTION_NAMES.filter((name) => name !== 'sweep');

/** How Lambda reads each stream, unless the deployment says otherwise; the props tell why. */
export const MAPPING_DEFAULTS = {
  batchSize: 4000,
  parallelizationFactor: 1,
  retryAttempts: 5,
  maxRecordAgeSeconds: 60 * 60,
} as const;

/** Memory of a function, unless the deployment says otherwise; the prop tells why. */
export const MEMORY_MEGABYTES_DEFAULT = 1769;
