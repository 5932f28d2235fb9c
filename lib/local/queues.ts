/** AWS::SQS::Queue as what it is here for: a list of what was given up. */
import { QUEUE_MESSAGES_MAX } from './limits.ts';
import { checkProperties } from './properties.ts';
import type { Stack } from './template.ts';

export interface DeadLetter {
  /** The queue's logical id. */
  readonly queue: string;
  /** The message's body, parsed. */
  readonly body: unknown;
  readonly messageAttributes: Readonly<Record<string, string>>;
}

/** No message here is ever received, so nothing about receiving has an effect. */
const QUEUE_PROPERTIES = {
  used: ['QueueName', 'FifoQueue'],
  ignored: [
    'MessageRetentionPeriod',
    'VisibilityTimeout',
    'ReceiveMessageWaitTimeSeconds',
    'DelaySeconds',
    'MaximumMessageSize',
    'KmsMasterKeyId',
    'KmsDataKeyReusePeriodSeconds',
    'SqsManagedSseEnabled',
    'RedrivePolicy',
    'RedriveAllowPolicy',
    'Tags',
  ],
};

export class Queues {
  readonly #logicalIds = new Map<string, string>();
  readonly #messages: DeadLetter[] = [];

  constructor(stack: Stack) {
    for (const { logicalId, arn, properties } of stack.resolve('AWS::SQS::Queue')) {
      checkProperties(`queue "${logicalId}"`, properties, QUEUE_PROPERTIES);
      this.#logicalIds.set(arn, logicalId);
    }
  }

  has(arn: string): boolean {
    return this.#logicalIds.has(arn);
  }

  send(arn: string, body: unknown, messageAttributes: Readonly<Record<string, string>> = {}): void {
    if (this.#messages.length >= QUEUE_MESSAGES_MAX) this.#messages.shift();
    this.#messages.push({ queue: this.#logicalIds.get(arn) ?? arn, body, messageAttributes });
  }

  messages(): readonly DeadLetter[] {
    return [...this.#messages];
  }
}
