/** What a deployment may choose, on the template and the bundles that it would deploy. */

import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Duration } from 'aws-cdk-lib';
import { afterEach, describe, expect, it } from 'vitest';
import { DeallocatorClient } from '../../lib/client/index.ts';
import type { DeallocatorProps } from '../../lib/infra/index.ts';
import { swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { audit } from '../../lib/operate/audit/audit.ts';
import { repair } from '../../lib/operate/audit/repair.ts';
import { Cluster } from '../../lib/operate/reports/cluster.ts';
import { explain } from '../../lib/operate/reports/explain.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import type { SweepRequest } from '../../lib/streams/sweep-requested.ts';
import { connectRaw } from '../support/dynamodb.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';

let backend: LocalBackend;
afterEach(() => backend.close());

const start = async (props?: DeallocatorProps) => {
  backend = await localBackend(props);
  return backend.client;
};
const left = async () => {
  const { services, networks } = await backend.world();
  return [...services, ...networks].map(({ id }) => id);
};

describe('who, when and why', () => {
  it('stand on the mark, go into the receipt, and are told of an undelete as well', async () => {
    const client = await start();
    await client.createNetwork({ id: 'front' });
    await client.createService({ id: 'web', spec: { networks: [{ target: 'front' }] } });
    await client.createTask('web', { id: 't1' });
    const first = await client.removeService('web', { by: 'ann', reason: 'a mistake' });
    expect(await client.getService('web')).toMatchObject({
      pendingDelete: true,
      markedBy: 'ann',
      markedReason: 'a mistake',
    });
    await client.undeleteService('web', { by: 'bob', reason: 'still needed' });
    const undeleted = await client.getService('web');
    expect(undeleted).toMatchObject({
      unmarkedBy: 'bob',
      unmarkedReason: 'still needed',
      unmarkedAt: expect.any(String),
    });
    for (const name of ['pendingDelete', 'markedAt', 'markedBy', 'markedReason'])
      expect(undeleted).not.toHaveProperty(name);

    const second = await client.removeService('web', { by: 'ann' });
    const again = await client.removeService('web', { by: 'bob', reason: 'me too' });
    expect(again).toEqual({ id: 'web', markedAt: second.markedAt, alreadyMarked: true });
    const marked = await client.getService('web');
    expect(marked).toMatchObject({ markedBy: 'ann' });
    for (const name of ['markedReason', 'unmarkedAt', 'unmarkedBy', 'unmarkedReason'])
      expect(marked).not.toHaveProperty(name);
    await client.removeNetwork('front', { whenInUse: 'wait', by: 'carl', reason: 'moved' });
    await backend.deliver();
    await client.deleteTask('web', 't1');
    await backend.deliver();
    expect(await left()).toEqual([]);
    expect((await backend.world()).receipts).toEqual([
      expect.objectContaining({
        id: 'service#web',
        markedAt: second.markedAt,
        markedBy: 'ann',
        trigger: 'task-deleted',
        freed: [{ id: 'network#front', markedAt: expect.any(String), markedBy: 'carl', markedReason: 'moved' }],
      }),
    ]);
    expect(second.markedAt).not.toBe(first.markedAt);
  });

  it.each([
    [{ by: '' }],
    [{ by: 'x'.repeat(257) }],
    [{ reason: 'ä'.repeat(513) }],
    [{ by: 7 as never }],
    [{ reason: '\ud800' }],
  ])('are refused as %j, and nothing is marked', async (declared) => {
    const client = await start();
    await client.createService({ id: 'web' });
    await expect(client.removeService('web', declared)).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect((await client.getService('web')).pendingDelete).toBeUndefined();
  });
});

it('S3 what is protected is not marked, and stays until it is not protected any more', async () => {
  const client = await start();
  await client.createNetwork({ id: 'ingress', protected: true });
  await client.createService({ id: 'web', spec: { networks: [{ target: 'ingress' }] } });
  await expect(client.removeNetwork('ingress', { whenInUse: 'wait' })).rejects.toMatchObject({
    code: 'FailedPrecondition',
    blockers: ['network#ingress'],
    message: 'network ingress is protected, and was not marked; take its protection away first',
  });
  await client.createTask('web', { id: 't1' });
  await client.removeService('web');
  expect(await client.protectService('web')).toEqual({ id: 'web', changed: true });
  expect(await client.protectService('web')).toEqual({ id: 'web', changed: false });
  await client.deleteTask('web', 't1');
  await backend.deliver();
  await backend.sweep();
  expect(await left()).toEqual(['web', 'ingress']);
  expect(await client.unprotectService('web')).toEqual({ id: 'web', changed: true });
  await backend.deliver();
  expect(await left()).toEqual(['ingress']);
  await expect(client.unprotectService('web')).rejects.toMatchObject({ code: 'NotFound' });
});

const HOUR_MILLIS = 60 * 60 * 1000;

it('a task that has ended is gone, tasks are told to stop, and nothing goes before its grace is over', async () => {
  const chosen = { taskIsGone: 'terminal', stopTasks: true } as const;
  const client = await start({ ...chosen, gracePeriod: Duration.hours(1) });
  const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
  const db = connectRaw({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  await client.createService({ id: 'web' });
  await client.createTasks('web', [{ id: 't1' }, { id: 't2', status: { state: 'failed' } }]);
  await client.removeService('web');
  await backend.deliver();
  await backend.sweep();
  expect((await client.listTasks('web')).items[0]).not.toHaveProperty('desiredState');
  // The same mark, as if it had been made two hours ago: nobody waits for an hour here.
  const markedAt = `${new Date(Date.now() - 2 * HOUR_MILLIS).toISOString()}#earlier`;
  await backend.put('services', { ...(await client.getService('web')), markedAt });
  await backend.deliver();
  const { items } = await client.listTasks('web');
  expect(items.map(({ desiredState }) => desiredState)).toEqual(['remove', undefined]);
  await db.send(
    new UpdateCommand({
      TableName: backend.tables.tasks,
      Key: { serviceId: 'web', id: 't1' },
      UpdateExpression: 'SET #status = :ended',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ':ended': { state: 'complete' } },
    }),
  );
  await backend.deliver();
  expect(await left()).toEqual([]);
  const plan = swarmkitPlan(chosen);
  const circumstances = { plan, rules: DEFAULT_RULES, nowEpochMillis: Number.POSITIVE_INFINITY };
  expect(checkRest(await backend.world(), circumstances)).toEqual([]);
  db.destroy();
});

it('S2 a task holds the networks that it is attached to by itself, and what raw hands leave of that is found and mended', async () => {
  await start({ taskNetworks: true });
  const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
  const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  const client = new DeallocatorClient({
    lifecycle: swarmkit({ taskNetworks: true }),
    tables: backend.tables,
    connection,
  });
  for (const id of ['debug', 'raw']) await client.createNetwork({ id });
  await client.createService({ id: 'web' });
  await client.createTask('web', { id: '1', networks: [{ target: 'debug' }] });
  await backend.put('tasks', { serviceId: 'web', id: '2', networks: [{ target: 'raw' }] });
  await backend.deliver();
  await expect(client.removeNetwork('raw')).rejects.toMatchObject({ blockers: ['task#3#web#2'] });
  await client.removeNetwork('debug', { whenInUse: 'wait' });
  await backend.deliver();
  await backend.sweep();
  expect(await left()).toEqual(expect.arrayContaining(['web', 'debug', 'raw']));

  // Somebody takes one attachment away, and adds one of nobody.
  const pair = (id: string, network: string) => ({ held: `network#${network}`, holder: `task#3#web#${id}` });
  await backend.delete('attachments', pair('2', 'raw'));
  await client.createNetwork({ id: 'idle' });
  await backend.put('attachments', pair('9', 'idle'));
  const db = connectRaw(connection);
  const plan = swarmkitPlan({ taskNetworks: true });
  const options = { plan, confirmMillis: 0 };
  const { findings } = await audit(db, backend.tables, options);
  expect(findings.map(({ problem, about, mending }) => [problem, about, mending])).toEqual([
    ['missing attachment', { service: 'web', task: '2', network: 'raw' }, { by: 'sweep', parent: 'task#3#web#2' }],
    ['stale attachment', { service: 'web', task: '9', network: 'idle' }, { by: 'sweep', parent: 'network#idle' }],
  ]);
  const invoke = async (request: SweepRequest) => backend.sweep(request);
  expect(await repair(db, backend.tables, { invoke }, findings, options)).toMatchObject({ left: [] });
  db.destroy();

  const cluster = new Cluster(connectRaw(connection), backend.tables, { plan });
  const { usedBy, advice } = await explain(cluster, { kind: 'network', id: 'debug' });
  expect(usedBy).toMatchObject([{ object: 'task#3#web#1', state: 'not marked' }]);
  expect(advice.join(' ')).toContain('network debug stays: task 1 of service web uses it.');

  await client.removeNetwork('raw', { whenInUse: 'wait' });
  await client.deleteTasks('web', ['1', '2']);
  await backend.deliver();
  expect((await left()).sort()).toEqual(['idle', 'web']);
  expect(checkRest(await backend.world(), { plan, rules: DEFAULT_RULES, nowEpochMillis: Date.now() })).toEqual([]);
});
