/** How a whole table is asked for what is there: its filters, and what is told where it can't be read. */
import { BatchWriteItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { expect, it } from 'vitest';
import { listMarked, listMarkedIds, listUnstamped, listUntold } from '../../lib/dynamodb/listings.ts';
import { listChildrenPaths, listDescribed, scanPaths } from '../../lib/dynamodb/reads.ts';
import { deletePlainly } from '../../lib/dynamodb/writes.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { mockedRequests } from '../support/sdk-mock.ts';

it('sends a filter and values only where something is asked for', async () => {
  const { mock, open, inputs } = mockedRequests();
  mock.on(ScanCommand).resolves({ Items: [] });
  const database = open(PHYSICAL_NAMES);
  await listDescribed(database, 'service', {}, undefined);
  await listDescribed(database, 'service', { beginning: 'sho' }, undefined);
  await listDescribed(database, 'service', { labels: [{ name: 'tier', value: undefined }] }, undefined);
  await listDescribed(database, 'service', { isMarked: true }, undefined);
  const [all, called, labelled, marked] = inputs();
  expect(all).not.toHaveProperty('FilterExpression');
  expect(all).not.toHaveProperty('ExpressionAttributeValues');
  expect(called).toMatchObject({
    FilterExpression: expect.stringContaining('begins_with(#id, :prefix)'),
    ExpressionAttributeValues: { ':prefix': { S: 'sho' } },
  });
  expect(labelled).toMatchObject({ FilterExpression: expect.stringContaining('attribute_exists(') });
  expect(labelled).not.toHaveProperty('ExpressionAttributeValues');
  expect(marked).toMatchObject({ ExpressionAttributeValues: { ':true': { BOOL: true } } });
});

it('asks the index of marks for ids, and for those that begin so where a beginning is told', async () => {
  const { mock, open, inputs } = mockedRequests();
  mock.on(ScanCommand).resolves({ Items: [{ id: { S: 'shop' } }, { id: { S: 'shoe' } }] });
  const database = open(PHYSICAL_NAMES);
  expect(await listMarkedIds(database, 'service', 'sho', undefined)).toEqual({
    items: ['shop', 'shoe'],
    next: undefined,
  });
  await listMarkedIds(database, 'network', '', undefined);
  const index = { IndexName: 'marked', ProjectionExpression: '#id', ConsistentRead: false };
  expect(inputs()).toStrictEqual([
    {
      ...{ TableName: PHYSICAL_NAMES.services, ...index, ExpressionAttributeNames: { '#id': 'id' } },
      ...{ FilterExpression: 'begins_with(#id, :prefix)', ExpressionAttributeValues: { ':prefix': { S: 'sho' } } },
    },
    { TableName: PHYSICAL_NAMES.networks, ...index, ExpressionAttributeNames: { '#id': 'id' } },
  ]);
});

it('passes over what is in a table and can be none of its kind', async () => {
  const plan: Plan = planOf({
    kinds: {
      project: { table: 'projects', key: { pk: 'P#${project}', sk: 'META' } },
      row: { table: 'rows', key: { pk: 'P#${project}', sk: 'R#${row}' }, dependsOn: [{ kind: 'project', by: 'key' }] },
    },
  });
  const { mock, open, inputs } = mockedRequests();
  const database = open({ projects: 'P', rows: 'R' }, undefined, plan);
  const item = { pk: 'P#a', sk: 'META', markedAt: 'm1' };
  mock.on(ScanCommand).resolves({ Items: [marshall({ ...item, pk: 'X#a' }), marshall(item)] });
  const key = { kind: 'project', id: 'a' };
  expect((await listMarked(database, 'project', undefined)).items).toEqual([{ key, markedAt: 'm1', at: item }]);
  const at = { pk: 'P#a', sk: 'META' };
  expect((await listUnstamped(database, 'project', undefined)).items).toEqual([{ key, markedAt: undefined, at }]);
  expect((await listMarkedIds(database, 'project', '', undefined)).items).toEqual(['a']);

  mock.on(QueryCommand).resolves({ Items: ['X#1', 'R#1'].map((sk) => marshall({ pk: 'P#a', sk })), Count: 2 });
  const untold = (kind: string) => listUntold(database, key, { kind, set: { state: 'remove' } }, undefined);
  expect((await untold('row')).items).toEqual([{ kind: 'row', id: '1#a#1' }]);
  const before = inputs().length;
  expect(await untold('project')).toEqual({ items: [], next: undefined });
  expect(inputs()).toHaveLength(before);
});

it('names the request that was denied, and the table that is not there', async () => {
  const { mock, open } = mockedRequests();
  mock.on(ScanCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
  const database = open(PHYSICAL_NAMES);
  await expect(listDescribed(database, 'service', {}, undefined)).rejects.toThrow(/Scan/);
  const isAbsent = Object.assign(new Error('no'), { name: 'ResourceNotFoundException' });
  mock.on(ScanCommand).rejects(isAbsent).on(QueryCommand).rejects(isAbsent);
  await expect(scanPaths(database, 'services', ['id'], undefined)).rejects.toThrow(PHYSICAL_NAMES.services);
  const children = listChildrenPaths(database, { kind: 'service', id: 'web' }, ['id'], undefined, 1);
  await expect(children).rejects.toThrow(PHYSICAL_NAMES.tasks);
});

it('deletes plainly what is left over, and tells of the request and of its table', async () => {
  const { mock, requests, retries } = mockedRequests();
  const [a, b] = [{ id: 'a' }, { id: 'b' }];
  const left = { T: [{ DeleteRequest: { Key: { id: { S: 'b' } } } }] };
  mock.on(BatchWriteItemCommand).resolvesOnce({ UnprocessedItems: left }).resolvesOnce({});
  await deletePlainly(requests, 'T', [a, b], () => 'given up');
  expect(retries).toEqual(['BatchWriteItem throttled']);
  mock.on(BatchWriteItemCommand).rejects(Object.assign(new Error('no'), { name: 'ResourceNotFoundException' }));
  await expect(deletePlainly(requests, 'T-9', [a], () => 'given up')).rejects.toThrow(/T-9/);
  mock.on(BatchWriteItemCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
  await expect(deletePlainly(requests, 'T-9', [a], () => 'given up')).rejects.toThrow(/BatchWriteItem/);
});
