/** AWS::DynamoDB::Table → CreateTable on the engine. */
import { REGION } from '../template/intrinsics.ts';
import type { Properties, PropertyReader } from '../template/properties.ts';
import type { Stack } from '../template/stack.ts';
import type { EngineConnection } from './engine-connection.ts';

/** What the engine calls its region, whatever the client says. */
const ENGINE_REGION = 'ddblocal';

const ENGINE_ARN = `arn:aws:dynamodb:${ENGINE_REGION}:`;
const ARN = `arn:aws:dynamodb:${REGION}:`;

/** Changes every ARN in a text. Clients and functions see only the region that they asked for. */
export function toEngineArns(text: string): string {
  return text.replaceAll(ARN, ENGINE_ARN);
}

export function fromEngineArns(text: string): string {
  return text.replaceAll(ENGINE_ARN, ARN).replaceAll(`"awsRegion":"${ENGINE_REGION}"`, `"awsRegion":"${REGION}"`);
}

/** The engine does not know them, or they have no effect there. iam/policies.ts reads the policy. */
const IGNORED_PROPERTIES = [
  'ResourcePolicy',
  'PointInTimeRecoverySpecification',
  'SSESpecification',
  'ContributorInsightsSpecification',
  'OnDemandThroughput',
  'WarmThroughput',
  'TableClass',
  'Tags',
];
const INDEX_PROPERTIES = ['IndexName', 'KeySchema', 'Projection', 'ProvisionedThroughput'];

function readIndexes(properties: PropertyReader, name: string): readonly Properties[] {
  return properties.objects(name).map((index) => {
    index.ignore('ContributorInsightsSpecification', 'OnDemandThroughput', 'WarmThroughput');
    return Object.fromEntries(INDEX_PROPERTIES.map((property) => [property, index.value(property)]));
  });
}

/** The engine takes no empty list of indexes. */
function unlessEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function readTable(properties: PropertyReader, TableName: string) {
  properties.ignore(...IGNORED_PROPERTIES);
  const stream = properties.findObject('StreamSpecification');
  stream?.ignore('ResourcePolicy', 'StreamEnabled');
  const StreamViewType = stream?.value('StreamViewType');
  const timeToLive = properties.object('TimeToLiveSpecification');
  const AttributeName = timeToLive.findText('AttributeName');
  return {
    create: {
      TableName,
      KeySchema: properties.value('KeySchema'),
      AttributeDefinitions: properties.value('AttributeDefinitions'),
      BillingMode: properties.findText('BillingMode') ?? 'PROVISIONED',
      ProvisionedThroughput: properties.value('ProvisionedThroughput'),
      DeletionProtectionEnabled: properties.findFlag('DeletionProtectionEnabled') ?? false,
      GlobalSecondaryIndexes: unlessEmpty(readIndexes(properties, 'GlobalSecondaryIndexes')),
      LocalSecondaryIndexes: unlessEmpty(readIndexes(properties, 'LocalSecondaryIndexes')),
      StreamSpecification: stream && { StreamEnabled: true, StreamViewType },
    },
    expiry: timeToLive.findFlag('Enabled') === true ? { Enabled: true, AttributeName } : undefined,
  };
}

/** The engine's requests for each table of the stack. */
export function readTables(stack: Stack) {
  return stack.read('AWS::DynamoDB::Table', (properties, resource) => {
    return { ...resource, ...readTable(properties, resource.name) };
  });
}

/** Creates the stack's tables, and gives each its `StreamArn` for `Fn::GetAtt`. */
export async function createTables(stack: Stack, engine: EngineConnection): Promise<void> {
  for (const { logicalId, name, arn, create, expiry } of readTables(stack)) {
    const { TableDescription } = await engine.call('CreateTable', create);
    const { LatestStreamArn } = TableDescription as { readonly LatestStreamArn?: string };
    if (expiry !== undefined) {
      await engine.call('UpdateTimeToLive', { TableName: name, TimeToLiveSpecification: expiry });
    }
    const stream = LatestStreamArn !== undefined && { StreamArn: fromEngineArns(LatestStreamArn) };
    stack.scope.resources.set(logicalId, { ref: name, attributes: { Arn: arn, ...stream } });
  }
}
