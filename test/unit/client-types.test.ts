/** What the compiler knows of a client: `tsc` is the test, and the run only shows that the wrong call is refused in JavaScript, too. */
import { describe, expect, it } from 'vitest';
import type { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import {
  DeallocatorClient,
  type DeallocatorMethods,
  type GuardedKindOf,
  type IdOf,
  type ItemOf,
  type LeafKindOf,
  type Lifecycle,
  SWARMKIT,
  SWARMKIT_ALL,
  swarmkit,
  type TransactionPart,
} from '../../lib/client/index.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(isSo: T) => expect(isSo).toBe(true);
type Sandbox = typeof SANDBOX;

const namesOf = (lifecycle: Parameters<typeof planOf>[0]) =>
  Object.fromEntries(Object.keys(planOf(lifecycle).tables).map((name) => [name, name]));
const connection = { region: 'nowhere' };
const sandbox = new DeallocatorClient({ lifecycle: SANDBOX, tables: namesOf(SANDBOX), connection });
const swarm = new DeallocatorClient({ tables: namesOf(SWARMKIT), connection });
const invalid = { code: 'InvalidArgument' };
/** Type-checked, and never called. */
const compiles = (_: () => unknown) => {};

describe('a client of kinds of one’s own', () => {
  it('knows which of them are marked, and which are deleted plainly', async () => {
    holds<Equal<GuardedKindOf<Sandbox>, 'blueprint' | 'leaseTemplate'>>(true);
    holds<Equal<LeafKindOf<Sandbox>, 'lease'>>(true);
    holds<Equal<LeafKindOf<typeof IDEAS>, 'comment'>>(true);
    // @ts-expect-error a leaf is not marked
    await expect(sandbox.remove('lease', { user: 'a', lease: '1' })).rejects.toMatchObject(invalid);
    // @ts-expect-error what others depend on is not deleted plainly
    await expect(sandbox.delete('blueprint', ['b1'])).rejects.toMatchObject(invalid);
    // @ts-expect-error nothing is fenced by a leaf
    expect(() => sandbox.fence('lease', { user: 'a', lease: '1' })).toThrow('not removed by a mark');
    // @ts-expect-error a leaf has no mark that could be listed
    await expect(sandbox.listMarked('lease')).rejects.toMatchObject(invalid);
  });

  it('knows the kinds and their ids', async () => {
    holds<Equal<IdOf<Sandbox, 'lease'>, Readonly<Record<'user' | 'lease', string>>>>(true);
    // @ts-expect-error no such kind
    await expect(sandbox.get('volume', 'v1')).rejects.toMatchObject(invalid);
    // @ts-expect-error a lease has two parts
    await expect(sandbox.get('lease', '1')).rejects.toMatchObject(invalid);
    // @ts-expect-error one of them is called user
    await expect(sandbox.get('lease', { owner: 'a', lease: '1' })).rejects.toMatchObject(invalid);
    // @ts-expect-error a blueprint has one
    await expect(sandbox.remove('blueprint', { blueprint: 'b1' })).rejects.toMatchObject(invalid);
    // @ts-expect-error its key attribute is uuid
    await expect(sandbox.create('leaseTemplate', { id: 't1' })).rejects.toMatchObject(invalid);
    // @ts-expect-error an id needs the item's other attributes, if only an empty object
    await expect(sandbox.create('blueprint', 'b1')).rejects.toMatchObject(invalid);
    // @ts-expect-error no such table
    compiles(() => sandbox.createTogether({ volumes: [] }));
  });

  it('gives items with their keys, and ids as they were given', () => {
    holds<Equal<ItemOf<Sandbox, 'lease'>['userEmail'], string>>(true);
    compiles(async () => {
      const lease = await sandbox.get('lease', { user: 'a', lease: '1' });
      holds<Equal<(typeof lease)['uuid'], string>>(true);
      holds<Equal<(typeof lease)['other'], unknown>>(true);
      const { id } = await sandbox.remove('leaseTemplate', 't1', { by: 'me', whenInUse: 'wait' });
      holds<Equal<typeof id, string>>(true);
    });
  });

  it('takes an interface of the caller’s for an item', () => {
    interface Template {
      uuid: string;
      blueprintId?: string;
    }
    const template: Template = { uuid: 't1', blueprintId: 'b1' };
    compiles(() => sandbox.create('leaseTemplate', template));
    compiles(() => sandbox.createTogether({ leaseTemplates: [template, { uuid: 't2', more: 1 }] }));
    const parts = sandbox.hold('leaseTemplate', template);
    holds<Equal<typeof parts, TransactionPart[]>>(true);
    const plain = sandbox.hold('leaseTemplate', template, { form: 'plain' });
    holds<Equal<typeof plain, TransactionPart<'plain'>[]>>(true);
    expect([parts.length, plain.length]).toEqual([2, 2]);
    // @ts-expect-error another form
    expect(() => sandbox.hold('leaseTemplate', template, { form: 'json' })).toThrow('form is "json"');
  });

  it('takes kinds that the compiler does not know, such as a file’s', () => {
    const read: Lifecycle = SANDBOX;
    const client = new DeallocatorClient({ lifecycle: read, tables: namesOf(SANDBOX), connection });
    compiles(() => client.create('lease', { userEmail: 'a', uuid: '1', number: 7 }));
    compiles(() => [client.get('lease', { user: 'a', lease: '1' }), client.remove('blueprint', 'b1')]);
    compiles(() => client.delete('lease', [{ user: 'a', lease: '1' }]));
    expect(client.fence('blueprint', 'b1')).toHaveLength(1);
  });

  it('has none of SwarmKit’s methods', () => {
    // @ts-expect-error no services there
    compiles(() => sandbox.createService({ id: 'web' }));
  });
});

describe('a client of SwarmKit’s kinds', () => {
  it('has both: methods of their names, and those by kind', () => {
    compiles(() => [swarm.removeService('web'), swarm.remove('service', 'web'), swarm.taskNetworks]);
    const chosen = new DeallocatorClient({ lifecycle: swarmkit({ taskNetworks: true }), tables: namesOf(SWARMKIT) });
    expect([swarm.taskNetworks, chosen.taskNetworks]).toEqual([false, true]);
    const methods: DeallocatorMethods = chosen;
    expect(methods.taskNetworks).toBe(true);
    // @ts-expect-error a task is deleted plainly
    compiles(() => swarm.remove('task', { service: 'web', task: '1' }));
  });

  it('has them with volumes, secrets and configs, too', () => {
    const all = new DeallocatorClient({ lifecycle: SWARMKIT_ALL, tables: namesOf(SWARMKIT_ALL), connection });
    compiles(() => [all.createService({ id: 'web' }), all.remove('secret', 's'), all.create('volume', { id: 'v' })]);
    // @ts-expect-error no such kind
    compiles(() => all.remove('disk', 's'));
  });
});
