/** How a local cloud is started. */
import type { Engine } from './dynamodb/engine.ts';
import { LocalError } from './ground/local-error.ts';
import type { Log } from './ground/log.ts';
import type { Delivery } from './streams/delivery.ts';

export interface LocalCloudOptions {
  readonly assemblyDirectory: string;
  readonly stackName: string;
  /** A running engine to share. @default one is started, and stopped with the cloud */
  readonly engine?: Pick<Engine, 'port'>;
  /** The endpoint's port. @default 0, any free one */
  readonly port?: number;
  /** Letters and digits. Clouds that share an engine must each have their own. @default 'local' */
  readonly databaseId?: string;
  /** Whether the stack is there already, in that database: its tables stay with their items. @default false, and a table that is there fails */
  readonly isUpdate?: boolean;
  /**
   * How many times faster than real time polls, batching windows, back-off, record ages and schedules go. Functions and
   * their timeouts stay as they are. @default 1
   */
  readonly clockRate?: number;
  /** Whether rules fire by themselves, at their rate and after deployment. @default true */
  readonly schedules?: boolean;
  /** Asked at each invocation for the timeout in real milliseconds. @default undefined: the template's */
  readonly timeoutMillis?: (functionLogicalId: string) => number | undefined;
  /**
   * Whether a process whose invocation timed out is left running: its answer is not waited for, and it may finish late.
   * @default false: it is killed, as by Lambda
   */
  readonly keepTimedOut?: boolean;
  readonly log: Log;
  /** Told of every invocation by a mapping, and of every group of records that was given up. */
  readonly onDelivery?: (delivery: Delivery) => void;
}

export type CheckedOptions = LocalCloudOptions & Required<Pick<LocalCloudOptions, 'databaseId' | 'clockRate'>>;

/** Throws `cloud.invalidOption`. */
export function checkOptions(options: LocalCloudOptions): CheckedOptions {
  const { databaseId = 'local', clockRate = 1 } = options;
  if (!/^[A-Za-z0-9]+$/.test(databaseId)) {
    throw new LocalError('cloud.invalidOption', `databaseId is "${databaseId}", allowed: letters and digits`);
  }
  if (!(clockRate > 0 && Number.isFinite(clockRate))) {
    throw new LocalError('cloud.invalidOption', `clockRate is ${clockRate}, allowed: a number above 0`);
  }
  return { ...options, databaseId, clockRate };
}
