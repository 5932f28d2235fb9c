/** What a person sees, on the template and the bundles that would be deployed: planned, watched, waited for, and looked up. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../lib/dynamodb/document-client.ts';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { STACK_LABEL } from '../../lib/operate/names.ts';
import { applyRemoval, applyUndelete } from '../../lib/operate/reports/apply.ts';
import { Cluster } from '../../lib/operate/reports/cluster.ts';
import { explain } from '../../lib/operate/reports/explain.ts';
import { drawGraph } from '../../lib/operate/reports/graph.ts';
import { readHistory } from '../../lib/operate/reports/history.ts';
import { planRemoval, planUndelete } from '../../lib/operate/reports/plan.ts';
import { readStatus } from '../../lib/operate/reports/status.ts';
import { waitUntilGone } from '../../lib/operate/reports/wait.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';
import { MARKED } from '../support/objects.ts';

let backend: LocalBackend;
let cluster: Cluster;
beforeAll(async () => {
  backend = await localBackend();
  const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
  const db = connect({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  cluster = new Cluster(db, backend.tables);
});
afterAll(() => backend.close());

/** A stack whose `<stack>-web` uses `<stack>-front`; ids hold what ids may hold. */
async function deployStack(stack: string): Promise<{ web: ItemKey; front: ItemKey }> {
  const { client } = backend;
  const web = { kind: 'service', id: `${stack}-web#"1"` } as const;
  const front = { kind: 'network', id: `${stack}-front\n2` } as const;
  const annotations = { labels: { [STACK_LABEL]: stack } };
  await client.createNetwork({ id: front.id, spec: { annotations } });
  await client.createService({ id: web.id, spec: { annotations, task: { networks: [{ target: front.id }] } } });
  await client.createTasks(web.id, [
    { id: 'a', createdAt: '2025-12-24T00:00:00Z', status: { state: 'running' } },
    { id: 'b', status: { state: 'running', timestamp: '2025-12-25T00:00:00Z' } },
  ]);
  return { web, front };
}

const nameOf = ({ kind, id }: ItemKey) => `${kind}#${id}`;

describe('a removal', () => {
  it('goes as it was planned, and can be watched, explained, waited for and looked up', async () => {
    const { client } = backend;
    const { web, front } = await deployStack('shop');
    const plan = await planRemoval(cluster, { stack: 'shop' });
    expect(plan.marks.map(({ object }) => object)).toEqual([nameOf(web), nameOf(front)]);
    const foreseen = plan.forecast.steps.map(({ deletions }) => deletions.map(({ deleted }) => deleted));
    expect(foreseen).toEqual([[[nameOf(web), nameOf(front)]]]);
    const applied = await applyRemoval(client, plan, { by: 'ann', reason: 'old' });
    await backend.deliver();

    const { marked, more } = await readStatus(cluster);
    expect(more).toBe(0);
    expect(marked.map(({ object, state, children }) => [object, state, children.count])).toEqual([
      [nameOf(web), 'draining', 2],
      [nameOf(front), 'draining', 1],
    ]);
    const told = await explain(cluster, web);
    expect(told).toMatchObject({
      state: 'marked',
      mark: { by: 'ann', reason: 'old' },
      counter: { agreement: 'equal' },
    });
    expect(told.children?.[0]?.named.map(({ id, since }) => [id, since])).toEqual([
      ['a', '2025-12-24T00:00:00Z'],
      ['b', '2025-12-25T00:00:00Z'],
    ]);
    expect(await drawGraph(cluster, [web], 'mermaid')).toContain('n0 -.-> n1\n');

    const awaited = [web, front].map((key, n) => ({ ...key, markedAt: applied[n]?.markedAt as string }));
    const waiting = waitUntilGone(cluster, awaited, { timeoutMillis: 60_000 });
    expect((await waiting.next()).value).toMatchObject({
      waitingFor: [{ object: nameOf(web) }, { object: nameOf(front) }],
    });
    await client.deleteTasks(web.id, ['a', 'b']);
    let end = await waiting.next();
    while (!end.done) end = await waiting.next();
    expect(end.value).toMatchObject({ isDone: true });

    await deployStack('shop'); // another life of both: the old one's end is still told
    const again = await waitUntilGone(cluster, awaited).next();
    expect(again.value).toMatchObject({ ended: [{ outcome: 'gone' }, { outcome: 'gone' }] });
    const { deletions } = await readHistory(cluster, { id: front.id });
    expect(deletions).toMatchObject([{ object: nameOf(front), wentWith: nameOf(web), markedBy: 'ann' }]);
    expect((await explain(cluster, web)).formerLives).toMatchObject([{ freed: [nameOf(front)], markedReason: 'old' }]);
  });

  it('is taken back as a whole', async () => {
    const { client } = backend;
    await deployStack('mistake');
    await applyRemoval(client, await planRemoval(cluster, { stack: 'mistake' }));
    const plan = await planUndelete(cluster, { stack: 'mistake' });
    const applied = await applyUndelete(client, plan, { by: 'bob' });
    expect(applied.map(({ outcome }) => outcome)).toEqual(['undeleted', 'undeleted']);
    await backend.deliver();
    expect((await planUndelete(cluster, { stack: 'mistake' })).notMarked).toHaveLength(2);
  });
});

it('a full status finds marks without a time', async () => {
  // Nobody has told the functions of it yet, and nothing holds it: it may be gone before it is seen, but for its protection.
  await backend.put('services', { id: 'raw', ...MARKED, protected: true });
  const { marked } = await readStatus(cluster, { full: true });
  expect(marked).toMatchObject([{ object: 'service#raw', state: 'held', hold: { because: 'protected' } }]);
});
