import { type _Record, DynamoDBStreams } from '@aws-sdk/client-dynamodb-streams';
import { type QueueAttributeName, type ReceiveMessageCommandInput, SQS } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import { type FixtureStack, useLocalClouds } from './fixture.ts';

const start = useLocalClouds();
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const FAILS = 'exports.handler = async () => { throw new Error("no"); };';
/** Every batch is one record, and ends in the queue at once. */
const GIVES_UP: FixtureStack = {
  handler: FAILS,
  mapping: { MaximumRetryAttempts: 0, BatchSize: 1 },
  outputs: { QueueUrl: { Value: { Ref: 'Failures' } } },
};

/** A queue with a dead letter for each id. */
async function startWithLetters(ids: string, stack: FixtureStack = GIVES_UP) {
  const fixture = await start(stack);
  const { endpoint, region, accessKeyId, secretAccessKey, outputs } = fixture.cloud;
  const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 };
  const sqs = new SQS(connection);
  const streams = new DynamoDBStreams(connection);
  closers.push(() => [sqs, streams].forEach((client) => void client.destroy()));
  for (const id of ids) await fixture.put(id);
  await fixture.cloud.quiesce();
  const QueueUrl = outputs.QueueUrl ?? '';
  const receive = async (input: Partial<ReceiveMessageCommandInput> = {}) => {
    return (await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, ...input })).Messages ?? [];
  };
  const remove = (ReceiptHandle?: string) => sqs.deleteMessage({ QueueUrl, ReceiptHandle });
  const count = async (...names: string[]) => {
    const AttributeNames = names as QueueAttributeName[];
    return (await sqs.getQueueAttributes({ QueueUrl, AttributeNames })).Attributes;
  };
  return { ...fixture, QueueUrl, sqs, streams, receive, remove, count };
}

const COUNTS = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];

describe('SQS', () => {
  it('gives a dead letter that leads to the records in the stream', async () => {
    const { cloud, receive, streams } = await startWithLetters('ab');
    const ids: (string | undefined)[] = [];
    for (const { Body } of await receive()) {
      const { shardId, streamArn, startSequenceNumber } = JSON.parse(Body ?? '').DDBStreamBatchInfo;
      const { StreamDescription } = await streams.describeStream({ StreamArn: streamArn });
      expect(StreamDescription?.Shards?.map(({ ShardId }) => ShardId)).toEqual([shardId]);
      const { ShardIterator } = await streams.getShardIterator({
        StreamArn: streamArn,
        ShardId: shardId,
        ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        SequenceNumber: startSequenceNumber,
      });
      const { Records } = await streams.getRecords({ ShardIterator, Limit: 1 });
      ids.push((Records as _Record[])[0]?.dynamodb?.Keys?.id?.S);
    }
    expect(ids).toEqual(['a', 'b']);
    expect(cloud.deadLetters()).toHaveLength(2);
  });

  it('hides a message from the next receiver, and keeps it until it is deleted', async () => {
    const { cloud, receive, remove, count } = await startWithLetters('abc');
    const [first, ...others] = await receive({ MaxNumberOfMessages: 1 });
    expect(others).toEqual([]);
    expect(await count(...COUNTS)).toEqual({
      ApproximateNumberOfMessages: '2',
      ApproximateNumberOfMessagesNotVisible: '1',
    });
    const rest = await receive();
    expect(rest.map(({ MessageId }) => MessageId)).not.toContain(first?.MessageId);
    expect(rest).toHaveLength(2);
    expect(await receive({ WaitTimeSeconds: 20 })).toEqual([]);
    expect(cloud.deadLetters()).toHaveLength(3);
    await remove(first?.ReceiptHandle);
    await remove(first?.ReceiptHandle);
    expect(cloud.deadLetters()).toHaveLength(2);
    expect(await count('ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible')).toEqual({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '2',
    });
  });

  it('receives one message unless it is asked for more', async () => {
    const { receive } = await startWithLetters('ab');
    expect(await receive({ MaxNumberOfMessages: undefined })).toHaveLength(1);
  });

  it('shows a message again, under a new receipt; the old one deletes nothing', async () => {
    const { cloud, receive, remove } = await startWithLetters('a');
    const [first] = await receive({ VisibilityTimeout: 0, MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
    const [second] = await receive({ AttributeNames: ['All'] });
    expect(second?.MessageId).toBe(first?.MessageId);
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
    expect(first?.Attributes).toEqual({ ApproximateReceiveCount: '1' });
    expect(second?.Attributes).toEqual({
      ApproximateReceiveCount: '2',
      SentTimestamp: expect.stringMatching(/^\d{13}$/),
      ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
    });
    await remove(first?.ReceiptHandle);
    expect(cloud.deadLetters()).toHaveLength(1);
    await remove(second?.ReceiptHandle);
    expect(cloud.deadLetters()).toEqual([]);
  });

  it('shows the attributes that are asked for', async () => {
    const { cloud, receive } = await startWithLetters('', {
      ...GIVES_UP,
      functionProperties: { DeadLetterConfig: { TargetArn: { 'Fn::GetAtt': ['Failures', 'Arn'] } } },
    });
    cloud.invokeAsync('Worker', { n: 1 });
    await cloud.quiesce();
    const [bare] = await receive({ VisibilityTimeout: 0 });
    expect(Object.keys(bare ?? {}).sort()).toEqual(['Body', 'MD5OfBody', 'MessageId', 'ReceiptHandle']);
    expect(bare?.Body).toBe('{"n":1}');
    const [some] = await receive({ VisibilityTimeout: 0, MessageAttributeNames: ['Error.*'] });
    expect(some?.MessageAttributes).toEqual({
      ErrorCode: { DataType: 'Number', StringValue: '200' },
      ErrorMessage: { DataType: 'String', StringValue: 'no' },
    });
    const [all] = await receive({ MessageAttributeNames: ['All'] });
    expect(Object.keys(all?.MessageAttributes ?? {})).toEqual(['RequestID', 'ErrorCode', 'ErrorMessage']);
  });

  it('tells all of a queue’s attributes, and none that are not asked for', async () => {
    const { count } = await startWithLetters('');
    expect(await count()).toBeUndefined();
    expect(await count('All')).toEqual({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
      QueueArn: 'arn:aws:sqs:us-east-1:000000000000:Fixture-Failures',
      VisibilityTimeout: '30',
    });
  });

  it('has its URL on the local endpoint, and takes the one on AWS too', async () => {
    const { cloud, QueueUrl, receive } = await startWithLetters('a');
    expect(QueueUrl).toBe(`${cloud.endpoint}/000000000000/Fixture-Failures`);
    const onAws = QueueUrl.replace(cloud.endpoint, 'https://sqs.us-east-1.amazonaws.com');
    expect(await receive({ QueueUrl: onAws, VisibilityTimeout: 0 })).toHaveLength(1);
    // A client that was told no endpoint goes where the URL points.
    const { region, accessKeyId, secretAccessKey } = cloud;
    const quiet = () => {};
    const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    const stranger = new SQS({ region, credentials: { accessKeyId, secretAccessKey }, logger });
    expect((await stranger.receiveMessage({ QueueUrl })).Messages).toHaveLength(1);
    stranger.destroy();
  });

  it('meets no fault and is not metered', async () => {
    const { cloud, receive } = await startWithLetters('a');
    cloud.meter.start();
    cloud.setIntercept(() => ({ dropAnswer: true }));
    expect(await receive()).toHaveLength(1);
    expect(cloud.meter.stop().requests).toEqual({});
  });
});

describe('SQS refuses', () => {
  it('a queue that is not there', async () => {
    const { cloud, receive } = await startWithLetters('');
    const QueueUrl = `${cloud.endpoint}/000000000000/Other`;
    await expect(receive({ QueueUrl })).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
      Code: 'AWS.SimpleQueueService.NonExistentQueue',
      $metadata: { httpStatusCode: 400 },
    });
  });

  it.each<[string, Partial<ReceiveMessageCommandInput>]>([
    ['no messages', { MaxNumberOfMessages: 0 }],
    ['eleven messages', { MaxNumberOfMessages: 11 }],
    ['a half message', { MaxNumberOfMessages: 1.5 }],
    ['more than twelve hours of invisibility', { VisibilityTimeout: 43_201 }],
    ['a wait of 21 seconds', { WaitTimeSeconds: 21 }],
  ])('%s', async (_name, input) => {
    const { receive } = await startWithLetters('');
    await expect(receive(input)).rejects.toMatchObject({
      Code: 'InvalidParameterValue',
      message: expect.stringContaining(Object.keys(input)[0] as string),
    });
  });

  it.each(['x', Buffer.from('Other/1/1').toString('base64'), Buffer.from('Failures/1/x').toString('base64')])(
    'a receipt that it never gave: %s',
    async (handle) => {
      const { remove, cloud } = await startWithLetters('a');
      await expect(remove(handle)).rejects.toMatchObject({ name: 'ReceiptHandleIsInvalid' });
      expect(cloud.deadLetters()).toHaveLength(1);
    },
  );

  it('a missing receipt, an attribute and an operation that it does not know', async () => {
    const { remove, count, sqs, QueueUrl } = await startWithLetters('');
    await expect(remove('')).rejects.toMatchObject({ Code: 'MissingParameter' });
    await expect(count('RedrivePolicy')).rejects.toMatchObject({ name: 'InvalidAttributeName' });
    await expect(sqs.purgeQueue({ QueueUrl })).rejects.toMatchObject({ name: 'UnsupportedOperation' });
  });
});
