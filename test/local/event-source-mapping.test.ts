import { describe, expect, it } from 'vitest';
import { EngineConnection } from '../../lib/local/dynamodb/engine-connection.ts';
import { idsOf, useLocalClouds } from './fixture.ts';

const start = useLocalClouds();

/** Fails records whose id is in `failing`, for the first `times` invocations that see them. */
const failsItems = (failing: string, times: number) => `
  const seen = {};
  exports.handler = async (event) => {
    const id = (record) => record.dynamodb.Keys.id.S;
    const failed = event.Records.find((record) => id(record) === '${failing}');
    if (failed === undefined) return { batchItemFailures: [] };
    seen['${failing}'] = (seen['${failing}'] ?? 0) + 1;
    if (seen['${failing}'] > ${times}) return { batchItemFailures: [] };
    return { batchItemFailures: [{ itemIdentifier: failed.dynamodb.SequenceNumber }] };
  };`;

const throwsOn = (id: string) => `
  exports.handler = async (event) => {
    if (event.Records.some((record) => record.dynamodb.Keys.id.S === '${id}')) throw new Error('no ${id}');
  };`;

async function putAll(fixture: Awaited<ReturnType<typeof start>>, ids: string) {
  await fixture.cloud.pauseMappings();
  for (const id of ids) await fixture.put(id);
  fixture.cloud.resumeMappings();
  await fixture.cloud.quiesce();
}

describe('event source mapping', () => {
  it('delivers a record in the shape of Lambda', async () => {
    const { cloud, put, deliveries, things } = await start();
    await put('a', '-', { blob: { B: new Uint8Array([1, 2, 255]) }, list: { L: [{ B: new Uint8Array([7]) }] } });
    await cloud.quiesce();
    const [record] = deliveries[0]?.records ?? [];
    expect(record).toEqual({
      eventID: expect.stringMatching(/.+/),
      eventName: 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'us-east-1',
      eventSourceARN: expect.stringMatching(`^arn:aws:dynamodb:us-east-1:000000000000:table/${things}/stream/`),
      dynamodb: {
        ApproximateCreationDateTime: expect.any(Number),
        Keys: { id: { S: 'a' }, part: { S: '-' } },
        NewImage: { id: { S: 'a' }, part: { S: '-' }, blob: { B: 'AQL/' }, list: { L: [{ B: 'Bw==' }] } },
        SequenceNumber: expect.stringMatching(/^\d+$/),
        SizeBytes: expect.any(Number),
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    });
  });

  it('redelivers everything from the lowest failed record on', async () => {
    const fixture = await start({ handler: failsItems('c', 1), mapping: { MaximumRetryAttempts: 3 } });
    await putAll(fixture, 'abcd');
    expect(idsOf(fixture.deliveries)).toEqual([
      ['a', 'b', 'c', 'd'],
      ['c', 'd'],
    ]);
    expect(fixture.deliveries.map(({ result }) => result)).toEqual(['partlyFailed', 'succeeded']);
    expect(fixture.cloud.deadLetters()).toEqual([]);
  });

  it('gives up after the last attempt, tells the queue, and goes on', async () => {
    const fixture = await start({ handler: throwsOn('b'), mapping: { MaximumRetryAttempts: 2, BatchSize: 1 } });
    await putAll(fixture, 'abc');
    expect(idsOf(fixture.deliveries)).toEqual([['a'], ['b'], ['b'], ['b'], ['b'], ['c']]);
    expect(fixture.deliveries.map(({ result }) => result)).toEqual([
      'succeeded',
      'failed',
      'failed',
      'failed',
      'RetryAttemptsExhausted',
      'succeeded',
    ]);
    const [letter] = fixture.cloud.deadLetters();
    const sequenceNumber = fixture.deliveries[1]?.records[0]?.dynamodb.SequenceNumber;
    expect(letter).toEqual({
      queue: 'Failures',
      messageAttributes: {},
      body: {
        requestContext: {
          requestId: expect.any(String),
          functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Fixture-Worker',
          condition: 'RetryAttemptsExhausted',
          approximateInvokeCount: 3,
        },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        version: '1.0',
        timestamp: expect.any(String),
        DDBStreamBatchInfo: {
          shardId: expect.stringMatching(/^shardId-/),
          startSequenceNumber: sequenceNumber,
          endSequenceNumber: sequenceNumber,
          approximateArrivalOfFirstRecord: expect.any(String),
          approximateArrivalOfLastRecord: expect.any(String),
          batchSize: 1,
          streamArn: expect.stringMatching(/^arn:aws:dynamodb:us-east-1:/),
        },
      },
    });
  });

  it('halves a batch that threw without using up attempts, and loses only the bad record', async () => {
    const fixture = await start({
      handler: throwsOn('c'),
      mapping: { MaximumRetryAttempts: 0, BisectBatchOnFunctionError: true },
    });
    await putAll(fixture, 'abcd');
    expect(idsOf(fixture.deliveries)).toEqual([['a', 'b', 'c', 'd'], ['a', 'b'], ['c', 'd'], ['c'], ['c'], ['d']]);
    expect(fixture.deliveries[4]?.result).toBe('RetryAttemptsExhausted');
    expect(fixture.cloud.deadLetters()).toHaveLength(1);
  });

  it('gives up records that have become too old', async () => {
    const mapping = { MaximumRecordAgeInSeconds: 60, MaximumRetryAttempts: -1 };
    const fixture = await start({ handler: throwsOn('a'), mapping }, { clockRate: 1000 });
    await putAll(fixture, 'a');
    expect(fixture.deliveries.at(-1)?.result).toBe('RecordAgeExceeded');
    expect(fixture.cloud.deadLetters()[0]?.body).toMatchObject({ requestContext: { condition: 'RecordAgeExceeded' } });
  });

  it('sends no batch above the batch size, and gathers one during the window', async () => {
    const fixture = await start({ mapping: { BatchSize: 3, MaximumBatchingWindowInSeconds: 50 } }, { clockRate: 1000 });
    await putAll(fixture, 'abcdefg');
    expect(idsOf(fixture.deliveries)).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
  });

  it('waits for the window, so that later writes join the batch', async () => {
    const fixture = await start({ mapping: { BatchSize: 4, MaximumBatchingWindowInSeconds: 300 } }, { clockRate: 1 });
    for (const id of 'abcd') await fixture.put(id);
    await fixture.cloud.quiesce();
    expect(idsOf(fixture.deliveries)).toEqual([['a', 'b', 'c', 'd']]);
  });

  it('sends a smaller batch when the payload would pass 6 MB', async () => {
    const fixture = await start({ mapping: { BatchSize: 100 } });
    await fixture.cloud.pauseMappings();
    const text = { S: 'x'.repeat(390_000) };
    for (let i = 0; i < 18; i += 1) await fixture.put(`big${i}`, '-', { text });
    fixture.cloud.resumeMappings();
    await fixture.cloud.quiesce();
    expect(fixture.deliveries.length).toBeGreaterThan(1);
    expect(fixture.deliveries.reduce((sum, { records }) => sum + records.length, 0)).toBe(18);
    for (const { records } of fixture.deliveries) {
      expect(Buffer.byteLength(JSON.stringify({ Records: records }))).toBeLessThanOrEqual(6 * 1024 * 1024);
    }
  });

  it('keeps the order of each item in parallel lanes', async () => {
    const fixture = await start({ mapping: { ParallelizationFactor: 4, BatchSize: 2 } });
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([...'abcdefgh'].map((id) => fixture.put(id, '-', { round: { N: String(round) } })));
    }
    await fixture.cloud.quiesce();
    const rounds: Record<string, string[]> = {};
    for (const { records } of fixture.deliveries) {
      for (const { dynamodb } of records) {
        const { id, round } = dynamodb.NewImage as { id: { S: string }; round: { N: string } };
        rounds[id.S] = [...(rounds[id.S] ?? []), round.N];
      }
    }
    expect(Object.keys(rounds)).toHaveLength(8);
    for (const seen of Object.values(rounds)) expect(seen).toEqual(['0', '1', '2', '3', '4']);
    expect(new Set(fixture.deliveries.map(({ lane }) => lane)).size).toBeGreaterThan(1);
  });

  it('moves past filtered records without an invocation', async () => {
    const Pattern = JSON.stringify({ eventName: ['REMOVE'] });
    const fixture = await start({ mapping: { FilterCriteria: { Filters: [{ Pattern }] } } });
    await fixture.put('a');
    await fixture.client.deleteItem({ TableName: fixture.things, Key: { id: { S: 'a' }, part: { S: '-' } } });
    await fixture.cloud.quiesce();
    expect(fixture.deliveries.map(({ records }) => records.map(({ eventName }) => eventName))).toEqual([['REMOVE']]);
  });

  it('reads a write straight to the engine without being asked', async () => {
    const { cloud, things, deliveries } = await start();
    await cloud.quiesce();
    const delivered = Promise.withResolvers<void>();
    cloud.onDelivery(() => delivered.resolve());
    const engine = new EngineConnection(cloud.enginePort, cloud.accessKeyId);
    await engine.call('PutItem', { TableName: things, Item: { id: { S: 'a' }, part: { S: '-' } } });
    engine.close();
    await delivered.promise;
    expect(idsOf(deliveries)).toEqual([['a']]);
  });

  it('loses, repeats and overtakes records as it is told, and quiesce waits for the late ones', async () => {
    const fixture = await start({ mapping: { BatchSize: 1 } });
    const fates: Record<string, readonly number[]> = { a: [], b: [0, 60], c: [80], e: [] };
    fixture.cloud.setRecordIntercept(({ mapping, functionName, record }) => {
      expect([mapping, functionName]).toEqual(['Mapping', 'Fixture-Worker']);
      return fates[(record.dynamodb.Keys as { id: { S: string } }).id.S];
    });
    await putAll(fixture, 'abcd');
    expect(idsOf(fixture.deliveries).flat().sort()).toEqual(['b', 'b', 'c', 'd']);
    const order = idsOf(fixture.deliveries).flat();
    expect(order.indexOf('d')).toBeLessThan(order.indexOf('c'));
    fixture.cloud.setRecordIntercept(undefined);
    await putAll(fixture, 'e');
    expect(idsOf(fixture.deliveries).at(-1)).toEqual(['e']);
  });

  it('reports nothing more after the mappings are paused, and loses nothing', async () => {
    const fixture = await start();
    await fixture.cloud.pauseMappings();
    await fixture.put('a');
    await expect(fixture.cloud.quiesce()).rejects.toMatchObject({ code: 'cloud.mappingsPaused' });
    expect(fixture.deliveries).toEqual([]);
    fixture.cloud.resumeMappings();
    await fixture.cloud.quiesce();
    expect(idsOf(fixture.deliveries)).toEqual([['a']]);
  });
});
