/** Whatever a person types for an object, it is that object, or it is said which ones it could be. */
import { describe, expect, it } from 'vitest';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { kindOf, parseTypedName, typedName } from '../../lib/operate/names.ts';
import { isNear } from '../../lib/operate/nearness.ts';
import { listObjects } from '../../lib/operate/reports/listing.ts';
import { resolve } from '../../lib/operate/reports/resolve.ts';
import { memoryCluster } from '../support/memory-cluster.ts';

const MADE = 'tb82c7xmtuk3klo61sb4xsz8c';
const service = (id: string): ItemKey => ({ kind: 'service', id });
const named = (name: string) => ({ annotations: { name } });

async function swarm() {
  const world = memoryCluster();
  const { client } = world;
  await client.createService({ id: MADE, spec: named('shop_web') });
  await client.createService({ id: 'tb9999999999999999999999z', spec: named('twice') });
  await client.createService({ id: 'other', spec: { name: 'twice' } });
  await client.createService({ id: 'exact', spec: named('other') });
  await client.createService({ id: 'web-2' });
  await client.createNetwork({ id: 'net1', spec: named('shop_web') });
  return world;
}

describe('an object is meant', () => {
  it.each([
    [MADE, MADE, 'id'],
    ['shop_web', MADE, 'name'],
    ['tb82', MADE, 'beginning'],
    // An id wins over a name.
    ['other', 'other', 'id'],
    // What people chose is not shortened where nobody reads what was found.
    ['web', 'web', 'nothing'],
    ['shop_w', 'shop_w', 'nothing'],
  ])('by %s: %s, by its %s', async (typed, id, by) => {
    const { cluster } = await swarm();
    expect(await resolve(cluster, [service(typed)])).toMatchObject([{ asked: service(typed), key: service(id), by }]);
  });

  it('by the beginning of any id or name where that is read before it counts', async () => {
    const { cluster } = await swarm();
    const found = await resolve(cluster, [service('web'), service('shop_w')], { beginnings: 'any' });
    expect(found.map(({ key, by }) => [key.id, by])).toEqual([
      ['web-2', 'beginning'],
      [MADE, 'beginning'],
    ]);
  });

  it('by a name that nobody else of its kind has, and by no other kind’s', async () => {
    const { cluster } = await swarm();
    const [found] = await resolve(cluster, [{ kind: 'network', id: 'shop_web' }]);
    expect(found).toMatchObject({ key: { kind: 'network', id: 'net1' }, by: 'name' });
    await expect(resolve(cluster, [service('twice')])).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message:
        '"twice" is the name of 2 services: service/other (twice), service/tb9999999999999999999999z (twice); give the id of one of them',
      blockers: ['service#other', 'service#tb9999999999999999999999z'],
    });
    await expect(resolve(cluster, [service('tb')])).rejects.toThrow(/"tb" is the beginning of 2 services/);
  });

  it('or it is told what nearly is called so', async () => {
    const { cluster } = await swarm();
    const [found] = await resolve(cluster, [service('shop_wbe')]);
    expect(found).toMatchObject({ by: 'nothing', near: [{ key: service(MADE), name: 'shop_web' }], isWhole: true });
  });
});

const SWARM = memoryCluster().cluster.plan;

describe('a kind and an id', () => {
  it.each([
    ['service/web', 'service', 'web'],
    ['service#web', 'service', 'web'],
    ['SVC/web', 'service', 'web'],
    ['services/a/b#c=d:e f', 'service', 'a/b#c=d:e f'],
    ['net/#', 'network', '#'],
    ['networks#service/web', 'network', 'service/web'],
  ])('are in %s', (text, kind, id) => {
    expect(parseTypedName(SWARM, text)).toEqual({ kind, id });
    expect(parseTypedName(SWARM, typedName(SWARM, { kind: kind as ItemKey['kind'], id }))).toEqual({ kind, id });
  });

  it.each([['web'], ['/web'], ['service/'], ['task/1'], ['constructor/x'], ['']])('are not in "%s"', (text) => {
    expect(parseTypedName(SWARM, text)).toBeUndefined();
  });

  it.each(['service', 'services', 'svc', 'Service'])('may be called %s', (word) => {
    expect(kindOf(SWARM, word)).toBe('service');
  });
});

it.each([
  ['shop_wbe', 'shop_web', true],
  ['wbe', 'web', true],
  ['ab', 'ac', false],
  ['service', 'network', false],
  ['protect', 'unprotect', true],
])('%s and %s are near: %s', (typed, meant, near) => expect(isNear(typed, meant)).toBe(near));

describe('a listing', () => {
  async function labelled() {
    const world = memoryCluster();
    const { client } = world;
    const labels = { 'com.docker.stack.namespace': 'shop', env: 'test', empty: '' };
    await client.createService({ id: 'docker', spec: { annotations: { name: 'web', labels } } });
    await client.createService({ id: 'ours', spec: { labels } });
    await client.createService({ id: 'none', spec: { labels: { env: 'prod' } } });
    await client.createNetwork({ id: 'n', spec: { labels: { ...labels, n: 1 } } });
    return world;
  }
  const idsOf = async (request: Parameters<typeof listObjects>[1]) => {
    const { cluster } = await labelled();
    const { objects, isWhole } = await listObjects(cluster, request);
    return [...objects.map(({ object }) => object), ...(isWhole ? [] : ['…'])];
  };

  it.each([
    [{}, ['service#docker', 'service#none', 'service#ours', 'network#n']],
    [{ stack: 'shop' }, ['service#docker', 'service#ours', 'network#n']],
    [{ stack: 'shop', kind: 'network' as const }, ['network#n']],
    [{ labels: [{ name: 'env' }], kind: 'service' as const }, ['service#docker', 'service#none', 'service#ours']],
    [{ labels: [{ name: 'env', value: 'prod' }] }, ['service#none']],
    [
      { labels: [{ name: 'empty', value: '' }, { name: 'env' }], stack: 'shop' },
      ['service#docker', 'service#ours', 'network#n'],
    ],
    [{ labels: [{ name: 'n' }] }, ['network#n']],
    [{ stack: 'none' }, []],
    [{ limit: 4 }, ['service#docker', 'service#none', 'service#ours', 'network#n']],
  ])('of %j', async (request, objects) => expect(await idsOf(request)).toEqual(objects));

  it('says that there is more than it shows', async () => {
    const found = await idsOf({ limit: 2 });
    expect(found).toHaveLength(3);
    expect(found.at(-1)).toBe('…');
  });

  it('tells names, labels, marks and protection', async () => {
    const { cluster, client } = await labelled();
    await client.removeService('docker', { by: 'ann' });
    await client.protectService('ours');
    const { objects } = await listObjects(cluster, { kind: 'service', stack: 'shop' });
    expect(objects).toMatchObject([
      { id: 'docker', name: 'web', stack: 'shop', labels: { env: 'test' }, state: 'ready', mark: { by: 'ann' } },
      { id: 'ours', state: 'not marked', isProtected: true },
    ]);
    const marked = await listObjects(cluster, { marked: true });
    expect(marked.objects.map(({ id }) => id)).toEqual(['docker']);
  });
});
