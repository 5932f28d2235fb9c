/** AWS::DynamoDB::Table → CreateTable on the engine. */
import { type CreateTableCommandInput, DynamoDB } from '@aws-sdk/client-dynamodb';
import { REGION } from '../template/intrinsics.ts';
import { checkProperties, findFlag, findText, type Properties, readList, readObject } from '../template/properties.ts';
import type { Stack } from '../template/stack.ts';

/** What the engine calls its region, whatever the client says. */
const ENGINE_REGION = 'ddblocal';

const ENGINE_ARN = `arn:aws:dynamodb:${ENGINE_REGION}:`;
const ARN = `arn:aws:dynamodb:${REGION}:`;

/** Every table's and stream's ARN in a text. Clients and functions only ever see the region that they asked for. */
export function toEngineArns(text: string): string {
  return text.replaceAll(ARN, ENGINE_ARN);
}

export function fromEngineArns(text: string): string {
  return text.replaceAll(ENGINE_ARN, ARN).replaceAll(`"awsRegion":"${ENGINE_REGION}"`, `"awsRegion":"${REGION}"`);
}

/** The ignored ones are unknown to the engine, or have no effect there. The policy is read by iam/policies.ts. */
const TABLE_PROPERTIES = {
  used: [
    'TableName',
    'KeySchema',
    'AttributeDefinitions',
    'BillingMode',
    'ProvisionedThroughput',
    'GlobalSecondaryIndexes',
    'LocalSecondaryIndexes',
    'StreamSpecification',
    'TimeToLiveSpecification',
    'DeletionProtectionEnabled',
    'ResourcePolicy',
  ],
  ignored: [
    'PointInTimeRecoverySpecification',
    'SSESpecification',
    'ContributorInsightsSpecification',
    'OnDemandThroughput',
    'WarmThroughput',
    'TableClass',
    'Tags',
  ],
};
const INDEX_PROPERTIES = {
  used: ['IndexName', 'KeySchema', 'Projection', 'ProvisionedThroughput'],
  ignored: ['ContributorInsightsSpecification', 'OnDemandThroughput', 'WarmThroughput'],
};

export interface Table {
  readonly logicalId: string;
  readonly name: string;
  /** In the region that everybody sees. */
  readonly streamArn: string | undefined;
}

function toIndex(where: string, value: unknown): Properties {
  const index = value as Properties;
  checkProperties(where, index, INDEX_PROPERTIES);
  return Object.fromEntries(Object.entries(index).filter(([name]) => INDEX_PROPERTIES.used.includes(name)));
}

export function toCreateTable(name: string, properties: Properties): CreateTableCommandInput {
  const where = `table "${name}"`;
  checkProperties(where, properties, TABLE_PROPERTIES);
  const stream = readObject(where, properties, 'StreamSpecification');
  if (stream !== undefined) {
    checkProperties(where, stream, { used: ['StreamViewType'], ignored: ['ResourcePolicy', 'StreamEnabled'] });
  }
  const globalIndexes = readList(where, properties, 'GlobalSecondaryIndexes').map((index) => toIndex(where, index));
  const localIndexes = readList(where, properties, 'LocalSecondaryIndexes').map((index) => toIndex(where, index));
  return {
    TableName: name,
    KeySchema: properties.KeySchema,
    AttributeDefinitions: properties.AttributeDefinitions,
    BillingMode: findText(where, properties, 'BillingMode') ?? 'PROVISIONED',
    ProvisionedThroughput: properties.ProvisionedThroughput,
    DeletionProtectionEnabled: findFlag(where, properties, 'DeletionProtectionEnabled') ?? false,
    ...(globalIndexes.length > 0 && { GlobalSecondaryIndexes: globalIndexes }),
    ...(localIndexes.length > 0 && { LocalSecondaryIndexes: localIndexes }),
    ...(stream !== undefined && { StreamSpecification: { StreamEnabled: true, ...stream, ResourcePolicy: undefined } }),
  } as CreateTableCommandInput;
}

/** Creates the stack's tables, and gives each its `StreamArn` for `Fn::GetAtt`. */
export async function createTables(stack: Stack, client: DynamoDB): Promise<readonly Table[]> {
  const tables: Table[] = [];
  for (const { logicalId, name, arn, properties } of stack.resolve('AWS::DynamoDB::Table')) {
    const { TableDescription } = await client.createTable(toCreateTable(name, properties));
    const engineStreamArn = TableDescription?.LatestStreamArn;
    const streamArn = engineStreamArn === undefined ? undefined : fromEngineArns(engineStreamArn);
    const timeToLive = readObject(name, properties, 'TimeToLiveSpecification');
    if (timeToLive !== undefined && findFlag(name, timeToLive, 'Enabled') === true) {
      const AttributeName = findText(name, timeToLive, 'AttributeName');
      await client.updateTimeToLive({ TableName: name, TimeToLiveSpecification: { Enabled: true, AttributeName } });
    }
    const attributes = { Arn: arn, ...(streamArn !== undefined && { StreamArn: streamArn }) };
    stack.scope.resources.set(logicalId, { ref: name, attributes });
    tables.push({ logicalId, name, streamArn });
  }
  return tables;
}

export function createEngineClient(port: number, databaseId: string): DynamoDB {
  return new DynamoDB(engineClientOptions(port, databaseId));
}

/** Straight to the engine, past the gateway: for the local cloud's own requests, which nobody meters or disturbs. */
export function engineClientOptions(port: number, databaseId: string) {
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: REGION,
    credentials: { accessKeyId: databaseId, secretAccessKey: 'local' },
  };
}
