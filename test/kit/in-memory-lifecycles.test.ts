/** The kit in memory for kinds of one's own: client, functions, faults and checks follow the lifecycle. */
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { planOf, SWARMKIT_ALL } from '../../lib/client/index.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { idOf } from '../../lib/lifecycle/ids.ts';
import { itemName } from '../../lib/lifecycle/keys.ts';
import type { Plan } from '../../lib/lifecycle/plan.ts';
import { castOf } from '../../lib/operate/selftest/cast.ts';
import { type InMemoryDeallocator, inMemory } from '../../lib/testing/index.ts';

const LEASE = { user: 'ann@example.org', lease: 'l1' } as const;

const sandbox = async () => {
  const deallocator = await inMemory({ lifecycle: SANDBOX });
  const { client } = deallocator;
  await client.create('blueprint', 'b1', { name: 'small' });
  await client.create('leaseTemplate', { uuid: 't1', blueprintId: 'b1' });
  await client.create('lease', {
    userEmail: LEASE.user,
    uuid: LEASE.lease,
    originalLeaseTemplateUuid: 't1',
    status: 'Active',
  });
  return deallocator;
};

describe('a deallocator in memory of a lifecycle of one’s own', () => {
  it('keeps what is marked while something needs it, and then lets it go from below', async () => {
    const deallocator = await sandbox();
    const { client, has, drain } = deallocator;
    await expect(client.remove('leaseTemplate', 't1')).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await client.remove('leaseTemplate', 't1', { whenInUse: 'wait' });
    await client.remove('blueprint', 'b1', { whenInUse: 'wait' });
    expect((await drain()).deleted).toEqual([]);
    expect([has('blueprint', 'b1'), has('leaseTemplate', 't1'), has('lease', LEASE)]).toEqual([true, true, true]);
    await client.delete('lease', [LEASE]);
    const { deleted, waiting } = await drain();
    expect([...deleted].sort()).toEqual(['blueprint/b1', 'leaseTemplate/t1']);
    expect(waiting).toEqual([]);
    expect([has('blueprint', 'b1'), has('lease', LEASE)]).toEqual([false, false]);
    expect(deallocator.check()).toEqual([]);
    expect(deallocator.items('receipts')).toHaveLength(1);
  });

  it('takes what has ended for gone', async () => {
    const { client, drain, has } = await sandbox();
    await client.update('lease', LEASE, (lease) => ({ ...lease, status: 'Expired' }));
    await client.remove('leaseTemplate', 't1');
    await drain();
    expect([has('leaseTemplate', 't1'), has('lease', LEASE)]).toEqual([false, true]);
  });

  it('names the promise that a raw write breaks', async () => {
    const { documentClient, tables, check } = await sandbox();
    const Key = { uuid: 't1' };
    await documentClient.send(new DeleteCommand({ TableName: tables.leaseTemplates, Key }));
    expect(check().map(({ promise, subject }) => `${promise} ${subject}`)).toEqual(
      expect.arrayContaining(['S3 leaseTemplate#t1', 'S2 leaseTemplate#t1']),
    );
  });

  it('heals a raw write, and sweeps what lost records have left', async () => {
    const { client, documentClient, tables, faults, drain, sweep, has, items } = await sandbox();
    const Item = { userEmail: LEASE.user, uuid: 'raw', originalLeaseTemplateUuid: 't1', status: 'Active' };
    await documentClient.send(new PutCommand({ TableName: tables.leases, Item }));
    await drain();
    expect(items('attachments').map(({ holder }) => holder)).toContain(`lease#${LEASE.user.length}#${LEASE.user}#raw`);
    await client.remove('leaseTemplate', 't1', { whenInUse: 'wait' });
    await drain();
    await client.delete('lease', [LEASE, { ...LEASE, lease: 'raw' }]);
    faults.loseRecords();
    await drain();
    expect(has('leaseTemplate', 't1')).toBe(true);
    await sweep();
    await drain();
    expect(has('leaseTemplate', 't1')).toBe(false);
  });

  it('says which kinds there are', async () => {
    const deallocator = (await sandbox()) as InMemoryDeallocator<Lifecycle>;
    expect(() => deallocator.has('folder', 'x')).toThrow(
      'the kind is "folder"; allowed: blueprint, leaseTemplate, lease',
    );
  });
});

describe.each(Object.entries({ SANDBOX, IDEAS, SWARMKIT_ALL }))(
  'each guarded kind of %s',
  (_, lifecycle: Lifecycle) => {
    const plan: Plan = planOf(lifecycle);

    it.each([...plan.sweep])('%s stays while something needs it, and goes with the last', async (kind) => {
      const { client, has, drain, check } = (await inMemory({ lifecycle })) as InMemoryDeallocator<Lifecycle>;
      const { subject, ground, dependents } = castOf(plan, kind, 'run');
      for (const { key, item } of [...ground, subject, ...dependents]) await client.create(key.kind, item as never);
      const isThere = () => has(kind, idOf(plan, subject.key) as never);
      await client.remove(kind, idOf(plan, subject.key) as never, { whenInUse: 'wait' });
      for (const { key } of dependents) {
        await drain();
        expect(isThere(), itemName(key)).toBe(true);
        const id = idOf(plan, key) as never;
        if (plan.kinds[key.kind]?.isGuarded) await client.remove(key.kind, id, { whenInUse: 'wait' });
        else await client.delete(key.kind, [id]);
      }
      await drain();
      expect(isThere()).toBe(false);
      expect(check()).toEqual([]);
    });
  },
);
