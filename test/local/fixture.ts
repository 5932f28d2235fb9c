/** A small stack on disk: one streamed table, one function that reads it, one queue for what was given up. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { afterEach, inject } from 'vitest';
import type { LogEntry } from '../../lib/local/ground/log.ts';
import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from '../../lib/local/local-cloud.ts';
import type { Delivery } from '../../lib/local/streams/delivery.ts';

export interface FixtureStack {
  readonly outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
  /** The function's CommonJS source. */
  readonly handler?: string;
  readonly functionProperties?: Record<string, unknown>;
  readonly mapping?: Record<string, unknown>;
  readonly resources?: Record<string, unknown>;
  readonly parameters?: Record<string, unknown>;
}

const SUCCEEDS = 'exports.handler = async () => ({ batchItemFailures: [] });';

export function fixtureTemplate(stack: FixtureStack): Record<string, unknown> {
  return {
    Parameters: { BootstrapVersion: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk/version' } },
    Resources: {
      Things: {
        Type: 'AWS::DynamoDB::Table',
        Properties: {
          AttributeDefinitions: ['id', 'part'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
          KeySchema: [
            { AttributeName: 'id', KeyType: 'HASH' },
            { AttributeName: 'part', KeyType: 'RANGE' },
          ],
          BillingMode: 'PAY_PER_REQUEST',
          StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
          TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
        },
      },
      Marks: {
        Type: 'AWS::DynamoDB::Table',
        Properties: {
          AttributeDefinitions: ['id', 'mark'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
          GlobalSecondaryIndexes: [
            {
              IndexName: 'marked',
              KeySchema: [
                { AttributeName: 'id', KeyType: 'HASH' },
                { AttributeName: 'mark', KeyType: 'RANGE' },
              ],
              Projection: { ProjectionType: 'KEYS_ONLY' },
            },
          ],
        },
      },
      Failures: { Type: 'AWS::SQS::Queue', Properties: { MessageRetentionPeriod: 1209600 } },
      WorkerRole: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: {},
          Policies: [
            {
              PolicyName: 'All',
              PolicyDocument: { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
            },
          ],
        },
      },
      Worker: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          Code: { S3Bucket: { 'Fn::Join': ['-', ['assets', { Ref: 'AWS::AccountId' }]] }, S3Key: 'worker.zip' },
          Handler: 'index.handler',
          Runtime: 'nodejs24.x',
          Role: { 'Fn::GetAtt': ['WorkerRole', 'Arn'] },
          Timeout: 20,
          Environment: { Variables: { MARKS_TABLE: { Ref: 'Marks' } } },
          ...stack.functionProperties,
        },
      },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: { 'Fn::GetAtt': ['Things', 'StreamArn'] },
          FunctionName: { Ref: 'Worker' },
          StartingPosition: 'TRIM_HORIZON',
          FunctionResponseTypes: ['ReportBatchItemFailures'],
          DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failures', 'Arn'] } } },
          ...stack.mapping,
        },
      },
      ...stack.resources,
    },
    Outputs: {
      ThingsTableName: { Value: { Ref: 'Things' } },
      MarksTableName: { Value: { Ref: 'Marks' } },
      ...stack.outputs,
    },
  };
}

/** Writes the stack's cloud assembly; returns its directory. */
export function writeFixtureAssembly(stack: FixtureStack, stackName = 'Fixture'): string {
  const directory = mkdtempSync(join(tmpdir(), 'local-cloud-'));
  const write = (name: string, content: unknown) => {
    writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
  };
  write('manifest.json', {
    version: '48.0.0',
    artifacts: {
      [stackName]: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Fixture.template.json' } },
      'Fixture.assets': { type: 'cdk:asset-manifest', properties: { file: 'Fixture.assets.json' } },
    },
  });
  write('Fixture.assets.json', {
    files: {
      worker: {
        source: { path: 'asset.worker', packaging: 'zip' },
        destinations: { here: { objectKey: 'worker.zip' } },
      },
    },
  });
  write('Fixture.template.json', fixtureTemplate(stack));
  mkdirSync(join(directory, 'asset.worker'));
  write('asset.worker/index.js', stack.handler ?? SUCCEEDS);
  return directory;
}

export interface FixtureCloud {
  readonly cloud: LocalCloud;
  readonly client: DynamoDB;
  readonly things: string;
  readonly marks: string;
  readonly deliveries: Delivery[];
  readonly logs: LogEntry[];
  put(id: string, part?: string, more?: Record<string, unknown>): Promise<unknown>;
}

/** Ids of the delivered records, one list for each invocation. */
export function idsOf(deliveries: readonly Delivery[]): string[][] {
  return deliveries.map(({ records }) => records.map(({ dynamodb }) => (dynamodb.Keys as { id: { S: string } }).id.S));
}

/** A database for each test in the engine of all tests. */
export function useLocalClouds() {
  const closers: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  return async (stack: FixtureStack = {}, options: Partial<LocalCloudOptions> = {}): Promise<FixtureCloud> => {
    const assemblyDirectory = writeFixtureAssembly(stack);
    closers.push(() => rmSync(assemblyDirectory, { recursive: true, force: true }));
    const deliveries: Delivery[] = [];
    const logs: LogEntry[] = [];
    const cloud = await startLocalCloud({
      assemblyDirectory,
      stackName: 'Fixture',
      engine: { port: inject('enginePort') },
      databaseId: `test${randomUUID().replaceAll('-', '')}`,
      clockRate: 100,
      log: (entry) => logs.push(entry),
      onDelivery: (delivery) => deliveries.push(delivery),
      ...options,
    });
    closers.push(() => cloud.stop());
    const client = connect(cloud);
    closers.push(() => client.destroy());
    const things = cloud.outputs.ThingsTableName ?? '';
    return {
      cloud,
      client,
      things,
      marks: cloud.outputs.MarksTableName ?? '',
      deliveries,
      logs,
      put: (id, part = '-', more = {}) => {
        return client.putItem({ TableName: things, Item: { id: { S: id }, part: { S: part }, ...(more as object) } });
      },
    };
  };
}

export function connect(cloud: LocalCloud, accessKeyId = cloud.accessKeyId, region = cloud.region): DynamoDB {
  const credentials = { accessKeyId, secretAccessKey: cloud.secretAccessKey };
  return new DynamoDB({ endpoint: cloud.endpoint, region, credentials, maxAttempts: 1 });
}
