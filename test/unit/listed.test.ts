/** How a whole table is asked for what is there: its filters, and what is told where it can't be read. */
import { BatchWriteItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { listMarkedIds } from '../../lib/dynamodb/listings.ts';
import { listChildrenPaths, listDescribed, scanPaths } from '../../lib/dynamodb/reads.ts';
import { deletePlainly } from '../../lib/dynamodb/writes.ts';
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
