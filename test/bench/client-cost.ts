/** Processor time of a request by our client, beside the SDK's as it comes, in turns in one process. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type Connection, connect, documentClient } from '../../lib/dynamodb/client.ts';
import { SOCKETS_MAX } from '../../lib/protocol/limits.ts';
import { withStubServer } from './handler-cost.ts';

export interface ClientCost {
  readonly client: string;
  readonly micros: number;
}

const GROUPS = 20;
const TOGETHER = 16;

/** A decrement, as `task-deleted` sends it for each parent. */
function decrement(n: number): UpdateCommand {
  return new UpdateCommand({
    TableName: 'Counters',
    Key: { id: `service#${n}` },
    UpdateExpression: 'SET #remaining = #remaining - :by, #progressedAt = :progressedAt',
    ConditionExpression: 'attribute_exists(#id)',
    ExpressionAttributeNames: { '#remaining': 'remaining', '#progressedAt': 'progressedAt', '#id': 'id' },
    ExpressionAttributeValues: { ':by': 1, ':progressedAt': '2026-01-01T00:00:00.000Z' },
    ReturnValues: 'ALL_NEW',
  });
}

/** With all of its middleware; sockets as ours, since the default has fewer. */
function sdkClient(connection: Connection): DynamoDBDocumentClient {
  const httpAgent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  return documentClient(new DynamoDBClient({ ...connection, maxAttempts: 1, requestHandler: { httpAgent } }));
}

/** The quickest of several rounds, since other programs only ever add. */
export async function measureClients(rounds: number): Promise<readonly ClientCost[]> {
  return await withStubServer(async (port) => {
    const connection = {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    };
    const clients: readonly (readonly [string, DynamoDBDocumentClient])[] = [
      ['the SDK’s, as it comes', sdkClient(connection)],
      ['ours', connect(connection)],
    ];
    const best = new Map<string, number>();
    // The first two rounds warm up.
    for (let round = -2; round < rounds; round++) {
      for (const [name, db] of clients) {
        const before = process.cpuUsage();
        for (let group = 0; group < GROUPS; group++) {
          await Promise.all(Array.from({ length: TOGETHER }, (_, n) => db.send(decrement(n))));
        }
        const { user, system } = process.cpuUsage(before);
        const micros = (user + system) / (GROUPS * TOGETHER);
        if (round >= 0) best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, micros));
      }
    }
    for (const [, db] of clients) db.destroy();
    return clients.map(([client]) => ({ client, micros: best.get(client) ?? Number.NaN }));
  });
}
