/** Lambda's asynchronous events: accepted at once, retried later, and sent to a queue when they are given up. */
import { randomUUID } from 'node:crypto';
import {
  ASYNC_EVENT_AGE_SECONDS_DEFAULT,
  ASYNC_QUEUE_MAX,
  ASYNC_RETRY_ATTEMPTS_DEFAULT,
  ASYNC_RETRY_PAUSE_MILLIS,
} from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
import { Pause } from '../ground/pause.ts';
import type { Queues } from '../sqs/queues.ts';
import type { Stack } from '../template/stack.ts';
import { describeGivenUp } from './on-failure.ts';
import type { FunctionPool, InvocationResult } from './pool.ts';

export interface InvokeConfig {
  readonly functionKey: string;
  readonly retryAttemptsMax: number;
  readonly eventAgeSecondsMax: number;
  readonly onFailureArn: string | undefined;
}

export function readInvokeConfigs(stack: Stack): readonly InvokeConfig[] {
  return stack.read('AWS::Lambda::EventInvokeConfig', (properties) => {
    properties.ignore('Qualifier');
    const age = properties.findNumber('MaximumEventAgeInSeconds', [60, ASYNC_EVENT_AGE_SECONDS_DEFAULT]);
    return {
      functionKey: properties.text('FunctionName'),
      retryAttemptsMax: properties.findNumber('MaximumRetryAttempts', [0, 2]) ?? DEFAULTS.retryAttemptsMax,
      eventAgeSecondsMax: age ?? DEFAULTS.eventAgeSecondsMax,
      onFailureArn: properties.object('DestinationConfig').object('OnFailure').findText('Destination'),
    };
  });
}

const DEFAULTS = {
  retryAttemptsMax: ASYNC_RETRY_ATTEMPTS_DEFAULT,
  eventAgeSecondsMax: ASYNC_EVENT_AGE_SECONDS_DEFAULT,
};

export class AsyncInvocations {
  readonly #pool: FunctionPool;
  readonly #queues: Queues;
  readonly #configs = new Map<string, InvokeConfig>();
  readonly #clockRate: number;
  readonly #pause = new Pause();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(pool: FunctionPool, queues: Queues, configs: readonly InvokeConfig[], clockRate: number) {
    this.#pool = pool;
    this.#queues = queues;
    this.#clockRate = clockRate;
    for (const config of configs) this.#configs.set(pool.properties(config.functionKey).logicalId, config);
  }

  /** Events that are accepted and neither done nor given up. */
  get pending(): number {
    return this.#running.size;
  }

  accept(functionKey: string, event: unknown): void {
    if (this.#running.size >= ASYNC_QUEUE_MAX) {
      throw new LocalError('function.queueFull', `${ASYNC_QUEUE_MAX} asynchronous events are waiting`);
    }
    const task = this.#run(functionKey, event).finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  async #run(functionKey: string, event: unknown): Promise<void> {
    const { logicalId } = this.#pool.properties(functionKey);
    const { retryAttemptsMax, eventAgeSecondsMax } = this.#configs.get(logicalId) ?? DEFAULTS;
    const ageMillisMax = (eventAgeSecondsMax * 1000) / this.#clockRate;
    const acceptedMillis = performance.now();
    for (let attempt = 0; ; attempt += 1) {
      const result = await this.#pool.invoke(functionKey, event).catch((error) => this.#toFailure(error));
      if (result.error === undefined || this.#stopped) return;
      const aged = performance.now() - acceptedMillis > ageMillisMax;
      if (aged || attempt >= retryAttemptsMax) {
        const condition = aged ? 'EventAgeExceeded' : 'RetriesExhausted';
        return this.#giveUp(functionKey, event, result, condition, attempt + 1);
      }
      await this.#pause.wait((ASYNC_RETRY_PAUSE_MILLIS * (attempt + 1)) / this.#clockRate);
      if (this.#stopped) return;
    }
  }

  #toFailure(thrown: unknown): InvocationResult {
    const error = { errorType: 'Local', errorMessage: String(thrown), trace: [] };
    return { requestId: randomUUID(), payload: error, error };
  }

  #giveUp(key: string, event: unknown, result: InvocationResult, condition: string, invokeCount: number): void {
    const { logicalId, arn, deadLetterArn } = this.#pool.properties(key);
    const onFailureArn = this.#configs.get(logicalId)?.onFailureArn;
    if (onFailureArn !== undefined) {
      this.#queues.send(onFailureArn, {
        ...describeGivenUp(`${arn}:$LATEST`, condition, invokeCount, result),
        requestPayload: event,
        responsePayload: result.payload,
      });
    }
    if (deadLetterArn !== undefined) {
      const ErrorMessage = result.error?.errorMessage ?? '';
      this.#queues.send(deadLetterArn, event, { RequestID: result.requestId, ErrorCode: '200', ErrorMessage });
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#pause.close();
    await Promise.all([...this.#running]);
  }
}
