/** AWS::SQS::Queue in memory. */
import { randomUUID } from 'node:crypto';
import { QUEUE_MESSAGES_MAX } from '../ground/limits.ts';
import { ACCOUNT_ID } from '../template/intrinsics.ts';
import type { Stack } from '../template/stack.ts';

export interface DeadLetter {
  /** The queue's logical id. */
  readonly queue: string;
  /** The message's body, parsed. */
  readonly body: unknown;
  readonly messageAttributes: Readonly<Record<string, string>>;
}

export interface Queue {
  readonly logicalId: string;
  readonly arn: string;
  /** How long a received message is hidden, unless its receiver asks for another time. 0 to 43,200. */
  readonly visibilityTimeoutSeconds: number;
}

interface Message extends DeadLetter {
  readonly id: string;
  readonly sentEpochMillis: number;
  firstReceivedEpochMillis: number | undefined;
  receiveCount: number;
  visibleEpochMillis: number;
}

/** A message as its receiver sees it. Handles of earlier receipts delete nothing any more. */
export type ReceivedMessage = Readonly<Message> & { readonly receiptHandle: string };

/** SQS's default, and its largest: 12 hours. */
const VISIBILITY_TIMEOUT_SECONDS_DEFAULT = 30;
export const VISIBILITY_TIMEOUT_SECONDS_MAX = 43_200;

/** A message stays until it is deleted, is there at once, and goes nowhere else. */
const IGNORED_PROPERTIES = [
  'FifoQueue',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'DelaySeconds',
  'MaximumMessageSize',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
  'SqsManagedSseEnabled',
  'RedrivePolicy',
  'RedriveAllowPolicy',
  'Tags',
];

/** It names the message and the receipt, so that nothing has to be kept for messages that are gone. */
function toReceiptHandle(queue: Queue, { id, receiveCount }: Message): string {
  return Buffer.from(`${queue.logicalId}/${id}/${receiveCount}`).toString('base64');
}

export class Queues {
  readonly #queues = new Map<string, Queue>();
  readonly #pathnames = new Map<string, Queue>();
  /** By id, for all queues, the oldest first. */
  readonly #messages = new Map<string, Message>();
  readonly #nowEpochMillis: () => number;

  /** Gives each queue a URL on `endpoint`: SDKs may send a queue's requests to its URL, which must not be AWS. */
  constructor(stack: Stack, endpoint: string, nowEpochMillis: () => number = Date.now) {
    this.#nowEpochMillis = nowEpochMillis;
    stack.read('AWS::SQS::Queue', (properties, { logicalId, arn }) => {
      properties.ignore(...IGNORED_PROPERTIES);
      const timeout = properties.findNumber('VisibilityTimeout', [0, VISIBILITY_TIMEOUT_SECONDS_MAX]);
      const queue = { logicalId, arn, visibilityTimeoutSeconds: timeout ?? VISIBILITY_TIMEOUT_SECONDS_DEFAULT };
      const attributes = stack.scope.resources.get(logicalId)?.attributes ?? {};
      const pathname = `/${ACCOUNT_ID}/${attributes.QueueName}`;
      const url = `${endpoint}${pathname}`;
      stack.scope.resources.set(logicalId, { ref: url, attributes: { ...attributes, QueueUrl: url } });
      this.#queues.set(arn, queue);
      this.#pathnames.set(pathname, queue);
    });
  }

  /** The host does not matter: the request has reached the endpoint. */
  findByUrl(url: string): Queue | undefined {
    return this.#pathnames.get(URL.parse(url)?.pathname ?? '');
  }

  send(arn: string, body: unknown, messageAttributes: Readonly<Record<string, string>> = {}): void {
    const [oldest] = this.#messages.keys();
    if (this.#messages.size >= QUEUE_MESSAGES_MAX && oldest !== undefined) this.#messages.delete(oldest);
    const id = randomUUID();
    this.#messages.set(id, {
      id,
      queue: this.#queues.get(arn)?.logicalId ?? arn,
      body,
      messageAttributes,
      sentEpochMillis: this.#nowEpochMillis(),
      firstReceivedEpochMillis: undefined,
      receiveCount: 0,
      visibleEpochMillis: 0,
    });
  }

  /** Those of all queues, received or not, until they are deleted. */
  messages(): readonly DeadLetter[] {
    return [...this.#messages.values()].map(({ queue, body, messageAttributes }) => ({
      queue,
      body,
      messageAttributes,
    }));
  }

  #messagesOf(queue: Queue): Message[] {
    return [...this.#messages.values()].filter((message) => message.queue === queue.logicalId);
  }

  /** The oldest visible messages. They are hidden from now on for so many seconds. */
  receive(queue: Queue, messagesMax: number, visibilityTimeoutSeconds: number): readonly ReceivedMessage[] {
    const nowEpochMillis = this.#nowEpochMillis();
    const visible = this.#messagesOf(queue).filter((message) => message.visibleEpochMillis <= nowEpochMillis);
    return visible.slice(0, messagesMax).map((message) => {
      message.receiveCount += 1;
      message.firstReceivedEpochMillis ??= nowEpochMillis;
      message.visibleEpochMillis = nowEpochMillis + visibilityTimeoutSeconds * 1000;
      return { ...message, receiptHandle: toReceiptHandle(queue, message) };
    });
  }

  /**
   * False if no message of this queue ever had such a receipt. As in SQS, a receipt holds beyond its visibility timeout,
   * until the message is received again; an older one is accepted and deletes nothing.
   */
  delete(queue: Queue, receiptHandle: string): boolean {
    const [logicalId, id = '', count = '', ...rest] = Buffer.from(receiptHandle, 'base64').toString().split('/');
    if (logicalId !== queue.logicalId || !/^\d+$/.test(count) || rest.length > 0) return false;
    if (this.#messages.get(id)?.receiveCount === Number(count)) this.#messages.delete(id);
    return true;
  }

  /** `notVisible`: received, not deleted, and not visible again yet. */
  count(queue: Queue): { readonly visible: number; readonly notVisible: number } {
    const nowEpochMillis = this.#nowEpochMillis();
    const messages = this.#messagesOf(queue);
    const visible = messages.filter((message) => message.visibleEpochMillis <= nowEpochMillis).length;
    return { visible, notVisible: messages.length - visible };
  }
}
