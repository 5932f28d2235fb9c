/** What a redrive reads: the dead-letter queue from SQS, and the records that its messages name from DynamoDB Streams. */
import type { _Record } from '@aws-sdk/client-dynamodb-streams';
import type { Connection } from '../../dynamodb/client.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { REQUEST_TRIES_MAX } from '../../protocol/limits.ts';
import type { DeadLetterPort, RecordsPort } from './redrive.ts';

/** SQS' own limit. */
const MESSAGES_PER_REQUEST = 10;
/** A request that waits asks all of SQS' servers; one that does not asks some of them, and may miss the only message. */
const WAIT_SECONDS = 2;
/** How long a message stays hidden from other readers: longer than a group of messages and a sweep's invocation take. */
const HIDDEN_SECONDS = 20 * 60;

/** The dead-letter queue in SQS. */
export interface DeadLetterQueue extends DeadLetterPort {
  /** Ends its connections. Call it when nothing reads the queue any more. */
  close(): void;
}

/**
 * Opens the queue of that URL at its first use; messages stay hidden from other readers for 20 minutes.
 * @throws DeallocatorError `FailedPrecondition` without a URL
 */
export function openDeadLetters(
  connection: Connection,
  queueUrl: string | undefined,
  signal: AbortSignal,
): DeadLetterQueue {
  if (queueUrl === undefined) {
    throw new DeallocatorError(
      'FailedPrecondition',
      'the dead-letter queue is not known; add deadLetterQueueUrl to the configuration, or DeadLetterQueueUrl to the outputs of the stack',
    );
  }
  const QueueUrl = queueUrl;
  // Late, so that only a redrive waits for these clients to load.
  const queue = once(async () => {
    const { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } = await import('@aws-sdk/client-sqs');
    const sqs = new SQSClient({ ...connection, maxAttempts: REQUEST_TRIES_MAX });
    return { sqs, DeleteMessageCommand, ReceiveMessageCommand };
  });
  return {
    async receive() {
      const { sqs, ReceiveMessageCommand } = await queue.get();
      const command = new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: MESSAGES_PER_REQUEST,
        WaitTimeSeconds: WAIT_SECONDS,
        VisibilityTimeout: HIDDEN_SECONDS,
      });
      const { Messages = [] } = await sqs.send(command, { abortSignal: signal });
      return Messages.map(({ ReceiptHandle = '', Body = '' }) => ({ handle: ReceiptHandle, body: Body }));
    },
    async delete(handle) {
      const { sqs, DeleteMessageCommand } = await queue.get();
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: handle }));
    },
    close: () => void queue.opened()?.then(({ sqs }) => sqs.destroy()),
  };
}

/** The records of DynamoDB Streams. */
export interface OpenRecords extends RecordsPort {
  /** Ends its connections. Call it when nothing reads records any more. */
  close(): void;
}

/** The errors of DynamoDB Streams for expired records, for a deleted stream, and for an iterator that was used too late. */
const GONE = ['TrimmedDataAccessException', 'ResourceNotFoundException', 'ExpiredIteratorException'];

/** DynamoDB Streams, opened at its first use. */
export function openRecords(connection: Connection, signal: AbortSignal): OpenRecords {
  const reader = once(async () => {
    const { DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand } = await import(
      '@aws-sdk/client-dynamodb-streams'
    );
    const streams = new DynamoDBStreamsClient({ ...connection, maxAttempts: REQUEST_TRIES_MAX });
    return { streams, GetRecordsCommand, GetShardIteratorCommand };
  });
  const orGone = async <T>(reading: Promise<T>): Promise<T | 'gone'> => {
    try {
      return await reading;
    } catch (error) {
      if (GONE.includes((error as Error).name)) return 'gone';
      throw error;
    }
  };
  return {
    async open({ streamArn, shardId, startSequenceNumber }) {
      const { streams, GetShardIteratorCommand } = await reader.get();
      const command = new GetShardIteratorCommand({
        StreamArn: streamArn,
        ShardId: shardId,
        ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        SequenceNumber: startSequenceNumber,
      });
      const answer = await orGone(streams.send(command, { abortSignal: signal }));
      return answer === 'gone' ? answer : (answer.ShardIterator ?? 'gone');
    },
    async next(iterator) {
      const { streams, GetRecordsCommand } = await reader.get();
      const answer = await orGone(
        streams.send(new GetRecordsCommand({ ShardIterator: iterator }), { abortSignal: signal }),
      );
      if (answer === 'gone') return answer;
      const records: readonly _Record[] = answer.Records ?? [];
      return { records, next: answer.NextShardIterator };
    },
    close: () => void reader.opened()?.then(({ streams }) => streams.destroy()),
  };
}

/** Opened at the first use, and never again. */
function once<T>(open: () => Promise<T>) {
  let opened: Promise<T> | undefined;
  return {
    get: () => {
      opened ??= open();
      return opened;
    },
    opened: () => opened,
  };
}
