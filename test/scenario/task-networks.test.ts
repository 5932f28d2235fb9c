/** Tasks that hold networks by themselves, where a deployment has chosen that: on the real handlers, over tables in memory. */

import { describe, expect, it } from 'vitest';
import { DeallocatorClient, isDeallocatorError } from '../../lib/client/index.ts';
import { type SwarmkitOptions, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import type { Store } from '../../lib/protocol/store.ts';
import { MEMORY_NAMES, memoryClient } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { wrapStore } from '../support/faults.ts';
import { memoryBackend } from '../support/memory-backend.ts';

const target = (id: string) => ({ target: id });
const on = (...ids: string[]) => ({ networks: ids.map(target) });

function told(more: SwarmkitOptions = {}) {
  const choices = { taskNetworks: true, ...more };
  const requests: string[] = [];
  const wrap = (store: Store) =>
    wrapStore(store, (request, call) => {
      requests.push(request);
      return call();
    });
  const backend = memoryBackend({ choices, wrap });
  const { tables, chance } = backend;
  const engine = new MemoryEngine({ tables, names: MEMORY_NAMES });
  const sdk = memoryClient((operation, input) => engine.carryOut(operation, input));
  const client = new DeallocatorClient({ lifecycle: swarmkit(choices), tables: MEMORY_NAMES, client: sdk, chance });
  const left = async () => {
    expect(backend.violations).toEqual([]);
    const { services, networks, attachments } = await backend.world();
    return [
      ...[...services, ...networks].map(({ id }) => id),
      ...attachments.map(({ held, holder }) => `${holder} → ${held}`),
    ].sort();
  };
  const judgement = { plan: tables.plan, rules: DEFAULT_RULES, nowEpochMillis: Infinity };
  const atRest = async () => expect(checkRest(await backend.world(), judgement)).toEqual([]);
  return { backend, tables, client, requests, left, atRest };
}

describe('a network that a task is attached to', () => {
  it('S2 L1 stays until that task is gone, and then goes without a sweep', async () => {
    const { backend, client, left, atRest } = told();
    await client.createNetwork({ id: 'debug' });
    await client.createService({ id: 'web' });
    await client.createTasks('web', [{ id: '1', ...on('debug', 'debug') }, { id: '2' }]);
    expect(await left()).toEqual(['debug', 'task#3#web#1 → network#debug', 'web']);
    await client.removeNetwork('debug', { whenInUse: 'wait' });
    await backend.deliver();
    await backend.sweep();
    expect(await left()).toContain('debug');
    await client.deleteTask('web', '1');
    await backend.deliver();
    expect(await left()).toEqual(['web']);
    await atRest();
  });

  it('L3 goes after the last task of the service that is removed with it', async () => {
    const { backend, client, left, atRest } = told();
    await client.createNetwork({ id: 'front' });
    await client.createService({ id: 'web', spec: { task: on('front') } });
    await client.createTasks('web', [
      { id: '1', ...on('front') },
      { id: '2', ...on('front') },
    ]);
    await client.removeService('web');
    await client.removeNetwork('front');
    await backend.deliver();
    await client.deleteTasks('web', ['1', '2']);
    await backend.deliver();
    expect(await left()).toEqual([]);
    await atRest();
  });

  it('S2 is in use as long as nobody asked for the removal of the task’s service', async () => {
    const { client } = told();
    await client.createNetwork({ id: 'debug' });
    await client.createService({ id: 'web' });
    await client.createTask('web', { id: '1', ...on('debug') });
    await expect(client.removeNetwork('debug')).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('in use by task 1 of service web;'),
      blockers: ['task#3#web#1'],
    });
    await client.removeService('web');
    expect(await client.removeNetwork('debug')).toMatchObject({ alreadyMarked: false });
  });

  it('is held by a task that ended only where an ended one is not gone', async () => {
    for (const [taskIsGone, goes] of [
      ['terminal', true],
      ['deleted', false],
    ] as const) {
      const { backend, tables, client, left } = told({ taskIsGone });
      await client.createNetwork({ id: 'debug' });
      await client.createService({ id: 'web' });
      await client.createTask('web', { id: '1', ...on('debug') });
      await client.removeNetwork('debug', { whenInUse: 'wait' });
      await backend.deliver();
      tables.put('tasks', { serviceId: 'web', id: '1', ...on('debug'), status: { state: 'failed' } });
      await backend.deliver();
      expect(await left()).toEqual(goes ? ['web'] : ['debug', 'task#3#web#1 → network#debug', 'web']);
    }
  });
});

describe('raw hands', () => {
  it('S2 get the attachments of a task put, changed and removed', async () => {
    const { backend, tables, client, left, atRest } = told();
    for (const id of ['a', 'b']) await client.createNetwork({ id });
    await client.createService({ id: 'web' });
    tables.put('tasks', { serviceId: 'web', id: '1', ...on('a') });
    await backend.deliver();
    expect(await left()).toContain('task#3#web#1 → network#a');
    tables.put('tasks', { serviceId: 'web', id: '1', ...on('b') });
    await backend.deliver();
    expect(await left()).toEqual(['a', 'b', 'task#3#web#1 → network#b', 'web']);
    await atRest();
    tables.delete('tasks', { serviceId: 'web', id: '1' });
    await backend.deliver();
    expect(await left()).toEqual(['a', 'b', 'web']);
  });

  it('cost no look at its attachments where a task or a service changes anything but its networks and its end', async () => {
    const { backend, tables, client, requests } = told({ taskIsGone: 'terminal' });
    await client.createService({ id: 'web' });
    tables.put('tasks', { serviceId: 'web', id: '1', ...on('debug') });
    await backend.deliver();
    requests.length = 0;
    for (const state of ['assigned', 'running']) {
      tables.put('tasks', { serviceId: 'web', id: '1', ...on('debug'), status: { state } });
      tables.put('services', { ...tables.get('services', { id: 'web' }), status: { state } });
      await backend.deliver();
    }
    expect(requests).not.toContain('readAttachments');
    tables.put('tasks', { serviceId: 'web', id: '1', ...on('debug'), status: { state: 'failed' } });
    await backend.deliver();
    expect(requests).toContain('readAttachments');
  });
});

describe('a removal whose record was lost', () => {
  it('L2 is made up for by a sweep once the network is marked', async () => {
    const { backend, tables, client, left, atRest } = told();
    await client.createNetwork({ id: 'debug' });
    await client.createService({ id: 'web' });
    await client.createTask('web', { id: '1', ...on('debug') });
    await backend.deliver();
    await client.deleteTask('web', '1');
    tables.streams.tasks.splice(0);
    await client.removeNetwork('debug', { whenInUse: 'wait' });
    await backend.deliver();
    expect(await left()).toEqual(['debug', 'task#3#web#1 → network#debug', 'web']);
    await backend.sweep();
    await backend.deliver();
    expect(await left()).toEqual(['web']);
    await atRest();
  });

  it('and an addition are set right by a sweep that is asked for the task', async () => {
    const { backend, tables, client, left } = told();
    await client.createNetwork({ id: 'debug' });
    await client.createService({ id: 'web' });
    tables.put('tasks', { serviceId: 'web', id: '1', ...on('debug') });
    tables.streams.tasks.splice(0);
    const answer = await backend.sweep({ parents: ['task#3#web#1'] });
    expect(answer).toMatchObject({ complete: true, settled: 1, failed: [] });
    expect(await left()).toContain('task#3#web#1 → network#debug');
  });

  it.each(['task#web#1', 'task#9#web#1', 'task#3#web#', 'task#0##1'])('is not asked for by %s', async (name) => {
    const { backend } = told();
    await expect(backend.sweep({ parents: [name] })).rejects.toMatchObject({ code: 'InvalidArgument' });
  });
});

describe('the fence', () => {
  it('S2 lets no task onto a network that is marked or not there, and none of those that go with it', async () => {
    const { client } = told();
    await client.createNetwork({ id: 'front' });
    await client.createNetwork({ id: 'gone' });
    await client.createService({ id: 'web' });
    await client.removeNetwork('gone');
    await expect(
      client.createTasks('web', [
        { id: '1', ...on('front') },
        { id: '2', ...on('gone') },
      ]),
    ).rejects.toMatchObject({ code: 'FailedPrecondition', blockers: ['network#gone'] });
    await expect(client.createTask('web', { id: '1', ...on('nowhere') })).rejects.toMatchObject({ code: 'NotFound' });
    expect((await client.listTasks('web')).items).toEqual([]);
    await client.createTask('web', { id: '1', ...on('front') });
    await expect(client.createTask('web', { id: '1', ...on('front') })).rejects.toMatchObject({
      code: 'AlreadyExists',
      message: expect.stringContaining('has task 1 already'),
    });
  });

  it('takes as many tasks together as their attachments leave room for, and says which were done', async () => {
    const { client, left } = told();
    const networks = Array.from({ length: 32 }, (_, n) => `n${n}`);
    for (const id of networks) await client.createNetwork({ id });
    await client.createService({ id: 'web' });
    const tasks = ['1', '2', '3', '4'].map((id) => ({ id, ...on(...networks) }));
    await client.createTasks('web', tasks);
    expect(await left()).toHaveLength(33 + 4 * 32);
    await client.removeNetwork('n31', { whenInUse: 'wait' });
    const [fit, unfit] = [on(...networks.slice(0, 31)), on(...networks)];
    const failed = await client
      .createTasks('web', [
        { id: '5', ...fit },
        { id: '6', ...fit },
        { id: '7', ...unfit },
      ])
      .catch((error: unknown) => error);
    expect(isDeallocatorError(failed, 'FailedPrecondition') && failed.done).toEqual(['5', '6']);
  });

  it.each([
    [{ id: '1', networks: 'front' as never }, 'networks of task 1 of service web must be a list'],
    [{ id: '1', networks: [{ target: 7 }] as never }, "a network's id is 7"],
    [{ id: '1', ...on(...Array.from({ length: 33 }, (_, n) => `n${n}`)) }, 'refers to 33 networks; at most 32'],
    [{ id: 'x'.repeat(1014), ...on('front') }, 'make a name of 1025 bytes'],
  ])('refuses what can’t be right: %j', async (task, message) => {
    const { client } = told();
    await expect(client.createTask('web', task)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(message),
    });
  });

  it('S2 tells a task from a service that has its name for an id', async () => {
    const { backend, client, left, atRest } = told();
    await client.createNetwork({ id: 'debug' });
    await client.createService({ id: 'task#3#web#1', spec: { task: on('debug') } });
    await client.createService({ id: 'web' });
    await client.createTask('web', { id: '1', ...on('debug') });
    await client.removeNetwork('debug', { whenInUse: 'wait' });
    await client.deleteTask('web', '1');
    await backend.deliver();
    await backend.sweep();
    expect(await left()).toEqual(['debug', 'service#task#3#web#1 → network#debug', 'task#3#web#1', 'web']);
    await client.removeService('task#3#web#1');
    await backend.deliver();
    expect(await left()).toEqual(['web']);
    await atRest();
  });
});
