/** The SDK's document client: for programs, tests and simulated people. What we send ourselves needs none of it. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
  type Connection,
  connectPlainly,
  type DynamoDBClientGiven,
  MARSHALL_OPTIONS,
  UNMARSHALL_OPTIONS,
} from './client.ts';

/** For commands of both of the SDK's packages. */
export function connect(connection: Connection = {}): DynamoDBDocumentClient {
  return documentClient(connectPlainly(connection, false));
}

/** Over a client that the caller has made. */
export function documentClient(client: DynamoDBClientGiven): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client as DynamoDBClient, {
    marshallOptions: { ...MARSHALL_OPTIONS, convertTopLevelContainer: true },
    unmarshallOptions: { ...UNMARSHALL_OPTIONS, convertWithoutMapWrapper: true },
  });
}
