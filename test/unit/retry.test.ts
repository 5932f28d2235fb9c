/** Failures that DynamoDB Local does not produce: which of them are tried again, how often, and what is said in the end. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { deleteTasks } from '../../lib/client/tasks.ts';
import { losslessNumber } from '../../lib/dynamodb/client.ts';
import { connect } from '../../lib/dynamodb/document-client.ts';
import { classify, type Failure } from '../../lib/dynamodb/retry.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { cancelled, mockedRequests, networkError, refused, sdkError } from '../support/sdk-mock.ts';

const update = { TableName: 'T', Key: { id: 'web' }, UpdateExpression: 'REMOVE #x' };
const actions = () => [
  { Delete: { TableName: 'T', Key: { id: 'web' } } },
  { Delete: { TableName: 'T', Key: { id: 'api' } } },
];

/** What lies between two tries at most: 25 ms · 2ⁿ, never above a second. */
const PAUSES_MAX_MILLIS = [50, 100, 200, 400, 800, 1000, 1000];

function expectPauses(pausesMillis: readonly number[], count: number): void {
  expect(pausesMillis).toHaveLength(count);
  for (const [n, millis] of pausesMillis.entries()) {
    expect(millis).toBeGreaterThanOrEqual(0);
    expect(millis).toBeLessThan(PAUSES_MAX_MILLIS[n] as number);
  }
}

describe('a failure', () => {
  it.each<[string, Error, Failure]>([
    ['TransactionConflictException', sdkError('TransactionConflictException'), 'conflict'],
    ['TransactionInProgressException', sdkError('TransactionInProgressException'), 'conflict'],
    ['ReplicatedWriteConflictException', sdkError('ReplicatedWriteConflictException'), 'conflict'],
    ['[None, TransactionConflict]', cancelled('None', 'TransactionConflict'), 'conflict'],
    ['[TransactionConflict, no code]', cancelled('TransactionConflict', undefined), 'conflict'],
    ['ThrottlingException', sdkError('ThrottlingException'), 'throttled'],
    ['ProvisionedThroughputExceededException', sdkError('ProvisionedThroughputExceededException'), 'throttled'],
    ['RequestLimitExceeded', sdkError('RequestLimitExceeded'), 'throttled'],
    ['[None, ThrottlingError]', cancelled('None', 'ThrottlingError'), 'throttled'],
    ['[ProvisionedThroughputExceeded]', cancelled('ProvisionedThroughputExceeded'), 'throttled'],
    ['[TransactionConflict, ThrottlingError]', cancelled('TransactionConflict', 'ThrottlingError'), 'throttled'],
    ['InternalServerError', sdkError('InternalServerError'), 'unanswered'],
    ['any 500', sdkError('Unheard', { $metadata: { httpStatusCode: 500 } }), 'unanswered'],
    ['any 503', sdkError('Unheard', { $metadata: { httpStatusCode: 503 } }), 'unanswered'],
    ['TimeoutError', sdkError('TimeoutError', { $metadata: undefined }), 'unanswered'],
    ['ECONNRESET', networkError('ECONNRESET'), 'unanswered'],
    ['ECONNREFUSED', networkError('ECONNREFUSED'), 'unanswered'],
    ['EPIPE', networkError('EPIPE'), 'unanswered'],
    ['ETIMEDOUT', networkError('ETIMEDOUT'), 'unanswered'],
    ['EAI_AGAIN', networkError('EAI_AGAIN'), 'unanswered'],
    [
      'an answer of 200 that was cut off',
      Object.assign(new Error('aborted'), { code: 'ECONNRESET', $metadata: { httpStatusCode: 200 } }),
      'unanswered',
    ],
    ['ConditionalCheckFailedException', refused(), 'refused'],
    ['[ConditionalCheckFailed]', cancelled('ConditionalCheckFailed'), 'refused'],
    [
      '[TransactionConflict, ConditionalCheckFailed]',
      cancelled('TransactionConflict', 'ConditionalCheckFailed'),
      'refused',
    ],
    ['[ConditionalCheckFailed, ThrottlingError]', cancelled('ConditionalCheckFailed', 'ThrottlingError'), 'refused'],
    ['ValidationException', sdkError('ValidationException'), 'final'],
    ['IdempotentParameterMismatchException', sdkError('IdempotentParameterMismatchException'), 'final'],
    ['AccessDeniedException', sdkError('AccessDeniedException'), 'final'],
    ['[ValidationError]', cancelled('ValidationError'), 'final'],
    ['[TransactionConflict, ValidationError]', cancelled('TransactionConflict', 'ValidationError'), 'final'],
    ['[ItemCollectionSizeLimitExceeded]', cancelled('ItemCollectionSizeLimitExceeded'), 'final'],
    ['[None, None]', cancelled('None', 'None'), 'final'],
    ['[]', cancelled(), 'final'],
    ['an error of our own', new RangeError('too far'), 'final'],
    ['an unheard of 400', sdkError('Unheard'), 'final'],
  ])('%s is classified', (_, error, expected) => {
    expect(classify(error)).toBe(expected);
  });

  it.each([['a text'], [undefined], [null], [{ name: 'ThrottlingException' }]])('%j is final', (thrown) => {
    expect(classify(thrown)).toBe('final');
  });
});

describe('a single write', () => {
  it.each<[string, Error, string]>([
    ['a conflict with a transaction', sdkError('TransactionConflictException'), 'UpdateItem conflict'],
    ['throttling', sdkError('ProvisionedThroughputExceededException'), 'UpdateItem throttled'],
    ['a 500', sdkError('InternalServerError', { $metadata: { httpStatusCode: 500 } }), 'UpdateItem unanswered'],
    ['a timeout', sdkError('TimeoutError'), 'UpdateItem unanswered'],
    ['a connection that broke', networkError('ECONNRESET'), 'UpdateItem unanswered'],
  ])('is tried again after %s, unchanged', async (_, error, told) => {
    const { mock, requests, inputs, retries, chance } = mockedRequests();
    mock
      .on(UpdateItemCommand)
      .rejectsOnce(error)
      .rejectsOnce(error)
      .resolves({ Attributes: marshall({ id: 'web' }) });
    expect(await requests.update(update)).toEqual({ status: 'done', item: { id: 'web' } });
    const sent = { ...update, Key: { id: { S: 'web' } } };
    expect(inputs()).toEqual([sent, sent, sent]);
    expect(retries).toEqual([told, told]);
    expectPauses(chance.pausesMillis, 2);
  });

  it('that is refused is not tried again, and tells what was found', async () => {
    const { mock, requests, inputs, chance } = mockedRequests();
    mock.on(UpdateItemCommand).rejects(refused({ id: 'web', remaining: 3, big: 9007199254740993n }));
    mock.on(DeleteItemCommand).rejects(refused());
    const written = await requests.update(update);
    expect(written).toMatchObject({ status: 'refused', found: { id: 'web', remaining: 3 } });
    expect(written.status === 'refused' && String(written.found?.big)).toBe('9007199254740993');
    expect(await requests.delete({ TableName: 'T', Key: { id: 'web' } })).toEqual({
      status: 'refused',
      found: undefined,
    });
    expect(inputs()).toHaveLength(2);
    expect(chance.pausesMillis).toEqual([]);
  });
});

describe('giving up', () => {
  it.each<[string, Error, string, string]>([
    [
      'a conflict',
      sdkError('TransactionConflictException'),
      'Aborted',
      'other requests were at work on the same items',
    ],
    ['throttling', sdkError('ThrottlingException'), 'Unavailable', 'DynamoDB throttled it'],
    ['silence', networkError('ETIMEDOUT'), 'Unavailable', 'DynamoDB did not answer it'],
  ])('comes after eight tries of %s, with its cause', async (_, error, code, why) => {
    const { mock, requests, inputs, chance, retries } = mockedRequests();
    mock.on(GetItemCommand).rejects(error);
    const failed = requests.get({ TableName: 'T', Key: { id: 'web' } });
    await expect(failed).rejects.toMatchObject({ name: 'DeallocatorError', code, cause: error });
    await expect(failed).rejects.toThrow(`GetItem was tried 8 times: ${why}`);
    expect(inputs()).toHaveLength(8);
    expect(retries).toHaveLength(7);
    expectPauses(chance.pausesMillis, 7);
  });

  it('does not come when the eighth try succeeds', async () => {
    const { mock, requests, inputs } = mockedRequests();
    const get = mock.on(GetItemCommand);
    for (let n = 0; n < 7; n++) get.rejectsOnce(sdkError('ThrottlingException'));
    get.resolves({ Item: marshall({ id: 'web' }) });
    expect(await requests.get({ TableName: 'T', Key: { id: 'web' } })).toEqual({ id: 'web' });
    expect(inputs()).toHaveLength(8);
  });

  it('uses the whole width of the pauses', async () => {
    const seen: number[][] = PAUSES_MAX_MILLIS.map(() => []);
    for (let seed = 0; seed < 50; seed++) {
      const { mock, requests, chance } = mockedRequests();
      for (let n = 0; n < seed; n++) chance.fraction();
      mock.on(GetItemCommand).rejects(sdkError('ThrottlingException'));
      await expect(requests.get({ TableName: 'T', Key: { id: 'web' } })).rejects.toThrow('tried 8 times');
      for (const [n, millis] of chance.pausesMillis.entries()) seen[n]?.push(millis);
    }
    for (const [n, most] of PAUSES_MAX_MILLIS.entries()) {
      const pauses = seen[n] as number[];
      expect(Math.max(...pauses)).toBeGreaterThan(most * 0.8);
      expect(Math.max(...pauses)).toBeLessThan(most);
      expect(Math.min(...pauses)).toBeLessThan(most * 0.2);
    }
  });

  it.each<[string, Error, string, string]>([
    ['a request that is not well formed', sdkError('ValidationException'), 'InvalidArgument', 'correct the item'],
    [
      'a transaction with a ValidationError',
      cancelled('None', 'ValidationError'),
      'InvalidArgument',
      'correct the item',
    ],
    ['a value that can not be translated', new Error('Special numeric value NaN'), 'InvalidArgument', 'was not sent'],
    [
      'a table that is not there',
      sdkError('ResourceNotFoundException'),
      'FailedPrecondition',
      'the table T is not there in us-east-1',
    ],
    ['a missing grant', sdkError('AccessDeniedException'), 'FailedPrecondition', 'have the action granted'],
    [
      'missing credentials',
      new (class CredentialsProviderError extends Error {
        override name = 'CredentialsProviderError';
      })('none'),
      'FailedPrecondition',
      'sign in',
    ],
    ['credentials that have expired', sdkError('ExpiredTokenException'), 'FailedPrecondition', 'sign in again'],
  ])('comes at once with %s', async (_, error, code, advice) => {
    const { mock, requests, inputs, chance } = mockedRequests();
    mock.on(TransactWriteItemsCommand).rejects(error);
    const failed = requests.transact(actions());
    await expect(failed).rejects.toMatchObject({ code, cause: error });
    await expect(failed).rejects.toThrow(advice);
    expect(inputs()).toHaveLength(1);
    expect(chance.pausesMillis).toEqual([]);
  });
});

describe('a transaction', () => {
  it.each<[string, Error, string]>([
    ['a conflict', cancelled('None', 'TransactionConflict'), 'conflict'],
    ['throttling', cancelled('None', 'ThrottlingError'), 'throttled'],
    ['a lost answer', networkError('ECONNRESET'), 'unanswered'],
    ['its own first try that is still under way', sdkError('TransactionInProgressException'), 'conflict'],
  ])('is tried again after %s, under the same token', async (_, error, told) => {
    const { mock, requests, sent, retries } = mockedRequests();
    mock.on(TransactWriteItemsCommand).rejectsOnce(error).rejectsOnce(error).resolves({});
    expect(await requests.transact(actions())).toEqual({ status: 'committed' });
    const stored = ['web', 'api'].map((id) => ({ Delete: { TableName: 'T', Key: { id: { S: id } } } }));
    const input = { ClientRequestToken: 'fresh-1', TransactItems: stored };
    expect(sent()).toEqual(Array(3).fill(['TransactWriteItemsCommand', input]));
    expect(retries).toEqual([`TransactWriteItems ${told}`, `TransactWriteItems ${told}`]);
  });

  it('has a token of its own', async () => {
    const { mock, requests, inputs } = mockedRequests();
    mock.on(TransactWriteItemsCommand).resolves({});
    await requests.transact(actions());
    await requests.transact(actions());
    expect(inputs().map(({ ClientRequestToken }) => ClientRequestToken)).toEqual(['fresh-1', 'fresh-2']);
  });

  it('that a condition refuses is not tried again, whatever stands beside it, and tells the places', async () => {
    const { mock, requests, inputs } = mockedRequests();
    const Item = { id: { S: 'api' }, big: { N: '9007199254740993' } };
    mock
      .on(TransactWriteItemsCommand)
      .rejects(
        cancelled('TransactionConflict', { Code: 'ConditionalCheckFailed', Item }, 'None', 'ConditionalCheckFailed'),
      );
    const committed = await requests.transact(actions());
    expect(committed).toMatchObject({
      places: [
        { place: 1, found: { id: 'api' } },
        { place: 3, found: undefined },
      ],
    });
    expect(inputs()).toHaveLength(1);
  });

  it('gives up after eight conflicts with Aborted', async () => {
    const { mock, requests, inputs } = mockedRequests();
    const error = cancelled('TransactionConflict');
    mock.on(TransactWriteItemsCommand).rejects(error);
    await expect(requests.transact(actions())).rejects.toMatchObject({ code: 'Aborted', cause: error });
    expect(new Set(inputs().map(({ ClientRequestToken }) => ClientRequestToken))).toEqual(new Set(['fresh-1']));
    expect(inputs()).toHaveLength(8);
  });
});

describe('a batch of reads', () => {
  const keys = (...ids: string[]) => ids.map((id) => ({ id }));
  const stored = (...ids: string[]) => keys(...ids).map((key) => marshall(key));
  const read = (Keys: unknown) => ({
    RequestItems: {
      T: {
        Keys,
        ConsistentRead: true,
        ProjectionExpression: '#id, #x',
        ExpressionAttributeNames: { '#id': 'id', '#x': 'x' },
      },
    },
  });

  it('asks again for the keys that were left unread, and only for them', async () => {
    const { mock, requests, inputs, retries, chance } = mockedRequests();
    mock
      .on(BatchGetItemCommand)
      .resolvesOnce({ Responses: { T: stored('a') }, UnprocessedKeys: { T: { Keys: stored('b', 'c') } } })
      .resolvesOnce({ Responses: {}, UnprocessedKeys: { T: { Keys: stored('c') } } })
      .resolvesOnce({ Responses: { T: stored('c') }, UnprocessedKeys: {} });
    expect(await requests.batchGet('T', keys('a', 'b', 'c'), ['id', 'x'])).toEqual(keys('a', 'c'));
    expect(inputs()).toEqual([read(stored('a', 'b', 'c')), read(stored('b', 'c')), read(stored('c'))]);
    expect(retries).toEqual(['BatchGetItem throttled', 'BatchGetItem throttled']);
    expect(chance.pausesMillis).toHaveLength(2);
    for (const millis of chance.pausesMillis) expect(millis).toBeLessThan(200);
  });

  it('gives up with Unavailable when some are left unread eight times: no proof, no answer', async () => {
    const { mock, requests, inputs, chance } = mockedRequests();
    mock
      .on(BatchGetItemCommand)
      .resolves({ Responses: { T: stored('a') }, UnprocessedKeys: { T: { Keys: stored('b') } } });
    const failed = requests.batchGet('T', keys('a', 'b'), ['id', 'x']);
    await expect(failed).rejects.toMatchObject({ code: 'Unavailable' });
    await expect(failed).rejects.toThrow('left 1 keys of T unread 8 times');
    expect(inputs()).toHaveLength(8);
    expect(chance.pausesMillis).toHaveLength(7);
  });

  it('refuses an answer without its responses', async () => {
    const { mock, requests } = mockedRequests();
    mock.on(BatchGetItemCommand).resolves({});
    await expect(requests.batchGet('T', keys('a'), ['id'])).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('reads 100 keys at a time, and nothing for no key', async () => {
    const { mock, requests, inputs } = mockedRequests();
    mock.on(BatchGetItemCommand).resolves({ Responses: {} });
    await requests.batchGet('T', keys(...Array.from({ length: 201 }, (_, n) => `k${n}`)), ['id']);
    const sizes = inputs().map(({ RequestItems }) => (RequestItems as { T: { Keys: unknown[] } }).T.Keys.length);
    expect(sizes).toEqual([100, 100, 1]);
    expect(await requests.batchGet('T', [], ['id'])).toEqual([]);
    expect(inputs()).toHaveLength(3);
  });
});

describe('a bulk deletion of tasks', () => {
  const deletion = (...ids: string[]) =>
    ids.map((id) => ({ DeleteRequest: { Key: marshall({ serviceId: 'web', id }) } }));
  const left = (...ids: string[]) => ({ UnprocessedItems: { 'Test-tasks': deletion(...ids) } });

  it('sends again what was left unprocessed, and only that', async () => {
    const { mock, open, inputs, chance } = mockedRequests();
    mock
      .on(BatchWriteItemCommand)
      .resolvesOnce(left('b', 'c'))
      .resolvesOnce(left('c'))
      .resolvesOnce({ UnprocessedItems: {} });
    await deleteTasks(open(PHYSICAL_NAMES), 'web', ['a', 'b', 'c']);
    expect(inputs()).toEqual([
      { RequestItems: { 'Test-tasks': deletion('a', 'b', 'c') } },
      { RequestItems: { 'Test-tasks': deletion('b', 'c') } },
      { RequestItems: { 'Test-tasks': deletion('c') } },
    ]);
    expect(chance.pausesMillis).toHaveLength(2);
  });

  it('gives up after eight times, and names in `done` what surely went before', async () => {
    const { mock, open, inputs } = mockedRequests();
    mock.on(BatchWriteItemCommand).resolvesOnce({}).resolves(left('t25'));
    const ids = Array.from({ length: 30 }, (_, n) => `t${n}`);
    const failed = deleteTasks(open(PHYSICAL_NAMES), 'web', ids);
    await expect(failed).rejects.toMatchObject({ code: 'Unavailable', done: ids.slice(0, 25) });
    await expect(failed).rejects.toThrow('1 tasks of service web were left undeleted 8 times');
    expect(inputs()).toHaveLength(9);
  });

  it('keeps the cause of a failure on its way', async () => {
    const { mock, open } = mockedRequests();
    const error = sdkError('AccessDeniedException');
    mock.on(BatchWriteItemCommand).resolvesOnce({}).rejects(error);
    const ids = Array.from({ length: 26 }, (_, n) => `t${n}`);
    const failed = deleteTasks(open(PHYSICAL_NAMES), 'web', ids);
    await expect(failed).rejects.toMatchObject({ code: 'FailedPrecondition', cause: error, done: ids.slice(0, 25) });
  });
});

describe("the SDK's client", () => {
  it('leaves trying again to us: one try a request', async () => {
    let requests = 0;
    const server = createServer((_, response) => {
      requests++;
      response.writeHead(500).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const db = connect({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    });
    await expect(db.send(new GetItemCommand({ TableName: 'T', Key: { id: { S: 'web' } } }))).rejects.toThrow();
    expect(requests).toBe(1);
    db.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('has every limit written out', async () => {
    const { config } = connect({ region: 'us-east-1' });
    expect(await config.maxAttempts()).toBe(1);
    // The handler keeps its options to itself: there is no other way to see them but to wait for a timeout.
    interface Options extends Record<string, unknown> {
      httpAgentProvider(): Promise<unknown>;
    }
    const options = await (config.requestHandler as unknown as { configProvider: Promise<Options> }).configProvider;
    expect(options).toMatchObject({ connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true });
    for (const agent of [await options.httpAgentProvider(), options.httpsAgent]) {
      expect(agent).toMatchObject({ maxSockets: 64, keepAlive: true });
    }
  });

  it('takes the region and the endpoint that it is given', async () => {
    const { config } = connect({ region: 'eu-west-3', endpoint: 'http://127.0.0.1:9' });
    expect(await config.region()).toBe('eu-west-3');
    expect(await config.endpoint?.()).toMatchObject({ hostname: '127.0.0.1', port: 9 });
  });

  it.each<[string, number | string]>([
    ['0', 0],
    ['-7', -7],
    ['0.1', 0.1],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', '9007199254740992'],
    ['-9007199254740993', '-9007199254740993'],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['1E+30', '1E+30'],
  ])('reads the number %s without loss', (stored, expected) => {
    const read = losslessNumber(stored);
    expect(typeof read === 'number' ? read : read.toString()).toBe(expected);
  });
});
