/** `deallocator/testing` in memory: the real client and functions, faults that are switched on, time that the test owns. */

import { PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { type InMemoryDeallocator, inMemory } from '../../lib/testing/index.ts';

const uses = (...ids: string[]) => ({ task: { networks: ids.map((target) => ({ target })) } });

let deallocator: InMemoryDeallocator;
beforeEach(async () => {
  deallocator = await inMemory();
});

/** A marked service `web` with tasks, on the marked network `front`. */
async function shop(tasks = 2): Promise<string[]> {
  const { client } = deallocator;
  const ids = Array.from({ length: tasks }, (_, n) => String(n + 1));
  await client.createNetwork({ id: 'front' });
  await client.createService({ id: 'web', spec: uses('front') });
  await client.createTasks(
    'web',
    ids.map((id) => ({ id })),
  );
  await client.removeService('web');
  await client.removeNetwork('front');
  return ids;
}

describe('a drain', () => {
  it('deletes what nothing uses any more, and says what went and what waits', async () => {
    const ids = await shop();
    const first = await deallocator.drain();
    expect(first.deleted).toEqual([]);
    expect(first.waiting).toMatchObject([
      { kind: 'service', id: 'web', state: 'draining', children: { count: 2 } },
      { kind: 'network', id: 'front', state: 'draining', children: { count: 1 } },
    ]);
    await deallocator.client.deleteTasks('web', ids);
    expect(deallocator.has('service', 'web')).toBe(true);
    expect(await deallocator.drain()).toEqual({
      deleted: ['service/web', 'network/front'],
      waiting: [],
      deadLetters: 0,
    });
    expect([deallocator.has('service', 'web'), deallocator.has('network', 'front')]).toEqual([false, false]);
    expect(deallocator.check()).toEqual([]);
  });

  it('shares nothing with another deallocator', async () => {
    await shop();
    const other = await inMemory();
    expect(other.has('service', 'web')).toBe(false);
    expect(await other.drain()).toEqual({ deleted: [], waiting: [], deadLetters: 0 });
  });

  it('tells whether a task is there by both parts of its key', async () => {
    await shop(1);
    expect(deallocator.has('task', { serviceId: 'web', id: '1' })).toBe(true);
    expect(deallocator.has('task', { serviceId: 'web', id: '2' })).toBe(false);
    expect(deallocator.items('tasks')).toMatchObject([{ serviceId: 'web', id: '1' }]);
  });
});

describe('time', () => {
  it('stands still until it is advanced: a grace period ends with the next sweep after it', async () => {
    deallocator = await inMemory({ rules: { gracePeriodMillis: 60_000 }, startsAt: '2026-05-01T00:00:00.000Z' });
    await deallocator.client.createService({ id: 'web', spec: {} });
    await deallocator.client.removeService('web');
    expect((await deallocator.drain()).waiting).toMatchObject([{ id: 'web', state: 'held' }]);
    deallocator.advance(59_999);
    await deallocator.sweep();
    expect(deallocator.has('service', 'web')).toBe(true);
    deallocator.advance(1);
    expect(deallocator.now()).toBe('2026-05-01T00:01:00.000Z');
    await deallocator.sweep();
    expect(deallocator.has('service', 'web')).toBe(false);
  });

  it.each([[-1], [Number.NaN]])('does not go by %s', (millis) => {
    expect(() => deallocator.advance(millis)).toThrow('allowed: a number from 0 on');
  });

  it('begins at a time', async () => {
    await expect(inMemory({ startsAt: 'soon' })).rejects.toThrow('startsAt is "soon"; allowed');
  });
});

describe('a raw write', () => {
  it('is made with the SDK over the same tables, and heals', async () => {
    const { documentClient, tables, client } = deallocator;
    await client.createNetwork({ id: 'front' });
    await documentClient.send(
      new PutCommand({ TableName: tables.services, Item: { id: 'raw', spec: uses('front'), mine: 1 } }),
    );
    await deallocator.drain();
    expect(deallocator.items('attachments')).toEqual([{ held: 'network#front', holder: 'service#raw' }]);
    expect(deallocator.check()).toEqual([]);
  });

  it('that breaks a promise is told by a check: a task that comes under a mark', async () => {
    await shop(1);
    const { documentClient, tables } = deallocator;
    await deallocator.client.deleteTask('web', '1');
    await deallocator.drain();
    await documentClient.send(new PutCommand({ TableName: tables.tasks, Item: { serviceId: 'web', id: 'late' } }));
    expect(deallocator.check()).toMatchObject([{ promise: 'S1', subject: expect.stringContaining('late') }]);
  });

  it('which memory does not know is refused by its name, and by what does know it', async () => {
    const { documentClient, tables } = deallocator;
    const query = new QueryCommand({
      TableName: tables.tasks,
      KeyConditionExpression: 'serviceId = :id AND id BETWEEN :s AND :t',
      ExpressionAttributeValues: { ':id': 'web', ':s': 's', ':t': 't' },
    });
    await expect(documentClient.send(query)).rejects.toMatchObject({
      name: 'NotInMemoryError',
      message: expect.stringMatching(/BETWEEN.*startLocalCloud/),
    });
  });
});

describe('faults', () => {
  it('throttle: the client tries again; with more than it tries, it says that DynamoDB is unavailable', async () => {
    const { client, faults } = deallocator;
    faults.throttle(7, 'client');
    await client.createService({ id: 'web', spec: {} });
    faults.throttle(8, 'client');
    await expect(client.removeService('web')).rejects.toMatchObject({ code: 'Unavailable' });
    expect((await deallocator.drain()).deleted).toEqual([]);
    await client.removeService('web');
    expect((await deallocator.drain()).deleted).toEqual(['service/web']);
  });

  it('a lost answer: the write is done, and who sent it finds that out', async () => {
    deallocator.faults.loseAnswers(1, 'client');
    await deallocator.client.createService({ id: 'web', spec: {} });
    expect(deallocator.has('service', 'web')).toBe(true);
    deallocator.faults.loseAnswers(1, 'functions');
    await deallocator.client.removeService('web');
    expect((await deallocator.drain()).deleted).toEqual(['service/web']);
    expect(deallocator.check()).toEqual([]);
  });

  it('a raw writer has no retries of the deallocator’s: it gets the SDK’s error', async () => {
    const { documentClient, tables, faults } = deallocator;
    faults.throttle();
    const put = () => documentClient.send(new PutCommand({ TableName: tables.services, Item: { id: 'web' } }));
    await expect(put()).rejects.toMatchObject({ name: 'ThrottlingException' });
    faults.loseAnswers();
    await expect(put()).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(deallocator.has('service', 'web')).toBe(true);
  });

  it.each([1, 2, 3])('%i functions that die after their write: their batches come again', async (crashes) => {
    const ids = await shop();
    deallocator.faults.crash(crashes);
    await deallocator.client.deleteTasks('web', ids);
    expect(await deallocator.drain()).toMatchObject({ deleted: ['service/web', 'network/front'], waiting: [] });
    expect(deallocator.check()).toEqual([]);
  });

  it('functions that always die give their records up; a sweep settles what these were about', async () => {
    await deallocator.client.createService({ id: 'web', spec: {} });
    await deallocator.drain();
    await deallocator.client.removeService('web');
    deallocator.faults.throttle(8 * 6, 'functions');
    const { deadLetters, waiting } = await deallocator.drain();
    expect(deadLetters).toBe(1);
    expect(waiting).toMatchObject([{ id: 'web', state: 'ready' }]);
    await deallocator.sweep();
    expect(await deallocator.drain()).toMatchObject({ waiting: [] });
    expect(deallocator.has('service', 'web')).toBe(false);
  });

  it('a sweep that dies says so, and the next one goes on', async () => {
    await deallocator.client.createService({ id: 'web', spec: {} });
    await deallocator.client.removeService('web');
    expect(deallocator.faults.loseRecords()).toBeGreaterThan(0);
    deallocator.faults.crash();
    await expect(deallocator.sweep()).rejects.toThrow('the sweep died');
    await deallocator.sweep();
    await deallocator.sweep();
    expect(deallocator.has('service', 'web')).toBe(false);
  });

  it('records that come twice change nothing', async () => {
    const ids = await shop();
    await deallocator.client.deleteTask('web', ids[0] as string);
    await deallocator.drain();
    expect(deallocator.faults.repeatRecords()).toBeGreaterThan(1);
    expect((await deallocator.drain()).waiting).toMatchObject([{ id: 'web', children: { count: 1 } }, { id: 'front' }]);
    expect(deallocator.check()).toEqual([]);
  });

  it('late records: nothing goes until they are released', async () => {
    const ids = await shop();
    deallocator.faults.holdRecords();
    await deallocator.client.deleteTasks('web', ids);
    expect((await deallocator.drain()).deleted).toEqual([]);
    deallocator.faults.releaseRecords();
    expect((await deallocator.drain()).deleted).toEqual(['service/web', 'network/front']);
  });

  it('lost records: a check says what is left over, and a sweep ends it', async () => {
    const ids = await shop();
    await deallocator.drain();
    await deallocator.client.deleteTasks('web', ids);
    expect(deallocator.faults.loseRecords()).toBe(2);
    await deallocator.drain();
    expect(deallocator.check()).toContainEqual(expect.objectContaining({ promise: 'L1', subject: 'service#web' }));
    await deallocator.sweep();
    await deallocator.drain();
    expect(deallocator.check()).toEqual([]);
  });

  it.each([[0], [1.5], [-1]])('happen a whole number of times, not %s', (times) => {
    expect(() => deallocator.faults.throttle(times)).toThrow('allowed: a whole number from 1 on');
  });
});

describe('the choices of a deployment', () => {
  it('tasks that have ended count as gone', async () => {
    deallocator = await inMemory({ lifecycle: swarmkit({ taskIsGone: 'terminal' }) });
    await shop(1);
    const { documentClient, tables } = deallocator;
    await documentClient.send(
      new UpdateCommand({
        TableName: tables.tasks,
        Key: { serviceId: 'web', id: '1' },
        UpdateExpression: 'SET #status = :ended',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':ended': { state: 'complete' } },
      }),
    );
    expect((await deallocator.drain()).deleted).toEqual(['service/web', 'network/front']);
  });

  it('tasks hold networks', async () => {
    deallocator = await inMemory({ lifecycle: swarmkit({ taskNetworks: true }) });
    const { client } = deallocator;
    await client.createNetwork({ id: 'front' });
    await client.createService({ id: 'web', spec: {} });
    await client.createTask('web', { id: '1', networks: [{ target: 'front' }] });
    await client.removeNetwork('front', { whenInUse: 'wait' });
    expect((await deallocator.drain()).deleted).toEqual([]);
    await client.deleteTask('web', '1');
    expect((await deallocator.drain()).deleted).toEqual(['network/front']);
  });
});
