/** Keys of several tables in one request: what each table's part of an answer says, and that it says nothing of the others. */
import { BatchGetItemCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { mockedRequests, sdkError } from '../support/sdk-mock.ts';

const tables = { services: 'S-1', tasks: 'T-1', networks: 'N-1', attachments: 'A-1', counters: 'C-1', receipts: 'R-1' };
const service = (id: string): ItemKey => ({ kind: 'service', id });
const network = (id: string): ItemKey => ({ kind: 'network', id });
const item = (id: string) => ({ id: { S: id }, pendingDelete: { BOOL: true } });
const attachment = (held: string, holder: string) => ({ held: { S: held }, holder: { S: holder } });

let house: ReturnType<typeof mockedRequests>;
let store: DynamoDBStore;
beforeEach(() => {
  house = mockedRequests();
  store = new DynamoDBStore(house.open(tables));
});
const commands = () => house.sent().map(([name]) => name.replace('Command', ''));
type RequestItems = Readonly<Record<string, { readonly Keys: readonly unknown[] }>>;
const asked = () => house.inputs().map((input) => input.RequestItems as RequestItems);
/** How many keys of which table, request by request. */
const counts = () =>
  asked().map((tables) => Object.fromEntries(Object.entries(tables).map(([table, { Keys }]) => [table, Keys.length])));

/** A service, a network of the same id, an attachment, and a look at a counter. */
async function askAll() {
  const [web, front, attached, draining] = await Promise.allSettled([
    store.readItem(service('web')),
    store.readItem(network('web')),
    store.readAttachments(service('web'), [network('web')]),
    store.findDraining([service('web')]),
  ]);
  return { web, front, attached, draining };
}

const ANSWER = {
  'S-1': [item('web')],
  'N-1': [item('web')],
  'A-1': [attachment('network#web', 'service#web')],
  'C-1': [{ id: { S: 'service#web' } }],
};

it('a look whether one item is there names its key: DynamoDB takes no empty projection', async () => {
  house.mock.on(GetItemCommand).resolves({ Item: { id: { S: 'service#web' } } });
  expect(await store.findDraining([service('web')])).toEqual(new Set(['service#web']));
  expect(house.inputs()).toMatchObject([{ TableName: 'C-1', ProjectionExpression: '#id', ConsistentRead: true }]);
});

describe('reads of several tables in one turn', () => {
  it('go in one request, each table with its own projection', async () => {
    house.mock.on(BatchGetItemCommand).resolves({ Responses: ANSWER });
    const { web, front, attached, draining } = await askAll();
    expect(web).toMatchObject({ value: { key: service('web') } });
    expect(front).toMatchObject({ value: { key: network('web') } });
    expect(attached).toMatchObject({ value: new Set(['network#web']) });
    expect(draining).toMatchObject({ value: new Set(['service#web']) });
    expect(commands()).toEqual(['BatchGetItem']);
    const [{ 'S-1': ofServices, ...others } = {}] = asked();
    expect(ofServices).toMatchObject({ Keys: [{ id: { S: 'web' } }], ConsistentRead: true });
    expect(others).toEqual({
      'N-1': expect.objectContaining({ Keys: [{ id: { S: 'web' } }], ConsistentRead: true }),
      'A-1': {
        Keys: [attachment('network#web', 'service#web')],
        ConsistentRead: true,
        ProjectionExpression: '#held, #holder',
        ExpressionAttributeNames: { '#held': 'held', '#holder': 'holder' },
      },
      'C-1': {
        Keys: [{ id: { S: 'service#web' } }],
        ConsistentRead: true,
        ProjectionExpression: '#id',
        ExpressionAttributeNames: { '#id': 'id' },
      },
    });
  });

  it('have 100 keys in all, and what is left of a table shares its request with the next', async () => {
    house.mock.on(BatchGetItemCommand).callsFake(({ RequestItems }) => ({
      Responses: Object.fromEntries(Object.keys(RequestItems).map((table) => [table, []])),
    }));
    const many = (count: number) => Array.from({ length: count }, (_, n) => `o${n}`);
    await Promise.all([
      ...many(130).map((id) => store.readItem(service(id))),
      ...many(90).map((id) => store.readItem(network(id))),
    ]);
    expect(counts()).toEqual([{ 'S-1': 100 }, { 'S-1': 30, 'N-1': 70 }, { 'N-1': 20 }]);
  });

  it('that want different parts of one table go in two requests', async () => {
    const fresh = { epoch: 'e', openedAt: 'now' };
    house.mock.on(BatchGetItemCommand).callsFake(({ RequestItems }) => ({
      Responses: {
        ...Object.fromEntries(Object.keys(RequestItems).map((table) => [table, []])),
        'C-1': RequestItems['C-1'].Keys.map((key: object) => ({ ...key, remaining: { N: '3' }, epoch: { S: 'old' } })),
      },
    }));
    const [draining, web, api] = await Promise.all([
      store.findDraining([service('web'), service('job')]),
      store.openCounter(service('web'), fresh),
      store.openCounter(service('api'), fresh),
      store.readItem(service('web')),
    ]);
    expect(draining).toEqual(new Set(['service#web', 'service#job']));
    expect([web, api]).toEqual([
      { remaining: 3, epoch: 'old' },
      { remaining: 3, epoch: 'old' },
    ]);
    expect(counts()).toEqual([{ 'C-1': 2, 'S-1': 1 }, { 'C-1': 2 }]);
  });

  it('of which a part is left over are sent again for that part, with its projection, and the others have their answers', async () => {
    const { 'A-1': _, 'S-1': __, ...Responses } = ANSWER;
    house.mock
      .on(BatchGetItemCommand)
      .resolvesOnce({
        Responses: { ...Responses, 'S-1': [] },
        UnprocessedKeys: {
          'S-1': { Keys: [{ id: { S: 'web' } }] },
          'A-1': { Keys: [attachment('network#web', 'service#web')] },
        },
      })
      .resolvesOnce({
        Responses: { 'S-1': [item('web')], 'A-1': [] },
        UnprocessedKeys: { 'A-1': { Keys: [attachment('network#web', 'service#web')] } },
      })
      .resolves({ Responses: { 'A-1': [attachment('network#web', 'service#web')] } });
    const { web, front, attached, draining } = await askAll();
    expect(web).toMatchObject({ value: { key: service('web') } });
    expect(front).toMatchObject({ value: { key: network('web') } });
    expect(attached).toMatchObject({ value: new Set(['network#web']) });
    expect(draining).toMatchObject({ value: new Set(['service#web']) });
    expect(counts().slice(1)).toEqual([{ 'S-1': 1, 'A-1': 1 }, { 'A-1': 1 }]);
    expect(asked()[2]).toEqual({ 'A-1': asked()[0]?.['A-1'] });
  });

  it('of which tables are left over to the end fail for these, which the failure names, and for no other', async () => {
    const UnprocessedKeys = {
      'S-1': { Keys: [{ id: { S: 'web' } }] },
      'A-1': { Keys: [attachment('network#web', 'service#web')] },
    };
    house.mock
      .on(BatchGetItemCommand)
      .resolvesOnce({ Responses: { 'N-1': [], 'C-1': [] }, UnprocessedKeys })
      .resolves({ Responses: {}, UnprocessedKeys });
    const { web, front, attached, draining } = await askAll();
    const message = 'BatchGetItem left 1 keys of S-1 and 1 keys of A-1 unread 8 times; try again later';
    expect(web).toMatchObject({ reason: { code: 'Unavailable', message } });
    expect(attached).toMatchObject({ reason: { code: 'Unavailable', message } });
    expect(front).toEqual({ status: 'fulfilled', value: undefined });
    expect(draining).toEqual({ status: 'fulfilled', value: new Set() });
  });

  it('of which a table is not in the answer are read alone for that table: nothing is told of it', async () => {
    const { 'N-1': _, ...Responses } = ANSWER;
    house.mock.on(BatchGetItemCommand).resolves({ Responses });
    house.mock.on(GetItemCommand).resolves({ Item: item('web') });
    const { web, front } = await askAll();
    expect(web).toMatchObject({ value: { key: service('web') } });
    expect(front).toMatchObject({ value: { key: network('web') } });
    expect(house.sent().slice(1)).toMatchObject([['GetItemCommand', { TableName: 'N-1', Key: { id: { S: 'web' } } }]]);
  });

  it('of which a table is left over, and then not in the answer, are read alone for it: nothing was told of it either time', async () => {
    const { 'S-1': _, ...others } = ANSWER;
    house.mock
      .on(BatchGetItemCommand)
      .resolvesOnce({
        Responses: { ...others, 'S-1': [] },
        UnprocessedKeys: { 'S-1': { Keys: [{ id: { S: 'web' } }] } },
      })
      .resolves({ Responses: {} });
    house.mock.on(GetItemCommand).resolves({ Item: item('web') });
    expect((await askAll()).web).toMatchObject({ value: { key: service('web') } });
    expect(commands()).toEqual(['BatchGetItem', 'BatchGetItem', 'GetItem']);
  });

  it('that are throttled as a whole fail, and are not made one by one', async () => {
    house.mock.on(BatchGetItemCommand).rejects(sdkError('ThrottlingException'));
    const message = expect.stringContaining('BatchGetItem was tried 8 times: DynamoDB throttled it');
    for (const one of Object.values(await askAll())) {
      expect(one).toMatchObject({ reason: { code: 'Unavailable', message } });
    }
    expect(commands()).toEqual(Array(8).fill('BatchGetItem'));
  });

  it('that are rejected for one table are made one by one, so that it fails alone', async () => {
    house.mock.on(BatchGetItemCommand).rejects(sdkError('AccessDeniedException'));
    house.mock.on(GetItemCommand).resolves({ Item: item('web') });
    house.mock.on(GetItemCommand, { TableName: 'N-1' }).rejects(sdkError('AccessDeniedException'));
    const { web, front, attached, draining } = await askAll();
    expect([web.status, front.status, attached.status, draining.status]).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(front).toMatchObject({ reason: { code: 'FailedPrecondition' } });
  });

  it.each([
    ['an item of a table that was not asked for', { Responses: { ...ANSWER, 'T-1': [item('web')] } }],
    ["another table's item", { Responses: { ...ANSWER, 'A-1': [item('web')] } }],
    ['what is known in another table only', { Responses: { ...ANSWER, 'C-1': [item('web')] } }],
    ['a key left over of another table', { Responses: ANSWER, UnprocessedKeys: { 'C-1': { Keys: [item('web')] } } }],
  ])('that are answered with %s prove nothing', async (_, answer) => {
    house.mock.on(BatchGetItemCommand).resolves(answer);
    const message = "DynamoDB's answer tells of something of S-1, N-1, A-1, C-1 that was not asked for; try again";
    for (const one of Object.values(await askAll())) {
      expect(one).toMatchObject({ reason: { code: 'Unavailable', message } });
    }
  });
});
