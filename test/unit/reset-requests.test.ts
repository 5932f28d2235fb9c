/** The requests of a reset of a counter that a raw writer has overwritten: read, and put right as long as it is as it was read. */
import { GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { REQUEST_TRIES_MAX } from '../../lib/protocol/limits.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { cancelled, mockedRequests } from '../support/sdk-mock.ts';

const WEB = { kind: 'service', id: 'web' } as const;
const FRESH = { epoch: 'fresh', openedAt: '2026-01-01T00:00:00.000Z' };

function overwritten() {
  const { mock, open, inputs } = mockedRequests();
  mock.on(GetItemCommand).resolves({ Item: { id: { S: 'service#web' }, remaining: { S: 'many' } } });
  return { mock, inputs, store: new DynamoDBStore(open(PHYSICAL_NAMES)) };
}

it('ends with the first that is committed', async () => {
  const { mock, inputs, store } = overwritten();
  mock.on(TransactWriteItemsCommand).resolves({});
  await store.resetUnreadable(WEB, FRESH);
  expect(inputs()).toHaveLength(2);
});

it('is read and sent again where the counter was changed meanwhile', async () => {
  const { mock, inputs, store } = overwritten();
  mock.on(TransactWriteItemsCommand).rejectsOnce(cancelled('ConditionalCheckFailed')).resolves({});
  await store.resetUnreadable(WEB, FRESH);
  expect(inputs()).toHaveLength(4);
});

it('is given up after as many tries as any request has', async () => {
  const { mock, inputs, store } = overwritten();
  mock.on(TransactWriteItemsCommand).rejects(cancelled('ConditionalCheckFailed'));
  await store.resetUnreadable(WEB, FRESH);
  expect(inputs()).toHaveLength(2 * REQUEST_TRIES_MAX);
});

it('a creation that is tried again has an epoch of its own: the former one may still arrive', async () => {
  const { mock, open } = mockedRequests();
  mock.on(GetItemCommand).resolves({});
  mock.on(TransactWriteItemsCommand).rejectsOnce(cancelled('ConditionalCheckFailed')).resolves({});
  const { epoch } = await new DynamoDBStore(open(PHYSICAL_NAMES)).openCounter(WEB, FRESH);
  expect(epoch).not.toBe(FRESH.epoch);
});
