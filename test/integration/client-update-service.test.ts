/** Services that the typed client updates: each condition is seen to hold and to fail, and what is refused changes nothing. */
import { createContext, runInContext } from 'node:vm';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ServiceSpec } from '../../lib/client/index.ts';
import { MARKED, service } from '../support/objects.ts';
import {
  attachments,
  caught,
  client,
  expectRefusal,
  hooks,
  ids,
  raw,
  sent,
  to,
  useClient,
} from './client-on-engine.ts';

useClient();

describe('updateService', () => {
  beforeEach(async () => {
    for (const id of ['a', 'b', 'c']) await client.createNetwork({ id });
    await client.createService({ id: 'web', spec: { task: { networks: to('a', 'b') }, replicas: 1 }, owner: 'me' });
    sent.length = 0;
  });
  const connectTo = (...targets: string[]) =>
    client.updateService('web', (spec) => ({ ...spec, task: { networks: to(...targets) } }));

  it('adds and removes attachments together with the spec', async () => {
    const updated = await connectTo('b', 'c');
    expect(await attachments()).toEqual(['b<web', 'c<web']);
    const expected = { id: 'web', owner: 'me', spec: { task: { networks: to('b', 'c') }, replicas: 1 } };
    expect(updated).toEqual(expected);
    expect(await raw.get('services', { id: 'web' })).toEqual(expected);
    expect(sent).toEqual(['GetItem', 'TransactWriteItems']);
  });

  it('keeps the attributes that it does not know, and gives the whole service to the change', async () => {
    await raw.put('services', {
      ...(await client.getService('web')),
      labels: { x: new Set(['y']) },
      blob: Buffer.from('z'),
    });
    const before = await client.getService('web');
    await client.updateService('web', (spec, item) => {
      expect(item).toEqual(before);
      return { ...spec, replicas: 2 };
    });
    expect(await client.getService('web')).toEqual({
      ...before,
      spec: { task: { networks: to('a', 'b') }, replicas: 2 },
    });
    expect(await attachments()).toEqual(['a<web', 'b<web']);
  });

  it('works on a copy: a change of the spec in place is as good as a new one', async () => {
    await client.updateService('web', (spec) => {
      (spec as { task: { networks: unknown[] } }).task.networks.pop();
      return spec;
    });
    expect(await attachments()).toEqual(['a<web']);
  });

  it('moves a service between the two styles', async () => {
    await client.updateService('web', () => ({ networks: to('b', 'c') }));
    expect(await attachments()).toEqual(['b<web', 'c<web']);
  });

  it('gives a service without a spec one, and takes it away again', async () => {
    await client.createService({ id: 'bare' });
    await client.updateService('bare', (spec) => {
      expect(spec).toEqual({});
      return { networks: to('c') };
    });
    expect(await attachments()).toEqual(['a<web', 'b<web', 'c<bare']);
    await client.updateService('bare', () => undefined as never);
    expect(await raw.get('services', { id: 'bare' })).toEqual({ id: 'bare' });
    expect(await attachments()).toEqual(['a<web', 'b<web']);
  });

  it('refuses a service that is not there', async () => {
    await expectRefusal(
      () => client.updateService('nobody', (spec) => spec),
      'NotFound',
      'service nobody is not there',
    );
  });

  it('refuses a service that is marked, before the change is asked', async () => {
    await client.removeService('web');
    const change = () => expect.fail('it was asked');
    await expectRefusal(
      () => client.updateService('web', change),
      'FailedPrecondition',
      'service web is marked',
      'undelete',
    );
    expect(await caught(client.updateService('web', change))).toMatchObject({ blockers: ['service#web'] });
  });

  it('S4 refuses a service that is marked while it is updated, and attaches nothing', async () => {
    hooks.before = async (request) => {
      if (request !== 'TransactWriteItems') return;
      hooks.before = () => {};
      await raw.put('services', { ...(await raw.get('services', { id: 'web' })), ...MARKED });
    };
    expect(await caught(connectTo('a', 'b', 'c'))).toMatchObject({ code: 'FailedPrecondition' });
    expect(await attachments()).toEqual(['a<web', 'b<web']);
  });

  it('refuses a service that goes while it is updated, and brings it not back', async () => {
    hooks.before = async (request) => {
      if (request === 'TransactWriteItems') await raw.delete('services', { id: 'web' });
    };
    expect(await caught(connectTo('c'))).toMatchObject({ code: 'NotFound' });
    expect(await raw.get('services', { id: 'web' })).toBeUndefined();
  });

  it('refuses an added network that is not there, by name', async () => {
    await expectRefusal(
      () => connectTo('a', 'c', 'nowhere'),
      'NotFound',
      'network nowhere is not there',
      'not updated',
    );
  });

  it('S2 refuses an added network that is marked, by name', async () => {
    await client.removeNetwork('c');
    await expectRefusal(
      () => connectTo('c'),
      'FailedPrecondition',
      'network c is marked',
      'service web was not updated',
    );
    expect(await caught(connectTo('c'))).toMatchObject({ blockers: ['network#c'] });
  });

  it('keeps a network that is marked meanwhile, and lets it go', async () => {
    await client.removeNetwork('a', { whenInUse: 'wait' });
    await connectTo('a', 'b', 'c');
    await connectTo('b');
    expect(await attachments()).toEqual(['b<web']);
  });

  it('takes a change of all 32 networks, and refuses 33 before the transaction', async () => {
    const first = ids(32, 'x');
    const second = ids(33, 'y');
    for (const id of [...first, ...second]) await raw.put('networks', { id });
    await connectTo(...first);
    await connectTo(...second.slice(0, 32));
    expect(await attachments()).toHaveLength(32);
    await expectRefusal(() => connectTo(...second), 'InvalidArgument', 'refers to 33 networks');
    expect(sent.at(-1)).toBe('GetItem');
  });

  it('refuses an update that fits no transaction: a raw writer named too many networks', async () => {
    const many = ids(100, 'x');
    await raw.put('services', service('web', many));
    await expectRefusal(() => connectTo(), 'InvalidArgument', 'takes 101 actions', 'change fewer networks at once');
    await connectTo('x000'); // 99 removals just fit
    expect((await client.getService('web')).spec).toMatchObject({ task: { networks: to('x000') } });
  });

  it('comes again on what it finds after somebody else was faster', async () => {
    const seen: unknown[] = [];
    let others = 3;
    hooks.before = async (request) => {
      if (request !== 'TransactWriteItems' || others === 0) return;
      others--;
      const item = await raw.get('services', { id: 'web' });
      const spec = item?.spec as { replicas: number };
      await raw.put('services', { ...item, spec: { ...spec, replicas: spec.replicas + 10 } });
    };
    await client.updateService('web', (spec) => {
      seen.push(spec.replicas);
      return { ...spec, replicas: (spec.replicas as number) + 1, task: { networks: to('c') } };
    });
    expect(seen).toEqual([1, 11, 21, 31]);
    expect((await client.getService('web')).spec?.replicas).toBe(32);
    expect(await attachments()).toEqual(['c<web']);
  });

  it('comes not again for a change of another attribute', async () => {
    hooks.before = async (request) => {
      if (request === 'TransactWriteItems')
        await raw.put('services', { ...(await raw.get('services', { id: 'web' })), owner: 'you' });
    };
    await connectTo('c');
    expect(await raw.get('services', { id: 'web' })).toMatchObject({
      owner: 'you',
      spec: { task: { networks: to('c') } },
    });
    expect(sent).toEqual(['GetItem', 'TransactWriteItems']);
  });

  it('gives up with Aborted after the fifth time', async () => {
    let changes = 0;
    let others = 0;
    hooks.before = async (request) => {
      if (request === 'TransactWriteItems') await raw.put('services', { id: 'web', spec: { others: ++others } });
    };
    const error = await caught(client.updateService('web', () => ({ changes: ++changes })));
    expect(error).toMatchObject({ code: 'Aborted' });
    expect(String(error)).toContain('each of the 5 times');
    expect([changes, others]).toEqual([5, 5]);
    expect(await raw.get('services', { id: 'web' })).toEqual({ id: 'web', spec: { others: 5 } });
  });

  it('throws what the change throws, and writes nothing', async () => {
    const error = new RangeError('mine');
    const thrown = await caught(
      client.updateService('web', () => {
        throw error;
      }),
    );
    expect(thrown).toBe(error);
    expect(sent).toEqual(['GetItem']);
  });

  it('refuses a change that returns a promise', async () => {
    const change = (async () => ({})) as unknown as () => ServiceSpec;
    await expectRefusal(() => client.updateService('web', change), 'InvalidArgument');
  });

  it('S2 keeps its attachments when the change returns a spec of another realm', async () => {
    const change = () => runInContext('({ task: { networks: [{ target: "a" }] } })', createContext()) as ServiceSpec;
    await client.updateService('web', change).catch(() => {});
    expect(await attachments()).toContain('a<web');
  });
});
