/** How a whole table is asked for what is there: its filters, and what is told where it can't be read. */
import { QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { listChildrenPaths, listDescribed, scanPaths } from '../../lib/dynamodb/reads.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { mockedRequests } from '../support/sdk-mock.ts';

it('sends a filter and values only where something is asked for', async () => {
  const { mock, open, inputs } = mockedRequests();
  mock.on(ScanCommand).resolves({ Items: [] });
  const database = open(PHYSICAL_NAMES);
  await listDescribed(database, 'service', {}, undefined);
  await listDescribed(database, 'service', { beginning: 'sho' }, undefined);
  await listDescribed(database, 'service', { labels: [{ name: 'tier', value: undefined }] }, undefined);
  const [all, called, labelled] = inputs();
  expect(all).not.toHaveProperty('FilterExpression');
  expect(all).not.toHaveProperty('ExpressionAttributeValues');
  expect(called).toMatchObject({
    FilterExpression: expect.stringContaining('begins_with(#id, :prefix)'),
    ExpressionAttributeValues: { ':prefix': { S: 'sho' } },
  });
  expect(labelled).toMatchObject({ FilterExpression: expect.stringContaining('attribute_exists(') });
  expect(labelled).not.toHaveProperty('ExpressionAttributeValues');
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
