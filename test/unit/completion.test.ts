/** How the tables are asked for ids that begin with what is typed. */
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { expect, it } from 'vitest';
import { listIdsByPrefix } from '../../lib/dynamodb/listings.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { mockedRequests } from '../support/sdk-mock.ts';

it('asks for ids by their beginning, page by page, and only in the index where only marks count', async () => {
  const { mock, open, inputs } = mockedRequests();
  mock
    .on(ScanCommand)
    .resolvesOnce({ Items: [], LastEvaluatedKey: { id: 'm' } })
    .resolves({ Items: [{ id: 'web-1' }] });
  const database = open(PHYSICAL_NAMES);
  const wanted = { kind: 'service', prefix: 'web', onlyMarked: false } as const;
  const first = await listIdsByPrefix(database, wanted, undefined);
  expect(first).toEqual({ items: [], next: { id: 'm' } });
  expect(await listIdsByPrefix(database, wanted, first.next)).toEqual({ items: ['web-1'], next: undefined });
  await listIdsByPrefix(database, { kind: 'network', prefix: '', onlyMarked: true }, undefined);
  const [whole, next, marked] = inputs();
  expect(whole).toMatchObject({ FilterExpression: 'begins_with(#id, :prefix)', ProjectionExpression: '#id' });
  expect(whole).not.toHaveProperty('IndexName');
  expect(next).toMatchObject({ ExclusiveStartKey: { id: 'm' } });
  // DynamoDB refuses an empty text in an expression.
  expect(marked).not.toHaveProperty('FilterExpression');
  expect(marked).toHaveProperty('IndexName');
});
