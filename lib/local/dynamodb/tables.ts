/** AWS::DynamoDB::Table → CreateTable on the engine, or UpdateTable where it is there. */
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { INDEX_LOOK_MILLIS, INDEX_LOOKS_MAX } from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
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

type Creation = ReturnType<typeof readTable>['create'];

/** What DescribeTable tells, as far as it is looked at. */
interface Described {
  readonly LatestStreamArn?: string;
  readonly KeySchema?: unknown;
  readonly StreamSpecification?: { readonly StreamViewType?: unknown };
  readonly GlobalSecondaryIndexes?: readonly { readonly IndexName: unknown; readonly IndexStatus: unknown }[];
}

/** Creates the stack's tables, and gives each its `StreamArn` for `Fn::GetAtt`. */
export async function createTables(stack: Stack, engine: EngineConnection, isUpdate: boolean): Promise<void> {
  for (const { logicalId, name, arn, create, expiry } of readTables(stack)) {
    const { LatestStreamArn } = isUpdate
      ? await createOrUpdate(engine, create)
      : ((await engine.call('CreateTable', create)).TableDescription as Described);
    if (expiry !== undefined) {
      await engine.call('UpdateTimeToLive', { TableName: name, TimeToLiveSpecification: expiry });
    }
    const stream = LatestStreamArn !== undefined && { StreamArn: fromEngineArns(LatestStreamArn) };
    stack.scope.resources.set(logicalId, { ref: name, attributes: { Arn: arn, ...stream } });
  }
}

/** A table that is there stays with its items, as in an update of a stack, and gets the stream and the indexes that it lacks. */
async function createOrUpdate(engine: EngineConnection, create: Creation): Promise<Described> {
  const { TableName } = create;
  const made = await engine.ask('CreateTable', create);
  if (made.status === 200) return made.body.TableDescription as Described;
  if (!String(made.body.__type).endsWith('ResourceInUseException')) {
    throw new Error(`CreateTable failed: ${JSON.stringify(made.body)}`);
  }
  const found = await describe(engine, TableName);
  const wantedView = create.StreamSpecification?.StreamViewType;
  const foundView = found.StreamSpecification?.StreamViewType;
  const isSame = isDeepStrictEqual(found.KeySchema, create.KeySchema) && (foundView ?? wantedView) === wantedView;
  if (!isSame) {
    throw new LocalError(
      'template.invalidProperty',
      `the table ${TableName} is there with other keys or another stream than the template has; CloudFormation would replace it, and lose its items: take another database, or keep both as they are`,
    );
  }
  if (wantedView !== undefined && foundView === undefined) {
    await engine.call('UpdateTable', { TableName, StreamSpecification: create.StreamSpecification });
  }
  const names = found.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName) ?? [];
  const { AttributeDefinitions } = create;
  // One at a time, as DynamoDB takes them.
  for (const index of create.GlobalSecondaryIndexes?.filter(({ IndexName }) => !names.includes(IndexName)) ?? []) {
    const GlobalSecondaryIndexUpdates = [{ Create: index }];
    await engine.call('UpdateTable', { TableName, AttributeDefinitions, GlobalSecondaryIndexUpdates });
    await untilIndexed(engine, TableName);
  }
  return describe(engine, TableName);
}

async function describe(engine: EngineConnection, TableName: string): Promise<Described> {
  return (await engine.call('DescribeTable', { TableName })).Table as Described;
}

/** An index that is built over items is not there at once. */
async function untilIndexed(engine: EngineConnection, name: string): Promise<void> {
  for (let looks = 0; looks < INDEX_LOOKS_MAX; looks++) {
    const { GlobalSecondaryIndexes = [] } = await describe(engine, name);
    if (GlobalSecondaryIndexes.every(({ IndexStatus }) => IndexStatus === 'ACTIVE')) return;
    await setTimeout(INDEX_LOOK_MILLIS);
  }
  throw new Error(`an index of ${name} was not built after ${INDEX_LOOKS_MAX} looks`);
}
