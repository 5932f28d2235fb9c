/** Processor time of a request by our client, beside the SDK's as it comes, in turns in one process. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type Connection, connectPlainly } from '../../lib/dynamodb/client.ts';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import { Requests } from '../../lib/dynamodb/requests.ts';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import { SOCKETS_MAX } from '../../lib/protocol/limits.ts';
import { withStubServer } from './handler-cost.ts';

export interface ClientCost {
  readonly client: string;
  readonly micros: number;
}

const GROUPS = 20;
const TOGETHER = 16;

/** A decrement, as `task-deleted` sends it for a parent alone. */
function decrement(n: number) {
  return {
    TableName: 'Counters',
    Key: { id: `service#${n}` },
    UpdateExpression: 'SET #remaining = #remaining - :by, #progressedAt = :progressedAt',
    ConditionExpression: 'attribute_exists(#id)',
    ExpressionAttributeNames: { '#remaining': 'remaining', '#progressedAt': 'progressedAt', '#id': 'id' },
    ExpressionAttributeValues: { ':by': 1, ':progressedAt': '2026-01-01T00:00:00.000Z' },
    ReturnValues: 'ALL_NEW',
  } as const;
}

interface Sender {
  readonly client: string;
  send(n: number): Promise<unknown>;
  close(): void;
}

/** The document client with all of its middleware, as our requests went before; sockets as ours, since the default has fewer. */
function sdkSender(connection: Connection): Sender {
  const httpAgent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const db = documentClient(new DynamoDBClient({ ...connection, maxAttempts: 1, requestHandler: { httpAgent } }));
  return {
    client: 'the SDK’s document client, as it comes',
    send: (n) => db.send(new UpdateCommand(decrement(n))),
    close: () => db.destroy(),
  };
}

function ourSender(connection: Connection): Sender {
  const db = connectPlainly(connection);
  const requests = new Requests(db, systemChance, { onRetry: () => {} });
  return { client: 'ours', send: (n) => requests.update(decrement(n)), close: () => db.destroy() };
}

/** The quickest of several rounds, since other programs only ever add. */
export async function measureClients(rounds: number): Promise<readonly ClientCost[]> {
  return await withStubServer(async (port) => {
    const connection = {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    };
    const senders = [sdkSender(connection), ourSender(connection)];
    const best = new Map<string, number>();
    // The first two rounds warm up.
    for (let round = -2; round < rounds; round++) {
      for (const { client, send } of senders) {
        const before = process.cpuUsage();
        for (let group = 0; group < GROUPS; group++) {
          await Promise.all(Array.from({ length: TOGETHER }, (_, n) => send(n)));
        }
        const { user, system } = process.cpuUsage(before);
        const micros = (user + system) / (GROUPS * TOGETHER);
        if (round >= 0) best.set(client, Math.min(best.get(client) ?? Number.POSITIVE_INFINITY, micros));
      }
    }
    for (const { close } of senders) close();
    return senders.map(({ client }) => ({ client, micros: best.get(client) ?? Number.NaN }));
  });
}
