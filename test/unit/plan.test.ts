/** What a removal will do is told before it is done, and done as it was told. */
import { describe, expect, it } from 'vitest';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { STACK_LABEL } from '../../lib/operate/names.ts';
import { applyRemoval, applyUndelete } from '../../lib/operate/reports/apply.ts';
import { planRemoval, planUndelete } from '../../lib/operate/reports/plan.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { memoryCluster } from '../support/memory-cluster.ts';

const service = (id: string): ItemKey => ({ kind: 'service', id });
const network = (id: string): ItemKey => ({ kind: 'network', id });
const annotations = { labels: { [STACK_LABEL]: 'shop' } };

/** Stack `shop`: web (front, shared) and job; api of nobody's stack uses shared too. */
async function shop(rules = DEFAULT_RULES) {
  const world = memoryCluster(rules);
  const { client } = world;
  await client.createNetwork({ id: 'front', spec: { annotations } });
  await client.createNetwork({ id: 'shared', spec: { annotations } });
  await client.createService({
    id: 'web',
    spec: { annotations, networks: [{ target: 'front' }, { target: 'shared' }] },
  });
  await client.createService({ id: 'job', spec: { annotations } });
  await client.createService({ id: 'api', spec: { networks: [{ target: 'shared' }] } });
  await client.createTasks('web', [{ id: '1' }]);
  await world.backend.deliver();
  return world;
}

describe('a plan for a removal', () => {
  it('of a stack marks its services and networks, refuses what others use, and forecasts the rest', async () => {
    const { cluster, tables } = await shop();
    const before = tables.world();
    const plan = await planRemoval(cluster, { stack: 'shop' });
    expect(tables.world()).toEqual(before);
    expect(plan.marks).toEqual([
      { object: 'service#job', waitsFor: [] },
      { object: 'service#web', waitsFor: [] },
      { object: 'network#front', waitsFor: [] },
    ]);
    expect(plan.refused).toMatchObject([{ object: 'network#shared', because: 'in use', blockers: ['service#api'] }]);
    expect(plan.forecast.steps).toEqual([
      { deletions: [{ deleted: ['service#job'], letsGoOf: [] }] },
      {
        after: { assume: 'children gone', of: 'service#web' },
        deletions: [{ deleted: ['service#web', 'network#front'], letsGoOf: ['network#shared'] }],
      },
    ]);
    const reasons = [{ because: 'not marked' }, { because: 'used', by: ['service#api'] }];
    expect(plan.forecast.stays).toEqual([{ object: 'network#shared', reasons }]);
  });

  it('lets a network wait if it is told to, and is carried out as it says', async () => {
    const { backend, client, cluster } = await shop();
    const plan = await planRemoval(cluster, { stack: 'shop', whenInUse: 'wait' });
    expect(plan.marks.at(-1)).toEqual({ object: 'network#shared', waitsFor: ['service#api'] });
    expect(plan.refused).toEqual([]);
    const applied = await applyRemoval(client, plan, { by: 'ann', reason: 'old' });
    expect(applied.map(({ object, outcome }) => [object, outcome])).toEqual([
      ['service#job', 'marked'],
      ['service#web', 'marked'],
      ['network#front', 'marked'],
      ['network#shared', 'marked'],
    ]);
    await backend.deliver();
    await client.deleteTask('web', '1');
    await backend.deliver();
    const { services, networks } = await backend.world();
    expect(services.map(({ id }) => id)).toEqual(['api']);
    expect(networks).toMatchObject([{ id: 'shared', pendingDelete: true, markedBy: 'ann', markedReason: 'old' }]);
  });

  it('names what is marked already, protected, or not there', async () => {
    const { client, cluster } = await shop();
    await client.removeService('web', { by: 'bob' });
    await client.protectService('job');
    const objects = [service('web'), service('job'), service('nobody'), network('front'), service('web')];
    const plan = await planRemoval(cluster, { objects });
    expect(plan.alreadyMarked).toMatchObject([{ object: 'service#web', mark: { by: 'bob' } }]);
    expect(plan.refused.map(({ object, because }) => [object, because])).toEqual([
      ['service#job', 'protected'],
      ['service#nobody', 'not found'],
    ]);
    expect(plan.marks).toEqual([{ object: 'network#front', waitsFor: [] }]);
  });

  it('takes a network of a service that it refuses for one in use', async () => {
    const { client, cluster } = await shop();
    await client.protectService('web');
    const plan = await planRemoval(cluster, { objects: [service('web'), network('front')] });
    expect(plan.refused.map(({ because }) => because)).toEqual(['protected', 'in use']);
    expect(plan.forecast).toEqual({ steps: [], stays: [], isWhole: true });
  });

  it('knows of the grace period that its marks will have', async () => {
    const { cluster } = await shop({ ...DEFAULT_RULES, gracePeriodMillis: 60_000 });
    const { forecast } = await planRemoval(cluster, { objects: [service('job')] });
    expect(forecast.steps.map(({ after }) => after)).toEqual([
      { assume: 'sweep', notBefore: '2026-01-01T00:01:00.000Z' },
    ]);
  });

  it('finds a stack and a label at both places', async () => {
    const { client, cluster } = await shop();
    await client.createService({ id: 'ours', spec: { labels: { [STACK_LABEL]: 'shop', env: 'test' } } });
    const marks = async (selection: Parameters<typeof planRemoval>[1]) =>
      (await planRemoval(cluster, selection)).marks.map(({ object }) => object);
    expect(await marks({ stack: 'shop' })).toContain('service#ours');
    expect(await marks({ labels: [{ name: 'env' }] })).toEqual(['service#ours']);
    await expect(planRemoval(cluster, { labels: [{ name: 'env', value: 'x' }] })).rejects.toThrow(
      /label env=x was not found: .* at spec\.annotations\.labels or at spec\.labels/,
    );
  });

  it('tells what goes at once, and names', async () => {
    const { client, cluster } = await shop();
    await client.createService({ id: 'x1', spec: { annotations: { name: 'shop_x' } } });
    const plan = await planRemoval(cluster, { objects: [service('x1'), service('web'), network('front')] });
    expect(plan.goesAtOnce).toEqual(['service#x1']);
    expect(plan.names).toEqual({ 'service#x1': 'shop_x' });
  });

  it('of very many objects is made, carried out with its progress, and goes on where it was stopped', async () => {
    const { tables, client, cluster } = memoryCluster();
    const keys = Array.from({ length: 1100 }, (_, n) => service(`s${n}`));
    for (const { id } of keys) tables.put('services', { id });
    for (const { id } of keys.slice(0, 20)) tables.put('tasks', { serviceId: id, id: '1' });
    const plan = await planRemoval(cluster, { objects: keys });
    expect([plan.marks.length, plan.refused.length, plan.goesAtOnce.length]).toEqual([1100, 0, 1080]);
    expect(plan.forecast).toMatchObject({ stays: [], isWhole: false });
    const interruption = new AbortController();
    const stopped = applyRemoval(
      client,
      plan,
      {},
      {
        signal: interruption.signal,
        onProgress: ({ done, total }) => {
          expect(total).toBe(1100);
          if (done === 100) interruption.abort();
        },
      },
    );
    await expect(stopped).rejects.toThrow(/abort/);
    const again = await planRemoval(cluster, { objects: keys });
    expect(again.alreadyMarked.length).toBeGreaterThanOrEqual(100);
    expect(again.alreadyMarked.length + again.marks.length).toBe(1100);
    const applied = await applyRemoval(client, again);
    expect(applied.every(({ outcome }) => outcome === 'marked')).toBe(true);
    expect(applied).toHaveLength(again.marks.length);
  }, 60_000);

  it('of a stack that nobody carries the label of is not found', async () => {
    const { cluster } = await shop();
    await expect(planRemoval(cluster, { stack: 'none' })).rejects.toMatchObject({ code: 'NotFound' });
  });
});

describe('what others do between a plan and its marks', () => {
  it('is respected, object by object', async () => {
    const { client, cluster } = await shop();
    const plan = await planRemoval(cluster, { objects: [service('web'), service('job'), network('front')] });
    await client.protectService('web');
    const applied = await applyRemoval(client, plan);
    expect(applied.map(({ object, outcome, error }) => [object, outcome, error?.code])).toEqual([
      ['service#job', 'marked', undefined],
      ['service#web', 'failed', 'FailedPrecondition'],
      ['network#front', 'failed', 'FailedPrecondition'],
    ]);
    const again = await applyRemoval(client, { marks: [{ object: 'service#job', waitsFor: [] }] });
    expect(again).toEqual([{ object: 'service#job', outcome: 'unchanged', markedAt: applied[0]?.markedAt }]);
  });
});

describe('an undelete', () => {
  it('is planned and done alike, networks first', async () => {
    const { client, cluster } = await shop();
    await applyRemoval(client, await planRemoval(cluster, { objects: [service('web'), network('front')] }));
    const plan = await planUndelete(cluster, { stack: 'shop' });
    expect(plan.undeletes.map(({ object }) => object)).toEqual(['network#front', 'service#web']);
    expect(plan.notMarked).toEqual(['network#shared', 'service#job']);
    const applied = await applyUndelete(client, plan, { by: 'ann' });
    expect(applied.map(({ outcome }) => outcome)).toEqual(['undeleted', 'undeleted']);
    expect(await client.getService('web')).toMatchObject({ unmarkedBy: 'ann' });
    expect((await applyUndelete(client, plan)).map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged']);
  });

  it('of what has gone meanwhile fails for that alone', async () => {
    const { backend, client, cluster } = await shop();
    await applyRemoval(client, await planRemoval(cluster, { objects: [service('web'), service('job')] }));
    const plan = await planUndelete(cluster, { objects: [service('web'), service('job'), service('nobody')] });
    expect(plan.refused).toMatchObject([{ object: 'service#nobody', because: 'not found' }]);
    await backend.deliver();
    expect(
      (await applyUndelete(client, plan)).map(({ object, outcome, error }) => [object, outcome, error?.code]),
    ).toEqual([
      ['service#web', 'undeleted', undefined],
      ['service#job', 'failed', 'NotFound'],
    ]);
    // From now on a receipt tells of job; of nobody, none does.
    const objects = [service('job'), service('nobody'), network('nobody')];
    const absences = [
      ['service#job', 'gone'],
      ['service#nobody', 'not there'],
      ['network#nobody', 'not there'],
    ];
    for (const { refused } of [await planUndelete(cluster, { objects }), await planRemoval(cluster, { objects })]) {
      expect(refused.map(({ object, absence }) => [object, absence]).sort()).toEqual(absences.sort());
    }
  });
});
