/** `checkWriters`: a pattern of public code breaks a promise and is told in words; the same writer behind a fence breaks none. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteCommand, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { BrokenPromiseError, type CheckWritersOptions, checkWriters, type Writer } from '../../lib/testing/index.ts';

const begin: Writer = ({ client }) => client.createService({ id: 'web', spec: {} });
const others: Record<string, Writer> = {
  'ends a task': ({ client }) => client.deleteTask('web', '1'),
  'removes the service': ({ client }) => client.removeService('web'),
  'creates the service': ({ client }) => client.createService({ id: 'web', spec: {} }),
};
const starts: Writer = ({ client }) => client.createTask('web', { id: '1' });
const looksThenStarts: Writer = async ({ documentClient, tables }) => {
  const Key = { id: 'web' };
  const { Item } = await documentClient.send(new GetCommand({ TableName: tables.services, Key, ConsistentRead: true }));
  if (Item === undefined || Item.pendingDelete === true) return;
  await documentClient.send(new PutCommand({ TableName: tables.tasks, Item: { serviceId: 'web', id: '1' } }));
};

async function broken(options: CheckWritersOptions): Promise<BrokenPromiseError> {
  const told = await checkWriters(options).catch((error: unknown) => error);
  expect(told).toBeInstanceOf(BrokenPromiseError);
  return told as BrokenPromiseError;
}

describe('a writer that looks, and then writes', () => {
  const writers = { ...others, 'looks, then starts a task': looksThenStarts };

  it('orphans a task; the shortest story is what docs/testing.md quotes', async () => {
    const { message, violations, story, seed } = await broken({ begin, writers });
    expect(violations[0]?.promise).toBe('S1');
    expect(story.length).toBeLessThan(20);
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'testing.md'), 'utf8');
    expect(page).toContain(`\n${message}\n`);
    const again = await broken({ begin, writers, seed, schedules: 1 });
    expect(again.message).toBe(message);
  });

  it('behind the fence keeps every promise', async () => {
    const { outcomes, deletions } = await checkWriters({ begin, writers: { ...others, 'starts a task': starts } });
    expect(deletions).toBeGreaterThan(50);
    expect(outcomes['starts a task']).toMatchObject({
      done: expect.any(Number),
      FailedPrecondition: expect.any(Number),
    });
  });
});

it('a mistake that the order of things shows is told without faults, though a schedule with faults comes before it', async () => {
  const writers = {
    ...others,
    'restarts a task': (({ documentClient, tables }) =>
      documentClient.send(
        new PutCommand({ TableName: tables.tasks, Item: { serviceId: 'web', id: '2' } }),
      )) satisfies Writer,
  };
  const rough = await broken({ begin, writers, seed: 16, schedules: 1 });
  expect(rough.violations[0]?.promise).toBe('S1');
  const { seed, violations } = await broken({ begin, writers, seed: 16 });
  expect(violations[0]?.promise).toBe('S1');
  expect(seed % 2).toBe(1);
});

it('a writer that deletes by itself what nobody has marked is told of', async () => {
  const deletes: Writer = ({ documentClient, tables }) =>
    documentClient.send(new DeleteCommand({ TableName: tables.services, Key: { id: 'web' } }));
  const { violations } = await broken({ begin, writers: { 'deletes the service': deletes } });
  expect(violations.map(({ promise }) => promise)).toContain('S3');
});

describe('what proves nothing fails', () => {
  it('nothing is ever deleted', async () => {
    const check = checkWriters({ begin, writers: { 'starts a task': starts }, schedules: 20 });
    await expect(check).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('nothing was deleted'),
    });
  });

  it('a writer never comes to its end', async () => {
    const fails: Writer = () => Promise.reject(new TypeError('no such thing'));
    const check = checkWriters({ begin, writers: { ...others, fails }, schedules: 20 });
    await expect(check).rejects.toThrow(/"fails" never came to its end; its last error: TypeError: no such thing/);
  });

  it('the beginning fails', async () => {
    const check = checkWriters({ begin: ({ client }) => client.removeService('nobody'), writers: others });
    await expect(check).rejects.toThrow('"begin" failed');
  });

  it.each([
    [{ writers: {} }, 'writers is empty'],
    [{ writers: others, schedules: 0 }, 'schedules is 0'],
    [{ writers: others, seed: 0.5 }, 'seed is 0.5'],
  ])('%j', async (options, message) => {
    await expect(checkWriters(options)).rejects.toThrow(message);
  });
});

it('a request that memory does not know ends the check, also where the writer swallows the error', async () => {
  const queries: Writer = ({ documentClient, tables }) =>
    documentClient
      .send(
        new QueryCommand({
          TableName: tables.tasks,
          KeyConditionExpression: 'serviceId = :id AND id BETWEEN :s AND :t',
          ExpressionAttributeValues: { ':id': 'web', ':s': 's', ':t': 't' },
        }),
      )
      .catch(() => {});
  const check = checkWriters({ begin, writers: { ...others, queries } });
  await expect(check).rejects.toMatchObject({
    name: 'NotInMemoryError',
    message: expect.stringContaining('BETWEEN'),
  });
});

it('a request that DynamoDB rejects is the writer’s own business', async () => {
  const counts: Writer = ({ documentClient, tables }) =>
    documentClient.send(
      new UpdateCommand({
        TableName: tables.services,
        Key: { id: 'web' },
        UpdateExpression: 'SET visits = visits + :one',
        ConditionExpression: 'attribute_exists(id)',
        ExpressionAttributeValues: { ':one': 1 },
      }),
    );
  const check = checkWriters({ begin, writers: { ...others, counts }, schedules: 20, faults: false });
  await expect(check).rejects.toThrow(/"counts" never came to its end; its last error: ValidationException/);
});

it('a writer that waits for something else is refused', async () => {
  const waits: Writer = () => new Promise(() => {});
  const check = checkWriters({ begin, writers: { ...others, waits } });
  await expect(check).rejects.toThrow('waits for something that is neither a request of its own nor a pause');
});
