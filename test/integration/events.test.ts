/** What would be sent of real deletions: the pipes' filters and templates, over the records of real receipts. */
import { DynamoDBStreams } from '@aws-sdk/client-dynamodb-streams';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deallocator, type DeallocatorProps } from '../../lib/infra/index.ts';
import { compilePattern } from '../../lib/local/events/pattern.ts';
import { StreamReader } from '../../lib/local/streams/reader.ts';
import type { StreamRecord } from '../../lib/local/streams/record.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';

const eventBus = EventBus.fromEventBusArn(new Stack(), 'Bus', 'arn:aws:events:us-east-1:111122223333:event-bus/shop');
const props: DeallocatorProps = { eventBus, resourcePrefix: 'shop', tracing: true };
const stack = new Stack();
new Deallocator(stack, 'Deallocator', props);

interface Pipe {
  readonly SourceParameters: { readonly FilterCriteria: { readonly Filters: readonly { readonly Pattern: string }[] } };
  readonly TargetParameters: {
    readonly InputTemplate: string;
    readonly EventBridgeEventBusParameters: { readonly DetailType: string };
  };
}

const resources = Template.fromStack(stack).findResources('AWS::Pipes::Pipe');
const pipes = Object.values(resources).map(({ Properties }) => Properties as Pipe);

let backend: LocalBackend;
let streams: DynamoDBStreams;
beforeAll(async () => {
  backend = await localBackend(props);
  const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
  streams = new DynamoDBStreams({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
});
afterAll(async () => {
  streams.destroy();
  await backend.close();
});

/** All that the receipts' stream holds. DynamoDB Local has one shard a stream. */
async function readReceiptRecords(): Promise<StreamRecord[]> {
  const { Streams: [stream] = [] } = await streams.listStreams({ TableName: backend.tables.receipts });
  const { enginePort, accessKeyId } = backend.cloud;
  const reader = new StreamReader(enginePort, accessKeyId, stream?.StreamArn ?? '');
  const [shard] = await reader.listShards();
  const records = await reader.openShard(shard?.shardId ?? '', 'TRIM_HORIZON').read();
  reader.close();
  return records.map(({ record }) => record);
}

const valueAt = (path: string, event: unknown) =>
  path.split('.').reduce((value, name) => (value as Record<string, unknown> | undefined)?.[name], event);

/** As EventBridge Pipes does: what its filter lets through, in the form of its template. */
function sentBy({ SourceParameters, TargetParameters }: Pipe, records: readonly StreamRecord[]) {
  const { Filters } = SourceParameters.FilterCriteria;
  const { InputTemplate, EventBridgeEventBusParameters } = TargetParameters;
  const wanted = records.filter((record) => Filters.some(({ Pattern }) => compilePattern(Pattern)(record)));
  return wanted.map((record) => ({
    detailType: EventBridgeEventBusParameters.DetailType,
    detail: JSON.parse(InputTemplate.replaceAll(/<\$\.([\w.]+)>/g, (_, path) => JSON.stringify(valueAt(path, record)))),
  }));
}

describe('events', () => {
  it('come from the table of the chosen name', () => {
    expect(backend.tables.receipts).toBe('shop-receipts');
  });

  it('tell of each deletion once, whole, and of nothing else', async () => {
    const { client } = backend;
    const web = 'web "1"\n<$.id>';
    for (const id of ['front', 'back', 'alone']) await client.createNetwork({ id });
    await client.createService({ id: web, spec: { task: { networks: [{ target: 'front' }, { target: 'back' }] } } });
    await client.removeService(web, { by: 'ann', reason: 'moved' });
    await backend.deliver();
    await client.createService({ id: web });
    await client.removeService(web);
    await client.removeNetwork('alone');
    await backend.deliver();
    const { receipts = [] } = await backend.world();
    await backend.delete('receipts', {
      id: 'network#alone',
      markedAt: receipts.find(({ id }) => id === 'network#alone')?.markedAt ?? '',
    });

    const records = await readReceiptRecords();
    expect(records.map(({ eventName }) => eventName).sort()).toEqual(['INSERT', 'INSERT', 'INSERT', 'REMOVE']);
    const events = pipes.flatMap((pipe) => sentBy(pipe, records));
    expect(events.map(({ detailType, detail }) => [detailType, detail.version, detail.receipt.id.S])).toEqual([
      ['Deleted', 1, `service#${web}`],
      ['Deleted', 1, `service#${web}`],
      ['Deleted', 1, 'network#alone'],
    ]);
    const keys = events.map(({ detail }) => `${detail.receipt.id.S} ${detail.receipt.markedAt.S}`);
    expect(new Set(keys).size).toBe(3);
    for (const { detail } of events) {
      const sent = unmarshall(detail.receipt);
      const kept = receipts.find(({ id, markedAt }) => id === sent.id && markedAt === sent.markedAt);
      expect(sent).toEqual(kept);
    }
    expect(unmarshall(events[0]?.detail.receipt)).toMatchObject({
      markedBy: 'ann',
      markedReason: 'moved',
      trigger: 'service-updated',
      freed: [],
      kept: ['network#front', 'network#back'],
    });
  });
});
