import { DynamoDBStreams } from '@aws-sdk/client-dynamodb-streams';
import { describe, expect, it } from 'vitest';
import {
  answerLost,
  hang,
  internalServerError,
  late,
  throttled,
  transactionCanceled,
  transactionConflict,
  unprocessed,
} from '../../lib/local/dynamodb/faults.ts';
import { connect, idsOf, useLocalClouds } from './fixture.ts';

const start = useLocalClouds();
const key = { id: { S: 'a' }, part: { S: '-' } };

describe('gateway', () => {
  it('shows the same tables to any access key in any region', async () => {
    const { cloud, put, things } = await start();
    await put('a');
    const stranger = connect(cloud, 'AKIASTRANGER', 'eu-central-1');
    expect((await stranger.getItem({ TableName: things, Key: key })).Item).toEqual(key);
    stranger.destroy();
  });

  it('serves streams, by the ARN that the table shows', async () => {
    const { cloud, client, things, put } = await start();
    await put('a');
    const { Table } = await client.describeTable({ TableName: things });
    expect(Table?.LatestStreamArn).toContain('arn:aws:dynamodb:us-east-1:');
    const streams = new DynamoDBStreams({
      endpoint: cloud.endpoint,
      region: cloud.region,
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    });
    const StreamArn = Table?.LatestStreamArn;
    const { StreamDescription } = await streams.describeStream({ StreamArn });
    const ShardId = StreamDescription?.Shards?.[0]?.ShardId;
    const { ShardIterator } = await streams.getShardIterator({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' });
    await cloud.quiesce();
    const { Records } = await streams.getRecords({ ShardIterator });
    expect(Records?.map(({ dynamodb, awsRegion }) => [dynamodb?.Keys, awsRegion])).toEqual([[key, 'us-east-1']]);
    streams.destroy();
  });

  it('keeps two databases of one engine apart', async () => {
    const one = await start();
    const two = await start();
    await one.put('a');
    expect((await two.client.scan({ TableName: two.things })).Items).toEqual([]);
  });

  it('delivers a removal by time to live as the service that did it', async () => {
    const Pattern = JSON.stringify({ userIdentity: { type: ['Service'], principalId: ['dynamodb.amazonaws.com'] } });
    const fixture = await start({ mapping: { FilterCriteria: { Filters: [{ Pattern }] } } });
    const delivered = new Promise<void>((resolve) => fixture.cloud.onDelivery(() => resolve()));
    const expires = { N: String(Math.floor(Date.now() / 1000) - 60) };
    await fixture.put('a', '-', { expires });
    await delivered;
    expect(fixture.deliveries[0]?.records[0]).toMatchObject({
      eventName: 'REMOVE',
      userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
      dynamodb: { OldImage: { ...key, expires } },
    });
  });

  it('refuses what it does not serve', async () => {
    const { cloud } = await start();
    const answer = await fetch(cloud.endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonSSM.GetParameter' },
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ __type: 'UnknownOperationException' });
  });

  it('refuses a port that is taken', async () => {
    const { cloud } = await start();
    const port = Number(new URL(cloud.endpoint).port);
    await expect(start({}, { port })).rejects.toMatchObject({ code: 'gateway.portInUse' });
  });
});

describe('faults', () => {
  it.each([
    ['throttled', throttled, 'ThrottlingException'],
    ['a server error', internalServerError, 'InternalServerError'],
    ['a conflict', transactionConflict, 'TransactionConflictException'],
  ])('%s reaches the client by its name, and the engine not at all', async (_name, fault, name) => {
    const { cloud, put, client, things } = await start();
    cloud.setIntercept(({ operation }) => (operation === 'PutItem' ? fault() : undefined));
    await expect(put('a')).rejects.toMatchObject({ name });
    cloud.setIntercept(undefined);
    expect((await client.getItem({ TableName: things, Key: key })).Item).toBeUndefined();
  });

  it('a cancelled transaction names the action in conflict', async () => {
    const { cloud, client, things } = await start();
    cloud.setIntercept((request) => transactionCanceled(request, [1]));
    const put = (id: string) => ({ Put: { TableName: things, Item: { ...key, id: { S: id } } } });
    await expect(client.transactWriteItems({ TransactItems: [put('a'), put('b')] })).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, { Code: 'TransactionConflict' }],
    });
  });

  it('a lost answer leaves the write done', async () => {
    const { cloud, put, deliveries } = await start();
    cloud.setIntercept(answerLost);
    await expect(put('a')).rejects.toThrow();
    cloud.setIntercept(undefined);
    await cloud.quiesce();
    expect(idsOf(deliveries)).toEqual([['a']]);
  });

  it('a late request is given up by its sender, and done all the same', async () => {
    const { cloud, client, things, deliveries } = await start();
    cloud.setIntercept(() => late(50));
    await expect(client.putItem({ TableName: things, Item: key })).rejects.toThrow();
    await cloud.quiesce();
    expect(idsOf(deliveries)).toEqual([['a']]);
  });

  it('half a batch is left over, and only the other half done', async () => {
    const { cloud, client, things, put } = await start();
    const keys = [...'abc'].map((id) => ({ ...key, id: { S: id } }));
    cloud.setIntercept(() => unprocessed());
    const puts = keys.map((Item) => ({ PutRequest: { Item } }));
    const written = await client.batchWriteItem({ RequestItems: { [things]: puts } });
    expect(written.UnprocessedItems).toEqual({ [things]: puts.slice(1) });
    for (const id of 'bc') await put(id);
    const read = await client.batchGetItem({ RequestItems: { [things]: { Keys: keys, ConsistentRead: true } } });
    expect(read.Responses).toEqual({ [things]: [keys[0]] });
    expect(read.UnprocessedKeys).toEqual({ [things]: { Keys: keys.slice(1), ConsistentRead: true } });
    const one = await client.batchGetItem({ RequestItems: { [things]: { Keys: keys.slice(0, 1) } } });
    expect(one).toMatchObject({ Responses: {}, UnprocessedKeys: { [things]: { Keys: keys.slice(0, 1) } } });
  });

  it('half the statements of a batch are throttled, each in its place, and only the others done', async () => {
    const { cloud, client, things, put } = await start();
    for (const id of 'abc') await put(id);
    cloud.setIntercept(() => unprocessed());
    const statementOf = (id: string) => ({
      Statement: `UPDATE "${things}" SET "seen" = ? WHERE "id" = ? AND "part" = ? RETURNING ALL NEW *`,
      Parameters: [{ S: 'yes' }, { S: id }, { S: '-' }],
    });
    const { Responses } = await client.batchExecuteStatement({ Statements: [...'abc'].map(statementOf) });
    expect(Responses?.map(({ Item, Error: failure }) => Item?.seen?.S ?? failure?.Code)).toEqual([
      'yes',
      'ThrottlingError',
      'ThrottlingError',
    ]);
    const one = await client.batchExecuteStatement({ Statements: [statementOf('b')] });
    expect(one.Responses?.map(({ Error: failure }) => failure?.Code)).toEqual(['ThrottlingError']);
    cloud.setIntercept(undefined);
    const { Items } = await client.scan({ TableName: things, FilterExpression: 'attribute_exists(seen)' });
    expect(Items?.map(({ id }) => id)).toEqual([{ S: 'a' }]);
  });

  it('tells the author of a fault when the engine has done it, before its answer goes on', async () => {
    const { cloud, client, things, deliveries } = await start();
    const order: string[] = [];
    cloud.setIntercept(() => ({
      beforeAnswer: async () => {
        cloud.setIntercept(undefined);
        const { Count } = await client.scan({ TableName: things });
        order.push(`${Count} there`);
      },
    }));
    await client.putItem({ TableName: things, Item: key });
    order.push('answered');
    await cloud.quiesce();
    expect(order).toEqual(['1 there', 'answered']);
    expect(idsOf(deliveries)).toEqual([['a']]);
  });

  it('a hanging request ends with the client that gives up, and is not done', async () => {
    const { cloud, client, things, deliveries } = await start();
    const abort = new AbortController();
    cloud.setIntercept(() => {
      abort.abort();
      return hang();
    });
    const item = { TableName: things, Item: key };
    await expect(client.putItem(item, { abortSignal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' });
    await cloud.quiesce();
    expect(deliveries).toEqual([]);
  });

  it('knows which function asks', async () => {
    const principals: string[] = [];
    const handler = `
      exports.handler = async () => {
        const body = JSON.stringify({ TableName: process.env.MARKS_TABLE, Key: { id: { S: 'a' } } });
        const headers = {
          'x-amz-target': 'DynamoDB_20120810.GetItem',
          authorization: 'AWS4-HMAC-SHA256 Credential=' + process.env.AWS_ACCESS_KEY_ID + '/20260101/us-east-1/dynamodb/aws4_request',
        };
        await fetch(process.env.AWS_ENDPOINT_URL_DYNAMODB, { method: 'POST', headers, body });
      };`;
    const { cloud, put } = await start({ handler });
    cloud.setIntercept(({ principal, operation }) => {
      principals.push(`${principal} ${operation}`);
      return undefined;
    });
    await put('a');
    await cloud.quiesce();
    expect(principals).toEqual(['outside PutItem', 'Worker GetItem']);
  });
});

describe('meter', () => {
  it("charges by AWS's rules, not the engine's", async () => {
    const { cloud, client, marks } = await start();
    const units = async (ask: () => Promise<unknown>) => {
      cloud.meter.start();
      await ask().catch(() => undefined);
      const { readUnits, writeUnits } = cloud.meter.stop().total;
      return { readUnits, writeUnits };
    };
    const id = (text: string) => ({ id: { S: text } });
    const TableName = marks;
    const put = { TableName, Item: { ...id('a'), mark: { S: '1' } } };
    expect(await units(() => client.putItem(put))).toEqual({ readUnits: 0, writeUnits: 2 });
    const failing = { ...put, ConditionExpression: 'attribute_not_exists(id)' };
    expect(await units(() => client.putItem(failing))).toEqual({ readUnits: 0, writeUnits: 1 });
    await expect(client.putItem(failing)).rejects.toSatisfy((error: object) => !('Item' in error && error.Item));
    const get = { TableName, Key: id('none') };
    expect(await units(() => client.getItem(get))).toEqual({ readUnits: 0.5, writeUnits: 0 });
    expect(await units(() => client.getItem({ ...get, ConsistentRead: true }))).toEqual({
      readUnits: 1,
      writeUnits: 0,
    });
    const batch = { RequestItems: { [marks]: { ConsistentRead: true, Keys: [id('a'), id('none'), id('nor')] } } };
    expect(await units(() => client.batchGetItem(batch))).toEqual({ readUnits: 3, writeUnits: 0 });
    const query = {
      TableName,
      ConsistentRead: true,
      KeyConditionExpression: 'id = :id',
      ExpressionAttributeValues: { ':id': { S: 'none' } },
    };
    expect(await units(() => client.query(query))).toEqual({ readUnits: 1, writeUnits: 0 });
    const check = { ConditionCheck: { TableName, Key: id('a'), ConditionExpression: 'attribute_exists(id)' } };
    const remove = { Delete: { TableName, Key: id('none') } };
    const transaction = { TransactItems: [check, remove] };
    expect(await units(() => client.transactWriteItems(transaction))).toEqual({ readUnits: 0, writeUnits: 4 });
    const refused = { ...check.ConditionCheck, ConditionExpression: 'attribute_not_exists(id)' };
    const cancelled = { TransactItems: [{ ConditionCheck: refused }, remove] };
    expect(await units(() => client.transactWriteItems(cancelled))).toEqual({ readUnits: 0, writeUnits: 4 });
    const removeMarked = { TransactItems: [{ Delete: { TableName, Key: id('a') } }] };
    expect(await units(() => client.transactWriteItems(removeMarked))).toEqual({ readUnits: 0, writeUnits: 4 });
  });

  it('counts requests and invocations by who made them', async () => {
    const { cloud, put } = await start();
    cloud.meter.start();
    await put('a');
    await cloud.quiesce();
    expect(cloud.meter.usage()).toEqual({
      requests: { outside: { PutItem: { requests: 1, readUnits: 0, writeUnits: 1 } } },
      invocations: { Worker: 1 },
      total: { requests: 1, readUnits: 0, writeUnits: 1 },
    });
  });
});
