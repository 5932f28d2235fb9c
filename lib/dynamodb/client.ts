/** The DynamoDB client that functions, the typed client and the commands use: each option written out, with its reason. */
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, NumberValue } from '@aws-sdk/lib-dynamodb';
import { CONNECT_TIMEOUT_MILLIS, REQUEST_TIMEOUT_MILLIS, SOCKETS_MAX } from '../protocol/limits.ts';

/** Region, endpoint and credentials come from the usual AWS chain unless given. */
export type Connection = Pick<DynamoDBClientConfig, 'region' | 'endpoint' | 'credentials'>;

export function connect(connection: Connection = {}): DynamoDBDocumentClient {
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const client = new DynamoDBClient({
    ...connection,
    // One try: `sendWithRetries` tries again, since the SDK doesn't do so for a cancelled transaction, and two loops
    // around each other would multiply.
    maxAttempts: 1,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MILLIS,
      requestTimeout: REQUEST_TIMEOUT_MILLIS,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  return documentClient(client);
}

/** Over a client of the caller's own; its translation of items must be ours, for conditions compare what was read. */
export function documentClient(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, {
    marshallOptions: {
      allowImpreciseNumbers: false,
      convertClassInstanceToMap: false,
      convertEmptyValues: false,
      convertTopLevelContainer: true,
      removeUndefinedValues: true,
    },
    unmarshallOptions: { convertWithoutMapWrapper: true, wrapNumbers: losslessNumber },
  });
}

/**
 * A JavaScript number where it is exactly the stored one, else the SDK's NumberValue. A list that is read and compared
 * must go back to DynamoDB as it came, whatever numbers somebody else put into it.
 */
export function losslessNumber(stored: string): number | NumberValue {
  const number = Number(stored);
  const exact = String(number) === stored && Math.abs(number) <= Number.MAX_SAFE_INTEGER;
  return exact ? number : NumberValue.from(stored);
}
