/** What stands around the tables, as AWS's other services tell of it. Each method rejects where it can't tell. */
import type { Pattern } from '../../streams/functions.ts';

/** A function, as Lambda's GetFunctionConfiguration and GetFunctionConcurrency tell of it. */
export interface DeployedFunction {
  /** Its name, without account and Region. */
  readonly name: string;
  /** Its ARN, without a version. */
  readonly arn: string;
  /** The ARN of the role that it runs as. */
  readonly roleArn: string;
  /** Its environment's variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** `Active`, and otherwise Lambda's word for why it does not run. */
  readonly state: string;
  /** Invocations at a time that are kept for it; undefined: it shares the account's. */
  readonly reservedConcurrency: number | undefined;
}

/** How Lambda reads a stream for a function, in Lambda's words. */
export interface DeployedMapping {
  /** Its UUID. */
  readonly id: string;
  /** The ARN of the function that it wakes. */
  readonly functionArn: string;
  /** `Enabled`, and otherwise Lambda's word for why it does not read. */
  readonly state: string;
  /** Such as `OK`, `No records processed`, or what failed. */
  readonly lastResult: string;
  /** Patterns of which a record must match one; none: every record matches. */
  readonly filters: readonly Pattern[];
  /** Records that one invocation gets at most. */
  readonly batchSize: number;
  /** How long it waits for a batch to fill, in seconds. */
  readonly windowSeconds: number;
  /** -1: for ever. */
  readonly retryAttempts: number;
  /** When it gives a record up, in seconds; -1: never. */
  readonly recordAgeSeconds: number;
  /** 0: none. Anything else changes what a function is handed. */
  readonly tumblingWindowSeconds: number;
  /** `TRIM_HORIZON` or `LATEST`: where it began to read. */
  readonly startingPosition: string;
  /** Whether the function names the records that failed (`ReportBatchItemFailures`). */
  readonly reportsFailures: boolean;
  /** Whether a batch that failed is halved. */
  readonly bisects: boolean;
  /** Where it tells of records that it gave up; undefined: nowhere. */
  readonly onFailureArn: string | undefined;
}

/** How an invocation ended. */
export interface Invoked {
  /** Undefined where the function ended well. */
  readonly error: string | undefined;
  /** What the function returned, read from its JSON. */
  readonly answer: unknown;
  /** The end of its log. */
  readonly log: string;
}

/** A rule of EventBridge that starts a function. */
export interface StartRule {
  /** Its name. */
  readonly name: string;
  /** Whether it is enabled. */
  readonly isOn: boolean;
  /** Undefined for a rule that waits for an event. */
  readonly schedule: string | undefined;
}

/** An alarm of CloudWatch. */
export interface AlarmState {
  /** Its name. */
  readonly name: string;
  /** `OK`, `ALARM` or `INSUFFICIENT_DATA`. */
  readonly state: string;
  /** CloudWatch's words for why it is in that state. */
  readonly reason: string;
  /** Whether anybody is told when it rings. */
  readonly hasAction: boolean;
  /** The values of its metrics' dimensions, and their namespaces. */
  readonly about: readonly string[];
}

/** A pipe of EventBridge Pipes. */
export interface DeployedPipe {
  /** Its name. */
  readonly name: string;
  /** `RUNNING`, and otherwise EventBridge's word for why it does not read. */
  readonly state: string;
}

/** What a selftest asks of Lambda, EventBridge, CloudWatch and SQS. Each method rejects where it can't tell. */
export interface Surroundings {
  /** The event source mappings that read a stream. */
  mappingsOf(streamArn: string): Promise<readonly DeployedMapping[]>;
  /** How a function is set. */
  readFunction(nameOrArn: string): Promise<DeployedFunction>;
  /** Invokes a function with that event, and waits for its end. */
  invoke(nameOrArn: string, event: unknown): Promise<Invoked>;
  /** The rules that start a function. */
  rulesOf(functionArn: string): Promise<readonly StartRule[]>;
  /** All of the account and Region; whoever asks knows which are meant. */
  alarms(): Promise<readonly AlarmState[]>;
  /** The sum of a metric since then, over all of its dimensions' values that the function has. */
  metricSum(namespace: string, metric: string, functionName: string, sinceEpochMillis: number): Promise<number>;
  /** The pipes that read a stream. */
  pipesOf(streamArn: string): Promise<readonly DeployedPipe[]>;
  /** Messages in the dead-letter queue. */
  deadLetters(): Promise<number>;
}
