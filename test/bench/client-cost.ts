/** Processor time of a request by our client, beside the SDK's as it comes. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
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
  send(n: number): Promise<unknown>;
}

/** The document client with all of its middleware, as our requests went before; sockets as ours, since the default has fewer. */
function sdkSender(connection: Connection): Sender {
  const httpAgent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const db = documentClient(new DynamoDBClient({ ...connection, maxAttempts: 1, requestHandler: { httpAgent } }));
  return { send: (n) => db.send(new UpdateCommand(decrement(n))) };
}

function ourSender(connection: Connection): Sender {
  const requests = new Requests(connectPlainly(connection), systemChance, { onRetry: () => {} });
  return { send: (n) => requests.update(decrement(n)) };
}

const CLIENTS = { 'the SDK’s document client, as it comes': sdkSender, ours: ourSender } as const;
export type ClientName = keyof typeof CLIENTS;

export function openSender(client: ClientName, port: number): Sender {
  return CLIENTS[client]({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    // A function's credentials have a session, whose token is as long as this.
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench', sessionToken: 'x'.repeat(900) },
  });
}

/** Requests that let V8 compile what is often called. */
const WARM_UP_GROUPS = 200;
/** Short rounds: on a busy machine some of them are undisturbed. */
const GROUPS = 4;

/** Of the rounds, the share that is quicker than what is told: other programs only ever add, and the very quickest is chance. */
const QUICKER_SHARE = 0.1;

/** In turns, each client in a process of its own. */
export async function measureClients(rounds: number): Promise<readonly ClientCost[]> {
  return await withStubServer(async (port) => {
    const clients = (Object.keys(CLIENTS) as ClientName[]).map((client) => ({
      client,
      process: openProcess(client, port),
      micros: [] as number[],
    }));
    try {
      for (const { process } of clients) await process.send(WARM_UP_GROUPS);
      for (let round = 0; round < rounds; round++) {
        for (const one of clients) one.micros.push(await one.process.send(GROUPS));
      }
      return clients.map(({ client, micros }) => ({
        client,
        micros: micros.toSorted((a, b) => a - b)[Math.floor(rounds * QUICKER_SHARE)] as number,
      }));
    } finally {
      for (const { process } of clients) process.end();
    }
  });
}

function openProcess(client: ClientName, port: number) {
  const child = fork(join(import.meta.dirname, 'client-process.ts'), [String(port), client]);
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process of ${client} ended with ${code}`);
  });
  return {
    /** Microseconds of processor time a request. */
    async send(groups: number): Promise<number> {
      const answer = once(child, 'message');
      child.send(groups);
      const [micros] = await Promise.race([answer, ended]);
      return micros;
    },
    end: () => child.kill(),
  };
}
