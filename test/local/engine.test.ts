import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { afterEach, expect, it } from 'vitest';
import { type Engine, startEngine } from '../../lib/local/dynamodb/engine.ts';
import { startLocalCloud } from '../../lib/local/local-cloud.ts';
import { idsOf, writeFixtureAssembly } from './fixture.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

it('killed and started again on its files, goes on where it was: items, streams, tokens, and the mappings around it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'engine-'));
  closers.push(() => rmSync(directory, { recursive: true, force: true }));
  let engine: Engine = await startEngine({ directory });
  closers.push(() => engine.stop());
  const assemblyDirectory = writeFixtureAssembly({ mapping: { BatchSize: 1 } });
  closers.push(() => rmSync(assemblyDirectory, { recursive: true, force: true }));
  const delivered: Parameters<typeof idsOf>[0][number][] = [];
  const cloud = await startLocalCloud({
    assemblyDirectory,
    stackName: 'Fixture',
    engine,
    clockRate: 100,
    log: () => {},
    onDelivery: (delivery) => delivered.push(delivery),
  });
  closers.push(() => cloud.stop());
  const client = new DynamoDB({ endpoint: cloud.endpoint, region: cloud.region, credentials: cloud, maxAttempts: 1 });
  closers.push(() => client.destroy());
  const TableName = cloud.outputs.ThingsTableName as string;
  const put = (id: string) => ({ Put: { TableName, Item: { id: { S: id }, part: { S: '-' } } } });
  const absent = { ConditionExpression: 'attribute_not_exists(id)' };
  const once = { ClientRequestToken: 'once', TransactItems: [{ Put: { ...put('b').Put, ...absent } }] };

  await client.transactWriteItems({ TransactItems: [put('a')] });
  await cloud.quiesce();
  await cloud.pauseMappings();
  await client.transactWriteItems(once);
  await engine.kill();
  await expect(client.scan({ TableName })).rejects.toMatchObject({ name: 'InternalServerError' });
  cloud.resumeMappings();
  engine = await startEngine({ directory, port: engine.port });
  await client.transactWriteItems(once);
  await client.transactWriteItems({ TransactItems: [put('c')] });
  await cloud.quiesce();

  expect((await client.scan({ TableName })).Count).toBe(3);
  expect(idsOf(delivered)).toEqual([['a'], ['b'], ['c']]);
  const numbers = delivered.map(({ records }) => Number(records[0]?.dynamodb.SequenceNumber));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
});
