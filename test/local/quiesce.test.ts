import { describe, expect, it } from 'vitest';
import { EngineConnection } from '../../lib/local/dynamodb/engine-connection.ts';
import { hang } from '../../lib/local/dynamodb/faults.ts';
import { idsOf, useLocalClouds } from './fixture.ts';

const start = useLocalClouds();

const CHAINS = 6;
const LINKS = 5;
const ROUNDS = 8;

/** Each record with links left writes the next record of its chain, so that one write causes a row of others. */
const CHAIN = `
  exports.handler = async (event) => {
    for (const { dynamodb } of event.Records) {
      const { id, left, table } = dynamodb.NewImage;
      if (left.N === '0') continue;
      const Item = { id, part: { S: left.N }, left: { N: String(left.N - 1) }, table };
      const credential = process.env.AWS_ACCESS_KEY_ID + '/20260101/us-east-1/dynamodb/aws4_request';
      const answer = await fetch(process.env.AWS_ENDPOINT_URL_DYNAMODB, {
        method: 'POST',
        headers: { 'x-amz-target': 'DynamoDB_20120810.PutItem', authorization: 'AWS4-HMAC-SHA256 Credential=' + credential },
        body: JSON.stringify({ TableName: table.S, Item }),
      });
      if (answer.status !== 200) throw new Error(await answer.text());
    }
  };`;

describe('quiesce', () => {
  it('waits for what the functions cause by their own writes, every time', async () => {
    const { cloud, put, deliveries, things } = await start({ handler: CHAIN });
    const more = { left: { N: String(LINKS) }, table: { S: things } };
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = deliveries.length;
      await Promise.all(Array.from({ length: CHAINS }, (_, chain) => put(`r${round}c${chain}`, '-', more)));
      await cloud.quiesce();
      const delivered = deliveries.slice(before).reduce((sum, { records }) => sum + records.length, 0);
      expect(delivered).toBe(CHAINS * (LINKS + 1));
    }
  });

  it('sees writes that are still under way when it is called', async () => {
    const { cloud, put, deliveries } = await start();
    const arrived = Promise.withResolvers<void>();
    let requests = 0;
    cloud.setIntercept(() => {
      requests += 1;
      if (requests === 20) arrived.resolve();
      return undefined;
    });
    const writes = Array.from({ length: 20 }, (_, i) => put(`id${i}`));
    await arrived.promise;
    await cloud.quiesce();
    const delivered = deliveries.reduce((sum, { records }) => sum + records.length, 0);
    await Promise.all(writes);
    expect(delivered).toBe(20);
  });

  it('waits for what was written straight to the engine, which the gateway does not see', async () => {
    const { cloud, things, deliveries } = await start();
    await cloud.quiesce();
    const engine = new EngineConnection(cloud.enginePort, cloud.accessKeyId);
    await engine.call('PutItem', { TableName: things, Item: { id: { S: 'a' }, part: { S: '-' } } });
    engine.close();
    await cloud.quiesce();
    expect(idsOf(deliveries)).toEqual([['a']]);
  });

  it('waits for a write that is held up', async () => {
    const { cloud, put, deliveries } = await start();
    const held = Promise.withResolvers<void>();
    const seen = Promise.withResolvers<void>();
    cloud.setIntercept(async () => {
      seen.resolve();
      await held.promise;
      return undefined;
    });
    const write = put('a');
    await seen.promise;
    const quiet = cloud.quiesce();
    held.resolve();
    await quiet;
    await write;
    expect(deliveries).toHaveLength(1);
  });

  it('fails with what is still pending', async () => {
    const { cloud, put } = await start({
      handler: 'exports.handler = async () => { throw new Error("never"); };',
      mapping: { MaximumRetryAttempts: -1 },
    });
    await put('a');
    await expect(cloud.quiesce({ timeoutMillis: 300 })).rejects.toMatchObject({
      code: 'cloud.notQuiet',
      message: expect.stringContaining('mapping "Mapping": 1 records undelivered'),
    });
  });

  it('fails while a write hangs', async () => {
    const { cloud, client, things } = await start();
    const seen = Promise.withResolvers<void>();
    cloud.setIntercept(() => {
      seen.resolve();
      return hang();
    });
    const abort = new AbortController();
    const item = { id: { S: 'a' }, part: { S: '-' } };
    const write = client
      .putItem({ TableName: things, Item: item }, { abortSignal: abort.signal })
      .catch(() => 'given up');
    await seen.promise;
    await expect(cloud.quiesce({ timeoutMillis: 50 })).rejects.toThrow('1 writes in flight');
    abort.abort();
    expect(await write).toBe('given up');
    await cloud.quiesce();
  });
});
