/** `checkWriters` for kinds of one's own: a writer that looks before it writes orphans an item; behind the fence it breaks nothing. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { expect, it } from 'vitest';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { BrokenPromiseError, checkWriters, type Writer } from '../../lib/testing/index.ts';

type SandboxWriter = Writer<typeof SANDBOX>;

const LEASE = { user: 'ann', lease: 'l1' } as const;
const item = { userEmail: 'ann', uuid: 'l1', originalLeaseTemplateUuid: 't1', status: 'Active' };
const begin: SandboxWriter = async ({ client }) => {
  await client.create('blueprint', 'b1', {});
  await client.create('leaseTemplate', { uuid: 't1', blueprintId: 'b1' });
};
const others: Record<string, SandboxWriter> = {
  'ends the lease': ({ client }) => client.delete('lease', [LEASE]),
  'removes the template': ({ client }) => client.remove('leaseTemplate', 't1', { whenInUse: 'wait' }),
  'removes the blueprint': ({ client }) => client.remove('blueprint', 'b1', { whenInUse: 'wait' }),
  'makes the template': ({ client }) => client.create('leaseTemplate', { uuid: 't1', blueprintId: 'b1' }),
  'makes the blueprint': ({ client }) => client.create('blueprint', 'b1', {}),
};

it('behind the fence every promise is kept', async () => {
  const leases: SandboxWriter = ({ client }) => client.create('lease', item);
  const { deletions, outcomes } = await checkWriters({
    lifecycle: SANDBOX,
    begin,
    writers: { ...others, leases },
    schedules: 100,
  });
  expect(deletions).toBeGreaterThan(20);
  expect(outcomes.leases).toMatchObject({ done: expect.any(Number), FailedPrecondition: expect.any(Number) });
});

it('a writer that looks, and then writes, is told with the shortest story', async () => {
  const looks: SandboxWriter = async ({ documentClient, tables }) => {
    const Key = { uuid: 't1' };
    const TableName = tables.leaseTemplates;
    const { Item } = await documentClient.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
    if (Item === undefined || Item.pendingDelete === true) return;
    await documentClient.send(new PutCommand({ TableName: tables.leases, Item: item }));
  };
  const told = await checkWriters({
    lifecycle: SANDBOX,
    begin,
    writers: { ...others, 'looks, then leases': looks },
  }).catch((error: unknown) => error);
  expect(told).toBeInstanceOf(BrokenPromiseError);
  const { violations, story } = told as BrokenPromiseError;
  expect(violations[0]?.promise).toBe('S2');
  expect(story.length).toBeLessThan(25);
});
