/** The exact request behind each method of the store on DynamoDB, and what it makes of each kind of answer. */

import {
  type AttributeValue,
  BatchGetItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import { StoredValue } from '../../lib/dynamodb/requests.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { isMarked, type MarkedItem, type SeenItem } from '../../lib/protocol/model.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { finalization } from '../support/objects.ts';
import { cancelled, mockedRequests, refused, sdkError } from '../support/sdk-mock.ts';

const tables = { services: 'S-1', tasks: 'T-1', networks: 'N-1', attachments: 'A-1', counters: 'C-1', receipts: 'R-1' };
const web: ItemKey = { kind: 'service', id: 'web' };
const front: ItemKey = { kind: 'network', id: 'front' };
const networks: AttributeValue = {
  L: [{ M: { target: { S: 'front' } } }, { M: { target: { S: 'back' }, aliases: { L: [{ S: 'b' }] } } }],
};
const stored = new StoredValue(networks);

const UNPROTECTED = '(attribute_not_exists(#protected) OR #protected <> :true)';

const network = (id: string): ItemKey => ({ kind: 'network', id });

/** What a service says that it holds, as it is stored. */
const lists = (task?: StoredValue, service?: StoredValue) => ({ 'spec.task.networks': task, 'spec.networks': service });

const asRead = (key: ItemKey, more: Partial<SeenItem> = {}): MarkedItem => ({
  key,
  markedBy: undefined,
  markedReason: undefined,
  isProtected: false,
  held: [],
  asRead: key.kind === 'service' ? lists() : {},
  ...more,
  pendingDelete: true,
  markedAt: `mark-of-${key.id}`,
});

describe('the store', () => {
  let house: ReturnType<typeof mockedRequests>;
  let store: DynamoDBStore;
  beforeEach(() => {
    house = mockedRequests();
    store = new DynamoDBStore(house.open(tables));
  });

  describe('findDraining', () => {
    it('reads the counters of a batch consistently, and only their ids', async () => {
      house.mock.on(BatchGetItemCommand).resolves({ Responses: { 'C-1': [{ id: { S: 'network#front' } }] } });
      expect(await store.findDraining([web, front])).toEqual(new Set(['network#front']));
      expect(house.sent()).toStrictEqual([
        [
          'BatchGetItemCommand',
          {
            RequestItems: {
              'C-1': {
                Keys: [{ id: { S: 'service#web' } }, { id: { S: 'network#front' } }],
                ConsistentRead: true,
                ProjectionExpression: '#id',
                ExpressionAttributeNames: { '#id': 'id' },
              },
            },
          },
        ],
      ]);
    });

    it('asks for no counter whose name fits no key, and for the longest one that does', async () => {
      house.mock.on(GetItemCommand).resolves({});
      const named = (bytes: number): ItemKey => ({ kind: 'network', id: 'x'.repeat(bytes - 'network#'.length) });
      expect(await store.findDraining([named(2049), named(2048)])).toEqual(new Set());
      expect(house.inputs().map(({ Key }) => Key)).toEqual([{ id: { S: `network#${'x'.repeat(2040)}` } }]);
    });

    it('sends nothing for no parents', async () => {
      expect(await store.findDraining([])).toEqual(new Set());
      expect(house.sent()).toEqual([]);
    });
  });

  describe('openCounter', () => {
    const fresh = { epoch: 'e1', openedAt: '2026-01-01T00:00:00.000Z' };
    const read = [
      'GetItemCommand',
      {
        TableName: 'C-1',
        Key: { id: { S: 'service#web' } },
        ProjectionExpression: '#id, #remaining, #epoch',
        ExpressionAttributeNames: { '#id': 'id', '#remaining': 'remaining', '#epoch': 'epoch' },
        ConsistentRead: true,
      },
    ];
    const creation = (token: string) => [
      'TransactWriteItemsCommand',
      {
        ClientRequestToken: token,
        TransactItems: [
          {
            Update: {
              TableName: 'C-1',
              Key: { id: { S: 'service#web' } },
              UpdateExpression: 'SET #remaining = :zero, #epoch = :epoch, #openedAt = :openedAt',
              ConditionExpression: 'attribute_not_exists(#id)',
              ExpressionAttributeNames: {
                '#id': 'id',
                '#remaining': 'remaining',
                '#epoch': 'epoch',
                '#openedAt': 'openedAt',
              },
              ExpressionAttributeValues: {
                ':zero': { N: '0' },
                ':epoch': { S: 'e1' },
                ':openedAt': { S: '2026-01-01T00:00:00.000Z' },
              },
            },
          },
        ],
      },
    ];

    it('reads consistently, and writes nothing where a counter is there', async () => {
      house.mock.on(GetItemCommand).resolves({ Item: marshall({ id: 'service#web', remaining: -2, epoch: 'e0' }) });
      expect(await store.openCounter(web, fresh)).toEqual({ remaining: -2, epoch: 'e0' });
      expect(house.sent()).toStrictEqual([read]);
    });

    it('creates it where none is, in a transaction for its token', async () => {
      house.mock.on(GetItemCommand).resolves({});
      house.mock.on(TransactWriteItemsCommand).resolves({});
      expect(await store.openCounter(web, fresh)).toEqual({ remaining: 0, epoch: 'e1' });
      expect(house.sent()).toStrictEqual([read, creation('fresh-1')]);
    });

    it('reads again when somebody else was faster', async () => {
      const Item = marshall({ id: 'service#web', remaining: 4, epoch: 'theirs' });
      house.mock.on(GetItemCommand).resolvesOnce({}).resolvesOnce({ Item });
      house.mock.on(TransactWriteItemsCommand).rejects(cancelled('ConditionalCheckFailed'));
      expect(await store.openCounter(web, fresh)).toEqual({ remaining: 4, epoch: 'theirs' });
      expect(house.sent()).toStrictEqual([read, creation('fresh-1'), read]);
    });

    it('gives up with Aborted on a counter that comes and goes for ever', async () => {
      house.mock.on(GetItemCommand).resolves({});
      house.mock.on(TransactWriteItemsCommand).rejects(cancelled('ConditionalCheckFailed'));
      await expect(store.openCounter(web, fresh)).rejects.toMatchObject({
        code: 'Aborted',
        message: 'the counter of service#web came and went each of the 8 times it was read; try again',
      });
      expect(house.sent()).toHaveLength(16);
    });

    it.each<[string, Record<string, unknown>]>([
      ['no remaining', { id: 'service#web', epoch: 'e0' }],
      ['a text for remaining', { id: 'service#web', remaining: '3', epoch: 'e0' }],
      ['half a child', { id: 'service#web', remaining: 0.5, epoch: 'e0' }],
      ['no epoch', { id: 'service#web', remaining: 3 }],
      ['a number for an epoch', { id: 'service#web', remaining: 3, epoch: 7 }],
    ])('refuses a counter with %s: better no decision than a wrong one', async (_, Item) => {
      house.mock.on(GetItemCommand).resolves({ Item: marshall(Item) });
      await expect(store.openCounter(web, fresh)).rejects.toMatchObject({ code: 'InvalidArgument' });
      await expect(store.openCounter(web, fresh)).rejects.toThrow('the counter service#web holds');
    });
  });

  describe('decrement', () => {
    const sent = [
      [
        'UpdateItemCommand',
        {
          TableName: 'C-1',
          Key: marshall({ id: 'network#front' }),
          UpdateExpression: 'SET #remaining = #remaining - :by, #progressedAt = :progressedAt',
          ConditionExpression: 'attribute_exists(#id)',
          ExpressionAttributeNames: { '#id': 'id', '#remaining': 'remaining', '#progressedAt': 'progressedAt' },
          ExpressionAttributeValues: marshall({ ':by': 3, ':progressedAt': 'now' }),
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'NONE',
        },
      ],
    ];

    it('is one update that returns the new counter', async () => {
      house.mock
        .on(UpdateItemCommand)
        .resolves({ Attributes: marshall({ id: 'network#front', remaining: -1, epoch: 'e1' }) });
      expect(await store.decrement(front, 3, 'now')).toEqual({ remaining: -1, epoch: 'e1' });
      expect(house.sent()).toStrictEqual(sent);
    });

    it('finds nothing where no counter is', async () => {
      house.mock.on(UpdateItemCommand).rejects(refused());
      expect(await store.decrement(front, 3, 'now')).toBeUndefined();
      expect(house.sent()).toStrictEqual(sent);
    });
  });

  describe('readItem', () => {
    const read = (TableName: string, id: string) => ({
      TableName,
      Key: { id: { S: id } },
      ConsistentRead: true,
      ProjectionExpression:
        '#id, #pendingDelete, #markedAt, #markedBy, #markedReason, #protected, #spec.#task.#networks, #spec.#networks, #spec.#annotations.#name, #spec.#name',
      ExpressionAttributeNames: {
        '#id': 'id',
        '#pendingDelete': 'pendingDelete',
        '#markedAt': 'markedAt',
        '#markedBy': 'markedBy',
        '#markedReason': 'markedReason',
        '#protected': 'protected',
        '#spec': 'spec',
        '#task': 'task',
        '#networks': 'networks',
        '#annotations': 'annotations',
        '#name': 'name',
      },
    });

    it('reads consistently, and only what it needs', async () => {
      house.mock.on(GetItemCommand).resolves({
        Item: {
          id: { S: 'web' },
          pendingDelete: { BOOL: true },
          markedAt: { S: 'm1' },
          markedBy: { S: 'ann' },
          markedReason: { S: 'ä'.repeat(600) },
          protected: { BOOL: true },
          spec: { M: { task: { M: { networks } }, annotations: { M: { name: { S: 'shop_web' } } } } },
        },
      });
      expect(await store.readItem(web)).toStrictEqual({
        key: web,
        pendingDelete: true,
        markedAt: 'm1',
        markedBy: 'ann',
        markedReason: `${'ä'.repeat(256)}…`,
        name: 'shop_web',
        isProtected: true,
        held: [network('front'), network('back')],
        asRead: lists(stored),
      });
      expect(house.sent()).toStrictEqual([['GetItemCommand', read('S-1', 'web')]]);
    });

    it('reads a network in its own table, and nothing that it could hold', async () => {
      house.mock.on(GetItemCommand).resolves({ Item: { id: { S: 'front' }, spec: { M: { networks } } } });
      expect(await store.readItem(front)).toMatchObject({ pendingDelete: false, held: [] });
      const { '#task': _, '#networks': __, ...names } = read('N-1', 'front').ExpressionAttributeNames;
      expect(house.sent()).toStrictEqual([
        [
          'GetItemCommand',
          {
            ...read('N-1', 'front'),
            ProjectionExpression: read('N-1', 'front').ProjectionExpression.replaceAll(
              /#spec(?:.#task)?.#networks, /g,
              '',
            ),
            ExpressionAttributeNames: names,
          },
        ],
      ]);
    });

    it.each([{ S: 'true' }, { N: '1' }, { BOOL: false }, { NULL: true }])(
      'takes %j for no protection',
      async (value) => {
        house.mock.on(GetItemCommand).resolves({ Item: { id: { S: 'web' }, protected: value as AttributeValue } });
        expect(await store.readItem(web)).toMatchObject({ isProtected: false });
      },
    );

    it('keeps who marked it and why, as far as a receipt has room for it', async () => {
      const [by, reason] = ['b'.repeat(256), 'r'.repeat(1024)];
      house.mock
        .on(GetItemCommand)
        .resolves({ Item: { id: { S: 'web' }, markedBy: { S: by }, markedReason: { S: reason } } });
      expect(await store.readItem(web)).toMatchObject({ markedBy: by, markedReason: reason });
      house.mock
        .on(GetItemCommand)
        .resolves({ Item: { id: { S: 'web' }, markedBy: { S: `${by}b` }, markedReason: { N: '7' } } });
      expect(await store.readItem(web)).toMatchObject({ markedBy: `${'b'.repeat(64)}…`, markedReason: undefined });
    });

    it('finds nothing', async () => {
      house.mock.on(GetItemCommand).resolves({});
      expect(await store.readItem(web)).toBeUndefined();
    });
  });

  it('stampMark gives a time only to a mark that has none, in a transaction for its token', async () => {
    house.mock.on(TransactWriteItemsCommand).resolvesOnce({}).rejects(cancelled('ConditionalCheckFailed'));
    await store.stampMark(web, 'm1');
    await store.stampMark(web, 'm1');
    const inputs = house.inputs() as { ClientRequestToken: string; TransactItems: unknown }[];
    expect(new Set(inputs.map(({ ClientRequestToken }) => ClientRequestToken)).size).toBe(2);
    const action = {
      Update: {
        TableName: 'S-1',
        Key: { id: { S: 'web' } },
        UpdateExpression: 'SET #markedAt = :set_markedAt',
        ConditionExpression: '#pendingDelete = :true AND attribute_not_exists(#markedAt)',
        ExpressionAttributeNames: { '#pendingDelete': 'pendingDelete', '#markedAt': 'markedAt' },
        ExpressionAttributeValues: { ':true': { BOOL: true }, ':set_markedAt': { S: 'm1' } },
      },
    };
    expect(inputs.map(({ TransactItems }) => TransactItems)).toStrictEqual([[action], [action]]);
  });

  it('unstampMark takes away the very time that was read, and only without a mark', async () => {
    house.mock.on(UpdateItemCommand).resolvesOnce({}).rejects(refused());
    await store.unstampMark(front, 'm1');
    await store.unstampMark(front, 'm1');
    const sent = [
      'UpdateItemCommand',
      {
        TableName: 'N-1',
        Key: marshall({ id: 'front' }),
        UpdateExpression: 'REMOVE #markedAt',
        ConditionExpression:
          '(attribute_not_exists(#pendingDelete) OR #pendingDelete <> :true) AND #markedAt = :markedAt',
        ExpressionAttributeNames: { '#pendingDelete': 'pendingDelete', '#markedAt': 'markedAt' },
        ExpressionAttributeValues: marshall({ ':true': true, ':markedAt': 'm1' }),
        ReturnValues: 'NONE',
        ReturnValuesOnConditionCheckFailure: 'NONE',
      },
    ];
    expect(house.sent()).toStrictEqual([sent, sent]);
  });

  it('closeCounter deletes under the epoch that was read, and asks what else was there', async () => {
    house.mock
      .on(DeleteItemCommand)
      .resolvesOnce({})
      .rejectsOnce(refused())
      .rejectsOnce(refused({ id: 'service#web', remaining: 1, epoch: 'e2' }));
    expect(await store.closeCounter(web, 'e1')).toBe('done');
    expect(await store.closeCounter(web, 'e1')).toBe('gone');
    expect(await store.closeCounter(web, 'e1')).toBe('other epoch');
    const sent = [
      'DeleteItemCommand',
      {
        TableName: 'C-1',
        Key: marshall({ id: 'service#web' }),
        ConditionExpression: '#epoch = :epoch',
        ExpressionAttributeNames: { '#epoch': 'epoch' },
        ExpressionAttributeValues: marshall({ ':epoch': 'e1' }),
        ReturnValues: 'NONE',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    ];
    expect(house.sent()).toStrictEqual([sent, sent, sent]);
  });

  describe('countChildren', () => {
    const count = (TableName: string, partitionKey: string, id: string, more: object = {}) => [
      'QueryCommand',
      {
        TableName,
        KeyConditionExpression: `#${partitionKey} = :parent`,
        ExpressionAttributeNames: { [`#${partitionKey}`]: partitionKey },
        ExpressionAttributeValues: marshall({ ':parent': id }),
        ConsistentRead: true,
        Select: 'COUNT',
        Limit: 1000,
        ...more,
      },
    ];

    it('counts one page of the base table, consistently', async () => {
      house.mock.on(QueryCommand).resolves({ Count: 7, LastEvaluatedKey: marshall({ serviceId: 'web', id: 't7' }) });
      expect(await store.countChildren(web, 1000)).toBe(7);
      expect(await store.countChildren(front, 1000)).toBe(7);
      expect(house.sent()).toStrictEqual([count('T-1', 'serviceId', 'web'), count('A-1', 'held', 'network#front')]);
    });

    it('turns empty pages until a child is found, or the end', async () => {
      const at = (id: string) => marshall({ serviceId: 'web', id });
      house.mock
        .on(QueryCommand)
        .resolvesOnce({ Count: 0, LastEvaluatedKey: at('t1') })
        .resolvesOnce({ Count: 0, LastEvaluatedKey: at('t2') })
        .resolvesOnce({ Count: 1, LastEvaluatedKey: at('t3') })
        .resolvesOnce({ Count: 0 });
      expect(await store.countChildren(web, 1000)).toBe(1);
      expect(house.sent()).toStrictEqual([
        count('T-1', 'serviceId', 'web'),
        count('T-1', 'serviceId', 'web', { ExclusiveStartKey: at('t1') }),
        count('T-1', 'serviceId', 'web', { ExclusiveStartKey: at('t2') }),
      ]);
      expect(await store.countChildren(web, 1000)).toBe(0);
    });

    it('S1 fails, and never says 0, when pages are left to read', async () => {
      house.mock.on(QueryCommand).resolves({ Count: 0, LastEvaluatedKey: marshall({ serviceId: 'web', id: 't1' }) });
      await expect(store.countChildren(web, 1000)).rejects.toMatchObject({
        code: 'Aborted',
        message: 'no child of service#web was found in 100 pages, and more are left to read; try again',
      });
      expect(house.sent()).toHaveLength(100);
    });

    it('S1 fails, and never says 0, when the answer has no count', async () => {
      house.mock.on(QueryCommand).resolves({});
      await expect(store.countChildren(web, 1000)).rejects.toMatchObject({ code: 'Unavailable' });
    });

    it('S1 fails, and never says 0, when the table does not answer', async () => {
      house.mock.on(QueryCommand).rejects(sdkError('ThrottlingException'));
      await expect(store.countChildren(web, 1000)).rejects.toMatchObject({ code: 'Unavailable' });
    });
  });

  it('recount adds relatively under the epoch that was read, and brings a fresh one', async () => {
    house.mock
      .on(UpdateItemCommand)
      .resolvesOnce({ Attributes: marshall({ id: 'service#web', remaining: 5, epoch: 'e2' }) })
      .rejectsOnce(refused({ id: 'service#web', remaining: 3, epoch: 'theirs' }))
      .rejectsOnce(refused());
    expect(await store.recount(web, 'e1', 4, 'e2')).toEqual({ status: 'done', counter: { remaining: 5, epoch: 'e2' } });
    expect(await store.recount(web, 'e1', 4, 'e2')).toEqual({
      status: 'failed',
      found: { remaining: 3, epoch: 'theirs' },
    });
    expect(await store.recount(web, 'e1', 4, 'e2')).toEqual({ status: 'failed', found: undefined });
    const sent = [
      'UpdateItemCommand',
      {
        TableName: 'C-1',
        Key: marshall({ id: 'service#web' }),
        UpdateExpression: 'SET #remaining = #remaining + :add, #epoch = :fresh',
        ConditionExpression: '#epoch = :epoch',
        ExpressionAttributeNames: { '#epoch': 'epoch', '#remaining': 'remaining' },
        ExpressionAttributeValues: marshall({ ':epoch': 'e1', ':add': 4, ':fresh': 'e2' }),
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    ];
    expect(house.sent()).toStrictEqual([sent, sent, sent]);
  });

  it('listAttached reads consistently, and no more than asked', async () => {
    house.mock
      .on(QueryCommand)
      .resolves({ Count: 2, Items: [marshall({ holder: 'web' }), marshall({ holder: 'api' })] });
    expect(await store.listAttached(front, 2)).toEqual(['web', 'api']);
    expect(house.sent()).toStrictEqual([
      [
        'QueryCommand',
        {
          TableName: 'A-1',
          KeyConditionExpression: '#held = :parent',
          ExpressionAttributeNames: { '#held': 'held' },
          ExpressionAttributeValues: marshall({ ':parent': 'network#front' }),
          ConsistentRead: true,
          Select: 'ALL_ATTRIBUTES',
          Limit: 2,
        },
      ],
    ]);
  });

  it('S2 listAttached turns a page that ended before its limit: the user behind it keeps the network', async () => {
    const at = { held: 'network#front', holder: 'service#api' };
    house.mock
      .on(QueryCommand)
      .resolvesOnce({ Count: 1, Items: [marshall({ holder: 'api' })], LastEvaluatedKey: marshall(at) })
      .resolves({
        Count: 1,
        Items: [marshall({ holder: 'web' })],
        LastEvaluatedKey: marshall({ ...at, holder: 'service#web' }),
      });
    expect(await store.listAttached(front, 2)).toEqual(['api', 'web']);
    expect(house.inputs()).toMatchObject([{ Limit: 2 }, { Limit: 1, ExclusiveStartKey: marshall(at) }]);
  });

  describe('finalize', () => {
    const deletionOfNetwork = (id: string) => ({
      Delete: {
        TableName: 'N-1',
        Key: { id: { S: id } },
        ConditionExpression: `#pendingDelete = :true AND #markedAt = :markedAt AND ${UNPROTECTED}`,
        ExpressionAttributeNames: {
          '#pendingDelete': 'pendingDelete',
          '#markedAt': 'markedAt',
          '#protected': 'protected',
        },
        ExpressionAttributeValues: { ':true': { BOOL: true }, ':markedAt': { S: `mark-of-${id}` } },
      },
    });
    const receiptOf = (id: string, more: Record<string, AttributeValue> = {}) => ({
      Put: {
        TableName: 'R-1',
        Item: {
          id: { S: id },
          markedAt: { S: `mark-of-${id.split('#')[1]}` },
          deletedAt: { S: '2026-01-01T00:00:00.000Z' },
          trigger: { S: 'a test' },
          freed: { L: [] },
          kept: { L: [] },
          expiresAt: { N: '1775001600' },
          ...more,
        },
      },
    });
    const parent = asRead(web, { held: [network('front'), network('back')], asRead: lists(stored) });
    const back: ItemKey = { kind: 'network', id: 'back' };

    it('S6 is one transaction for the service, its counter, its attachments and its free networks', async () => {
      house.mock.on(TransactWriteItemsCommand).resolves({});
      expect(await store.finalize(finalization(parent, [front, back], [asRead(front)]))).toBe('committed');
      expect(house.sent()).toStrictEqual([
        [
          'TransactWriteItemsCommand',
          {
            ClientRequestToken: 'fresh-1',
            TransactItems: [
              {
                Delete: {
                  TableName: 'S-1',
                  Key: { id: { S: 'web' } },
                  ConditionExpression:
                    `#pendingDelete = :true AND #markedAt = :markedAt AND ${UNPROTECTED} AND ` +
                    '#spec.#task.#networks = :asRead0 AND attribute_not_exists(#spec.#networks)',
                  ExpressionAttributeNames: {
                    '#pendingDelete': 'pendingDelete',
                    '#markedAt': 'markedAt',
                    '#protected': 'protected',
                    '#spec': 'spec',
                    '#task': 'task',
                    '#networks': 'networks',
                  },
                  ExpressionAttributeValues: {
                    ':true': { BOOL: true },
                    ':markedAt': { S: 'mark-of-web' },
                    ':asRead0': networks,
                  },
                },
              },
              { Delete: { TableName: 'C-1', Key: { id: { S: 'service#web' } } } },
              { Delete: { TableName: 'A-1', Key: { held: { S: 'network#front' }, holder: { S: 'service#web' } } } },
              { Delete: { TableName: 'A-1', Key: { held: { S: 'network#back' }, holder: { S: 'service#web' } } } },
              deletionOfNetwork('front'),
              { Delete: { TableName: 'C-1', Key: { id: { S: 'network#front' } } } },
              receiptOf('service#web', {
                freed: { L: [{ M: { id: { S: 'network#front' }, markedAt: { S: 'mark-of-front' } } }] },
                kept: { L: [{ S: 'network#back' }] },
              }),
            ],
          },
        ],
      ]);
    });

    it('S2 pins an old-style list as well, and the absence of the other', async () => {
      house.mock.on(TransactWriteItemsCommand).resolves({});
      const oldStyle = asRead(web, { asRead: lists(undefined, stored) });
      await store.finalize(finalization(oldStyle));
      expect(house.inputs()[0]).toMatchObject({
        TransactItems: [
          {
            Delete: {
              ConditionExpression:
                `#pendingDelete = :true AND #markedAt = :markedAt AND ${UNPROTECTED} AND ` +
                'attribute_not_exists(#spec.#task.#networks) AND #spec.#networks = :asRead1',
              ExpressionAttributeValues: {
                ':true': { BOOL: true },
                ':markedAt': { S: 'mark-of-web' },
                ':asRead1': networks,
              },
            },
          },
          {},
          {},
        ],
      });
    });

    it('is three actions for a network alone', async () => {
      house.mock.on(TransactWriteItemsCommand).resolves({});
      await store.finalize(finalization(asRead(front)));
      expect(house.inputs()).toStrictEqual([
        {
          ClientRequestToken: 'fresh-1',
          TransactItems: [
            deletionOfNetwork('front'),
            { Delete: { TableName: 'C-1', Key: { id: { S: 'network#front' } } } },
            receiptOf('network#front'),
          ],
        },
      ]);
    });

    it('is at most 99 actions, no two on one item', async () => {
      house.mock.on(TransactWriteItemsCommand).resolves({});
      const keys = Array.from({ length: 32 }, (_, n): ItemKey => ({ kind: 'network', id: `n${n}` }));
      await store.finalize(
        finalization(
          parent,
          keys,
          keys.map((key) => asRead(key)),
        ),
      );
      const actions = house.inputs()[0]?.TransactItems as { Delete?: { TableName: string; Key: object } }[];
      expect(actions).toHaveLength(99);
      const deleted = actions.flatMap(({ Delete }) => (Delete ? [JSON.stringify([Delete.TableName, Delete.Key])] : []));
      expect(new Set(deleted).size).toBe(98);
    });

    it('is cancelled by a false condition, and not tried again', async () => {
      house.mock.on(TransactWriteItemsCommand).rejects(cancelled('TransactionConflict', 'ConditionalCheckFailed'));
      expect(await store.finalize(finalization(parent))).toBe('cancelled');
      expect(house.sent()).toHaveLength(1);
    });

    it('keeps its token over a conflict, and takes another one for another transaction', async () => {
      house.mock
        .on(TransactWriteItemsCommand)
        .rejectsOnce(cancelled('None', 'TransactionConflict'))
        .rejectsOnce(cancelled('ThrottlingError', 'None'))
        .resolves({});
      expect(await store.finalize(finalization(parent))).toBe('committed');
      expect(await store.finalize(finalization(parent))).toBe('committed');
      expect(house.inputs().map(({ ClientRequestToken }) => ClientRequestToken)).toEqual([
        'fresh-1',
        'fresh-1',
        'fresh-1',
        'fresh-2',
      ]);
    });

    it('fails, and is neither committed nor cancelled, when nobody answers', async () => {
      house.mock.on(TransactWriteItemsCommand).rejects(sdkError('TimeoutError'));
      await expect(store.finalize(finalization(parent))).rejects.toMatchObject({ code: 'Unavailable' });
    });
  });

  it('readItem reads of a task what its attachments depend on; one that has ended holds nothing', async () => {
    const plan = swarmkitPlan({ taskIsGone: 'terminal', taskNetworks: true });
    const Item = { id: { S: '1' }, networks: { L: [{ M: { target: { S: 'front' } } }] } };
    const task = { kind: 'task', id: '3#web#1' } as const;
    const read = async (item: object) => {
      house.mock.reset();
      house.mock.on(GetItemCommand).resolves({ Item: item as never });
      return (await new DynamoDBStore(house.open(tables, DEFAULT_RULES, plan)).readItem(task))?.held;
    };
    expect(await read(Item)).toEqual([front]);
    expect(await read({ ...Item, status: { M: { state: { S: 'failed' } } } })).toEqual([]);
    expect(house.inputs()).toStrictEqual([
      {
        TableName: 'T-1',
        Key: { serviceId: { S: 'web' }, id: { S: '1' } },
        ConsistentRead: true,
        ProjectionExpression: '#serviceId, #id, #networks, #status.#state',
        ExpressionAttributeNames: {
          '#serviceId': 'serviceId',
          '#id': 'id',
          '#networks': 'networks',
          '#status': 'status',
          '#state': 'state',
        },
      },
    ]);
  });

  it('readAttachments reads consistently', async () => {
    const back = { held: { S: 'network#back' }, holder: { S: 'service#web' } };
    house.mock.on(BatchGetItemCommand).resolves({ Responses: { 'A-1': [back] } });
    expect(await store.readAttachments(web, [front, network('back')])).toEqual(new Set(['network#back']));
    expect(house.inputs()).toStrictEqual([
      {
        RequestItems: {
          'A-1': {
            Keys: [{ held: { S: 'network#front' }, holder: { S: 'service#web' } }, back],
            ConsistentRead: true,
            ProjectionExpression: '#held, #holder',
            ExpressionAttributeNames: { '#held': 'held', '#holder': 'holder' },
          },
        },
      },
    ]);
  });

  describe('heal', () => {
    const written = [
      { Put: { TableName: 'A-1', Item: { held: { S: 'network#front' }, holder: { S: 'service#web' } } } },
      { Delete: { TableName: 'A-1', Key: { held: { S: 'network#old' }, holder: { S: 'service#web' } } } },
    ];

    it('checks in one transaction that the service is as read', async () => {
      house.mock.on(TransactWriteItemsCommand).resolves({});
      const parent = asRead(web, { asRead: lists(stored, new StoredValue({ L: [] })) });
      expect(await store.heal({ holder: web, asRead: parent, put: [network('front')], remove: [network('old')] })).toBe(
        'committed',
      );
      expect(house.inputs()).toStrictEqual([
        {
          ClientRequestToken: 'fresh-1',
          TransactItems: [
            {
              ConditionCheck: {
                TableName: 'S-1',
                Key: { id: { S: 'web' } },
                ConditionExpression:
                  'attribute_exists(#id) AND #spec.#task.#networks = :asRead0 AND #spec.#networks = :asRead1',
                ExpressionAttributeNames: { '#id': 'id', '#spec': 'spec', '#task': 'task', '#networks': 'networks' },
                ExpressionAttributeValues: { ':asRead0': networks, ':asRead1': { L: [] } },
              },
            },
            ...written,
          ],
        },
      ]);
    });

    it('checks of a task its own networks and its state', async () => {
      house.mock.on(TransactWriteItemsCommand).resolves({});
      const task = { kind: 'task', id: '3#web#1' } as const;
      const state = new StoredValue({ S: 'running' });
      const seen = asRead(task, { asRead: { networks: new StoredValue({ L: [] }), 'status.state': state } });
      const plan = swarmkitPlan({ taskIsGone: 'terminal', taskNetworks: true });
      const held = new DynamoDBStore(house.open(tables, DEFAULT_RULES, plan));
      expect(await held.heal({ holder: task, asRead: seen, put: [], remove: [network('old')] })).toBe('committed');
      expect(await held.heal({ holder: task, asRead: undefined, put: [], remove: [network('old')] })).toBe('committed');
      const check = { TableName: 'T-1', Key: { serviceId: { S: 'web' }, id: { S: '1' } } };
      const deletion = {
        Delete: { TableName: 'A-1', Key: { held: { S: 'network#old' }, holder: { S: 'task#3#web#1' } } },
      };
      expect(house.inputs().map(({ TransactItems }) => TransactItems)).toStrictEqual([
        [
          {
            ConditionCheck: {
              ...check,
              ConditionExpression: 'attribute_exists(#id) AND #networks = :asRead0 AND #status.#state = :asRead1',
              ExpressionAttributeNames: {
                '#id': 'id',
                '#networks': 'networks',
                '#status': 'status',
                '#state': 'state',
              },
              ExpressionAttributeValues: { ':asRead0': { L: [] }, ':asRead1': { S: 'running' } },
            },
          },
          deletion,
        ],
        [
          {
            ConditionCheck: {
              ...check,
              ConditionExpression: 'attribute_not_exists(#id)',
              ExpressionAttributeNames: { '#id': 'id' },
            },
          },
          deletion,
        ],
      ]);
    });

    it('reads and checks no task where tasks hold nothing: what it left behind goes', async () => {
      house.mock.on(TransactWriteItemsCommand).resolves({});
      const task = { kind: 'task', id: '3#web#1' } as const;
      expect(await store.readItem(task)).toBeUndefined();
      expect(await store.heal({ holder: task, asRead: undefined, put: [], remove: [network('old')] })).toBe(
        'committed',
      );
      const Key = { held: { S: 'network#old' }, holder: { S: 'task#3#web#1' } };
      expect(house.inputs()).toMatchObject([{ TransactItems: [{ Delete: { TableName: 'A-1', Key } }] }]);
    });

    it('checks that an absent service is still absent, with no values at all', async () => {
      house.mock.on(TransactWriteItemsCommand).rejects(cancelled('ConditionalCheckFailed', 'None', 'None'));
      expect(
        await store.heal({ holder: web, asRead: undefined, put: [network('front')], remove: [network('old')] }),
      ).toBe('cancelled');
      expect(house.inputs()).toStrictEqual([
        {
          ClientRequestToken: 'fresh-1',
          TransactItems: [
            {
              ConditionCheck: {
                TableName: 'S-1',
                Key: { id: { S: 'web' } },
                ConditionExpression: 'attribute_not_exists(#id)',
                ExpressionAttributeNames: { '#id': 'id' },
              },
            },
            ...written,
          ],
        },
      ]);
    });
  });

  describe('the sweep', () => {
    it.each<[string, string]>([
      ['service', 'S-1'],
      ['network', 'N-1'],
    ])('lists marked %ss from the sparse index', async (kind, TableName) => {
      const key = { id: 'web', markedAt: 'm1' };
      house.mock
        .on(ScanCommand)
        .resolvesOnce({ Items: [marshall(key)], LastEvaluatedKey: marshall(key) })
        .resolvesOnce({ Items: [] });
      const listed = { key: { kind, id: 'web' }, markedAt: 'm1', at: key };
      expect(await store.listMarked(kind, undefined)).toStrictEqual({ items: [listed], next: key });
      expect(await store.listMarked(kind, key)).toStrictEqual({ items: [], next: undefined });
      const input = { TableName, IndexName: 'marked', Limit: 500, ConsistentRead: false };
      expect(house.sent()).toStrictEqual([
        ['ScanCommand', input],
        ['ScanCommand', { ...input, ExclusiveStartKey: marshall(key) }],
      ]);
    });

    it('lists marks without a time consistently, from the whole table', async () => {
      const from = { id: 'api' };
      house.mock
        .on(ScanCommand)
        .resolves({ Items: [marshall({ id: 'web' })], LastEvaluatedKey: marshall({ id: 'web' }) });
      const listed = { key: web, markedAt: undefined, at: { id: 'web' } };
      expect(await store.listUnstamped('service', undefined)).toStrictEqual({ items: [listed], next: { id: 'web' } });
      await store.listUnstamped('service', from);
      const input = {
        TableName: 'S-1',
        ConsistentRead: true,
        FilterExpression: '#pendingDelete = :true AND attribute_not_exists(#markedAt)',
        ProjectionExpression: '#id',
        ExpressionAttributeNames: { '#pendingDelete': 'pendingDelete', '#markedAt': 'markedAt', '#id': 'id' },
        ExpressionAttributeValues: marshall({ ':true': true }),
      };
      expect(house.inputs()).toStrictEqual([input, { ...input, ExclusiveStartKey: marshall(from) }]);
    });

    it('lists tasks that nobody has told to stop consistently, and only their keys', async () => {
      const from = { serviceId: 'web', id: 't0' };
      house.mock
        .on(QueryCommand)
        .resolves({ Items: [marshall({ serviceId: 'web', id: 't1' })], Count: 1, LastEvaluatedKey: marshall(from) });
      const telling = { kind: 'task', set: { desiredState: 'remove' } } as const;
      expect(await store.listUntold(web, telling, from)).toStrictEqual({
        items: [{ kind: 'task', id: '3#web#t1' }],
        next: from,
      });
      expect(house.inputs()).toStrictEqual([
        {
          TableName: 'T-1',
          KeyConditionExpression: '#serviceId = :parent',
          ConsistentRead: true,
          FilterExpression: '(attribute_not_exists(#desiredState) OR #desiredState <> :untold0)',
          ProjectionExpression: '#serviceId, #id',
          ExpressionAttributeNames: { '#serviceId': 'serviceId', '#desiredState': 'desiredState', '#id': 'id' },
          ExpressionAttributeValues: marshall({ ':parent': 'web', ':untold0': 'remove' }),
          ExclusiveStartKey: marshall(from),
        },
      ]);
    });

    it('lists counters consistently, and passes over what is none', async () => {
      const Items = ['service#web', 'sweep', 'task#x', 'network#a#b'].map((id) => marshall({ id }));
      house.mock.on(ScanCommand).resolves({ Items, LastEvaluatedKey: marshall({ id: 'network#a#b' }) });
      expect(await store.listCounters({ id: 'x' })).toStrictEqual({
        items: [
          { key: web, markedAt: undefined, at: { id: 'service#web' } },
          { key: { kind: 'network', id: 'a#b' }, markedAt: undefined, at: { id: 'network#a#b' } },
        ],
        next: { id: 'network#a#b' },
      });
      expect(house.inputs()).toStrictEqual([
        { TableName: 'C-1', Limit: 500, ConsistentRead: true, ExclusiveStartKey: marshall({ id: 'x' }) },
      ]);
    });

    it('fails, and does not end, when the answer has no items', async () => {
      house.mock.on(ScanCommand).resolves({});
      await expect(store.listMarked('service', undefined)).rejects.toMatchObject({ code: 'Unavailable' });
      await expect(store.listCounters(undefined)).rejects.toMatchObject({ code: 'Unavailable' });
    });

    it('keeps its cursor in the table of the counters', async () => {
      const cursor = { source: 'network', from: { id: 'n1', markedAt: 'm1' } } as const;
      house.mock
        .on(GetItemCommand)
        .resolvesOnce({ Item: marshall({ id: 'sweep', cursor }) })
        .resolvesOnce({});
      house.mock.on(UpdateItemCommand).resolves({});
      house.mock.on(DeleteItemCommand).resolves({});
      expect(await store.readSweepCursor()).toEqual(cursor);
      expect(await store.readSweepCursor()).toBeUndefined();
      await store.writeSweepCursor(cursor);
      await store.writeSweepCursor(undefined);
      const address = { TableName: 'C-1', Key: marshall({ id: 'sweep' }) };
      expect(house.sent()).toStrictEqual([
        ['GetItemCommand', { ...address, ConsistentRead: true }],
        ['GetItemCommand', { ...address, ConsistentRead: true }],
        [
          'UpdateItemCommand',
          {
            ...address,
            UpdateExpression: 'SET #cursor = :set_cursor',
            ExpressionAttributeNames: { '#cursor': 'cursor' },
            ExpressionAttributeValues: marshall({ ':set_cursor': cursor }),
          },
        ],
        ['DeleteItemCommand', address],
      ]);
    });
  });
});

/** Below the SDK's translation: what goes over the wire, answered by the test. */
function wire(answers: unknown[]) {
  const bodies: Record<string, unknown>[] = [];
  const client = new DynamoDBClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: { body: string }) => {
        bodies.push(JSON.parse(request.body));
        const body = JSON.stringify(answers.shift() ?? {});
        const headers = { 'content-type': 'application/x-amz-json-1.0' };
        return { response: { statusCode: 200, headers, body: new TextEncoder().encode(body) } } as never;
      },
    },
  });
  const store = new DynamoDBStore(
    openDatabase(documentClient(client), tables, { chance: testChance(), isLearned: true }),
  );
  return { store, bodies };
}

describe('a list that is read and compared', () => {
  it.each<[string, unknown]>([
    ['a small number', { N: '7' }],
    ['a number beyond 2^53', { N: '9007199254740993' }],
    ['a number of 38 digits', { N: '0.12345678901234567890123456789012345678' }],
    ['a very large number', { N: '1E+100' }],
    ['an empty text', { S: '' }],
    ['nothing', { NULL: true }],
    ['a set of texts', { SS: ['a', 'b'] }],
    ['a set of small numbers', { NS: ['1', '2'] }],
    ['a set of numbers beyond 2^53', { NS: ['9007199254740993', '9007199254740995'] }],
    ['a set of small numbers and numbers beyond 2^53', { NS: ['1', '9007199254740993'] }],
    ['a set of numbers beyond 2^53 and small numbers', { NS: ['9007199254740993', '1'] }],
    ['bytes', { B: 'd2Vi' }],
    ['a set of bytes', { BS: ['d2Vi'] }],
    ['an empty map', { M: {} }],
    ['an empty list', { L: [] }],
    ['an attribute called toString', { M: { toString: { N: '1' } } }],
    ['an attribute called constructor', { M: { constructor: { S: 'x' } } }],
    ['an attribute called __proto__', { M: { ['__proto__']: { S: 'x' } } }],
  ])('goes back to DynamoDB as it came, with %s in it', async (_, value) => {
    const list = { L: [{ M: { target: { S: 'front' }, extra: value } }] };
    const Item = {
      id: { S: 'web' },
      pendingDelete: { BOOL: true },
      markedAt: { S: 'm1' },
      spec: { M: { networks: list } },
    };
    const { store, bodies } = wire([{ Item }]);
    const parent = await store.readItem(web);
    if (parent === undefined || !isMarked(parent)) throw new Error('it is not marked');
    expect(parent.held).toEqual([front]);
    await store.finalize(finalization(parent));
    const { Delete } = (bodies as [never, { TransactItems: [{ Delete: { ExpressionAttributeValues: object } }] }])[1]
      .TransactItems[0];
    expect(JSON.stringify(Delete.ExpressionAttributeValues)).toContain(`":asRead1":${JSON.stringify(list)}`);
  });

  it.each(['constructor', 'toString', '__proto__'])(
    'S2 names its networks, whatever lies beside them: an attribute called %s',
    async (name) => {
      const map = { M: { target: { S: 'back' }, [name]: { M: { target: { S: 'other' } } } } };
      const networksOf = (entry: unknown) => ({ M: { networks: { L: [entry, { M: { target: { S: 'front' } } }] } } });
      const { store } = wire([{ Item: { id: { S: 'web' }, spec: networksOf(map) } }]);
      expect((await store.readItem(web))?.held).toEqual([network('back'), front]);
    },
  );
});
