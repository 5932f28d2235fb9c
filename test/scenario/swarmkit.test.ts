/** The six tests of SwarmKit's own deallocator, by name, on the memory store and on the local cloud. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkRest } from '../../lib/protocol/invariants.ts';
import type { Backend } from '../support/backend.ts';
import { localBackend } from '../support/local-backend.ts';
import { memoryBackend } from '../support/memory-backend.ts';
import { MARKED, network, oldStyleService, service, task } from '../support/objects.ts';

describe.each<[string, () => Promise<Backend>]>([
  ['memory store', async () => memoryBackend()],
  ['local cloud', localBackend],
])('the deallocator on the %s', (_, create) => {
  let backend: Backend;
  beforeEach(async () => {
    backend = await create();
  });
  afterEach(async () => {
    expect(checkRest(await backend.world())).toEqual([]);
    await backend.close();
  });

  const isThere = async (kind: 'services' | 'networks', id: string) => (await backend.get(kind, { id })) !== undefined;
  const attach = async (serviceId: string, networks: string[]) => {
    for (const id of networks)
      await backend.put('attachments', { held: `network#${id}`, holder: `service#${serviceId}` });
  };
  const deletions = () => backend.log.filter(({ decision }) => decision === 'deleted').length;

  it('init', async () => {
    // In SwarmKit's test all is there before the deallocator starts; here the attachments are, and so keep the networks.
    await attach('service1', ['network1', 'network2']);
    await attach('service2', ['network3']);
    await backend.put('networks', network('network1', MARKED));
    await backend.put('networks', network('network2'));
    await backend.put('networks', network('network3', MARKED));
    await backend.put('networks', network('network4', MARKED));
    await backend.put('networks', network('network5'));
    await backend.put('tasks', task('service2', 'task1'));
    await backend.put('services', service('service1', ['network1', 'network2'], MARKED));
    await backend.put('services', service('service2', ['network3'], MARKED));
    await backend.deliver();

    expect(await isThere('services', 'service1')).toBe(false);
    expect(await isThere('networks', 'network1')).toBe(false);
    expect(await isThere('networks', 'network2')).toBe(true);
    expect(await isThere('services', 'service2')).toBe(true);
    expect(await isThere('networks', 'network4')).toBe(false);
    expect(await isThere('networks', 'network5')).toBe(true);
  });

  it.each([1, 2, 5, 10])('service delete with %i tasks', async (taskCount) => {
    const ids = Array.from({ length: taskCount }, (_, n) => `task${n + 1}`);
    await backend.put('services', service('service'));
    for (const id of ids) await backend.put('tasks', task('service', id));
    await backend.deliver();
    await backend.put('services', service('service', [], MARKED));
    await backend.deliver();

    for (const id of ids) {
      expect(await isThere('services', 'service')).toBe(true);
      await backend.delete('tasks', { serviceId: 'service', id });
      await backend.deliver();
    }
    expect(await isThere('services', 'service')).toBe(false);
    expect(deletions()).toBe(1);
  });

  it('service and network delete', async () => {
    await backend.put('networks', network('network1'));
    await backend.put('networks', network('network2'));
    await backend.put('services', service('service', ['network1', 'network2']));
    for (const id of ['task1', 'task2']) await backend.put('tasks', task('service', id));
    await backend.deliver();

    await backend.put('services', service('service', ['network1', 'network2'], MARKED));
    await backend.deliver();
    await backend.put('networks', network('network2', MARKED));
    await backend.deliver();
    await backend.delete('tasks', { serviceId: 'service', id: 'task2' });
    await backend.deliver();
    expect(await isThere('services', 'service')).toBe(true);
    expect(await isThere('networks', 'network2')).toBe(true);

    await backend.delete('tasks', { serviceId: 'service', id: 'task1' });
    await backend.deliver();
    expect(await isThere('services', 'service')).toBe(false);
    expect(await isThere('networks', 'network2')).toBe(false);
    expect(await isThere('networks', 'network1')).toBe(true);
    expect(deletions()).toBe(1);
  });

  it('service not marked', async () => {
    await backend.put('services', service('service'));
    await backend.deliver();
    await backend.put('services', service('service', [], { meta: { version: { index: 12 } } }));
    await backend.deliver();
    expect(await isThere('services', 'service')).toBe(true);
    expect(backend.log).toEqual([]);
  });

  it('network not marked', async () => {
    await backend.put('networks', network('network'));
    await backend.put('services', service('service', ['network']));
    await backend.deliver();
    const before = await backend.world();
    const lines = backend.log.length;
    await backend.put('networks', network('network', { ipam: { driver: { name: 'test_driver' } } }));
    await backend.deliver();
    expect(await isThere('networks', 'network')).toBe(true);
    expect({ ...(await backend.world()), networks: [] }).toEqual({ ...before, networks: [] });
    expect(backend.log).toHaveLength(lines);
  });

  it('old-style networks', async () => {
    await attach('service', ['network1', 'network2']);
    await backend.put('networks', network('network1', MARKED));
    await backend.put('networks', network('network2'));
    await backend.put('tasks', task('service', 'task'));
    await backend.put('services', oldStyleService('service', ['network1', 'network2'], MARKED));
    await backend.deliver();
    expect(await isThere('services', 'service')).toBe(true);
    expect(await isThere('networks', 'network1')).toBe(true);

    await backend.delete('tasks', { serviceId: 'service', id: 'task' });
    await backend.deliver();
    expect(await isThere('services', 'service')).toBe(false);
    expect(await isThere('networks', 'network1')).toBe(false);
    expect(await isThere('networks', 'network2')).toBe(true);
  });
});
