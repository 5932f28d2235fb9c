/** The processes of all functions: idle ones are reused, and more are started when they are needed. */
import { randomUUID } from 'node:crypto';
import { FUNCTION_QUEUE_MAX, PAYLOAD_BYTES_MAX } from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
import type { Log } from '../ground/log.ts';
import { REGION } from '../template/intrinsics.ts';
import { ExecutionEnvironment } from './execution-environment.ts';
import type { FunctionProperties } from './functions.ts';
import type { FunctionError } from './message.ts';

export interface InvocationResult {
  readonly requestId: string;
  readonly payload: unknown;
  /** Undefined after a success. */
  readonly error: FunctionError | undefined;
}

interface FunctionState {
  readonly properties: FunctionProperties;
  readonly idle: ExecutionEnvironment[];
  readonly all: Set<ExecutionEnvironment>;
  readonly waiting: (() => void)[];
  busyEnvironments: number;
}

export interface FunctionPoolOptions {
  /** The gateway. */
  readonly endpoint: string;
  readonly log: Log;
  readonly onInvocation: (functionLogicalId: string) => void;
  /** Whether a process whose invocation timed out runs on. @default false */
  readonly keepTimedOut?: boolean | undefined;
  /** By logical id, asked at each invocation. @default the template's */
  readonly timeoutMillis?: ((functionLogicalId: string) => number | undefined) | undefined;
}

/** Lambda's own variables. Everything else that a function sees comes from the template. */
export function environmentOf(properties: FunctionProperties, endpoint: string): Record<string, string> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: 'UTC',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    // By this the gateway knows the function. The secret is not checked.
    AWS_ACCESS_KEY_ID: properties.logicalId,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_ENDPOINT_URL_DYNAMODB_STREAMS: endpoint,
    // Requests to any other service must end at the gateway, which refuses them, and never at AWS.
    AWS_ENDPOINT_URL: endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_EXECUTION_ENV: `AWS_Lambda_${properties.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: properties.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(properties.memoryMegabytes),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${properties.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    LAMBDA_TASK_ROOT: properties.directory,
    _HANDLER: properties.handler,
    ...properties.environment,
  };
}

export class FunctionPool {
  readonly #functions = new Map<string, FunctionState>();
  readonly #options: FunctionPoolOptions;
  #runningInvocations = 0;
  #stopped = false;

  constructor(functions: readonly FunctionProperties[], options: FunctionPoolOptions) {
    this.#options = options;
    for (const properties of functions) {
      const state = { properties, idle: [], all: new Set<ExecutionEnvironment>(), waiting: [], busyEnvironments: 0 };
      for (const key of [properties.logicalId, properties.name, properties.arn]) this.#functions.set(key, state);
    }
  }

  /** Invocations that timed out and run on are included. */
  get runningInvocations(): number {
    return this.#runningInvocations + this.#environments().filter(({ usable }) => !usable).length;
  }

  #get(key: string): FunctionState {
    const state = this.#functions.get(key);
    if (state !== undefined) return state;
    const names = this.#states()
      .map((known) => known.properties.logicalId)
      .join(', ');
    throw new LocalError('function.unknown', `there is no function "${key}"; there are: ${names}`);
  }

  #states(): readonly FunctionState[] {
    return [...new Set(this.#functions.values())];
  }

  /** Those that are alive: all, or one function's. */
  #environments(key?: string): readonly ExecutionEnvironment[] {
    const states = key === undefined ? this.#states() : [this.#get(key)];
    return states.flatMap(({ all }) => [...all].filter(({ alive }) => alive));
  }

  /** By logical id, name or ARN. */
  properties(key: string): FunctionProperties {
    return this.#get(key).properties;
  }

  /** Physical names. */
  names(): readonly string[] {
    return this.#states().map(({ properties }) => properties.name);
  }

  /** Running processes by the function's logical id. */
  pids(): Readonly<Record<string, readonly number[]>> {
    const ids = this.#states().map(({ properties }) => properties.logicalId);
    return Object.fromEntries(ids.map((id) => [id, this.#environments(id).map(({ pid }) => pid)]));
  }

  async invoke(key: string, event: unknown): Promise<InvocationResult> {
    const state = this.#get(key);
    this.#runningInvocations += 1;
    try {
      await this.#waitForConcurrency(state);
      return await this.#invokeNow(state, JSON.stringify(event) ?? 'null').finally(() => {
        state.busyEnvironments -= 1;
        state.waiting.shift()?.();
      });
    } finally {
      this.#runningInvocations -= 1;
    }
  }

  async #waitForConcurrency(state: FunctionState): Promise<void> {
    while (state.busyEnvironments >= state.properties.concurrency) {
      if (state.waiting.length >= FUNCTION_QUEUE_MAX) {
        const message = `${FUNCTION_QUEUE_MAX} invocations of "${state.properties.name}" are waiting; does it cause itself?`;
        throw new LocalError('function.queueFull', message);
      }
      await new Promise<void>((resolve) => state.waiting.push(resolve));
    }
    state.busyEnvironments += 1;
  }

  async #invokeNow(state: FunctionState, payload: string): Promise<InvocationResult> {
    if (this.#stopped) throw new LocalError('cloud.stopped', 'the local cloud has been stopped');
    const requestId = randomUUID();
    const { logicalId, timeoutSeconds } = state.properties;
    this.#options.onInvocation(logicalId);
    const failed = (error: FunctionError) => ({ requestId, payload: error, error });
    let environment = state.idle.pop();
    while (environment !== undefined && !environment.usable) environment = state.idle.pop();
    if (environment === undefined) {
      const { endpoint, log, keepTimedOut } = this.#options;
      const variables = environmentOf(state.properties, endpoint);
      environment = new ExecutionEnvironment(state.properties, variables, log, keepTimedOut);
      state.all.add(environment);
      const init = await environment.init();
      if (!init.ok) {
        state.all.delete(environment);
        return failed(init.error);
      }
    }
    const timeoutMillis = this.#options.timeoutMillis?.(logicalId) ?? timeoutSeconds * 1000;
    const outcome = await environment.invoke(requestId, payload, timeoutMillis);
    if (environment.usable) state.idle.push(environment);
    else if (!environment.alive) state.all.delete(environment);
    if (!outcome.ok) return failed(outcome.error);
    if (Buffer.byteLength(outcome.payload) > PAYLOAD_BYTES_MAX) {
      const errorMessage = `Response payload size exceeded maximum allowed payload size (${PAYLOAD_BYTES_MAX} bytes).`;
      return failed({ errorType: 'Function.ResponseSizeTooLarge', errorMessage, trace: [] });
    }
    return { requestId, payload: JSON.parse(outcome.payload), error: undefined };
  }

  /** Kills processes with SIGKILL, busy or idle: all, or one function's. Returns how many. */
  kill(key?: string): number {
    const environments = this.#environments(key);
    for (const environment of environments) environment.kill();
    return environments.length;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#states().flatMap(({ all }) => [...all].map((environment) => environment.stop())));
  }
}
