/** Services that the typed client creates: each condition is seen to hold and to fail, and what is refused changes nothing. */
import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { NewService, ServiceSpec } from '../../lib/client/index.ts';
import { MARKED, network, oldStyleService, service } from '../support/objects.ts';
import {
  attachments,
  caught,
  client,
  expectInvalid,
  expectRefusal,
  ids,
  loseAnswer,
  raw,
  sent,
  to,
  useClient,
} from './client-on-engine.ts';

useClient();

describe('createService', () => {
  it('puts the service as it is given, together with its attachments', async () => {
    for (const id of ['front', 'back', 'other']) await client.createNetwork({ id });
    const spec = {
      task: { networks: [{ target: 'front', aliases: ['w'] }, { target: 'back' }], image: 'x' },
      mode: { replicas: 2 },
    };
    await client.createService({ id: 'web', spec, owner: 'me' });
    expect(await raw.get('services', { id: 'web' })).toEqual({ id: 'web', spec, owner: 'me' });
    expect(await attachments()).toEqual(['back<web', 'front<web']);
    expect(sent.at(-1)).toBe('TransactWriteItems');
  });

  it('puts a service without a spec, or without networks', async () => {
    await client.createService({ id: 'bare' });
    await client.createService({ id: 'empty', spec: { networks: [], task: { networks: [] } } });
    expect(await client.getService('bare')).toEqual({ id: 'bare' });
    expect(await attachments()).toEqual([]);
  });

  it('counts a network that is named twice once', async () => {
    await client.createNetwork({ id: 'front' });
    await client.createService({ id: 'web', spec: { task: { networks: to('front', 'front') } } });
    expect(await attachments()).toEqual(['front<web']);
  });

  it('follows the old-style list only where the task names none', async () => {
    for (const id of ['old', 'new']) await client.createNetwork({ id });
    await client.createService({ id: 'a', spec: { networks: to('old', 'old') } });
    await client.createService({ id: 'b', spec: { task: { networks: [] }, networks: to('old') } });
    await client.createService({ id: 'c', spec: { task: { networks: to('new') }, networks: to('old') } });
    expect(await attachments()).toEqual(['new<c', 'old<a', 'old<b']);
  });

  it('refuses an id that is taken', async () => {
    await client.createService({ id: 'web', owner: 'first' });
    await expectRefusal(() => client.createService({ id: 'web' }), 'AlreadyExists', 'service web exists', 'not marked');
    await client.createNetwork({ id: 'web' });
  });

  it('refuses an id that is still being deleted, and says since when', async () => {
    await client.createService({ id: 'web' });
    const { markedAt } = await client.removeService('web');
    await expectRefusal(
      () => client.createService({ id: 'web' }),
      'AlreadyExists',
      `is being deleted (marked ${markedAt?.split('#')[0]})`,
      'undelete it',
    );
  });

  it('refuses a network that is not there, by name, and puts nothing', async () => {
    await client.createNetwork({ id: 'front' });
    await expectRefusal(
      () => client.createService({ id: 'web', spec: { task: { networks: to('front', 'nowhere') } } }),
      'NotFound',
      'network nowhere is not there',
      'service web was not created',
    );
    expect(await raw.get('services', { id: 'web' })).toBeUndefined();
  });

  it('S2 refuses a network that is marked, by name, and puts nothing', async () => {
    for (const id of ['front', 'back']) await client.createNetwork({ id });
    await client.removeNetwork('back');
    const attempt = () => client.createService({ id: 'web', spec: { task: { networks: to('front', 'back') } } });
    await expectRefusal(
      attempt,
      'FailedPrecondition',
      'network back is marked for deletion',
      'service web was not created',
    );
    expect(await caught(attempt())).toMatchObject({ blockers: ['network#back'] });
  });

  it('S2 refuses a network whose mark a raw writer left without a time', async () => {
    await raw.put('networks', network('front', MARKED));
    await expectRefusal(
      () => client.createService(service('web', ['front'])),
      'FailedPrecondition',
      'network front is marked for deletion (just now)',
    );
  });

  it.each([['true'], [1], [null], [false], [{ BOOL: true }]])(
    'takes pendingDelete %j of a network for no mark',
    async (pendingDelete) => {
      await raw.put('networks', network('front', { pendingDelete }));
      await client.createService(service('web', ['front']));
      expect(await attachments()).toEqual(['front<web']);
    },
  );

  it('takes 32 networks', async () => {
    const names = ids(32);
    for (const id of names) await raw.put('networks', { id });
    await client.createService({ id: 'web', spec: { task: { networks: to(...names, ...names) } } });
    expect(await attachments()).toHaveLength(32);
  });

  it('refuses 33 networks before anything is sent', async () => {
    await expectInvalid(() => client.createService(service('web', ids(33))), 'refers to 33 networks', 'at most 32');
    await expectInvalid(() => client.createService(oldStyleService('web', ids(33))), 'refers to 33 networks');
  });

  it('succeeds when the answer is lost after the commit', async () => {
    await client.createNetwork({ id: 'front' });
    loseAnswer('TransactWriteItems');
    await client.createService(service('web', ['front']));
    expect(sent.filter((request) => request === 'TransactWriteItems')).toHaveLength(3);
    expect(await attachments()).toEqual(['front<web']);
  });

  it('lets one of two through that come at the same time', async () => {
    const both = await Promise.allSettled([client.createService({ id: 'web' }), client.createService({ id: 'web' })]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it.each<[string, unknown]>([
    ['a mark', { id: 'web', pendingDelete: true }],
    ['a mark of no meaning', { id: 'web', pendingDelete: false }],
    ["a mark's time", { id: 'web', markedAt: '2026-01-01T00:00:00.000Z#1' }],
  ])('refuses a service with %s', async (_, item) => {
    await expectInvalid(
      () => client.createService(item as NewService),
      'service web carries pendingDelete or markedAt',
    );
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'web'],
    ['a list', ['web']],
    ['an object without an id', { spec: {} }],
  ])('refuses %s for a service', async (_, item) => {
    await expectInvalid(() => client.createService(item as NewService));
  });

  it.each<[string, unknown]>([
    ['a list that is a text', { networks: 'front' }],
    ['a list that is null', { task: { networks: null } }],
    ['a list that is a map', { networks: { target: 'front' } }],
    ['an entry that is a text', { networks: ['front'] }],
    ['an entry that is null', { networks: [null] }],
    ['an entry without a target', { task: { networks: [{ id: 'front' }] } }],
    ['a target that is a number', { networks: [{ target: 7 }] }],
    ['an empty target', { networks: [{ target: '' }] }],
    ['a target with half a character', { networks: [{ target: '\ud800' }] }],
    ['an unfit entry in the list that does not count', { task: { networks: [{ target: 'front' }] }, networks: [7] }],
  ])('refuses a spec with %s: the deallocator would pass over it', async (_, spec) => {
    await expectInvalid(() => client.createService({ id: 'web', spec: spec as ServiceSpec }));
  });

  describe('S2 lets no reference pass the fence, whatever kind of object holds it:', () => {
    const nullPrototype = (map: object) => Object.assign(Object.create(null), map);
    const otherRealm = (json: string) => runInContext(`(${json})`, createContext());
    it.each<[string, () => unknown]>([
      ['a spec without a prototype', () => nullPrototype({ networks: to('nowhere') })],
      ['a task without a prototype', () => ({ task: nullPrototype({ networks: to('nowhere') }) })],
      ['an entry without a prototype', () => ({ networks: [nullPrototype({ target: 'nowhere' })] })],
      ['a spec of another realm', () => otherRealm('{"networks":[{"target":"nowhere"}]}')],
      ['a spec that is a Map', () => new Map([['networks', to('nowhere')]])],
      ['an entry that is a Map', () => ({ networks: [new Map([['target', 'nowhere']])] })],
      ['a spec that inherits its networks', () => Object.create({ networks: to('nowhere') })],
    ])('%s', async (_, spec) => {
      const error = await client.createService({ id: 'web', spec: spec() as ServiceSpec }).catch((thrown) => thrown);
      expect(await raw.get('services', { id: 'web' })).toBeUndefined();
      expect(['NotFound', 'InvalidArgument']).toContain(error.code);
    });
  });
});
