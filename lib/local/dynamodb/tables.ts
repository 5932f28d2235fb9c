/** AWS::DynamoDB::Table → CreateTable on the engine. */
import { REGION } from '../template/intrinsics.ts';
import { checkProperties, findFlag, findText, type Properties, readList, readObject } from '../template/properties.ts';
import type { Stack } from '../template/stack.ts';
import type { EngineConnection } from './engine-connection.ts';

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

function toIndex(where: string, value: unknown): Properties {
  const index = value as Properties;
  checkProperties(where, index, INDEX_PROPERTIES);
  return Object.fromEntries(Object.entries(index).filter(([name]) => INDEX_PROPERTIES.used.includes(name)));
}

export function toCreateTable(name: string, properties: Properties): Record<string, unknown> {
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
  };
}

/** Creates the stack's tables, and gives each its `StreamArn` for `Fn::GetAtt`. Returns their names by logical id. */
export async function createTables(stack: Stack, engine: EngineConnection): Promise<Readonly<Record<string, string>>> {
  const names: Record<string, string> = {};
  for (const { logicalId, name, arn, properties } of stack.resolve('AWS::DynamoDB::Table')) {
    const { TableDescription } = await engine.call('CreateTable', toCreateTable(name, properties));
    const { LatestStreamArn } = TableDescription as { readonly LatestStreamArn?: string };
    const timeToLive = readObject(name, properties, 'TimeToLiveSpecification');
    if (timeToLive !== undefined && findFlag(name, timeToLive, 'Enabled') === true) {
      const AttributeName = findText(name, timeToLive, 'AttributeName');
      const TimeToLiveSpecification = { Enabled: true, AttributeName };
      await engine.call('UpdateTimeToLive', { TableName: name, TimeToLiveSpecification });
    }
    const stream = LatestStreamArn !== undefined && { StreamArn: fromEngineArns(LatestStreamArn) };
    stack.scope.resources.set(logicalId, { ref: name, attributes: { Arn: arn, ...stream } });
    names[logicalId] = name;
  }
  return names;
}
