/** The typed client under arguments that no type would let through: JavaScript's callers have no types. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeallocatorClient } from '../../lib/client/index.ts';
import { amountOf } from '../support/amount.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { service } from '../support/objects.ts';
import { nested, ODD_IDS } from './arbitraries.ts';
import { type EngineHouse, engineHouse } from './house.ts';

const RUNS = amountOf('hostile arguments');
/** Its own codes: whoever must act can tell from them. */
const CODES = ['InvalidArgument', 'NotFound', 'AlreadyExists', 'FailedPrecondition', 'Aborted', 'Unavailable'];

let house: EngineHouse;
let client: DeallocatorClient;
beforeEach(async () => {
  house = await engineHouse();
  client = new DeallocatorClient({ tables: PHYSICAL_NAMES, connection: house.connection });
  await client.createNetwork({ id: 'front' });
  await client.createService(service('web', ['front']));
  await client.createTasks('web', [{ id: 't1' }, { id: 't' }, { id: '1' }]);
});

const circular: Record<string, unknown> = {};
circular.self = circular;
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    10n,
    true,
    '',
    'web',
    'front',
    't1',
    'nobody',
    [],
    [null],
    [[]],
    new Array(3),
    ['t1', 't1', 7],
    [{ id: 't1' }, null],
    {},
    { id: 'web' },
    { id: 7 },
    { id: 'x', spec: circular },
    { id: 'x', spec: { networks: { length: 1, 0: { target: 'front' } } } },
    { limit: '10' },
    { limit: 10, from: 'front' },
    { from: { id: 7 } },
    { whenInUse: 7 },
    Symbol('web'),
    () => 'web',
    async () => ({}),
    new Date(0),
    new Map([['id', 'web']]),
    new Set(['t1']),
    Object.create(null),
    Object.create({ id: 'inherited' }),
    circular,
    nested(40),
    { id: 'deep', spec: nested(40) },
    { id: 'large', blob: 'x'.repeat(410_000) },
    new Uint8Array(3),
    new Error('web'),
  ),
  fc.constantFrom(...ODD_IDS),
  fc.jsonValue({ maxDepth: 3 }),
);

type Method = Exclude<keyof DeallocatorClient, symbol | 'taskNetworks'>;
/** How many arguments each method takes. */
const METHODS: Record<Method, number> = {
  createService: 1,
  updateService: 2,
  removeService: 2,
  undeleteService: 2,
  protectService: 1,
  unprotectService: 1,
  getService: 1,
  listServices: 1,
  listMarkedServices: 1,
  createNetwork: 1,
  updateNetwork: 2,
  removeNetwork: 2,
  undeleteNetwork: 2,
  protectNetwork: 1,
  unprotectNetwork: 1,
  getNetwork: 1,
  listNetworks: 1,
  listMarkedNetworks: 1,
  createTask: 2,
  createTasks: 2,
  deleteTask: 2,
  deleteTasks: 2,
  listTasks: 2,
  createTogether: 1,
  findTogether: 1,
  create: 3,
  update: 3,
  remove: 3,
  undelete: 3,
  protect: 2,
  unprotect: 2,
  get: 2,
  list: 2,
  listMarked: 2,
  delete: 2,
  fence: 3,
  hold: 3,
  release: 3,
};
/** Those of any kind: the first argument is one. */
const OF_ANY_KIND: readonly string[] = Object.keys(METHODS).filter((method) => /^[a-z]+$/.test(method));

async function attempt(method: Method, args: readonly unknown[]): Promise<unknown> {
  const call = client[method] as (...some: readonly unknown[]) => Promise<unknown>;
  try {
    await call.apply(client, [...args]);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe.each(Object.entries(METHODS) as [Method, number][])('%s', (method, arity) => {
  it('refuses what can not be right by its code, and writes nothing then', async () => {
    // In half of the runs the first argument is right, so that the second one is looked at.
    const right = method.includes('Network') ? 'front' : 'web';
    const first = OF_ANY_KIND.includes(method) ? fc.constantFrom('service', 'task', 'network') : fc.constant(right);
    const args = fc.tuple(fc.oneof(first, hostile), ...Array.from({ length: arity - 1 }, () => hostile));
    await fc.assert(
      fc.asyncProperty(arity === 1 ? fc.tuple(hostile) : args, async (given) => {
        const before = await house.world();
        const error = await attempt(method, given);
        if (error === undefined) return;
        expect(error).toMatchObject({ name: 'DeallocatorError', message: expect.stringMatching(/./) });
        expect(CODES).toContain((error as { code: string }).code);
        expect(await house.world()).toEqual(before);
      }),
      { numRuns: RUNS },
    );
  });
});

it.each(['text', 7, [], true])('a spec that is no object is refused, and nothing is written: %j', async (spec) => {
  const before = await house.world();
  expect(await attempt('createService', [{ id: 'odd', spec }])).toMatchObject({
    code: 'InvalidArgument',
    message: expect.stringMatching(/^the spec of service odd is .*; it must be an object$/),
  });
  expect(await house.world()).toEqual(before);
});

describe('tasks', () => {
  it('are not deleted by the letters of a text that was given for a list', async () => {
    expect(await attempt('deleteTasks', ['web', 't1'])).toMatchObject({ code: 'InvalidArgument' });
    expect((await client.listTasks('web')).items.map(({ id }) => id)).toEqual(['1', 't', 't1']);
  });

  it.each<[Method, readonly unknown[]]>([
    ['createTasks', ['web', null]],
    ['createTasks', ['web', {}]],
    ['createTasks', ['web', 7]],
    ['deleteTasks', ['web', null]],
    ['deleteTasks', ['web', {}]],
    ['deleteTasks', ['web', undefined]],
  ])('are asked for in a list: %s(%j) is refused', async (method, args) => {
    expect(await attempt(method, args)).toMatchObject({ name: 'DeallocatorError', code: 'InvalidArgument' });
  });
});

describe('options', () => {
  it.each<[Method, readonly unknown[]]>([
    ['listServices', [null]],
    ['listMarkedServices', [null]],
    ['listNetworks', [null]],
    ['listMarkedNetworks', [null]],
    ['listTasks', ['web', null]],
    ['removeNetwork', ['front', null]],
    ['updateService', ['web', null]],
    ['updateService', ['web', 'x']],
    ['updateNetwork', ['front', undefined]],
  ])('%s(%j) is refused by its code', async (method, args) => {
    expect(await attempt(method, args)).toMatchObject({ name: 'DeallocatorError', code: 'InvalidArgument' });
  });
});

describe('an item with an attribute called __proto__', () => {
  /** As somebody in another language writes it; the AWS SDK for JavaScript can't. */
  const putOdd = async (table: 'services' | 'networks', id: string, more = '') => {
    const { endpoint, credentials } = house.connection as { endpoint: string; credentials: { accessKeyId: string } };
    const scope = `Credential=${credentials.accessKeyId}/20260101/us-east-1/dynamodb/aws4_request`;
    const odd = '"__proto__":{"M":{"pendingDelete":{"BOOL":true},"markedAt":{"S":"m"}}}';
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'DynamoDB_20120810.PutItem',
        authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0`,
      },
      body: `{"TableName":"${PHYSICAL_NAMES[table]}","Item":{"id":{"S":"${id}"},${odd}${more}}}`,
    });
    expect(answer.status).toBe(200);
  };

  it('S3 is not marked by it', async () => {
    await putOdd('networks', 'front');
    await putOdd('services', 'web');
    expect((await client.getNetwork('front')).pendingDelete).toBeUndefined();
    for (const table of ['networks', 'services'] as const) {
      expect((await house.world())[table].map(({ pendingDelete }) => pendingDelete)).toEqual([undefined]);
    }
    expect(await house.sweep({ full: true })).toMatchObject({ deleted: [], failed: [] });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['marked a second time', () => client.removeService('odd'), 'resolves'],
    ['created again', () => client.createService({ id: 'odd' }), 'AlreadyExists'],
    ['given a task', () => client.createTask('odd', { id: 't1' }), 'FailedPrecondition'],
    ['referred to', () => client.createService(service('user', ['odd'])), 'FailedPrecondition'],
  ])('that is marked and %s is answered like any other', async (_, act, expected) => {
    const mark = ',"pendingDelete":{"BOOL":true},"markedAt":{"S":"m"}';
    await putOdd('services', 'odd', mark);
    await putOdd('networks', 'odd', mark);
    const error = await act().then(
      () => ({ code: 'resolves' }),
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: expected });
  });

  it('is updated, its spec whole', async () => {
    await putOdd('networks', 'front', ',"spec":{"M":{"mtu":{"N":"1400"}}}');
    expect(await client.updateNetwork('front', (spec) => ({ ...spec, driver: 'x' }))).toMatchObject({
      spec: { mtu: 1400, driver: 'x' },
    });
  });
});
