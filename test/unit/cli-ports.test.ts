/** What the commands reach AWS by: a whole sweep, the sweep function, dead letters, and records. */
import { DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-dynamodb-streams';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { openDeadLetters, openRecords } from '../../lib/operate/recovery/dead-letter-queue.ts';
import { openSweepFunction } from '../../lib/operate/recovery/sweep-function.ts';
import { sweepAll } from '../../lib/operate/recovery/whole-sweep.ts';
import type { SweepAnswer, SweepRequest } from '../../lib/streams/sweep-requested.ts';

const answer = (n: number, complete: boolean): SweepAnswer => ({
  complete,
  settled: 10,
  deletedCount: n,
  failedCount: 1,
  stillMarked: n,
  oldestMarkSeconds: n,
  deleted: [`service#${n}`],
  failed: [{ parent: `network#${n}`, error: 'throttled' }],
});
const never = new AbortController().signal;
const connection = { region: 'eu-central-1', credentials: { accessKeyId: 'a', secretAccessKey: 's' } };

describe('a whole sweep', () => {
  it('goes on until it is complete, begins anew only once, and adds up', async () => {
    const requests: SweepRequest[] = [];
    const invoke = async (request: SweepRequest) => {
      requests.push(request);
      return answer(requests.length, requests.length === 3);
    };
    expect(await sweepAll({ invoke }, { restart: true, full: true, trigger: 'test' })).toEqual({
      invocations: 3,
      settled: 30,
      deletedCount: 6,
      failedCount: 3,
      stillMarked: 6,
      oldestMarkSeconds: 3,
      deleted: ['service#1', 'service#2', 'service#3'],
      failed: [1, 2, 3].map((n) => ({ parent: `network#${n}`, error: 'throttled' })),
    });
    expect(requests.map(({ restart }) => restart)).toEqual([true, false, false]);
    expect(requests.map(({ full, trigger }) => [full, trigger])).toEqual(Array(3).fill([true, 'test']));
  });

  it('begins anew where another sweep has moved its place, and then tells of the last pass', async () => {
    const at = { source: 'network', from: undefined } as const;
    const answers = [
      { ...answer(1, false), resumeAt: at },
      answer(2, true), // from the beginning: somebody else had come to the end
      answer(3, true),
    ];
    const restarts: unknown[] = [];
    const invoke = async ({ restart }: SweepRequest) => {
      restarts.push(restart);
      return answers.shift() as SweepAnswer;
    };
    expect(await sweepAll({ invoke })).toMatchObject({
      invocations: 3,
      settled: 10,
      deletedCount: 6,
      deleted: ['service#1', 'service#2', 'service#3'],
      failed: [{ parent: 'network#3' }],
    });
    expect(restarts).toEqual([false, false, true]);
  });

  it('tells which kinds are still being learned at its end', async () => {
    const learning = { ...answer(1, false), learning: ['network', 'secret'] };
    const answers = [learning, { ...answer(2, true), learning: ['secret'] }];
    const invoke = async () => ({ ...(answers.shift() as SweepAnswer) });
    expect(await sweepAll({ invoke })).toMatchObject({ invocations: 2, learning: ['secret'] });
    expect(await sweepAll({ invoke: async () => answer(1, true) })).not.toHaveProperty('learning');
  });

  it('fails with Aborted where it gets nowhere, and ends between two invocations when it is interrupted', async () => {
    let invocations = 0;
    const invoke = async () => answer(++invocations, false);
    await expect(sweepAll({ invoke })).rejects.toMatchObject({ code: 'Aborted' });
    expect(invocations).toBe(100);
    const interruption = new AbortController();
    const interrupt = () => interruption.abort(new Error('enough'));
    const options = { signal: interruption.signal, onAnswer: interrupt };
    await expect(sweepAll({ invoke }, options)).rejects.toThrow('enough');
    expect(invocations).toBe(101);
  });
});

describe('the sweep function', () => {
  it('is invoked with the request, and its answer handed back', async () => {
    const lambda = mockClient(LambdaClient);
    const payload = Buffer.from(JSON.stringify(answer(1, true)));
    lambda.on(InvokeCommand).resolves({ Payload: Uint8Array.from(payload) as never });
    const found = await openSweepFunction(connection, 'sweep', never).invoke({ parents: ['service#web'] });
    expect(found).toEqual(answer(1, true));
    const { FunctionName, Payload } = lambda.commandCalls(InvokeCommand)[0]?.args[0].input ?? {};
    expect([FunctionName, JSON.parse(String(Payload))]).toEqual(['sweep', { parents: ['service#web'] }]);
    lambda.restore();
  });

  it('that fails is told of with its error, and one without a name is asked for', async () => {
    const lambda = mockClient(LambdaClient);
    const payload = Buffer.from(JSON.stringify({ errorType: 'Runtime.Timeout', errorMessage: 'after 900 s' }));
    lambda.on(InvokeCommand).resolves({ FunctionError: 'Unhandled', Payload: Uint8Array.from(payload) as never });
    await expect(openSweepFunction(connection, 'sweep', never).invoke({})).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('Runtime.Timeout: after 900 s'),
    });
    lambda.restore();
    await expect(openSweepFunction(connection, undefined, never).invoke({})).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('SweepFunctionName'),
    });
  });
});

describe('dead letters', () => {
  it('are received long enough to work on them, and deleted by their handles', async () => {
    const sqs = mockClient(SQSClient);
    sqs.on(ReceiveMessageCommand).resolves({ Messages: [{ ReceiptHandle: 'h', Body: 'b' }] });
    sqs.on(DeleteMessageCommand).resolves({});
    const letters = openDeadLetters(connection, 'https://queue', never);
    expect(await letters.receive()).toEqual([{ handle: 'h', body: 'b' }]);
    await letters.delete('h');
    letters.close();
    const { VisibilityTimeout = 0, QueueUrl } = sqs.commandCalls(ReceiveMessageCommand)[0]?.args[0].input ?? {};
    // An invocation of the sweep may take 15 minutes.
    expect([VisibilityTimeout > 15 * 60, QueueUrl]).toEqual([true, 'https://queue']);
    expect(sqs.commandCalls(DeleteMessageCommand)[0]?.args[0].input).toEqual({
      QueueUrl: 'https://queue',
      ReceiptHandle: 'h',
    });
    sqs.restore();
    expect(() => openDeadLetters(connection, undefined, never)).toThrow(
      expect.objectContaining({ code: 'FailedPrecondition' }),
    );
  });
});

describe('records', () => {
  const place = { streamArn: 'arn', shardId: 'shard', startSequenceNumber: '7', endSequenceNumber: '9' };

  it('are read from the first of the batch', async () => {
    const streams = mockClient(DynamoDBStreamsClient);
    streams.on(GetShardIteratorCommand).resolves({ ShardIterator: 'i' });
    streams.on(GetRecordsCommand, { ShardIterator: 'i' }).resolves({ Records: [{ eventID: '1' }] });
    const records = openRecords(connection, never);
    expect(await records.open(place)).toBe('i');
    expect(streams.commandCalls(GetShardIteratorCommand)[0]?.args[0].input).toEqual({
      StreamArn: 'arn',
      ShardId: 'shard',
      ShardIteratorType: 'AT_SEQUENCE_NUMBER',
      SequenceNumber: '7',
    });
    expect(await records.next('i')).toEqual({ records: [{ eventID: '1' }], next: undefined });
    records.close();
    streams.restore();
  });

  it.each([['TrimmedDataAccessException'], ['ResourceNotFoundException'], ['ExpiredIteratorException']])(
    'are gone by %s, and by nothing else',
    async (name) => {
      const streams = mockClient(DynamoDBStreamsClient);
      const failure = (errorName: string) => Object.assign(new Error(errorName), { name: errorName });
      streams.on(GetShardIteratorCommand).rejects(failure(name)).on(GetRecordsCommand).rejects(failure(name));
      const records = openRecords(connection, never);
      expect([await records.open(place), await records.next('i')]).toEqual(['gone', 'gone']);
      streams.on(GetRecordsCommand).rejects(failure('LimitExceededException'));
      await expect(records.next('i')).rejects.toThrow('LimitExceededException');
      streams.restore();
    },
  );
});
