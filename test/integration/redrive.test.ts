/** Dead letters of the real functions, on the queue and the streams as the SDK's clients see them. */
import { DynamoDBStreams } from '@aws-sdk/client-dynamodb-streams';
import { SQS } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type RecordsPort,
  type RedrivePorts,
  type RedriveResult,
  redrive,
} from '../../lib/operate/recovery/redrive.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { type LocalBackend, localBackend, refusedMeanwhile } from '../support/local-backend.ts';
import { MARKED, network, service, task } from '../support/objects.ts';

let backend: LocalBackend;
let sqs: SQS;
let streams: DynamoDBStreams;
beforeEach(async () => {
  backend = await localBackend();
  const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
  const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  sqs = new SQS(connection);
  streams = new DynamoDBStreams(connection);
});
afterEach(async () => {
  sqs.destroy();
  streams.destroy();
  await backend.close();
});

const recordsPort: RecordsPort = {
  open: async ({ streamArn, shardId, startSequenceNumber }) => {
    const { ShardIterator } = await streams.getShardIterator({
      StreamArn: streamArn,
      ShardId: shardId,
      ShardIteratorType: 'AT_SEQUENCE_NUMBER',
      SequenceNumber: startSequenceNumber,
    });
    return ShardIterator ?? 'gone';
  },
  next: async (iterator) => {
    const { Records, NextShardIterator } = await streams.getRecords({ ShardIterator: iterator });
    return { records: Records ?? [], next: NextShardIterator };
  },
};

const ports = (): RedrivePorts => ({
  deadLetters: {
    receive: async () => {
      const QueueUrl = backend.cloud.outputs.DeadLetterQueueUrl ?? '';
      const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
      return Messages.map(({ ReceiptHandle = '', Body = '' }) => ({ handle: ReceiptHandle, body: Body }));
    },
    delete: async (handle) => {
      await sqs.deleteMessage({ QueueUrl: backend.cloud.outputs.DeadLetterQueueUrl, ReceiptHandle: handle });
    },
  },
  records: recordsPort,
  sweep: { invoke: (request) => backend.sweep(request) },
});

describe('a redrive', () => {
  it('settles and heals all that the dead letters were about, and empties the queue', async () => {
    for (const id of ['front', 'old', 'unused']) await backend.put('networks', network(id));
    await backend.put('services', service('raw', ['old']));
    await backend.client.createService({ id: 'web', spec: { networks: [{ target: 'front' }] } });
    await backend.client.createTasks('web', [{ id: 't1' }, { id: 't2' }]);
    await backend.deliver();
    await backend.client.removeService('web');
    await backend.client.removeNetwork('front', { whenInUse: 'wait' });
    await backend.deliver();
    await refusedMeanwhile(backend, async () => {
      await backend.client.deleteTasks('web', ['t1', 't2']);
      await backend.put('services', service('raw', ['unused']));
      await backend.put('networks', network('old', MARKED));
    });
    expect(backend.cloud.deadLetters().length).toBeGreaterThanOrEqual(3);

    const result = await redrive(ports(), backend.tables);
    expect(result).toMatchObject({ kept: 0, sweeps: 0, malformed: [], gone: [], keptMessages: [] });
    expect(result.deleted).toBe(result.received);
    expect(result.deletedParents).toEqual(expect.arrayContaining(['service#web', 'network#front']));
    expect(backend.cloud.deadLetters()).toEqual([]);
    await backend.deliver();
    const { services, networks, attachments } = await backend.world();
    expect([...services, ...networks].map(({ id }) => id).sort()).toEqual(['raw', 'unused']);
    expect(attachments).toEqual([{ held: 'network#unused', holder: 'service#raw' }]);
    expect(checkRest(await backend.world())).toEqual([]);

    expect(await redrive(ports(), backend.tables)).toMatchObject({ received: 0, deleted: 0 });
  });

  it('keeps the letters of what can’t be settled yet', async () => {
    await backend.put('tasks', task('torn', 't1'));
    await refusedMeanwhile(backend, () => backend.put('services', service('torn', [], MARKED)));
    // The sweep function is still refused.
    let result: RedriveResult | undefined;
    await refusedMeanwhile(backend, async () => {
      result = await redrive(ports(), backend.tables);
    });
    expect(result).toMatchObject({ deleted: 0, kept: backend.cloud.deadLetters().length });
    expect(result?.keptMessages[0]?.reason).toMatch(/^service#torn was not settled: .*not allowed/);
    expect(result?.kept).toBeGreaterThan(0);
  });

  it('makes up for records that are gone with a full sweep', async () => {
    await refusedMeanwhile(backend, () => backend.put('services', service('web', [], MARKED)));
    const gone: RecordsPort = { ...recordsPort, open: async () => 'gone' };
    const result = await redrive({ ...ports(), records: gone }, backend.tables);
    expect(result).toMatchObject({ kept: 0, settled: 0, sweeps: 1 });
    expect(result.gone).toHaveLength(result.deleted);
    expect(result.deleted).toBeGreaterThan(0);
    expect(backend.cloud.deadLetters()).toEqual([]);
    // Perhaps by the function that the sweep's stamp on the mark has woken.
    await backend.deliver();
    expect((await backend.world()).services).toEqual([]);
  });
});
