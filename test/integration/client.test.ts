/**
 * The typed client on DynamoDB Local: each condition of each write is seen to hold and to fail, and what is refused changes
 * nothing.
 */
import { createContext, runInContext } from 'node:vm';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, type DynamoDBDocumentClient, NumberValue } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  DeallocatorClient,
  type ErrorCode,
  isDeallocatorError,
  type ListOptions,
  type ListPage,
  type NewService,
  type ServiceSpec,
} from '../../lib/client/index.ts';
import type { Connection } from '../../lib/dynamodb/client.ts';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { TABLES } from '../../lib/dynamodb/schema.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { checkRest, type Violation } from '../../lib/protocol/invariants.ts';
import { settle } from '../../lib/protocol/settle.ts';
import { type TestChance, testChance } from '../support/chance.ts';
import { createDatabase, ownConnection, PHYSICAL_NAMES, rawAccess, TABLE_NAMES } from '../support/dynamodb.ts';
import { MARKED, network, oldStyleService, service } from '../support/objects.ts';
import { networkError } from '../support/sdk-mock.ts';

let connection: Connection;
let db: DynamoDBDocumentClient;
let raw: ReturnType<typeof rawAccess>;
let client: DeallocatorClient;
/** One for all that write in one test: two would give out the same tokens. */
let chance: TestChance;
/** Names of the client's requests so far. */
let sent: string[];
/** What happens just before, or just after, one of the client's requests is carried out. */
let beforeRequest: (request: string) => Promise<void> | void;
let afterRequest: (request: string) => Promise<void> | void;

beforeEach(async () => {
  connection = ownConnection();
  db = await createDatabase(connection);
  raw = rawAccess(db, PHYSICAL_NAMES);
  sent = [];
  beforeRequest = () => {};
  afterRequest = () => {};
  const sdk = new DynamoDBClient({ ...connection, maxAttempts: 1 });
  sdk.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const request = commandName.replace('Command', '');
        sent.push(request);
        await beforeRequest(request);
        const answer = await next(args);
        await afterRequest(request);
        return answer;
      },
    { step: 'initialize' },
  );
  chance = testChance();
  client = new DeallocatorClient({ tables: PHYSICAL_NAMES, client: sdk, chance });
});

const to = (...targets: string[]) => targets.map((target) => ({ target }));
const ids = (count: number, prefix = 'n') =>
  Array.from({ length: count }, (_, n) => `${prefix}${String(n).padStart(3, '0')}`);
const attachments = async () =>
  (await raw.world()).attachments.map(({ networkId, serviceId }) => `${networkId}<${serviceId}`).sort();

async function caught(failing: Promise<unknown>): Promise<unknown> {
  return failing.then(
    () => expect.fail('it was not refused'),
    (error: unknown) => error,
  );
}

/** Refused with this code and these words, and nothing in the tables changed. */
async function expectRefusal(attempt: () => Promise<unknown>, code: ErrorCode, ...words: string[]): Promise<void> {
  const before = await raw.world();
  const error = await caught(attempt());
  expect(error).toMatchObject({ name: 'DeallocatorError', code });
  for (const word of words) expect(String(error)).toContain(word);
  expect(await raw.world()).toEqual(before);
}

/** Refused before a single request is sent. */
async function expectInvalid(attempt: () => Promise<unknown>, ...words: string[]): Promise<void> {
  sent.length = 0;
  const error = await caught(Promise.resolve().then(attempt));
  expect(error).toMatchObject({ name: 'DeallocatorError', code: 'InvalidArgument' });
  for (const word of words) expect(String(error)).toContain(word);
  expect(sent).toEqual([]);
}

/** The connection breaks after the n-th request of that name has been carried out: its answer is lost. */
function loseAnswer(request: string): void {
  let isLost = false;
  afterRequest = (name) => {
    if (name !== request || isLost) return;
    isLost = true;
    throw networkError('ECONNRESET');
  };
}

async function readAll<T>(list: (options: ListOptions) => Promise<ListPage<T>>, limit: number): Promise<T[][]> {
  const pages: T[][] = [];
  let from: ListOptions['from'];
  do {
    const page = await list({ limit, ...(from && { from }) });
    pages.push([...page.items]);
    from = page.next;
  } while (from !== undefined);
  return pages;
}

describe('createService', () => {
  it('puts the service as it is given, together with its attachments', async () => {
    for (const id of ['front', 'back', 'other']) await client.createNetwork({ id });
    const spec = {
      task: { networks: [{ target: 'front', aliases: ['w'] }, { target: 'back' }], image: 'x' },
      mode: { replicas: 2 },
    };
    await client.createService({ id: 'web', spec, owner: 'me' });
    expect(await raw.get('services', { id: 'web' })).toEqual({ id: 'web', spec, owner: 'me' });
    expect(await attachments()).toEqual(['back<web', 'front<web']);
    expect(sent.at(-1)).toBe('TransactWriteItems');
  });

  it('puts a service without a spec, or without networks', async () => {
    await client.createService({ id: 'bare' });
    await client.createService({ id: 'empty', spec: { networks: [], task: { networks: [] } } });
    expect(await client.getService('bare')).toEqual({ id: 'bare' });
    expect(await attachments()).toEqual([]);
  });

  it('counts a network that is named twice once', async () => {
    await client.createNetwork({ id: 'front' });
    await client.createService({ id: 'web', spec: { task: { networks: to('front', 'front') } } });
    expect(await attachments()).toEqual(['front<web']);
  });

  it('follows the old-style list only where the task names none', async () => {
    for (const id of ['old', 'new']) await client.createNetwork({ id });
    await client.createService({ id: 'a', spec: { networks: to('old', 'old') } });
    await client.createService({ id: 'b', spec: { task: { networks: [] }, networks: to('old') } });
    await client.createService({ id: 'c', spec: { task: { networks: to('new') }, networks: to('old') } });
    expect(await attachments()).toEqual(['new<c', 'old<a', 'old<b']);
  });

  it('refuses an id that is taken', async () => {
    await client.createService({ id: 'web', owner: 'first' });
    await expectRefusal(() => client.createService({ id: 'web' }), 'AlreadyExists', 'service web exists', 'not marked');
    await client.createNetwork({ id: 'web' });
  });

  it('refuses an id that is still being deleted, and says since when', async () => {
    await client.createService({ id: 'web' });
    const { markedAt } = await client.removeService('web');
    await expectRefusal(
      () => client.createService({ id: 'web' }),
      'AlreadyExists',
      `is being deleted (marked ${markedAt})`,
      'undelete it',
    );
  });

  it('refuses a network that is not there, by name, and puts nothing', async () => {
    await client.createNetwork({ id: 'front' });
    await expectRefusal(
      () => client.createService({ id: 'web', spec: { task: { networks: to('front', 'nowhere') } } }),
      'NotFound',
      'network nowhere is not there',
      'service web was not created',
    );
    expect(await raw.get('services', { id: 'web' })).toBeUndefined();
  });

  it('S2 refuses a network that is marked, by name, and puts nothing', async () => {
    for (const id of ['front', 'back']) await client.createNetwork({ id });
    await client.removeNetwork('back');
    const attempt = () => client.createService({ id: 'web', spec: { task: { networks: to('front', 'back') } } });
    await expectRefusal(
      attempt,
      'FailedPrecondition',
      'network back is marked for deletion',
      'service web was not created',
    );
    expect(await caught(attempt())).toMatchObject({ blockers: ['network#back'] });
  });

  it('S2 refuses a network whose mark a raw writer left without a time', async () => {
    await raw.put('networks', network('front', MARKED));
    await expectRefusal(
      () => client.createService(service('web', ['front'])),
      'FailedPrecondition',
      'network front is marked for deletion (just now)',
    );
  });

  it.each([['true'], [1], [null], [false], [{ BOOL: true }]])(
    'takes pendingDelete %j of a network for no mark',
    async (pendingDelete) => {
      await raw.put('networks', network('front', { pendingDelete }));
      await client.createService(service('web', ['front']));
      expect(await attachments()).toEqual(['front<web']);
    },
  );

  it('takes 32 networks', async () => {
    const names = ids(32);
    for (const id of names) await raw.put('networks', { id });
    await client.createService({ id: 'web', spec: { task: { networks: to(...names, ...names) } } });
    expect(await attachments()).toHaveLength(32);
  });

  it('refuses 33 networks before anything is sent', async () => {
    await expectInvalid(() => client.createService(service('web', ids(33))), 'refers to 33 networks', 'at most 32');
    await expectInvalid(() => client.createService(oldStyleService('web', ids(33))), 'refers to 33 networks');
  });

  it('succeeds when the answer is lost after the commit', async () => {
    await client.createNetwork({ id: 'front' });
    loseAnswer('TransactWriteItems');
    await client.createService(service('web', ['front']));
    expect(sent.filter((request) => request === 'TransactWriteItems')).toHaveLength(3);
    expect(await attachments()).toEqual(['front<web']);
  });

  it('lets one of two through that come at the same time', async () => {
    const both = await Promise.allSettled([client.createService({ id: 'web' }), client.createService({ id: 'web' })]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it.each<[string, unknown]>([
    ['a mark', { id: 'web', pendingDelete: true }],
    ['a mark of no meaning', { id: 'web', pendingDelete: false }],
    ["a mark's time", { id: 'web', markedAt: '2026-01-01T00:00:00.000Z#1' }],
  ])('refuses a service with %s', async (_, item) => {
    await expectInvalid(
      () => client.createService(item as NewService),
      'service web carries pendingDelete or markedAt',
    );
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'web'],
    ['a list', ['web']],
    ['an object without an id', { spec: {} }],
  ])('refuses %s for a service', async (_, item) => {
    await expectInvalid(() => client.createService(item as NewService));
  });

  it.each<[string, unknown]>([
    ['a list that is a text', { networks: 'front' }],
    ['a list that is null', { task: { networks: null } }],
    ['a list that is a map', { networks: { target: 'front' } }],
    ['an entry that is a text', { networks: ['front'] }],
    ['an entry that is null', { networks: [null] }],
    ['an entry without a target', { task: { networks: [{ id: 'front' }] } }],
    ['a target that is a number', { networks: [{ target: 7 }] }],
    ['an empty target', { networks: [{ target: '' }] }],
    ['a target with half a character', { networks: [{ target: '\ud800' }] }],
    ['an unfit entry in the list that does not count', { task: { networks: [{ target: 'front' }] }, networks: [7] }],
  ])('refuses a spec with %s: the deallocator would pass over it', async (_, spec) => {
    await expectInvalid(() => client.createService({ id: 'web', spec: spec as ServiceSpec }));
  });

  describe('S2 lets no reference pass the fence, whatever kind of object holds it:', () => {
    const nullPrototype = (map: object) => Object.assign(Object.create(null), map);
    const otherRealm = (json: string) => runInContext(`(${json})`, createContext());
    it.each<[string, () => unknown]>([
      ['a spec without a prototype', () => nullPrototype({ networks: to('nowhere') })],
      ['a task without a prototype', () => ({ task: nullPrototype({ networks: to('nowhere') }) })],
      ['an entry without a prototype', () => ({ networks: [nullPrototype({ target: 'nowhere' })] })],
      ['a spec of another realm', () => otherRealm('{"networks":[{"target":"nowhere"}]}')],
      ['a spec that is a Map', () => new Map([['networks', to('nowhere')]])],
      ['an entry that is a Map', () => ({ networks: [new Map([['target', 'nowhere']])] })],
      ['a spec that inherits its networks', () => Object.create({ networks: to('nowhere') })],
    ])('%s', async (_, spec) => {
      const error = await client.createService({ id: 'web', spec: spec() as ServiceSpec }).catch((thrown) => thrown);
      expect(await raw.get('services', { id: 'web' })).toBeUndefined();
      expect(['NotFound', 'InvalidArgument']).toContain(error.code);
    });
  });
});

describe('updateService', () => {
  beforeEach(async () => {
    for (const id of ['a', 'b', 'c']) await client.createNetwork({ id });
    await client.createService({ id: 'web', spec: { task: { networks: to('a', 'b') }, replicas: 1 }, owner: 'me' });
    sent.length = 0;
  });
  const connectTo = (...targets: string[]) =>
    client.updateService('web', (spec) => ({ ...spec, task: { networks: to(...targets) } }));

  it('adds and removes attachments together with the spec', async () => {
    const updated = await connectTo('b', 'c');
    expect(await attachments()).toEqual(['b<web', 'c<web']);
    const expected = { id: 'web', owner: 'me', spec: { task: { networks: to('b', 'c') }, replicas: 1 } };
    expect(updated).toEqual(expected);
    expect(await raw.get('services', { id: 'web' })).toEqual(expected);
    expect(sent).toEqual(['GetItem', 'TransactWriteItems']);
  });

  it('keeps the attributes that it does not know, and gives the whole service to the change', async () => {
    await raw.put('services', {
      ...(await client.getService('web')),
      labels: { x: new Set(['y']) },
      blob: Buffer.from('z'),
    });
    const before = await client.getService('web');
    await client.updateService('web', (spec, item) => {
      expect(item).toEqual(before);
      return { ...spec, replicas: 2 };
    });
    expect(await client.getService('web')).toEqual({
      ...before,
      spec: { task: { networks: to('a', 'b') }, replicas: 2 },
    });
    expect(await attachments()).toEqual(['a<web', 'b<web']);
  });

  it('works on a copy: a change of the spec in place is as good as a new one', async () => {
    await client.updateService('web', (spec) => {
      (spec as { task: { networks: unknown[] } }).task.networks.pop();
      return spec;
    });
    expect(await attachments()).toEqual(['a<web']);
  });

  it('moves a service between the two styles', async () => {
    await client.updateService('web', () => ({ networks: to('b', 'c') }));
    expect(await attachments()).toEqual(['b<web', 'c<web']);
  });

  it('gives a service without a spec one, and takes it away again', async () => {
    await client.createService({ id: 'bare' });
    await client.updateService('bare', (spec) => {
      expect(spec).toEqual({});
      return { networks: to('c') };
    });
    expect(await attachments()).toEqual(['a<web', 'b<web', 'c<bare']);
    await client.updateService('bare', () => undefined as never);
    expect(await raw.get('services', { id: 'bare' })).toEqual({ id: 'bare' });
    expect(await attachments()).toEqual(['a<web', 'b<web']);
  });

  it('refuses a service that is not there', async () => {
    await expectRefusal(
      () => client.updateService('nobody', (spec) => spec),
      'NotFound',
      'service nobody is not there',
    );
  });

  it('refuses a service that is marked, before the change is asked', async () => {
    await client.removeService('web');
    const change = () => expect.fail('it was asked');
    await expectRefusal(
      () => client.updateService('web', change),
      'FailedPrecondition',
      'service web is marked',
      'undelete',
    );
    expect(await caught(client.updateService('web', change))).toMatchObject({ blockers: ['service#web'] });
  });

  it('S4 refuses a service that is marked while it is updated, and attaches nothing', async () => {
    beforeRequest = async (request) => {
      if (request !== 'TransactWriteItems') return;
      beforeRequest = () => {};
      await raw.put('services', { ...(await raw.get('services', { id: 'web' })), ...MARKED });
    };
    expect(await caught(connectTo('a', 'b', 'c'))).toMatchObject({ code: 'FailedPrecondition' });
    expect(await attachments()).toEqual(['a<web', 'b<web']);
  });

  it('refuses a service that goes while it is updated, and brings it not back', async () => {
    beforeRequest = async (request) => {
      if (request === 'TransactWriteItems') await raw.delete('services', { id: 'web' });
    };
    expect(await caught(connectTo('c'))).toMatchObject({ code: 'NotFound' });
    expect(await raw.get('services', { id: 'web' })).toBeUndefined();
  });

  it('refuses an added network that is not there, by name', async () => {
    await expectRefusal(
      () => connectTo('a', 'c', 'nowhere'),
      'NotFound',
      'network nowhere is not there',
      'not updated',
    );
  });

  it('S2 refuses an added network that is marked, by name', async () => {
    await client.removeNetwork('c');
    await expectRefusal(
      () => connectTo('c'),
      'FailedPrecondition',
      'network c is marked',
      'service web was not updated',
    );
    expect(await caught(connectTo('c'))).toMatchObject({ blockers: ['network#c'] });
  });

  it('keeps a network that is marked meanwhile, and lets it go', async () => {
    await client.removeNetwork('a', { whenInUse: 'wait' });
    await connectTo('a', 'b', 'c');
    await connectTo('b');
    expect(await attachments()).toEqual(['b<web']);
  });

  it('takes a change of all 32 networks, and refuses 33 before the transaction', async () => {
    const first = ids(32, 'x');
    const second = ids(33, 'y');
    for (const id of [...first, ...second]) await raw.put('networks', { id });
    await connectTo(...first);
    await connectTo(...second.slice(0, 32));
    expect(await attachments()).toHaveLength(32);
    await expectRefusal(() => connectTo(...second), 'InvalidArgument', 'refers to 33 networks');
    expect(sent.at(-1)).toBe('GetItem');
  });

  it('refuses an update that fits no transaction: a raw writer named too many networks', async () => {
    const many = ids(100, 'x');
    await raw.put('services', service('web', many));
    await expectRefusal(() => connectTo(), 'InvalidArgument', 'takes 101 actions', 'change fewer networks at once');
    await connectTo('x000'); // 99 removals just fit
    expect((await client.getService('web')).spec).toMatchObject({ task: { networks: to('x000') } });
  });

  it('comes again on what it finds after somebody else was faster', async () => {
    const seen: unknown[] = [];
    let others = 3;
    beforeRequest = async (request) => {
      if (request !== 'TransactWriteItems' || others === 0) return;
      others--;
      const item = await raw.get('services', { id: 'web' });
      const spec = item?.spec as { replicas: number };
      await raw.put('services', { ...item, spec: { ...spec, replicas: spec.replicas + 10 } });
    };
    await client.updateService('web', (spec) => {
      seen.push(spec.replicas);
      return { ...spec, replicas: (spec.replicas as number) + 1, task: { networks: to('c') } };
    });
    expect(seen).toEqual([1, 11, 21, 31]);
    expect((await client.getService('web')).spec?.replicas).toBe(32);
    expect(await attachments()).toEqual(['c<web']);
  });

  it('comes not again for a change of another attribute', async () => {
    beforeRequest = async (request) => {
      if (request === 'TransactWriteItems')
        await raw.put('services', { ...(await raw.get('services', { id: 'web' })), owner: 'you' });
    };
    await connectTo('c');
    expect(await raw.get('services', { id: 'web' })).toMatchObject({
      owner: 'you',
      spec: { task: { networks: to('c') } },
    });
    expect(sent).toEqual(['GetItem', 'TransactWriteItems']);
  });

  it('gives up with Aborted after the fifth time', async () => {
    let changes = 0;
    let others = 0;
    beforeRequest = async (request) => {
      if (request === 'TransactWriteItems') await raw.put('services', { id: 'web', spec: { others: ++others } });
    };
    const error = await caught(client.updateService('web', () => ({ changes: ++changes })));
    expect(error).toMatchObject({ code: 'Aborted' });
    expect(String(error)).toContain('each of the 5 times');
    expect([changes, others]).toEqual([5, 5]);
    expect(await raw.get('services', { id: 'web' })).toEqual({ id: 'web', spec: { others: 5 } });
  });

  it('throws what the change throws, and writes nothing', async () => {
    const error = new RangeError('mine');
    const thrown = await caught(
      client.updateService('web', () => {
        throw error;
      }),
    );
    expect(thrown).toBe(error);
    expect(sent).toEqual(['GetItem']);
  });

  it('refuses a change that returns a promise', async () => {
    const change = (async () => ({})) as unknown as () => ServiceSpec;
    await expectRefusal(() => client.updateService('web', change), 'InvalidArgument');
  });

  it('S2 keeps its attachments when the change returns a spec of another realm', async () => {
    const change = () => runInContext('({ task: { networks: [{ target: "a" }] } })', createContext()) as ServiceSpec;
    await client.updateService('web', change).catch(() => {});
    expect(await attachments()).toContain('a<web');
  });
});

describe('numbers that JavaScript has no room for', () => {
  const big = '9007199254740993';
  const rawSpec = async () => {
    const { Item } = await db.send(
      new GetItemCommand({ TableName: PHYSICAL_NAMES.services, Key: { id: { S: 'web' } } }),
    );
    return Item?.spec?.M;
  };
  const putSpec = (spec: Record<string, unknown>) =>
    db.send(
      new PutItemCommand({
        TableName: PHYSICAL_NAMES.services,
        Item: { id: { S: 'web' }, spec: { M: spec as never } },
      }),
    );

  it('are written as they are given', async () => {
    await client.createService({ id: 'web', spec: { big: NumberValue.from(big), alsoBig: 9007199254740993n } });
    expect(await rawSpec()).toEqual({ big: { N: big }, alsoBig: { N: big } });
    expect(String((await client.getService('web')).spec?.big)).toBe(big);
  });

  it.each<[string, object]>([
    ['a number', { N: big }],
    ['a number in a list', { L: [{ N: '1' }, { M: { deep: { N: big } } }] }],
    ['a number with a long fraction', { N: '0.1234567890123456789' }],
    ['a set of numbers', { NS: [big, '9007199254740995'] }],
  ])('survive an update of another field: %s', async (_, value) => {
    await putSpec({ keep: value, replicas: { N: '1' } });
    await client.updateService('web', (spec) => ({ ...spec, replicas: 2 }));
    const after = await rawSpec();
    expect(after?.replicas).toEqual({ N: '2' });
    if ('NS' in value) expect(new Set(after?.keep?.NS)).toEqual(new Set(value.NS as string[]));
    else expect(after?.keep).toEqual(value);
  });

  // The SDK's translation, there and back, keeps none of these: better no update than a lossy one.
  it.each<[string, object]>([
    ['an attribute called constructor', { M: { constructor: { S: 'x' } } }],
    ['an attribute called __proto__', { M: { ['__proto__']: { S: 'x' } } }],
    ['a set of small and of large numbers', { NS: ['1', big] }],
  ])('and what else the SDK loses on the way are never lost: the update is refused with %s', async (_, value) => {
    await putSpec({ keep: value, replicas: { N: '1' } });
    const before = await rawSpec();
    const error = await caught(client.updateService('web', (spec) => ({ ...spec, replicas: 2 })));
    expect(error).toMatchObject({ code: 'FailedPrecondition', message: expect.stringContaining('was not updated') });
    expect(JSON.stringify(await rawSpec())).toBe(JSON.stringify(before));
  });

  it('are refused as JavaScript numbers, rather than rounded', async () => {
    await expectRefusal(
      () => client.createService({ id: 'web', spec: { big: 2 ** 60 } }),
      'InvalidArgument',
      'greater than Number.MAX_SAFE_INTEGER',
    );
  });
});

describe.each([
  ['Service', 'services'],
  ['Network', 'networks'],
] as const)('remove%s', (Kind, table) => {
  const kind = Kind.toLowerCase();
  const create = (id: string) =>
    Kind === 'Service' ? client.createService({ id, owner: 'me' }) : client.createNetwork({ id, owner: 'me' });
  const remove = (id: string) => (Kind === 'Service' ? client.removeService(id) : client.removeNetwork(id));
  const undelete = (id: string) => (Kind === 'Service' ? client.undeleteService(id) : client.undeleteNetwork(id));
  const FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[^#]+$/;

  it('sets the mark with its time and a suffix, and nothing else', async () => {
    await create('web');
    expect(await remove('web')).toEqual({
      id: 'web',
      markedAt: '2026-01-01T00:00:00.000Z#fresh-2',
      alreadyMarked: false,
    });
    const markedAt = '2026-01-01T00:00:00.000Z#fresh-2';
    expect(await raw.get(table, { id: 'web' })).toEqual({ id: 'web', owner: 'me', pendingDelete: true, markedAt });
  });

  it('makes each mark unique, with the clock and the randomness of the system', async () => {
    const own = new DeallocatorClient({ tables: PHYSICAL_NAMES, connection });
    await create('web');
    const before = Date.now();
    const mark = async () =>
      (Kind === 'Service' ? await own.removeService('web') : await own.removeNetwork('web')).markedAt as string;
    const first = await mark();
    await undelete('web');
    const second = await mark();
    expect([first, second].every((markedAt) => FORM.test(markedAt))).toBe(true);
    expect(first.split('#')[1]).not.toBe(second.split('#')[1]);
    expect(Date.parse(first.split('#')[0] as string)).toBeGreaterThanOrEqual(before);
  });

  it('is idempotent, and keeps the first time', async () => {
    await create('web');
    const { markedAt } = await remove('web');
    expect(await remove('web')).toEqual({ id: 'web', markedAt, alreadyMarked: true });
    expect(await raw.get(table, { id: 'web' })).toMatchObject({ markedAt });
  });

  it('L2 gives a raw mark without a time one, so that the sweep finds it without any record', async () => {
    await raw.put(table, { id: 'web', ...MARKED });
    const { markedAt } = await remove('web');
    expect(markedAt).toMatch(FORM);
    expect(await raw.get(table, { id: 'web' })).toEqual({ id: 'web', pendingDelete: true, markedAt });
  });

  it.each([['true'], [1], [null], [false], [{ BOOL: true }]])(
    'marks where pendingDelete is %j: that is no mark',
    async (pendingDelete) => {
      await raw.put(table, { id: 'web', pendingDelete });
      expect(await remove('web')).toMatchObject({ alreadyMarked: false });
      expect(await raw.get(table, { id: 'web' })).toMatchObject({
        pendingDelete: true,
        markedAt: expect.stringMatching(FORM),
      });
    },
  );

  it('knows its own mark when its answer is lost', async () => {
    await create('web');
    sent.length = 0;
    loseAnswer('TransactWriteItems');
    expect(await remove('web')).toMatchObject({ alreadyMarked: false, markedAt: expect.stringMatching(FORM) });
    expect(sent.filter((request) => request === 'TransactWriteItems')).toHaveLength(2);
  });

  it('refuses what is not there, and creates nothing', async () => {
    await expectRefusal(() => remove('nobody'), 'NotFound', `${kind} nobody is not there`);
  });

  it('is taken back by undelete: the mark and its time go, all else stays', async () => {
    await create('web');
    await remove('web');
    expect(await undelete('web')).toEqual({ id: 'web', wasMarked: true });
    const unmarkedAt = expect.any(String);
    expect(await raw.get(table, { id: 'web' })).toEqual({ id: 'web', owner: 'me', unmarkedAt });
    expect(await undelete('web')).toEqual({ id: 'web', wasMarked: false });
  });

  it('is taken back where a raw writer left no time', async () => {
    await raw.put(table, { id: 'web', ...MARKED });
    expect(await undelete('web')).toEqual({ id: 'web', wasMarked: true });
    expect(await raw.get(table, { id: 'web' })).toEqual({ id: 'web', unmarkedAt: expect.any(String) });
  });

  it('is not taken back where there was no mark: nothing is written', async () => {
    await raw.put(table, { id: 'web', pendingDelete: 'true', markedAt: 'kept' });
    expect(await undelete('web')).toEqual({ id: 'web', wasMarked: false });
    expect(await raw.get(table, { id: 'web' })).toEqual({ id: 'web', pendingDelete: 'true', markedAt: 'kept' });
  });

  it('is not taken back from what is gone', async () => {
    await expectRefusal(() => undelete('web'), 'NotFound', `${kind} web is not there`, 'cannot be undone');
  });

  // Undeletion.wasMarked says "False: it was not marked, and nothing was written".
  it('is taken back as marked when the answer is lost', async () => {
    await create('web');
    await remove('web');
    loseAnswer('TransactWriteItems');
    expect(await undelete('web')).toEqual({ id: 'web', wasMarked: true });
  });
});

describe('removeNetwork', () => {
  beforeEach(async () => {
    await client.createNetwork({ id: 'front' });
  });

  it('marks a network that nobody uses', async () => {
    expect(await client.removeNetwork('front')).toMatchObject({ alreadyMarked: false });
  });

  it('refuses a network in use, naming the service', async () => {
    await client.createService(service('web', ['front']));
    await expectRefusal(
      () => client.removeNetwork('front'),
      'FailedPrecondition',
      'network front is in use by service web; remove or update it first',
      "whenInUse: 'wait'",
    );
    const error = await caught(client.removeNetwork('front', { whenInUse: 'refuse' }));
    expect(error).toMatchObject({ blockers: ['service#web'] });
  });

  it('names five services in order, and tells that there are others', async () => {
    for (const id of ['d', 'g', 'a', 'f', 'b', 'e', 'c']) await client.createService(service(id, ['front']));
    const error = await caught(client.removeNetwork('front'));
    expect(String(error)).toContain('in use by service a, b, c, d, e and others; remove or update them first');
    expect(error).toMatchObject({ blockers: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => `service#${id}`) });
  });

  it('names exactly five without others', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) await client.createService(service(id, ['front']));
    expect(String(await caught(client.removeNetwork('front')))).toContain('in use by service a, b, c, d, e; remove');
  });

  it('names only the services that are not marked', async () => {
    for (const id of ['a', 'b']) await client.createService(service(id, ['front']));
    await client.removeService('a');
    expect(await caught(client.removeNetwork('front'))).toMatchObject({ blockers: ['service#b'] });
    await client.removeService('b');
    expect(await client.removeNetwork('front')).toMatchObject({ alreadyMarked: false });
  });

  it('takes a raw text for no mark of a user', async () => {
    await client.createService(service('web', ['front']));
    await raw.put('services', service('web', ['front'], { pendingDelete: 'true' }));
    expect(await caught(client.removeNetwork('front'))).toMatchObject({ code: 'FailedPrecondition' });
  });

  it('is not held up by an attachment whose service is gone', async () => {
    await raw.put('attachments', { networkId: 'front', serviceId: 'gone' });
    expect(await client.removeNetwork('front')).toMatchObject({ alreadyMarked: false });
  });

  it('looks behind a page of users that hold nothing up', async () => {
    const stale = ids(1000, 'a').map((serviceId) => ({ PutRequest: { Item: { networkId: 'front', serviceId } } }));
    for (let n = 0; n < stale.length; n += 25) {
      await db.send(new BatchWriteCommand({ RequestItems: { [PHYSICAL_NAMES.attachments]: stale.slice(n, n + 25) } }));
    }
    await client.createService(service('z', ['front']));
    expect(await caught(client.removeNetwork('front'))).toMatchObject({ blockers: ['service#z'] });
    expect(sent.filter((request) => request === 'Query')).toHaveLength(2);
  });

  it('marks a network in use when told to wait', async () => {
    await client.createService(service('web', ['front']));
    expect(await client.removeNetwork('front', { whenInUse: 'wait' })).toMatchObject({ alreadyMarked: false });
    expect(await client.getNetwork('front')).toMatchObject({ pendingDelete: true });
    expect(await client.getService('web')).toEqual(service('web', ['front']));
    await expectRefusal(() => client.removeNetwork('nobody', { whenInUse: 'wait' }), 'NotFound', 'network nobody');
  });

  it('is idempotent also while a service uses it', async () => {
    await client.createService(service('web', ['front']));
    const { markedAt } = await client.removeNetwork('front', { whenInUse: 'wait' });
    expect(await client.removeNetwork('front')).toEqual({ id: 'front', markedAt, alreadyMarked: true });
  });
});

describe('networks', () => {
  it('are created as they are given, and refused where the id is taken or being deleted', async () => {
    await client.createNetwork({ id: 'front', spec: { driver: 'x' }, owner: 'me' });
    expect(await client.getNetwork('front')).toEqual({ id: 'front', spec: { driver: 'x' }, owner: 'me' });
    await expectRefusal(() => client.createNetwork({ id: 'front' }), 'AlreadyExists', 'network front exists');
    await client.removeNetwork('front');
    await expectRefusal(() => client.createNetwork({ id: 'front' }), 'AlreadyExists', 'is being deleted');
    await expectInvalid(() => client.createNetwork({ id: 'x', pendingDelete: true }), 'network x carries');
  });

  it('are updated on what was read, refused once they are marked, and refer to nothing', async () => {
    await client.createNetwork({ id: 'front', spec: { mtu: 1400 }, owner: 'me' });
    const spec = { mtu: 1500, networks: to('nowhere') };
    expect(await client.updateNetwork('front', (old) => ({ ...old, ...spec }))).toEqual({
      id: 'front',
      spec,
      owner: 'me',
    });
    expect(await raw.get('networks', { id: 'front' })).toEqual({ id: 'front', spec, owner: 'me' });
    expect(await attachments()).toEqual([]);
    await client.removeNetwork('front');
    await expectRefusal(
      () => client.updateNetwork('front', () => ({})),
      'FailedPrecondition',
      'network front is marked',
    );
    await expectRefusal(() => client.updateNetwork('nobody', () => ({})), 'NotFound');
  });
});

describe('createTasks', () => {
  beforeEach(async () => {
    await client.createService({ id: 'web' });
  });
  const taskIds = async () => (await raw.world()).tasks.map(({ id }) => id).sort();

  it('puts tasks as they are given, under their service', async () => {
    await client.createTask('web', { id: 't1', slot: 1 });
    await client.createTasks('web', [{ id: 't2', serviceId: 'elsewhere' }]);
    expect(await raw.get('tasks', { serviceId: 'web', id: 't1' })).toEqual({ serviceId: 'web', id: 't1', slot: 1 });
    expect(await raw.get('tasks', { serviceId: 'web', id: 't2' })).toEqual({ serviceId: 'web', id: 't2' });
    expect((await raw.world()).tasks).toHaveLength(2);
  });

  it('S1 refuses a service that is marked, and puts none', async () => {
    await client.removeService('web');
    await expectRefusal(
      () => client.createTask('web', { id: 't1' }),
      'FailedPrecondition',
      'service web is marked for deletion',
      'task t1 was not created',
    );
    const error = await caught(client.createTasks('web', [{ id: 't1' }, { id: 't2' }]));
    expect(String(error)).toContain('its 2 new tasks were not created');
    expect(error).toMatchObject({ blockers: ['service#web'], done: [] });
  });

  it('S1 refuses a service whose mark a raw writer left without a time', async () => {
    await raw.put('services', { id: 'web', ...MARKED });
    await expectRefusal(() => client.createTask('web', { id: 't1' }), 'FailedPrecondition', 'marked');
  });

  it.each([['true'], [1], [null], [false]])(
    'takes pendingDelete %j of a service for no mark',
    async (pendingDelete) => {
      await raw.put('services', { id: 'web', pendingDelete });
      await client.createTask('web', { id: 't1' });
      expect(await taskIds()).toEqual(['t1']);
    },
  );

  it('S1 refuses a service that is not there', async () => {
    await expectRefusal(() => client.createTask('nobody', { id: 't1' }), 'NotFound', 'service nobody is not there');
  });

  it('lets tasks in again after an undelete', async () => {
    await client.removeService('web');
    await client.undeleteService('web');
    await client.createTask('web', { id: 't1' });
    expect(await taskIds()).toEqual(['t1']);
  });

  it('refuses an id that is taken, by name, and puts none of the others', async () => {
    await client.createTasks('web', [{ id: 't1' }, { id: 't2' }]);
    await expectRefusal(
      () =>
        client.createTasks(
          'web',
          ['t0', 't1', 't2', 't3'].map((id) => ({ id })),
        ),
      'AlreadyExists',
      'service web has task t1, t2 already',
      'its 4 new tasks were not created',
    );
    await client.createService({ id: 'api' });
    await client.createTask('api', { id: 't1' });
  });

  it('puts 250 tasks, 99 a transaction', async () => {
    await client.createTasks(
      'web',
      ids(250, 't').map((id) => ({ id })),
    );
    expect(await taskIds()).toEqual(ids(250, 't'));
    expect(sent.filter((request) => request === 'TransactWriteItems')).toHaveLength(1 + 3);
  });

  it('names in `done` what was created before it stopped', async () => {
    const all = ids(250, 't');
    await client.createTask('web', { id: 't200' });
    const error = await caught(
      client.createTasks(
        'web',
        all.map((id) => ({ id })),
      ),
    );
    expect(error).toMatchObject({ code: 'AlreadyExists', done: all.slice(0, 198) });
    expect(String(error)).toContain('task t200');
    expect(await taskIds()).toEqual([...all.slice(0, 198), 't200']);
  });

  it('keeps the blockers when a mark comes in between, and names what was done', async () => {
    let transactions = 0;
    beforeRequest = async (request) => {
      if (request === 'TransactWriteItems' && ++transactions === 2) await raw.put('services', { id: 'web', ...MARKED });
    };
    const all = ids(150, 't');
    const error = await caught(
      client.createTasks(
        'web',
        all.map((id) => ({ id })),
      ),
    );
    expect(error).toMatchObject({ code: 'FailedPrecondition', blockers: ['service#web'], done: all.slice(0, 99) });
    expect(await taskIds()).toEqual(all.slice(0, 99));
  });

  it('succeeds when the answer is lost after the commit', async () => {
    loseAnswer('TransactWriteItems');
    await client.createTask('web', { id: 't1' });
    expect(await taskIds()).toEqual(['t1']);
  });

  it('refuses an id that is given twice before anything is sent', async () => {
    await expectInvalid(
      () => client.createTasks('web', [{ id: 't1' }, { id: 't2' }, { id: 't1' }]),
      'task t1 was given twice',
    );
    const far = [...ids(150, 't'), 't000'].map((id) => ({ id }));
    await expectInvalid(() => client.createTasks('web', far), 'task t000 was given twice');
  });

  it('refuses one unfit task among many before anything is sent', async () => {
    await expectInvalid(() => client.createTasks('web', [...ids(150, 't').map((id) => ({ id })), { id: '' }]), 'empty');
    await expectInvalid(() => client.createTask('web', null as never), 'a task is null');
    await expectInvalid(() => client.createTask('', { id: 't1' }), "a service's id is empty");
  });
});

describe('deleteTasks', () => {
  it('deletes 60 tasks, those that are not there included', async () => {
    await client.createService({ id: 'web' });
    await client.createService({ id: 'api' });
    await client.createTasks(
      'web',
      ids(40, 't').map((id) => ({ id })),
    );
    await client.createTask('api', { id: 't000' });
    await client.deleteTasks('web', ids(60, 't').slice(1));
    expect((await raw.world()).tasks.map(({ serviceId, id }) => `${serviceId}.${id}`).sort()).toEqual([
      'api.t000',
      'web.t000',
    ]);
    await client.deleteTask('web', 't000');
    await client.deleteTask('web', 't000');
    expect((await client.listTasks('web')).items).toEqual([]);
  });

  it('takes an id that is given twice once', async () => {
    await client.createService({ id: 'web' });
    await client.createTask('web', { id: 't1' });
    await client.deleteTasks('web', ['t1', 't1', 't2', 't1']);
    expect((await raw.world()).tasks).toEqual([]);
  });

  it('deletes tasks of a service that is marked, or gone', async () => {
    await raw.put('tasks', { serviceId: 'gone', id: 't1' });
    await client.deleteTask('gone', 't1');
    expect((await raw.world()).tasks).toEqual([]);
  });

  it('sends nothing for no task, and refuses an unfit id among many before anything is sent', async () => {
    await client.deleteTasks('web', []);
    expect(sent).toEqual([]);
    await expectInvalid(() => client.deleteTasks('web', [...ids(30, 't'), '']), "a task's id is empty");
    await expectInvalid(() => client.deleteTask(7 as never, 't1'), "a service's id is 7");
  });
});

describe('lists', () => {
  const idsOf = (pages: { id: string }[][]) =>
    pages
      .flat()
      .map(({ id }) => id)
      .sort();

  it.each([
    ['services', 'listServices'],
    ['networks', 'listNetworks'],
  ] as const)('%s page by page, each once, whole', async (table, method) => {
    for (const id of ids(7)) await raw.put(table, { id, other: id });
    const pages = await readAll((options) => client[method](options), 3);
    expect(pages.every((page) => page.length <= 3)).toBe(true);
    expect(idsOf(pages)).toEqual(ids(7));
    expect(pages.flat().every(({ id, other }) => id === other)).toBe(true);
    expect(await client[method]()).not.toHaveProperty('next');
  });

  it('tasks of one service page by page, in order', async () => {
    for (const id of ids(7, 't')) await raw.put('tasks', { serviceId: 'web', id });
    await raw.put('tasks', { serviceId: 'api', id: 't1' });
    const pages = await readAll((options) => client.listTasks('web', options), 3);
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(pages.flat().map(({ id }) => id)).toEqual(ids(7, 't'));
    expect(await client.listTasks('nobody')).toEqual({ items: [] });
  });

  it.each([
    ['services', 'listMarkedServices'],
    ['networks', 'listMarkedNetworks'],
  ] as const)('only the %s that are marked, by id and mark', async (table, method) => {
    for (const id of ids(5)) await raw.put(table, { id, pendingDelete: true, markedAt: `m-${id}`, other: 'x' });
    await raw.put(table, { id: 'unmarked' });
    await raw.put(table, { id: 'unstamped', ...MARKED });
    const pages = await readAll((options) => client[method](options), 2);
    expect(pages.every((page) => page.length <= 2)).toBe(true);
    expect(pages.flat().sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
      ids(5).map((id) => ({ id, markedAt: `m-${id}` })),
    );
    expect(await client[method === 'listMarkedServices' ? 'listMarkedNetworks' : 'listMarkedServices']()).toEqual({
      items: [],
    });
  });

  it('read 100 items a page by default, and 1,000 at most', async () => {
    const puts = ids(101).map((id) => ({ PutRequest: { Item: { id } } }));
    for (let n = 0; n < puts.length; n += 25) {
      await db.send(new BatchWriteCommand({ RequestItems: { [PHYSICAL_NAMES.services]: puts.slice(n, n + 25) } }));
    }
    const { items, next } = await client.listServices();
    expect(items).toHaveLength(100);
    expect((await client.listServices({ from: next as never })).items).toHaveLength(1);
    expect((await client.listServices({ limit: 1000 })).items).toHaveLength(101);
    expect((await client.listServices({ limit: 1 })).items).toHaveLength(1);
  });

  it.each([[0], [-1], [1001], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], ['10'], [null]])(
    'refuse the limit %j',
    async (limit) => {
      const options = { limit: limit as number };
      await expectInvalid(() => client.listServices(options), 'from 1 to 1000');
      await expectInvalid(() => client.listNetworks(options));
      await expectInvalid(() => client.listMarkedServices(options));
      await expectInvalid(() => client.listMarkedNetworks(options));
      await expectInvalid(() => client.listTasks('web', options));
    },
  );

  it('refuse a page token of another list', async () => {
    await expectRefusal(() => client.listServices({ from: { serviceId: 'web', id: 't1' } }), 'InvalidArgument');
  });
});

describe('get', () => {
  it('reads what is there, a mark included', async () => {
    await raw.put('services', { id: 'web', pendingDelete: true, markedAt: 'm1', other: [1] });
    expect(await client.getService('web')).toEqual({ id: 'web', pendingDelete: true, markedAt: 'm1', other: [1] });
  });

  it('refuses what is not there', async () => {
    await expectRefusal(() => client.getService('nobody'), 'NotFound', 'service nobody is not there');
    await expectRefusal(() => client.getNetwork('nobody'), 'NotFound', 'network nobody is not there');
  });
});

describe('ids', () => {
  const odd = [
    '😀',
    'a#b',
    '#',
    '\u0000',
    'a\u0000b',
    ' ',
    ' a ',
    '"',
    "'",
    '`',
    '../',
    '/etc',
    '__proto__',
    'constructor',
    'toString',
    'a\nb',
    '\u2028',
    '\ufeff',
    'e\u0301',
    '\u00e9',
    '%00',
    '$x',
    ':a',
    'null',
    'true',
    '0',
    'service#web',
  ];

  it.each(odd.map((id) => [id]))('may be %j everywhere', async (id) => {
    await client.createNetwork({ id });
    await client.createService({ id, spec: { task: { networks: to(id) } } });
    await client.createTasks(id, [{ id }, { id: `${id}2` }]);
    expect((await client.getService(id)).id).toBe(id);
    expect((await client.getNetwork(id)).id).toBe(id);
    expect((await client.listTasks(id)).items).toEqual([
      { serviceId: id, id },
      { serviceId: id, id: `${id}2` },
    ]);
    expect((await raw.world()).attachments).toEqual([{ networkId: id, serviceId: id }]);
    expect(await caught(client.removeNetwork(id))).toMatchObject({ blockers: [`service#${id}`] });
    await client.deleteTask(id, id);
    await client.removeService(id);
    await client.removeNetwork(id);
    expect((await client.listMarkedServices()).items).toMatchObject([{ id }]);
    expect((await client.listMarkedNetworks()).items).toMatchObject([{ id }]);
    await client.undeleteService(id);
    expect(checkRest(await raw.world()).filter(({ promise }) => promise !== 'L1')).toEqual([]);
  });

  it('that look alike are different', async () => {
    await client.createService({ id: '\u00e9' });
    await client.createService({ id: 'e\u0301' });
    expect((await client.listServices()).items).toHaveLength(2);
  });

  it.each<[string, string, string, string]>([
    ['one-byte characters', 's'.repeat(1024), 't'.repeat(1024), 'n'.repeat(2040)],
    ['four-byte characters', '😀'.repeat(256), '😎'.repeat(256), '🌍'.repeat(510)],
  ])('may be as long as the keys allow, from end to end, in %s', async (_, serviceId, taskId, networkId) => {
    await client.createNetwork({ id: networkId });
    await client.createService({ id: serviceId, spec: { networks: to(networkId) } });
    await client.createTask(serviceId, { id: taskId });
    await client.removeService(serviceId);
    await client.removeNetwork(networkId);
    const store = new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { chance }));
    const waiting = await settle(store, chance, { kind: 'service', id: serviceId });
    expect(waiting).toMatchObject({ outcome: 'draining', remaining: 1 });
    expect(await settle(store, chance, { kind: 'network', id: networkId })).toMatchObject({ outcome: 'draining' });
    await client.deleteTask(serviceId, taskId);
    const gone = await settle(store, chance, { kind: 'service', id: serviceId });
    expect(gone).toMatchObject({ outcome: 'deleted', freed: [{ kind: 'network', id: networkId }] });
    const { services, networks, tasks, attachments: left, counters } = await raw.world();
    expect([services, networks, tasks, left, counters].flat()).toEqual([]);
  });

  const unfit: [string, unknown, string][] = [
    ['empty', '', 'empty'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 7, '7'],
    ['a list', ['web'], 'must be a string'],
    ['an object', { S: 'web' }, 'must be a string'],
    ['an object without a prototype', Object.create(null), 'must be a string'],
    ['a symbol', Symbol('web'), 'must be a string'],
    ['a high half of a character', 'a\ud83d', 'half a character'],
    ['a low half of a character', '\ude00a', 'half a character'],
  ];
  it.each<[string, unknown, string]>(unfit)('that are %s are refused before anything is sent', async (_, id, word) => {
    const bad = id as string;
    for (const attempt of [
      () => client.createService({ id: bad }),
      () => client.updateService(bad, (spec) => spec),
      () => client.removeService(bad),
      () => client.undeleteService(bad),
      () => client.getService(bad),
      () => client.createNetwork({ id: bad }),
      () => client.updateNetwork(bad, (spec) => spec),
      () => client.removeNetwork(bad),
      () => client.removeNetwork(bad, { whenInUse: 'wait' }),
      () => client.undeleteNetwork(bad),
      () => client.getNetwork(bad),
      () => client.createTask(bad, { id: 't1' }),
      () => client.createTask('web', { id: bad }),
      () => client.deleteTask(bad, 't1'),
      () => client.deleteTask('web', bad),
      () => client.listTasks(bad),
    ]) {
      await expectInvalid(attempt, word);
    }
    await expectInvalid(() => client.createService({ id: 'web', spec: { networks: to(bad) } }));
  });

  it.each([
    ['service', 1024],
    ['task', 1024],
    ['network', 2040],
  ] as const)('of a %s with more than %i bytes are refused before anything is sent', async (kind, bytes) => {
    for (const id of ['x'.repeat(bytes + 1), `${'😀'.repeat(bytes / 4)}x`]) {
      const attempts = {
        service: [
          () => client.createService({ id }),
          () => client.createTask(id, { id: 't' }),
          () => client.removeService(id),
        ],
        task: [() => client.createTask('web', { id }), () => client.deleteTask('web', id)],
        network: [
          () => client.createNetwork({ id }),
          () => client.createService({ id: 'web', spec: { networks: to(id) } }),
        ],
      }[kind];
      for (const attempt of attempts) await expectInvalid(attempt, `${bytes + 1} bytes; at most ${bytes}`);
    }
  });

  it('of any kind come back as they went', async () => {
    const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 });
    const created = new Set<string>();
    await fc.assert(
      fc.asyncProperty(id, id, async (serviceId, taskId) => {
        if (!created.has(serviceId)) await client.createService({ id: serviceId, name: serviceId });
        if (!created.has(serviceId)) await client.createTask(serviceId, { id: taskId, name: taskId });
        else return;
        created.add(serviceId);
        expect(await client.getService(serviceId)).toEqual({ id: serviceId, name: serviceId });
        expect((await client.listTasks(serviceId)).items).toEqual([{ serviceId, id: taskId, name: taskId }]);
        await client.deleteTask(serviceId, taskId);
        expect((await client.listTasks(serviceId)).items).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect((await client.listServices({ limit: 1000 })).items.map((item) => item.id).sort()).toEqual(
      [...created].sort(),
    );
  });
});

describe('what DynamoDB can not hold', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  it.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a date', new Date(0)],
    [
      'an instance of a class',
      new (class Point {
        x = 1;
      })(),
    ],
    ['a symbol', Symbol('x')],
    ['an empty set', new Set()],
    ['a set of mixed kinds', new Set([1, 'a'])],
    ['a number out of range', NumberValue.from('1e200')],
    ['too many levels', JSON.parse('['.repeat(40) + ']'.repeat(40))],
    ['an attribute without a name', { '': 1 }],
    ['itself', circular],
    ['more than 400 KB', 'x'.repeat(410_000)],
  ])('is refused and named: %s', async (_, value) => {
    await client.createService({ id: 'web', spec: { x: 1 } });
    await expectRefusal(() => client.createService({ id: 'new', value }), 'InvalidArgument', 'TransactWriteItems was');
    await expectRefusal(() => client.createTask('web', { id: 't1', value }), 'InvalidArgument');
    await expectRefusal(() => client.updateService('web', () => ({ value })), 'InvalidArgument');
  });

  it('is left out where it is undefined', async () => {
    await client.createService({ id: 'web', nothing: undefined, spec: { nothing: undefined, list: [undefined, 1] } });
    expect(await raw.get('services', { id: 'web' })).toEqual({ id: 'web', spec: { list: [1] } });
  });

  it('does not include empty texts, lists, maps and null', async () => {
    const item = { id: 'web', text: '', list: [], map: {}, nothing: null, spec: {} };
    await client.createService(item);
    expect(await client.getService('web')).toEqual(item);
  });

  it('is refused as one transaction of more than 4 MB, with what was done before', async () => {
    await client.createService({ id: 'web' });
    const tasks = ids(150, 't').map((id, n) => ({ id, value: n < 99 ? '' : 'x'.repeat(100_000) }));
    const error = await caught(client.createTasks('web', tasks));
    expect(error).toMatchObject({ code: 'InvalidArgument', done: ids(99, 't') });
    expect((await client.listTasks('web')).items).toHaveLength(99);
  });
});

describe('names of tables', () => {
  it.each(TABLE_NAMES.filter((name) => name !== 'counters' && name !== 'receipts'))(
    'that are wrong are said to be: %s',
    async (table) => {
      await client.createNetwork({ id: 'front' });
      await client.createService({ id: 'used', spec: { networks: to('front') } });
      const wrong = new DeallocatorClient({ tables: { ...PHYSICAL_NAMES, [table]: 'Nowhere' }, connection });
      const attempts = {
        services: [
          () => wrong.createService({ id: 'web' }),
          () => wrong.getService('web'),
          () => wrong.removeService('web'),
        ],
        networks: [
          () => wrong.createNetwork({ id: 'x' }),
          () => wrong.listNetworks(),
          () => wrong.listMarkedNetworks(),
        ],
        tasks: [
          () => wrong.createTask('used', { id: 't1' }),
          () => wrong.deleteTask('used', 't1'),
          () => wrong.listTasks('used'),
        ],
        attachments: [() => wrong.createService(service('web', ['front'])), () => wrong.removeNetwork('front')],
      }[table as 'services'];
      for (const attempt of attempts) {
        await expectRefusal(attempt, 'FailedPrecondition', 'ResourceNotFoundException', 'check the table names');
      }
    },
  );
});

/** Promises that the client keeps by itself; a counter that is too high, or a parent that waits, is the functions' work. */
const ofTheClient = (violations: readonly Violation[]) =>
  violations.filter(({ promise, subject }) => {
    return promise === 'S1' || promise === 'S2' || (promise === 'S4' && subject.startsWith('attachment#'));
  });

describe('any sequence of calls', () => {
  const serviceId = fc.constantFrom('web', 'api');
  const networkId = fc.constantFrom('front', 'back', 'other');
  const taskId = fc.constantFrom('t1', 't2');
  const networks = fc.uniqueArray(networkId, { maxLength: 3 });
  type Call = readonly [method: string, ...args: (string | readonly string[])[]];
  const call: fc.Arbitrary<Call> = fc.oneof(
    fc.tuple(fc.constant('createNetwork'), networkId),
    fc.tuple(fc.constant('createService'), serviceId, networks),
    fc.tuple(fc.constant('updateService'), serviceId, networks),
    fc.tuple(fc.constant('createTask'), serviceId, taskId),
    fc.tuple(fc.constant('deleteTask'), serviceId, taskId),
    fc.tuple(fc.constantFrom('removeService', 'undeleteService', 'settleService'), serviceId),
    fc.tuple(fc.constantFrom('removeNetwork', 'removeNetworkWaiting', 'undeleteNetwork', 'settleNetwork'), networkId),
  );
  const story = fc.array(fc.array(call, { minLength: 1, maxLength: 4 }), { minLength: 4, maxLength: 15 });

  it('S1 S2 S3 S4 keeps the promises, one by one and side by side, with settles in between', async () => {
    const store = new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { chance }));
    const seen = { deleted: 0, refused: 0 };
    const settleOne = async (kind: 'service' | 'network', id: string) => {
      const { outcome } = await settle(store, chance, { kind, id }, { patient: true });
      if (outcome === 'deleted') seen.deleted++;
    };
    const make = ([method, id, more]: Call): Promise<unknown> => {
      const [name, targets] = [id as string, more as readonly string[]];
      switch (method) {
        case 'createNetwork':
          return client.createNetwork({ id: name });
        case 'createService':
          return client.createService(service(name, targets));
        case 'updateService':
          return client.updateService(name, () => oldStyleService(name, targets).spec);
        case 'createTask':
          return client.createTask(name, { id: more as string });
        case 'deleteTask':
          return client.deleteTask(name, more as string);
        case 'removeService':
          return client.removeService(name);
        case 'undeleteService':
          return client.undeleteService(name);
        case 'removeNetwork':
          return client.removeNetwork(name);
        case 'removeNetworkWaiting':
          return client.removeNetwork(name, { whenInUse: 'wait' });
        case 'undeleteNetwork':
          return client.undeleteNetwork(name);
        case 'settleService':
          return settleOne('service', name);
        default:
          return settleOne('network', name);
      }
    };
    await fc.assert(
      fc.asyncProperty(story, async (turns) => {
        for (const table of TABLE_NAMES) {
          for (const item of (await raw.world())[table] as unknown as Record<string, string>[]) {
            const { partitionKey, sortKey } = TABLES[table];
            const keys = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
            await raw.delete(table, Object.fromEntries(keys.map((key) => [key, item[key]])));
          }
        }
        const first: Call[] = [
          ['createNetwork', 'front'],
          ['createService', 'web', []],
          ['createService', 'api', []],
        ];
        for (const calls of [first, ...turns]) {
          for (const ended of await Promise.allSettled(calls.map(make))) {
            if (ended.status === 'fulfilled') continue;
            seen.refused++;
            expect(isDeallocatorError(ended.reason)).toBe(true);
            expect(ended.reason.code).not.toBe('InvalidArgument');
          }
          expect(ofTheClient(checkRest(await raw.world()))).toEqual([]);
        }
        // What one sweep would do: then the whole world is as promised.
        for (const id of ['web', 'api']) await settleOne('service', id);
        for (const id of ['front', 'back', 'other']) await settleOne('network', id);
        expect(checkRest(await raw.world())).toEqual([]);
      }),
      { numRuns: 20 },
    );
    expect(seen.deleted).toBeGreaterThan(0);
    expect(seen.refused).toBeGreaterThan(0);
  });
});
