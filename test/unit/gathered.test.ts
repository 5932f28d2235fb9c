/** What several parents ask in one turn: in which requests it goes, and that what fails for one fails for it alone. */

import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  ExecuteStatementCommand,
  GetItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT_ALL } from '../../lib/lifecycle/swarmkit.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import type { MarkedItem } from '../../lib/protocol/model.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { finalization } from '../support/objects.ts';
import { cancelled, mockedRequests, refused, sdkError } from '../support/sdk-mock.ts';

const tables = { services: 'S-1', tasks: 'T-1', networks: 'N-1', attachments: 'A-1', counters: 'C-1', receipts: 'R-1' };
const named = (id: string): ItemKey => ({ kind: 'service', id });
const ids = (count: number) => Array.from({ length: count }, (_, n) => `s${n}`);
const marked = (id: string): MarkedItem => ({
  key: named(id),
  pendingDelete: true,
  markedAt: `mark-of-${id}`,
  markedBy: undefined,
  markedReason: undefined,
  isProtected: false,
  held: [],
  asRead: {},
});
const counter = (id: string, remaining: number, epoch = 'e') => marshall({ id: `service#${id}`, remaining, epoch });

let house: ReturnType<typeof mockedRequests>;
let store: DynamoDBStore;
beforeEach(() => {
  house = mockedRequests();
  store = new DynamoDBStore(house.open(tables));
});
const commands = () => house.sent().map(([name]) => name.replace('Command', ''));

describe('decrements', () => {
  const decrement = (...of: readonly string[]) =>
    Promise.allSettled(of.map((id, n) => store.decrement(named(id), n + 1, 'now')));
  const values = (settled: readonly PromiseSettledResult<unknown>[]) =>
    settled.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)));

  it('of one turn go in one request, each with its own number, and each gets its own counter', async () => {
    house.mock.on(BatchExecuteStatementCommand).resolves({
      Responses: [
        { Item: counter('web', 4) },
        { Error: { Code: 'ConditionalCheckFailed' } },
        { Item: counter('job', 0) },
      ],
    });
    expect(values(await decrement('web', 'api', 'job'))).toEqual([
      { remaining: 4, epoch: 'e' },
      undefined,
      { remaining: 0, epoch: 'e' },
    ]);
    expect(commands()).toEqual(['BatchExecuteStatement']);
    const Statement =
      'UPDATE "C-1" SET "remaining" = "remaining" - ? SET "progressedAt" = ? WHERE "id" = ? RETURNING ALL NEW *';
    const statement = (by: number, id: string) => ({
      Statement,
      Parameters: [{ N: String(by) }, { S: 'now' }, { S: `service#${id}` }],
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    expect(house.inputs()).toEqual([{ Statements: [statement(1, 'web'), statement(2, 'api'), statement(3, 'job')] }]);
  });

  it('that nobody else asks for are an update, and fail with it', async () => {
    house.mock.on(UpdateItemCommand).rejects(sdkError('ThrottlingException'));
    const [failed] = values(await decrement('web'));
    expect(failed).toContain('UpdateItem was tried 8 times: DynamoDB throttled it');
  });

  it('go by 25', async () => {
    house.mock.on(BatchExecuteStatementCommand).callsFake(({ Statements }) => ({
      Responses: Statements.map(({ Parameters: [, , id] }: { Parameters: unknown[] }) => ({
        Item: { ...counter('x', 1), id },
      })),
    }));
    house.mock.on(UpdateItemCommand).resolves({ Attributes: marshall({ id: 'x', remaining: 1, epoch: 'e' }) });
    await decrement(...ids(51));
    expect(commands()).toEqual(['BatchExecuteStatement', 'BatchExecuteStatement', 'UpdateItem']);
  });

  it.each([
    'ThrottlingError',
    'TransactionConflict',
    'InternalServerError',
    'ValidationError',
    'AccessDenied',
  ] as const)(
    'of which one fails with %s are not made again, but for that one, alone and in its own words',
    async (Code) => {
      house.mock
        .on(BatchExecuteStatementCommand)
        .resolves({ Responses: [{ Error: { Code } }, { Item: counter('api', 2) }] });
      house.mock.on(UpdateItemCommand).rejects(sdkError('ValidationException'));
      const [web, api] = values(await decrement('web', 'api'));
      expect(api).toEqual({ remaining: 2, epoch: 'e' });
      expect(web).toContain('UpdateItem was rejected: ValidationException');
      expect(commands()).toEqual(['BatchExecuteStatement', 'UpdateItem']);
    },
  );

  it('that were answered without an item are read; those with an error without a code are made once more', async () => {
    house.mock.on(BatchExecuteStatementCommand).resolves({ Responses: [{}, { Error: {} }] });
    house.mock.on(GetItemCommand).resolves({ Item: counter('web', 7) });
    house.mock
      .on(UpdateItemCommand)
      .resolves({ Attributes: marshall({ id: 'service#api', remaining: 3, epoch: 'e' }) });
    expect(values(await decrement('web', 'api'))).toEqual([
      { remaining: 7, epoch: 'e' },
      { remaining: 3, epoch: 'e' },
    ]);
    expect(commands().sort()).toEqual(['BatchExecuteStatement', 'GetItem', 'UpdateItem']);
  });

  it('that were answered out of order are read: no counter is taken for another one', async () => {
    house.mock
      .on(BatchExecuteStatementCommand)
      .resolves({ Responses: [{ Item: counter('api', 0) }, { Item: counter('web', 4) }] });
    house.mock.on(BatchGetItemCommand).resolves({ Responses: { 'C-1': [counter('web', 4), counter('api', 0)] } });
    expect(values(await decrement('web', 'api'))).toEqual([
      { remaining: 4, epoch: 'e' },
      { remaining: 0, epoch: 'e' },
    ]);
    expect(commands()).toEqual(['BatchExecuteStatement', 'BatchGetItem']);
  });

  it('of which there are more or fewer answers than statements are all made once more: none has its place', async () => {
    const isGone = { Error: { Code: 'ConditionalCheckFailed' } } as const;
    house.mock.on(BatchExecuteStatementCommand).resolves({ Responses: [isGone, isGone, { Item: counter('x', 0) }] });
    house.mock.on(UpdateItemCommand).resolves({ Attributes: marshall({ id: 'x', remaining: 1, epoch: 'e' }) });
    expect(values(await decrement('web', 'api'))).toEqual([
      { remaining: 1, epoch: 'e' },
      { remaining: 1, epoch: 'e' },
    ]);
  });

  it('that are rejected as a whole are made one by one; those that are throttled as a whole fail', async () => {
    house.mock.on(BatchExecuteStatementCommand).rejects(sdkError('ValidationException'));
    house.mock.on(UpdateItemCommand).rejects(refused());
    expect(values(await decrement('web', 'api'))).toEqual([undefined, undefined]);
    expect(commands()).toEqual(['BatchExecuteStatement', 'UpdateItem', 'UpdateItem']);
    house.mock.on(BatchExecuteStatementCommand).rejects(sdkError('ThrottlingException'));
    for (const value of values(await decrement('web', 'api'))) {
      expect(value).toContain('BatchExecuteStatement was tried 8 times: DynamoDB throttled it');
    }
    expect(commands()).toHaveLength(3 + 8);
  });

  it('that only meet others as a whole, again and again, fail as they would alone, and are not made one by one', async () => {
    house.mock.on(BatchExecuteStatementCommand).rejects(sdkError('TransactionConflictException'));
    for (const value of values(await decrement('web', 'api'))) {
      expect(value).toContain('BatchExecuteStatement was tried 8 times: other requests were at work');
    }
    expect(commands()).toEqual(Array(8).fill('BatchExecuteStatement'));
  });

  it('of which an answer does not say whose it is are read', async () => {
    const { id: _, ...nameless } = counter('web', 0);
    house.mock
      .on(BatchExecuteStatementCommand)
      .resolves({ Responses: [{ Item: nameless }, { Item: counter('api', 2) }] });
    house.mock.on(GetItemCommand).resolves({ Item: counter('web', 7) });
    expect(values(await decrement('web', 'api'))).toEqual([
      { remaining: 7, epoch: 'e' },
      { remaining: 2, epoch: 'e' },
    ]);
    expect(commands()).toEqual(['BatchExecuteStatement', 'GetItem']);
  });

  it('of one counter in one turn are two requests: DynamoDB refuses a batch that names an item twice', async () => {
    house.mock
      .on(BatchExecuteStatementCommand)
      .resolves({ Responses: [{ Item: counter('web', 2) }, { Item: counter('api', 2) }] });
    house.mock
      .on(UpdateItemCommand)
      .resolves({ Attributes: marshall({ id: 'service#web', remaining: 1, epoch: 'e' }) });
    await decrement('web', 'api', 'web');
    expect(commands().sort()).toEqual(['BatchExecuteStatement', 'UpdateItem']);
  });
});

describe('recounts', () => {
  const recount = () =>
    Promise.all(['web', 'api'].map((id) => store.recount(named(id), `old-${id}`, -2, `fresh-${id}`)));

  it('name the epoch that they saw, and write their own', async () => {
    house.mock.on(BatchExecuteStatementCommand).resolves({
      Responses: [
        { Item: counter('web', 3, 'fresh-web') },
        { Error: { Code: 'ConditionalCheckFailed', Item: counter('api', 5, 'other') } },
      ],
    });
    expect(await recount()).toEqual([
      { status: 'done', counter: { remaining: 3, epoch: 'fresh-web' } },
      { status: 'failed', found: { remaining: 5, epoch: 'other' } },
    ]);
    expect(house.inputs()[0]?.Statements).toMatchObject([
      {
        Statement:
          'UPDATE "C-1" SET "remaining" = "remaining" + ? SET "epoch" = ? WHERE "id" = ? AND "epoch" = ? RETURNING ALL NEW *',
        Parameters: [{ N: '-2' }, { S: 'fresh-web' }, { S: 'service#web' }, { S: 'old-web' }],
      },
      {},
    ]);
  });

  it('that were refused without the item are sent alone, which tells whether a counter is there', async () => {
    house.mock.on(BatchExecuteStatementCommand).resolves({
      Responses: [{ Item: counter('web', 3, 'fresh-web') }, { Error: { Code: 'ConditionalCheckFailed' } }],
    });
    house.mock.on(UpdateItemCommand).rejects(refused());
    expect((await recount())[1]).toEqual({ status: 'failed', found: undefined });
    expect(commands()).toEqual(['BatchExecuteStatement', 'UpdateItem']);
  });

  it('that were answered without the item are done if the counter has their epoch', async () => {
    house.mock.on(BatchExecuteStatementCommand).resolves({ Responses: [{}, {}] });
    house.mock.on(BatchGetItemCommand).resolves({
      Responses: { 'C-1': [counter('api', 1, 'of another'), counter('web', 3, 'fresh-web')] },
    });
    expect(await recount()).toEqual([
      { status: 'done', counter: { remaining: 3, epoch: 'fresh-web' } },
      { status: 'failed', found: { remaining: 1, epoch: 'of another' } },
    ]);
  });

  it('that were answered without the item have failed where the counter is gone', async () => {
    house.mock.on(BatchExecuteStatementCommand).resolves({ Responses: [{}, { Item: counter('api', 1, 'fresh-api') }] });
    house.mock.on(GetItemCommand).resolves({});
    expect(await recount()).toEqual([
      { status: 'failed', found: undefined },
      { status: 'done', counter: { remaining: 1, epoch: 'fresh-api' } },
    ]);
    expect(commands()).toEqual(['BatchExecuteStatement', 'GetItem']);
  });
});

describe('reads', () => {
  const parent = (id: string) => ({ id: { S: id }, pendingDelete: { BOOL: true } });

  it('of one turn go by 100, each key once, and each asker gets its own item or none', async () => {
    house.mock.on(BatchGetItemCommand).callsFake(({ RequestItems }) => ({
      Responses: {
        'S-1': RequestItems['S-1'].Keys.toReversed()
          .slice(1)
          .map(({ id }: { id: { S: string } }) => parent(id.S)),
      },
    }));
    const asked = [...ids(150), 's0', 's149'];
    const found = await Promise.all(asked.map((id) => store.readItem(named(id))));
    expect(found.map((one) => one?.key.id)).toEqual(
      asked.map((id) => (id === 's99' || id === 's149' ? undefined : id)),
    );
    const keys = house
      .inputs()
      .map((input) => (input as never as { RequestItems: { 'S-1': { Keys: unknown[] } } }).RequestItems['S-1']);
    expect(keys.map(({ Keys }) => Keys.length)).toEqual([100, 50]);
    expect(keys).toMatchObject([{ ConsistentRead: true }, { ConsistentRead: true }]);
  });

  it('of one item in one turn are one request', async () => {
    house.mock.on(GetItemCommand).resolves({ Item: parent('web') });
    const found = await Promise.all([store.readItem(named('web')), store.readItem(named('web'))]);
    expect(found.map((one) => one?.key.id)).toEqual(['web', 'web']);
    expect(commands()).toEqual(['GetItem']);
  });

  it('of which a part is unprocessed are sent again for that part; what is left in the end fails alone', async () => {
    const UnprocessedKeys = { 'S-1': { Keys: [{ id: { S: 'api' } }] } };
    house.mock
      .on(BatchGetItemCommand)
      .resolvesOnce({ Responses: { 'S-1': [parent('web')] }, UnprocessedKeys })
      .resolves({ Responses: { 'S-1': [] }, UnprocessedKeys });
    const [web, api, job] = await Promise.allSettled(['web', 'api', 'job'].map((id) => store.readItem(named(id))));
    expect(web).toMatchObject({ status: 'fulfilled', value: { key: named('web') } });
    expect(job).toEqual({ status: 'fulfilled', value: undefined });
    expect(api).toMatchObject({
      reason: { code: 'Unavailable', message: 'BatchGetItem left 1 keys of S-1 unread 8 times; try again later' },
    });
    expect(house.retries).toEqual(Array(7).fill('BatchGetItem throttled'));
    expect(commands()).toHaveLength(8);
  });

  it('that are rejected as a whole are made one by one, so that one bad key fails alone', async () => {
    house.mock.on(BatchGetItemCommand).rejects(sdkError('ValidationException'));
    house.mock.on(GetItemCommand).resolves({ Item: parent('web') });
    house.mock.on(GetItemCommand, { Key: { id: { S: 'bad' } } }).rejects(sdkError('ValidationException'));
    const [web, bad] = await Promise.allSettled(['web', 'bad'].map((id) => store.readItem(named(id))));
    expect(web).toMatchObject({ status: 'fulfilled' });
    expect(bad).toMatchObject({ reason: { code: 'InvalidArgument' } });
  });

  it.each([
    ['an item that was not asked for', { Responses: { 'S-1': [parent('web'), parent('stranger')] } }],
    ['an item without its key', { Responses: { 'S-1': [parent('web'), { pendingDelete: { BOOL: true } }] } }],
    ['items of another table', { Responses: { 'S-1': [], 'S-2': [parent('web')] } }],
    [
      'a key left over that was not asked for',
      { Responses: { 'S-1': [] }, UnprocessedKeys: { 'S-1': { Keys: [{ id: { S: 'stranger' } }] } } },
    ],
    [
      'keys of another table left over',
      { Responses: {}, UnprocessedKeys: { 'S-2': { Keys: [{ id: { S: 'web' } }] } } },
    ],
    ['what is left over without its keys', { Responses: {}, UnprocessedKeys: { 'S-1': { Keys: undefined } } }],
  ])('that are answered with %s prove nothing', async (_, answer) => {
    house.mock.on(BatchGetItemCommand).resolves(answer);
    const settled = await Promise.allSettled(['web', 'api'].map((id) => store.readItem(named(id))));
    for (const one of settled) {
      expect(one).toMatchObject({
        reason: {
          code: 'Unavailable',
          message: "DynamoDB's answer tells of something of S-1 that was not asked for; try again",
        },
      });
    }
  });

  it('of which one key is answered and left over at once are not known for it', async () => {
    const UnprocessedKeys = { 'S-1': { Keys: [{ id: { S: 'web' } }, { id: { S: 'web' } }] } };
    house.mock
      .on(BatchGetItemCommand)
      .resolvesOnce({ Responses: { 'S-1': [parent('web')] }, UnprocessedKeys })
      .resolves({ Responses: { 'S-1': [parent('web')] } });
    const found = await Promise.all(['web', 'api'].map((id) => store.readItem(named(id))));
    expect(found.map((one) => one?.key.id)).toEqual(['web', undefined]);
    expect(house.inputs()[1]).toMatchObject({ RequestItems: { 'S-1': { Keys: [{ id: { S: 'web' } }] } } });
  });

  it('without Responses are no answer, and prove nothing', async () => {
    house.mock.on(BatchGetItemCommand).resolves({});
    await expect(Promise.all(['web', 'api'].map((id) => store.readItem(named(id))))).rejects.toMatchObject({
      code: 'Unavailable',
      message: "DynamoDB's answer has no Responses; try again",
    });
  });
});

describe('counts under a key with a part that all have', () => {
  it.each([
    ['R#${row}', ' AND begins_with("s""k", ?)', 'R#'],
    ['META', ' AND "s""k" = ?', 'META'],
  ])('%s, are one read', async (sk, within, text) => {
    const plan: Plan = planOf({
      kinds: {
        project: { table: 'projects', key: { id: '${project}' } },
        row: { table: 'rows', key: { pk: 'P#${project}', 's"k': sk }, dependsOn: [{ kind: 'project', by: 'key' }] },
      },
    });
    const names = { projects: 'P-1', rows: 'R-1', counters: 'C-1', receipts: 'E-1' };
    const projects = new DynamoDBStore(house.open(names, undefined, plan));
    house.mock.on(ExecuteStatementCommand).resolves({ Items: [{ pk: { S: 'P#b' } }] });
    const counts = ['a', 'b'].map((id) => projects.countChildren({ kind: 'project', id }, 10));
    expect(await Promise.all(counts)).toEqual([0, 1]);
    expect(house.inputs()).toEqual([
      {
        Statement: `SELECT "pk" FROM "R-1" WHERE "pk" IN [?, ?]${within}`,
        Parameters: [{ S: 'P#a' }, { S: 'P#b' }, { S: text }],
        ConsistentRead: true,
        Limit: 10,
      },
    ]);
  });
});

describe('counts', () => {
  const count = (of: readonly string[], most = 10) => Promise.all(of.map((id) => store.countChildren(named(id), most)));
  const rows = (...of: readonly string[]) => of.map((id) => ({ serviceId: { S: id } }));

  it('of one turn are one read, consistent and bounded', async () => {
    house.mock.on(ExecuteStatementCommand).resolves({ Items: rows('web', 'job', 'web', 'web') });
    expect(await count(['web', 'api', 'job'], 2)).toEqual([2, 0, 1]);
    expect(house.inputs()).toEqual([
      {
        Statement: 'SELECT "serviceId" FROM "T-1" WHERE "serviceId" IN [?, ?, ?]',
        Parameters: [{ S: 'web' }, { S: 'api' }, { S: 'job' }],
        ConsistentRead: true,
        Limit: 2,
      },
    ]);
  });

  it('that ended early say nothing of whom they did not see: these are read again without the others', async () => {
    house.mock
      .on(ExecuteStatementCommand)
      .resolvesOnce({ Items: rows('web', 'web'), NextToken: 'more' })
      .resolvesOnce({ Items: [] });
    expect(await count(['web', 'api', 'job'])).toEqual([2, 0, 0]);
    expect(house.inputs()[1]).toMatchObject({ Parameters: [{ S: 'api' }, { S: 'job' }] });
  });

  it('that end early again and again are made one by one', async () => {
    house.mock.on(ExecuteStatementCommand).resolves({ Items: [], NextToken: 'more' });
    house.mock.on(QueryCommand).resolvesOnce({ Count: 4 }).resolves({ Count: 0 });
    expect(await count(['web', 'api'])).toEqual([4, 0]);
    expect(commands()).toEqual([...Array(3).fill('ExecuteStatement'), 'Query', 'Query']);
  });

  it('that end early again and again are made one by one for those alone whom no read has seen', async () => {
    house.mock
      .on(ExecuteStatementCommand)
      .resolvesOnce({ Items: rows('web'), NextToken: 'more' })
      .resolves({ Items: [], NextToken: 'more' });
    house.mock.on(QueryCommand).resolves({ Count: 4 });
    expect(await count(['web', 'api', 'job'])).toEqual([1, 4, 4]);
    expect(commands()).toEqual([...Array(3).fill('ExecuteStatement'), 'Query', 'Query']);
  });

  it('that are throttled as a whole fail, and are not made one by one', async () => {
    house.mock.on(ExecuteStatementCommand).rejects(sdkError('ThrottlingException'));
    const [web, api] = await Promise.allSettled(['web', 'api'].map((id) => store.countChildren(named(id), 10)));
    const message = expect.stringContaining('ExecuteStatement was tried 8 times: DynamoDB throttled it');
    for (const one of [web, api]) expect(one).toMatchObject({ reason: { code: 'Unavailable', message } });
    expect(commands()).toEqual(Array(8).fill('ExecuteStatement'));
  });

  it('that want different numbers are one read, as long as the longest', async () => {
    house.mock.on(ExecuteStatementCommand).resolves({ Items: rows('web', 'web', 'web', 'api', 'api', 'api') });
    expect((await Promise.all([count(['web'], 2), count(['api'], 5)])).flat()).toEqual([2, 3]);
    expect(house.inputs()).toMatchObject([{ Limit: 5 }]);
  });

  it('S1 of two kinds of children are two reads: the one is no proof of the other', async () => {
    const childOf = { dependsOn: [{ kind: 'pool', by: 'key' }] } as const;
    const plan: Plan = planOf({
      kinds: {
        pool: { table: 'pools', key: { id: '${pool}' } },
        worker: { table: 'workers', key: { poolId: '${pool}', id: '${worker}' }, ...childOf },
        lease: { table: 'leases', key: { poolId: '${pool}', id: '${lease}' }, ...childOf },
      },
    });
    const names = { pools: 'P-1', workers: 'W-1', leases: 'L-1', counters: 'C-1', receipts: 'E-1' };
    const pools = new DynamoDBStore(house.open(names, undefined, plan));
    house.mock
      .on(ExecuteStatementCommand)
      .resolvesOnce({ Items: [] })
      .resolves({ Items: [{ poolId: { S: 'a' } }, { poolId: { S: 'b' } }] });
    const counts = ['a', 'b'].map((id) => pools.countChildren({ kind: 'pool', id }, 10));
    expect(await Promise.all(counts)).toEqual([1, 1]);
    expect(house.inputs().map(({ Statement }) => (Statement as string).split(' WHERE')[0])).toEqual([
      'SELECT "poolId" FROM "W-1"',
      'SELECT "poolId" FROM "L-1"',
    ]);
  });

  it('of whatever is held by attachments are one read, whichever kinds these are of', async () => {
    const plan = planOf(SWARMKIT_ALL);
    const all = new DynamoDBStore(house.open({ ...tables, secrets: 'X', configs: 'Y', volumes: 'V' }, undefined, plan));
    const row = (held: string) => ({ held: { S: held } });
    house.mock.on(ExecuteStatementCommand).resolves({ Items: [row('network#a'), row('volume#a')] });
    const counts = ['network', 'secret', 'volume'].map((kind) => all.countChildren({ kind, id: 'a' }, 10));
    expect(await Promise.all(counts)).toEqual([1, 0, 1]);
    expect(commands()).toEqual(['ExecuteStatement']);
  });

  it('without Items are no answer, and prove nothing', async () => {
    house.mock.on(ExecuteStatementCommand).resolves({});
    house.mock.on(QueryCommand).resolves({ Count: 1 });
    expect(await count(['web', 'api'])).toEqual([1, 1]);
    expect(commands()).toEqual([...Array(3).fill('ExecuteStatement'), 'Query', 'Query']);
  });

  it.each([
    ['of a parent that was not asked for', { serviceId: { S: 'stranger' } }],
    ['without its partition key', {}],
    ['whose partition key is no text', { serviceId: { N: '1' } }],
  ])('with a row %s prove nothing, neither of those who have rows nor of those who have none', async (_, row) => {
    house.mock.on(ExecuteStatementCommand).resolves({ Items: [row, ...rows('web')] });
    house.mock.on(QueryCommand).resolves({ Count: 3 });
    expect(await count(['web', 'api'])).toEqual([3, 3]);
    expect(commands()).toEqual([...Array(3).fill('ExecuteStatement'), 'Query', 'Query']);
  });

  it('whose answer names a place to go on are not whole, however it names it, and empty pages too', async () => {
    house.mock
      .on(ExecuteStatementCommand)
      .resolvesOnce({ Items: [], LastEvaluatedKey: { serviceId: { S: 'web' }, id: { S: 't' } } })
      .resolves({ Items: rows('web') });
    expect(await count(['web', 'api'])).toEqual([1, 0]);
    expect(commands()).toEqual(['ExecuteStatement', 'ExecuteStatement']);
  });

  it('go by 50, and apart for the two tables', async () => {
    house.mock.on(ExecuteStatementCommand).resolves({ Items: [] });
    house.mock.on(QueryCommand).resolves({ Count: 0 });
    const networks = () => ids(2).map((id) => store.countChildren({ kind: 'network', id }, 10));
    await Promise.all([count(ids(101)), ...networks()]);
    const parameters = house.inputs().map(({ Parameters }) => (Parameters as unknown[] | undefined)?.length);
    expect(parameters).toEqual([50, 50, undefined, 2]);
    expect(house.inputs()[3]).toMatchObject({ Statement: 'SELECT "held" FROM "A-1" WHERE "held" IN [?, ?]' });
  });

  it('are queries of their own where ended tasks count as gone', async () => {
    const terminal = new DynamoDBStore(house.open(tables, DEFAULT_RULES, swarmkitPlan({ taskIsGone: 'terminal' })));
    house.mock.on(QueryCommand).resolves({ Count: 0 });
    await Promise.all(['web', 'api'].map((id) => terminal.countChildren(named(id), 10)));
    expect(commands()).toEqual(['Query', 'Query']);
  });
});

describe('deletions', () => {
  const finalizations = (...of: readonly string[]) => of.map((id) => finalization(marked(id)));
  const end = (...of: readonly string[]) => Promise.all(finalizations(...of).map((one) => store.finalize(one)));
  const sizes = () => house.inputs().map(({ TransactItems }) => (TransactItems as unknown[]).length);
  const three = (code: string) => [code, 'None', 'None'];

  it('of one turn go in one transaction, at most 25', async () => {
    house.mock.on(TransactWriteItemsCommand).resolves({});
    expect(new Set(await end(...ids(26)))).toEqual(new Set(['committed']));
    expect(sizes()).toEqual([75, 3]);
  });

  it('of which one is refused are sent again without it, once together, then alone', async () => {
    house.mock
      .on(TransactWriteItemsCommand)
      .rejectsOnce(cancelled(...three('None'), ...three('ConditionalCheckFailed'), ...three('None'), ...three('None')))
      .rejectsOnce(cancelled(...three('None'), ...three('None'), ...three('ConditionalCheckFailed')))
      .resolves({});
    expect(await end('a', 'b', 'c', 'd')).toEqual(['committed', 'cancelled', 'committed', 'cancelled']);
    expect(sizes()).toEqual([12, 9, 3, 3]);
    const tokens = house.inputs().map(({ ClientRequestToken }) => ClientRequestToken);
    expect(new Set(tokens).size).toBe(4);
  });

  it.each(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded', 'ValidationError'])(
    'of which one meets %s are not held up by it',
    async (code) => {
      house.mock
        .on(TransactWriteItemsCommand)
        .rejectsOnce(cancelled(...three('None'), ...three(code), ...three('None')))
        .resolves({});
      expect(await end('a', 'b', 'c')).toEqual(['committed', 'committed', 'committed']);
      expect(sizes()).toEqual([9, 6, 3]);
    },
  );

  it('of which the cancellation names no reason are sent again together', async () => {
    const nothing = [undefined, undefined, undefined];
    house.mock
      .on(TransactWriteItemsCommand)
      .rejectsOnce(cancelled(...nothing, ...three('ConditionalCheckFailed'), ...nothing))
      .resolves({});
    expect(await end('a', 'b', 'c')).toEqual(['committed', 'cancelled', 'committed']);
    expect(sizes()).toEqual([9, 6]);
  });

  it('keep their token as long as they get no answer', async () => {
    house.mock.on(TransactWriteItemsCommand).rejectsOnce(sdkError('TimeoutError')).resolves({});
    await end('a', 'b');
    const tokens = house.inputs().map(({ ClientRequestToken }) => ClientRequestToken);
    expect(tokens).toEqual([tokens[0], tokens[0]]);
  });

  it('that DynamoDB rejects as a whole, as too large perhaps, go one by one', async () => {
    house.mock.on(TransactWriteItemsCommand).rejectsOnce(sdkError('ValidationException')).resolves({});
    expect(await end('a', 'b')).toEqual(['committed', 'committed']);
    expect(sizes()).toEqual([6, 3, 3]);
  });

  it('that are throttled as a whole fail, and are not made one by one', async () => {
    house.mock.on(TransactWriteItemsCommand).rejects(sdkError('ThrottlingException'));
    const settled = await Promise.allSettled(finalizations('a', 'b').map((one) => store.finalize(one)));
    const message = expect.stringContaining('TransactWriteItems was tried 8 times: DynamoDB throttled it');
    expect(settled).toMatchObject(Array(2).fill({ reason: { code: 'Unavailable', message } }));
    expect(sizes()).toEqual(Array(8).fill(6));
  });

  it('of which all are refused are not sent again', async () => {
    const isRefused = three('ConditionalCheckFailed');
    house.mock.on(TransactWriteItemsCommand).rejectsOnce(cancelled(...isRefused, ...isRefused));
    expect(await end('a', 'b')).toEqual(['cancelled', 'cancelled']);
    expect(sizes()).toEqual([6]);
  });

  it('of which one has too few reasons are not sent again with it: what held it up is not known', async () => {
    house.mock
      .on(TransactWriteItemsCommand)
      .rejectsOnce(cancelled(...three('None'), ...three('None'), 'None'))
      .resolves({});
    expect(await end('a', 'b', 'c')).toEqual(['committed', 'committed', 'committed']);
    expect(sizes()).toEqual([9, 6, 3]);
  });

  it('have 100 actions in all: DynamoDB takes no more in one transaction', async () => {
    house.mock.on(TransactWriteItemsCommand).resolves({});
    const networks = Array.from({ length: 47 }, (_, n): ItemKey => ({ kind: 'network', id: `n${n}` }));
    await Promise.all(ids(3).map((id) => store.finalize(finalization(marked(id), networks))));
    expect(sizes()).toEqual([100, 50]);
  });

  it('that name one item twice go apart: DynamoDB refuses such a transaction', async () => {
    house.mock.on(TransactWriteItemsCommand).resolves({});
    await end('a', 'a');
    expect(sizes()).toEqual([3, 3]);
  });

  it('that free one network go apart as well, whatever else they name', async () => {
    house.mock.on(TransactWriteItemsCommand).resolves({});
    const front: MarkedItem = { ...marked('front'), key: { kind: 'network', id: 'front' } };
    await Promise.all(ids(2).map((id) => store.finalize(finalization(marked(id), [front.key], [front]))));
    expect(sizes()).toEqual([6, 6]);
  });
});

it('counters of several parents are created in one transaction', async () => {
  house.mock.on(BatchGetItemCommand).resolves({ Responses: { 'C-1': [] } });
  house.mock.on(TransactWriteItemsCommand).resolves({});
  const open = (id: string) => store.openCounter(named(id), { epoch: `e-${id}`, openedAt: 'now' });
  expect(await Promise.all(['web', 'api'].map(open))).toEqual([
    { remaining: 0, epoch: 'e-web' },
    { remaining: 0, epoch: 'e-api' },
  ]);
  expect(commands()).toEqual(['BatchGetItem', 'TransactWriteItems']);
});

it('what is asked of one network in one turn is asked once', async () => {
  house.mock.on(QueryCommand).resolves({ Items: [marshall({ holder: 'web' })], Count: 1 });
  const network: ItemKey = { kind: 'network', id: 'front' };
  expect(await Promise.all([store.listAttached(network, 2), store.listAttached(network, 2)])).toEqual([
    ['web'],
    ['web'],
  ]);
  expect(commands()).toEqual(['Query']);
});

describe('lists of several networks in one turn', () => {
  const listed = (...names: string[]) => Promise.all(names.map((id) => store.listAttached({ kind: 'network', id }, 2)));
  const row = (network: string, holder: string) => ({ held: { S: `network#${network}` }, holder: { S: holder } });
  const read = (...networks: string[]) => ({
    Statement: `SELECT "held", "holder" FROM "A-1" WHERE "held" IN [${networks.map(() => '?').join(', ')}]`,
    Parameters: networks.map((id) => ({ S: `network#${id}` })),
    ConsistentRead: true,
    Limit: networks.length * 2 + 1,
  });

  it('are one read, and each gets at most as many names as it asked for', async () => {
    house.mock.on(ExecuteStatementCommand).resolves({
      Items: [row('front', 'web'), row('front', 'api'), row('front', 'job'), row('back', 'db')],
    });
    expect(await listed('front', 'back', 'none', 'front')).toEqual([['web', 'api'], ['db'], [], ['web', 'api']]);
    expect(house.inputs()).toEqual([read('front', 'back', 'none')]);
  });

  it('of a read that ended early only those are known that have shown as many as they may', async () => {
    house.mock
      .on(ExecuteStatementCommand)
      .resolvesOnce({ Items: [row('front', 'web'), row('front', 'api'), row('back', 'db')], NextToken: 'more' })
      .resolves({ Items: [row('back', 'db'), row('back', 'web')], NextToken: 'more' });
    house.mock.on(QueryCommand).resolves({ Items: [marshall({ holder: 'late' })], Count: 1 });
    expect(await listed('front', 'back', 'none')).toEqual([['web', 'api'], ['db', 'web'], ['late']]);
    expect(house.inputs()).toMatchObject([read('front', 'back', 'none'), read('back', 'none'), read('none'), {}]);
  });

  it('name each user once: one that comes twice must not hide the other one', async () => {
    house.mock
      .on(ExecuteStatementCommand)
      .resolvesOnce({ Items: [row('front', 'web'), row('front', 'web'), row('back', 'db')], NextToken: 'more' })
      .resolves({ Items: [row('front', 'web'), row('front', 'web'), row('front', 'api')] });
    expect(await listed('front', 'back')).toEqual([['web', 'api'], []]);
    house.mock
      .on(QueryCommand)
      .resolves({ Items: [marshall({ holder: 'web' }), marshall({ holder: 'web' })], Count: 2 });
    expect(await listed('front')).toEqual([['web']]);
  });

  it.each([
    ['of a network that was not asked for', row('stranger', 'web')],
    ['without a network', { holder: { S: 'web' } }],
    ['without a user', { held: { S: 'network#front' } }],
  ])('prove nothing where a row is one %s', async (_, strange) => {
    house.mock.on(ExecuteStatementCommand).resolves({ Items: [row('front', 'web'), strange] });
    house.mock.on(QueryCommand).resolves({ Items: [marshall({ holder: 'asked alone' })], Count: 1 });
    expect(await listed('front', 'back')).toEqual([['asked alone'], ['asked alone']]);
  });

  it('that ask for different numbers are not one read', async () => {
    house.mock.on(QueryCommand).resolves({ Items: [marshall({ holder: 'web' })], Count: 1 });
    await Promise.all([
      store.listAttached({ kind: 'network', id: 'front' }, 2),
      store.listAttached({ kind: 'network', id: 'back' }, 1000),
    ]);
    expect(commands()).toEqual(['Query', 'Query']);
  });

  it('go by 50', async () => {
    house.mock.on(ExecuteStatementCommand).resolves({ Items: [] });
    house.mock.on(QueryCommand).resolves({ Items: [], Count: 0 });
    await listed(...ids(101), 's100');
    expect(commands()).toEqual(['ExecuteStatement', 'ExecuteStatement', 'Query']);
  });
});
