/** Tables that a user brings, as the schema asks for them. */
import type { Stack } from 'aws-cdk-lib';
import { AttributeType, ProjectionType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { TABLES, type TableName } from '../../lib/dynamodb/schema.ts';

export const string = (name: string) => ({ name, type: AttributeType.STRING });
export const INDEX = { indexName: 'marked', partitionKey: string('id'), sortKey: string('markedAt') };

/** What the schema asks for, as a user writes it who has read the schema. */
export function rightProps(name: TableName) {
  const { partitionKey, sortKey, stream } = TABLES[name];
  return {
    partitionKey: string(partitionKey),
    ...(sortKey && { sortKey: string(sortKey) }),
    ...(stream && { stream: StreamViewType[stream] }),
  };
}

export function rightTable(stack: Stack, name: TableName): Table {
  const table = new Table(stack, `Own-${name}`, rightProps(name));
  if (TABLES[name].marked) table.addGlobalSecondaryIndex({ ...INDEX, projectionType: ProjectionType.KEYS_ONLY });
  return table;
}
