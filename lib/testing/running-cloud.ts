/** How a local cloud is started, and what runs then. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { DeallocatorClient } from '../client/client.ts';
import type { SwarmkitNames } from '../dynamodb/schema.ts';
import type { SweepAnswer, SweepRequest } from '../streams/sweep-requested.ts';

/** What a local cloud runs, and where. */
export interface LocalCloudOptions {
  /** What `cdk synth` has written, to run a stack of your own. @default the template that the package carries: every choice off */
  readonly assemblyDirectory?: string;
  /** The stack in it. @default Deallocator */
  readonly stackName?: string;
  /** The endpoint's port. @default any free one */
  readonly port?: number;
  /** How many times faster than real time polls, batching windows and back-off go. @default 1 */
  readonly clockRate?: number;
  /** Whether sweeps run by themselves, on their schedule. @default false: a test calls {@link RunningCloud.sweep} */
  readonly schedules?: boolean;
  /** Told each line that cloud and functions log. @default nobody */
  readonly log?: (line: string) => void;
}

/** A local cloud that runs, until `stop`. */
export interface RunningCloud {
  /** The typed client, connected to it; for SwarmKit's kinds. */
  readonly client: DeallocatorClient;
  /** The SDK's document client over the same tables. The tables' policies bind it, as they bind an administrator on AWS. */
  readonly documentClient: DynamoDBDocumentClient;
  /** The names of its tables, for requests of your own. */
  readonly tables: SwarmkitNames;
  /** What a file for the command's `--config` holds. */
  readonly config: Readonly<Record<string, unknown>> & {
    /** The address of DynamoDB, Lambda and SQS, such as `http://127.0.0.1:8000`. */
    readonly endpoint: string;
  };
  /**
   * Resolves when nothing is left to happen: no write, no record that waits, no invocation.
   * @param timeoutMillis @default one minute and a half; then it fails, and says what is still to be done
   */
  quiesce(timeoutMillis?: number): Promise<void>;
  /** Runs the sweep once, as the schedule does. */
  sweep(request?: SweepRequest): Promise<SweepAnswer>;
  /** Ends all processes that it has started. */
  stop(): Promise<void>;
}
