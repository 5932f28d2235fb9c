/** What stands around the tables, as AWS's other services tell of it. Each method rejects where it can't tell. */
import type { Pattern } from '../../streams/functions.ts';

export interface DeployedFunction {
  readonly name: string;
  readonly arn: string;
  readonly roleArn: string;
  readonly environment: Readonly<Record<string, string>>;
  /** `Active`, and otherwise Lambda's word for why it does not run. */
  readonly state: string;
  /** Invocations at a time that are kept for it; undefined: it shares the account's. */
  readonly reservedConcurrency: number | undefined;
}

/** How Lambda reads a stream for a function, in Lambda's words. */
export interface DeployedMapping {
  readonly id: string;
  readonly functionArn: string;
  readonly state: string;
  readonly lastResult: string;
  readonly filters: readonly Pattern[];
  readonly batchSize: number;
  readonly windowSeconds: number;
  /** -1: for ever. */
  readonly retryAttempts: number;
  readonly recordAgeSeconds: number;
  readonly tumblingWindowSeconds: number;
  readonly startingPosition: string;
  readonly reportsFailures: boolean;
  readonly bisects: boolean;
  readonly onFailureArn: string | undefined;
}

export interface Invoked {
  /** Undefined where the function ended well. */
  readonly error: string | undefined;
  readonly answer: unknown;
  /** The end of its log. */
  readonly log: string;
}

export interface StartRule {
  readonly name: string;
  readonly isOn: boolean;
  /** Undefined for a rule that waits for an event. */
  readonly schedule: string | undefined;
}

export interface AlarmState {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  /** Whether anybody is told when it rings. */
  readonly hasAction: boolean;
  /** The values of its metrics' dimensions, and their namespaces. */
  readonly about: readonly string[];
}

export interface Surroundings {
  mappingsOf(streamArn: string): Promise<readonly DeployedMapping[]>;
  readFunction(nameOrArn: string): Promise<DeployedFunction>;
  invoke(nameOrArn: string, event: unknown): Promise<Invoked>;
  /** The rules that start a function. */
  rulesOf(functionArn: string): Promise<readonly StartRule[]>;
  /** All of the account and Region; whoever asks knows which are meant. */
  alarms(): Promise<readonly AlarmState[]>;
  /** The sum of a metric with exactly these dimensions since then. */
  metricSum(
    namespace: string,
    metric: string,
    dimensions: Readonly<Record<string, string>>,
    sinceEpochMillis: number,
  ): Promise<number>;
  pipesOf(streamArn: string): Promise<readonly { readonly name: string; readonly state: string }[]>;
  /** Messages in the dead-letter queue. */
  deadLetters(): Promise<number>;
}
