/** The exact requests behind the reads that reports, audits and the client share, and what a refusal is asked to tell. */

import { QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { isThere } from '../../lib/dynamodb/conditions.ts';
import type { Database } from '../../lib/dynamodb/database.ts';
import { setting } from '../../lib/dynamodb/expressions.ts';
import {
  listAttached,
  listChildrenPaths,
  listDescribed,
  listReceipts,
  scanPaths,
  scanTable,
} from '../../lib/dynamodb/reads.ts';
import { check, put, remove, TELLING, update } from '../../lib/dynamodb/writes.ts';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { mockedRequests, sdkError } from '../support/sdk-mock.ts';

const web: ItemKey = { kind: 'service', id: 'web' };
const front: ItemKey = { kind: 'network', id: 'front' };
const from = { id: 'x' };
const item = { id: 'a', serviceId: 'web', holder: 'service#web' };
const ONE = { Items: [marshall(item)], Count: 1, LastEvaluatedKey: marshall(from) };

describe('a read', () => {
  let house: ReturnType<typeof mockedRequests>;
  let database: Database;
  beforeEach(() => {
    house = mockedRequests();
    database = house.open(PHYSICAL_NAMES);
    house.mock.on(QueryCommand).resolves(ONE).on(ScanCommand).resolves(ONE);
  });

  it('of who is attached is consistent, and of the whole item', async () => {
    expect(await listAttached(database, front, 7, from)).toEqual({ items: ['service#web'], next: from });
    expect(house.inputs()).toEqual([
      {
        TableName: 'Test-attachments',
        KeyConditionExpression: '#held = :parent',
        ExpressionAttributeNames: { '#held': 'held' },
        ExpressionAttributeValues: { ':parent': { S: 'network#front' } },
        ConsistentRead: true,
        Select: 'ALL_ATTRIBUTES',
        Limit: 7,
        ExclusiveStartKey: { id: { S: 'x' } },
      },
    ]);
  });

  it('of who is attached to what nothing can be attached to asks nothing', async () => {
    expect(await listAttached(database, web, 7)).toEqual({ items: [], next: undefined });
    expect(house.inputs()).toEqual([]);
  });

  it("of a parent's children wants no more of them than it was asked for", async () => {
    const page = await listChildrenPaths(database, web, ['id', 'status.state'], from, 7);
    expect(page).toEqual({ items: [item], next: from });
    expect(house.inputs()).toEqual([
      {
        TableName: 'Test-tasks',
        KeyConditionExpression: '#serviceId = :parent',
        ProjectionExpression: '#id, #status.#state',
        ExpressionAttributeNames: { '#serviceId': 'serviceId', '#id': 'id', '#status': 'status', '#state': 'state' },
        ExpressionAttributeValues: { ':parent': { S: 'web' } },
        ConsistentRead: true,
        Limit: 7,
        ExclusiveStartKey: { id: { S: 'x' } },
      },
    ]);
  });

  it('of a table is consistent: whole items, or as stored what it was asked for', async () => {
    expect(await scanTable(database, 'networks', from, 7)).toEqual({ items: [item], next: from });
    expect(await scanPaths(database, 'tasks', ['id'], from)).toEqual({ items: ONE.Items, next: from });
    expect(house.inputs()).toEqual([
      { TableName: 'Test-networks', ConsistentRead: true, Limit: 7, ExclusiveStartKey: { id: { S: 'x' } } },
      {
        TableName: 'Test-tasks',
        ProjectionExpression: '#id',
        ExpressionAttributeNames: { '#id': 'id' },
        ConsistentRead: true,
        ExclusiveStartKey: { id: { S: 'x' } },
      },
    ]);
  });

  it('that was throttled is told by its name, and may find nothing', async () => {
    const throttled = sdkError('ThrottlingException');
    house.mock.on(QueryCommand).rejectsOnce(throttled).resolves({});
    house.mock.on(ScanCommand).rejectsOnce(throttled).resolves({});
    expect(await listChildrenPaths(database, web, ['id'], undefined)).toEqual({ items: [], next: undefined });
    expect(await scanPaths(database, 'tasks', ['id'], undefined)).toEqual({ items: [], next: undefined });
    expect(house.retries).toEqual(['Query throttled', 'Scan throttled']);
  });

  it('of what carries a label is consistent, looks at both places, and takes no more of a spec than names and labels', async () => {
    const page = await listDescribed(database, 'network', { labels: [{ name: 'stack', value: 'shop' }] }, from);
    expect(page).toEqual({ items: ONE.Items, next: from });
    expect(house.inputs()).toEqual([
      {
        TableName: 'Test-networks',
        ConsistentRead: true,
        FilterExpression: '(#spec.#annotations.#labels.#label0 = :label0 OR #spec.#labels.#label0 = :label0)',
        ProjectionExpression:
          '#id, #spec.#annotations.#name, #spec.#name, #spec.#annotations.#labels, #spec.#labels, ' +
          '#pendingDelete, #markedAt, #markedBy, #markedReason, #protected',
        ExpressionAttributeNames: {
          '#spec': 'spec',
          '#annotations': 'annotations',
          '#labels': 'labels',
          '#label0': 'stack',
          '#id': 'id',
          '#name': 'name',
          '#pendingDelete': 'pendingDelete',
          '#markedAt': 'markedAt',
          '#markedBy': 'markedBy',
          '#markedReason': 'markedReason',
          '#protected': 'protected',
        },
        ExpressionAttributeValues: { ':label0': { S: 'shop' } },
        ExclusiveStartKey: { id: { S: 'x' } },
      },
    ]);
  });

  it("of a name's receipts is consistent: all of them, or the last ones", async () => {
    const query = {
      TableName: 'Test-receipts',
      KeyConditionExpression: '#id = :id',
      ExpressionAttributeNames: { '#id': 'id' },
      ExpressionAttributeValues: { ':id': { S: 'service#web' } },
      ConsistentRead: true,
    };
    expect((await listReceipts(database, 'service#web', from)).next).toEqual(from);
    await listReceipts(database, 'service#web', undefined, 1);
    expect(house.inputs()).toEqual([
      { ...query, ExclusiveStartKey: { id: { S: 'x' } } },
      { ...query, ScanIndexForward: false, Limit: 1 },
    ]);
  });
});

it('a refused action carries what was found, where that was asked for', () => {
  const address = { TableName: 'T', Key: { id: 'web' } };
  const condition = { ConditionExpression: 'attribute_exists(#id)', ExpressionAttributeNames: { '#id': 'id' } };
  const told = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' };
  expect(check(address, isThere(address), TELLING)).toEqual({ ConditionCheck: { ...address, ...condition, ...told } });
  expect(put('T', { id: 'web' }, isThere(address), TELLING)).toEqual({
    Put: { TableName: 'T', Item: { id: 'web' }, ...condition, ...told },
  });
  expect(remove(address, isThere(address))).toEqual({ Delete: { ...address, ...condition } });
  expect(update(address, setting({ spec: 1, a: undefined, b: undefined, c: 2 }), isThere(address), TELLING)).toEqual({
    Update: {
      ...address,
      UpdateExpression: 'SET #spec = :set_spec, #c = :set_c REMOVE #a, #b',
      ConditionExpression: 'attribute_exists(#id)',
      ExpressionAttributeNames: { '#id': 'id', '#spec': 'spec', '#a': 'a', '#b': 'b', '#c': 'c' },
      ExpressionAttributeValues: { ':set_spec': 1, ':set_c': 2 },
      ...told,
    },
  });
});
