/** What a client is made of: it is checked at once, and the environment may tell it. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, type DynamoDBClientConfig, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, describe, expect, it } from 'vitest';
import { DeallocatorClient, type DeallocatorClientOptions } from '../../lib/client/index.ts';
import { optionsFrom } from '../../lib/client/options.ts';
import { type Connection, connectPlainly, RETRY_MIDDLEWARE, UNUSED_MIDDLEWARE } from '../../lib/dynamodb/client.ts';
import { connect } from '../../lib/dynamodb/document-client.ts';
import { swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { forTables } from '../support/swarmkit.ts';

const tables = forTables((table) => table.toUpperCase());
const CHOSEN = swarmkit({ taskNetworks: true });
const folder = mkdtempSync(join(tmpdir(), 'client-options-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a client', () => {
  it.each([
    ['no options', undefined, /options are missing/],
    ['nothing', {}, /tables\.services is missing, and must be the name of a table \(.*: services, tasks, networks, /],
    ['one table too few', { tables: { ...tables, receipts: undefined } }, /tables\.receipts is missing.*: receipts\);/],
    ['an empty name', { tables: { ...tables, tasks: '' } }, /tables\.tasks is ""/],
    ["the construct's tables", { tables: forTables(() => ({ tableName: 'T' })) }, /give deallocator\.tableNames/],
    ['a client that is none', { tables, client: { send() {} } }, /client is .*; it must be a DynamoDBClient/],
    ['no client', { tables, client: null }, /client is null; it must be a DynamoDBClient/],
  ])('made of %s fails at once, with words', (_, options, message) => {
    expect(() => new DeallocatorClient(options as unknown as DeallocatorClientOptions)).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: expect.stringMatching(message) }),
    );
  });

  it('is made of the names of all tables, and of a client of the user’s', () => {
    expect(new DeallocatorClient({ tables }).taskNetworks).toBe(false);
    const client = new DynamoDBClient({ region: 'eu-west-1' });
    expect(new DeallocatorClient({ lifecycle: CHOSEN, tables, client }).taskNetworks).toBe(true);
  });
});

describe('the environment', () => {
  const line = JSON.stringify({
    ...{ endpoint: 'http://127.0.0.1:8000', region: 'us-east-1', accessKeyId: 'a', secretAccessKey: 's' },
    ...{ tables, lifecycle: CHOSEN },
  });
  const told = {
    tables,
    lifecycle: CHOSEN,
    connection: {
      endpoint: 'http://127.0.0.1:8000',
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    },
  };

  it('tells a client in the line that the local cloud prints, or in a file with it', () => {
    const file = join(folder, 'cloud.json');
    writeFileSync(file, line);
    expect(optionsFrom({ environment: { DEALLOCATOR_CONFIG: line } })).toEqual(told);
    expect(optionsFrom({ environment: { DEALLOCATOR_CONFIG: file } })).toEqual(told);
    expect(DeallocatorClient.fromEnvironment({ environment: { DEALLOCATOR_CONFIG: line } }).taskNetworks).toBe(true);
  });

  it('tells the kinds, too; those that the program gives go before', () => {
    const [shelves, own] = [{ shelves: 'S' }, { counters: 'C', receipts: 'R' }];
    const lifecycle = { kinds: { shelf: { table: 'shelves', key: { id: '${shelf}' } } } } as const;
    const named = { ...shelves, ...own };
    const environment = { DEALLOCATOR_CONFIG: JSON.stringify({ tables: named }) };
    expect(optionsFrom({ environment, lifecycle })).toMatchObject({ tables: named, lifecycle });
    const both = { DEALLOCATOR_CONFIG: JSON.stringify({ tables: named, lifecycle }) };
    expect(optionsFrom({ environment: both })).toMatchObject({ tables: named, lifecycle });
    expect(() => optionsFrom({ environment })).toThrow('names no table for services');
  });

  it('tells no more than there is, and leaves the rest to AWS', () => {
    const environment = { DEALLOCATOR_CONFIG: JSON.stringify({ tables }) };
    expect(optionsFrom({ environment })).toEqual({ tables, connection: {} });
    const client = new DynamoDBClient({ region: 'eu-west-1' });
    expect(optionsFrom({ environment, client })).toEqual({ tables, connection: {}, client });
  });

  it.each([
    ['nothing', {}, 'FailedPrecondition', /DEALLOCATOR_CONFIG is not set; .*deallocator\.connect\(fn\)/],
    ['an empty text', { DEALLOCATOR_CONFIG: '' }, 'FailedPrecondition', /is not set/],
    ['a stack', { DEALLOCATOR_STACK: 'Shop' }, 'FailedPrecondition', /DEALLOCATOR_STACK is for the command line alone/],
    ['no file', { DEALLOCATOR_CONFIG: join(folder, 'absent') }, 'InvalidArgument', /names can't be read: .*ENOENT/],
    ['half a line', { DEALLOCATOR_CONFIG: '{"tables"' }, 'InvalidArgument', /DEALLOCATOR_CONFIG is no JSON/],
    ['no tables', { DEALLOCATOR_CONFIG: '{}' }, 'InvalidArgument', /names no table for services/],
  ] as const)('that holds %s is refused with what to do', (_, environment, code, message) => {
    expect(() => DeallocatorClient.fromEnvironment({ environment })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});

describe('the middleware of requests', () => {
  const connection = { region: 'eu-central-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } };
  const namesOf = ({ middlewareStack }: Pick<DynamoDBClient, 'middlewareStack'>) =>
    middlewareStack.identify().map((entry) => entry.split(' ')[0] as string);

  it('is left out of our client where nobody needs it, and nothing else is: each is there in the SDK', () => {
    const all = namesOf(new DynamoDBClient(connection));
    expect(all).toEqual(expect.arrayContaining([...UNUSED_MIDDLEWARE, RETRY_MIDDLEWARE]));
    const ours = namesOf(connect(connection));
    expect(ours.filter((name) => name !== 'refuseStranger').sort()).toEqual(
      all.filter((name) => !UNUSED_MIDDLEWARE.includes(name)).sort(),
    );
  });

  it("is untouched in a user's own client", () => {
    const own = new DynamoDBClient(connection);
    const before = own.middlewareStack.identify();
    new DeallocatorClient({ tables, client: own });
    expect(own.middlewareStack.identify()).toEqual(before);
  });

  it.each([
    ['ours', connectPlainly],
    [
      "a user's own client that keeps it",
      (to: Connection) => new DynamoDBClient({ ...(to as DynamoDBClientConfig), cacheMiddleware: true }),
    ],
  ])('is kept from one request to the next in %s, and no request is sent for another one', async (_, make) => {
    const signatures: (string | undefined)[] = [];
    // Answers with what it is asked for.
    const server = createServer(async (request, response) => {
      signatures.push(request.headers.authorization);
      const { Key } = JSON.parse((await request.toArray()).join(''));
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify({ Item: Key }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const client = make({ ...connection, endpoint: `http://127.0.0.1:${port}` });
    try {
      const own = new DeallocatorClient({ tables, client });
      const ids = ['web', 'api', 'job'];
      expect(await Promise.all(ids.map((id) => own.getService(id)))).toMatchObject(ids.map((id) => ({ id })));
      expect(await own.getNetwork('front')).toMatchObject({ id: 'front' });
      expect(new Set(signatures).size).toBe(4);
    } finally {
      client.destroy();
      server.close();
    }
  });

  it('of retries is gone: a request is sent once, signed, and throws what came back', async () => {
    const sent: Record<string, string>[] = [];
    const db = connect({ ...connection, endpoint: 'http://127.0.0.1:1' });
    db.middlewareStack.add(
      () => async (args) => {
        sent.push((args.request as { headers: Record<string, string> }).headers);
        throw Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
      },
      { step: 'deserialize', name: 'never sent', priority: 'low' },
    );
    await expect(db.send(new GetItemCommand({ TableName: 'T', Key: { id: { S: 'x' } } }))).rejects.toThrow('slow down');
    expect(sent).toHaveLength(1);
    expect(Object.keys(sent[0] ?? {})).toEqual(expect.arrayContaining(['authorization', 'content-length', 'host']));
    expect(Object.keys(sent[0] ?? {})).not.toContain('amz-sdk-request');
  });
});
