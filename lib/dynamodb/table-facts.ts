/** What DynamoDB tells of a table, beside its items. */
import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  GetResourcePolicyCommand,
  type KeySchemaElement,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-dynamodb';
import type { Requests } from './requests.ts';

export interface TableFacts {
  readonly name: string;
  readonly arn: string;
  /** The partition key's name, then the sort key's. */
  readonly keys: readonly string[];
  readonly indexes: readonly { readonly name: string; readonly keys: readonly string[]; readonly status: string }[];
  /** Absent where no stream is on. */
  readonly stream?: { readonly arn: string; readonly viewType: string };
  readonly replicas: number;
  readonly deletionProtection: boolean;
}

export async function describeTable(requests: Requests, name: string): Promise<TableFacts> {
  const command = new DescribeTableCommand({ TableName: name });
  const { Table = {} } = await requests.send('DescribeTable', (db) => db.send(command), [name]);
  const { LatestStreamArn, StreamSpecification, GlobalSecondaryIndexes = [], Replicas = [] } = Table;
  const viewType = StreamSpecification?.StreamEnabled === true ? StreamSpecification.StreamViewType : undefined;
  return {
    name,
    arn: Table.TableArn ?? name,
    keys: keysOf(Table.KeySchema),
    indexes: GlobalSecondaryIndexes.map(({ IndexName = '', KeySchema, IndexStatus = 'ACTIVE' }) => {
      return { name: IndexName, keys: keysOf(KeySchema), status: IndexStatus };
    }),
    ...(viewType !== undefined && LatestStreamArn !== undefined && { stream: { arn: LatestStreamArn, viewType } }),
    replicas: Replicas.length,
    deletionProtection: Table.DeletionProtectionEnabled === true,
  };
}

function keysOf(schema: readonly KeySchemaElement[] = []): string[] {
  const place = ({ KeyType }: KeySchemaElement) => (KeyType === 'HASH' ? 0 : 1);
  return [...schema].sort((a, b) => place(a) - place(b)).map(({ AttributeName = '' }) => AttributeName);
}

/** The attribute at whose time DynamoDB deletes an item; undefined where it deletes none. */
export async function readExpiryAttribute(requests: Requests, name: string): Promise<string | undefined> {
  const command = new DescribeTimeToLiveCommand({ TableName: name });
  const answer = await requests.send('DescribeTimeToLive', (db) => db.send(command), [name]);
  const { TimeToLiveStatus = '', AttributeName } = answer.TimeToLiveDescription ?? {};
  return TimeToLiveStatus.startsWith('ENABL') ? AttributeName : undefined;
}

/** A table's own policy. */
export interface TablePolicy {
  /** As it was written. */
  readonly text: string;
  /** Absent where DynamoDB tells none. */
  readonly revision?: string | undefined;
}

/** Undefined where the table has none. */
export async function readPolicy(requests: Requests, arn: string): Promise<TablePolicy | undefined> {
  const command = new GetResourcePolicyCommand({ ResourceArn: arn });
  try {
    const { Policy, RevisionId } = await requests.send('GetResourcePolicy', (db) => db.send(command));
    return Policy === undefined ? undefined : { text: Policy, revision: RevisionId };
  } catch (error) {
    const { name, cause } = error as Error;
    if ([name, (cause as Error | undefined)?.name].includes('PolicyNotFoundException')) return undefined;
    throw error;
  }
}

/** Fails if it is not the policy any more that was read, where its revision is known. */
export async function writePolicy(requests: Requests, arn: string, { text, revision }: TablePolicy): Promise<void> {
  const command = new PutResourcePolicyCommand({ ResourceArn: arn, Policy: text, ExpectedRevisionId: revision });
  await requests.send('PutResourcePolicy', (db) => db.send(command));
}
