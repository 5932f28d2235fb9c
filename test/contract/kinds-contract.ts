/** The contract of the store for kinds of one's own, on both engines: keys of any form, several sources, several held kinds. */
import { describe, expect, it } from 'vitest';
import { CHATBOT } from '../../bin/examples/chatbot.ts';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { defineLifecycle } from '../../lib/lifecycle/define.ts';
import { keyFor } from '../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import { goingAlongMax } from '../../lib/lifecycle/limits.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT_ALL } from '../../lib/lifecycle/swarmkit.ts';
import { planFinalization } from '../../lib/protocol/finalize.ts';
import { heal } from '../../lib/protocol/heal.ts';
import { isMarked, type MarkedItem } from '../../lib/protocol/model.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { settle } from '../../lib/protocol/settle.ts';
import type { Store } from '../../lib/protocol/store.ts';
import { sweep } from '../../lib/protocol/sweep.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { finalization } from '../support/objects.ts';

type Item = Record<string, unknown>;

export interface KindsSubject {
  readonly store: Store;
  put(table: string, item: Item): Promise<void>;
  get(table: string, keys: Record<string, string>): Promise<Item | undefined>;
}

/** Names that no placeholder may have, for keys, for what says what is held, and for the deallocator's own. */
const ODD = defineLifecycle({
  attributes: { pendingDelete: 'to-go', markedAt: 'to.go@', markedBy: 'by\\whom', protected: 'true' },
  kinds: {
    project: { table: 'projects', key: { 'p.k': 'P#${project}' } },
    row: {
      table: 'rows',
      key: { pk: 'P#${project}', 's-k': 'R#${row}' },
      dependsOn: [{ kind: 'project', by: 'key' }],
    },
    note: {
      table: 'notes',
      key: { pk: 'N', sk: '${project}#${note}' },
      dependsOn: [{ kind: 'project', by: 'key', onDelete: { set: { 'wanted-state': 'gone', parent: 'removed' } } }],
      goneWhen: { at: 'the state.it is', isOneOf: ['done', 'given up'] },
    },
    summary: {
      table: 'summaries',
      key: { pk: 'S', sk: '${project}' },
      dependsOn: [{ kind: 'project', by: 'key' }],
    },
    link: {
      table: 'links',
      key: { 'link.id': '${link}' },
      dependsOn: [{ kind: 'project', by: 'value', at: 'to-what.all[].id#' }],
    },
  },
});

const MARKED_AT = '2025-12-31T00:00:00.000Z#1';
const MARKED = { pendingDelete: true, markedAt: MARKED_AT };
const circumstances = { rules: DEFAULT_RULES, nowEpochMillis: Date.parse('2026-01-01T00:00:00.000Z') };

export function describeKinds(engine: string, create: (plan: Plan) => Promise<KindsSubject>): void {
  const open = async (lifecycle: Lifecycle) => {
    const plan: Plan = planOf(lifecycle);
    const subject = await create(plan);
    const key = (kind: string, id: string | Record<string, string>): ItemKey => keyFor(plan, kind, id);
    const attach = (held: ItemKey, holder: ItemKey) =>
      subject.put('attachments', { held: itemName(held), holder: itemName(holder) });
    const marked = async (of: ItemKey): Promise<MarkedItem> => {
      const item = await subject.store.readItem(of);
      if (item === undefined || !isMarked(item)) throw new Error(`${itemName(of)} is not marked`);
      return item;
    };
    return { ...subject, plan, key, attach, marked };
  };

  describe(`kinds of one's own on ${engine}`, () => {
    it('S1 are counted under keys of any form, and by attachments, all together', async () => {
      const { store, put, key, attach } = await open(ODD);
      const [a, b, ab] = ['a', 'b', 'ab'].map((id) => key('project', id)) as [ItemKey, ItemKey, ItemKey];
      const counts = () => Promise.all([a, b, ab].map((project) => store.countChildren(project, 10)));
      expect(await counts()).toEqual([0, 0, 0]);
      await put('rows', { pk: 'P#a', 's-k': 'R#1' });
      await put('rows', { pk: 'P#a', 's-k': 'other' });
      await put('rows', { pk: 'P#ab', 's-k': 'R#1' });
      expect(await counts()).toEqual([1, 0, 1]);
      for (const id of ['1', '2', '3']) await put('notes', { pk: 'N', sk: `a#${id}` });
      await put('notes', { pk: 'N', sk: 'a#4', 'the state': { 'it is': 'done' } });
      await put('notes', { pk: 'N', sk: 'b#1', 'the state': { 'it is': 'given up' } });
      expect(await counts()).toEqual([4, 0, 1]);
      await put('summaries', { pk: 'S', sk: 'b' });
      await attach(b, key('link', 'l'));
      await attach(ab, key('link', 'l'));
      expect(await counts()).toEqual([4, 2, 2]);
      expect(await store.countChildren(a, 3)).toBe(3);
    });

    it('S3 are marked, held and deleted by attributes of other names', async () => {
      const { store, put, get, key, marked } = await open(ODD);
      const project = key('project', 'a');
      await put('projects', { 'p.k': 'P#a', pendingDelete: true, markedAt: 'theirs', 'by\\whom': 'ann' });
      expect(await store.readItem(project)).toMatchObject({
        pendingDelete: false,
        markedAt: undefined,
        markedBy: 'ann',
      });
      await put('projects', { 'p.k': 'P#a', 'to-go': true });
      expect((await store.listUnstamped('project', undefined)).items.map((one) => one.key)).toEqual([project]);
      await store.stampMark(project, 'm1');
      await store.stampMark(project, 'm2');
      expect(await get('projects', { 'p.k': 'P#a' })).toEqual({ 'p.k': 'P#a', 'to-go': true, 'to.go@': 'm1' });
      const { items } = await store.listMarked('project', undefined);
      expect(items).toEqual([{ key: project, markedAt: 'm1', at: { 'p.k': 'P#a', 'to.go@': 'm1' } }]);
      expect((await store.listMarked('project', items[0]?.at)).items).toEqual([]);
      const item = await marked(project);
      await put('projects', { 'p.k': 'P#a', 'to-go': true, 'to.go@': 'm1', true: true });
      expect(await store.finalize(finalization(item))).toBe('cancelled');
      await put('projects', { 'p.k': 'P#a', 'to-go': true, 'to.go@': 'm1' });
      expect(await store.finalize(finalization(item))).toBe('committed');
      expect(await get('projects', { 'p.k': 'P#a' })).toBeUndefined();
      await put('projects', { 'p.k': 'P#a', 'to.go@': 'm1' });
      await store.unstampMark(project, 'm1');
      expect(await get('projects', { 'p.k': 'P#a' })).toEqual({ 'p.k': 'P#a' });
    });

    it('S3 are told what their kind says, under the very mark', async () => {
      const { store, put, get, key, plan, marked } = await open(ODD);
      const [telling] = plan.kinds.project?.tells ?? [];
      if (telling === undefined) throw new Error('nothing is told');
      const project = key('project', 'a');
      await put('projects', { 'p.k': 'P#a', 'to-go': true, 'to.go@': 'm1' });
      await put('notes', { pk: 'N', sk: 'a#1' });
      await put('notes', { pk: 'N', sk: 'a#2', 'wanted-state': 'gone' });
      await put('notes', { pk: 'N', sk: 'a#3', 'wanted-state': 'gone', parent: 'removed' });
      await put('notes', { pk: 'N', sk: 'a#4', 'the state': { 'it is': 'done' } });
      await put('notes', { pk: 'N', sk: 'ab#1' });
      const { items } = await store.listUntold(project, telling, undefined);
      expect(items).toEqual(['1', '2'].map((note) => key('note', { project: 'a', note })));
      expect(await store.tell(await marked(project), telling, items)).toEqual({ status: 'committed' });
      expect(await get('notes', { pk: 'N', sk: 'a#1' })).toMatchObject({ 'wanted-state': 'gone', parent: 'removed' });
      expect(await store.tell(await marked(project), telling, items)).toEqual({ status: 'refused', unfit: items });
    });

    it('S2 are held under odd names as well, on condition that their holder is as read', async () => {
      const { store, put, key } = await open(ODD);
      const link = key('link', 'l#1');
      const item = { 'link.id': 'l#1', 'to-what': { all: [{ 'id#': 'a' }, { 'id#': 'b' }, {}] } };
      await put('links', item);
      const [a, b] = ['a', 'b'].map((id) => key('project', id)) as [ItemKey, ItemKey];
      const asRead = await store.readItem(link);
      expect(asRead?.held).toEqual([a, b]);
      await put('links', { ...item, 'to-what': { all: [{ 'id#': 'a' }] } });
      expect(await store.heal({ holder: link, asRead, put: [b], remove: [] })).toBe('cancelled');
      expect(await heal(store, testChance(), link, [a, b])).toEqual({ holder: link, put: [a], removed: [] });
      expect(await store.listAttached(a, 2)).toEqual(['link#l#1']);
    });

    it('S2 S6 several shared kinds go with the last service that held them, and only those that are free', async () => {
      const { store, put, get, key, attach } = await open(SWARMKIT_ALL);
      const web = key('service', 'web');
      const container = {
        secrets: [{ secretID: 's1' }, { secretID: 's2' }],
        configs: [{ configID: 'c1' }],
        mounts: [{ source: 'v1' }],
      };
      await put('services', { id: 'web', ...MARKED, spec: { task: { networks: [{ target: 'n1' }], container } } });
      const things = [
        ['network', 'n1'],
        ['secret', 's1'],
        ['secret', 's2'],
        ['config', 'c1'],
        ['volume', 'v1'],
      ] as const;
      for (const [kind, id] of things) {
        await put(`${kind}s`, { id, ...(id !== 'c1' && MARKED) });
        await attach(key(kind, id), web);
      }
      await attach(key('secret', 's2'), key('service', 'api'));
      expect((await store.readItem(web))?.held).toEqual(things.map(([kind, id]) => key(kind, id)));
      const settled = await settle(store, testChance(), web, { trigger: 'a test' });
      expect(settled).toMatchObject({ outcome: 'deleted', leftToHeal: 0 });
      const left = await Promise.all(things.map(([kind, id]) => get(`${kind}s`, { id })));
      expect(left.map((item) => item?.id)).toEqual([undefined, undefined, 's2', 'c1', undefined]);
      for (const [kind, id] of things) {
        expect(await store.listAttached(key(kind, id), 2)).toEqual(id === 's2' ? ['service#api'] : []);
      }
      expect(await get('receipts', { id: 'service#web', markedAt: MARKED_AT })).toMatchObject({
        freed: [{ id: 'network#n1' }, { id: 'secret#s1' }, { id: 'volume#v1' }],
        kept: ['secret#s2', 'config#c1'],
      });
    });

    it('S6 as many go along as the transaction has room for, by the time of their marks, and all attachments', async () => {
      const { store, put, get, key, plan, marked } = await open(SWARMKIT_ALL);
      const heldMax = plan.kinds.service?.heldMax as number;
      const most = goingAlongMax(heldMax);
      const ids = Array.from({ length: heldMax + 2 }, (_, n) => `s${n}`);
      const secrets = ids.map((secretID) => ({ secretID }));
      await put('services', { id: 'web', ...MARKED, spec: { task: { container: { secrets } } } });
      // The last ones were marked first.
      const markedAt = (n: number) => `2025-12-${String(31 - Math.floor(n / 2)).padStart(2, '0')}T00:00:00.000Z#${n}`;
      for (const [n, id] of ids.entries()) {
        await put('secrets', { id, pendingDelete: true, markedAt: markedAt(n) });
        await put('attachments', { held: `secret#${id}`, holder: 'service#web' });
      }
      const planned = await planFinalization(store, await marked(key('service', 'web')), circumstances, 'a test');
      expect([heldMax, most, planned.detached.length]).toEqual([48, 24, 48]);
      expect(planned.freed.map((secret) => secret.key.id)).toEqual(ids.slice(heldMax - most, heldMax));
      expect(3 + planned.detached.length + 2 * planned.freed.length).toBeLessThanOrEqual(100);
      expect(await store.finalize(planned)).toBe('committed');
      expect(await get('services', { id: 'web' })).toBeUndefined();
      expect(await get('secrets', { id: `s${heldMax - 1}` })).toBeUndefined();
      expect(await get('secrets', { id: 's0' })).toMatchObject({ pendingDelete: true });
      expect(await store.listAttached(key('secret', 's0'), 2)).toEqual([]);
      expect(await store.listAttached(key('secret', `s${heldMax}`), 2)).toEqual(['service#web']);
    });

    it('S2 a child that is guarded itself lets go of what it holds, and takes nothing along', async () => {
      const { store, put, get, key, attach } = await open(IDEAS);
      const [hackathon, category, idea] = ['hackathon', 'category', 'idea'].map((kind) => key(kind, '1')) as [
        ItemKey,
        ItemKey,
        ItemKey,
      ];
      await put('hackathons', { id: '1', ...MARKED });
      await put('categories', { id: '1', ...MARKED, hackathonId: '1' });
      await put('ideas', { id: '1', hackathonId: '1', categoryId: '1' });
      for (const holder of [category, idea]) await attach(hackathon, holder);
      await attach(category, idea);
      expect((await store.readItem(idea))?.held).toEqual([hackathon, category]);
      expect(await settle(store, testChance(), hackathon)).toMatchObject({ outcome: 'draining', remaining: 2 });
      expect(await settle(store, testChance(), category)).toMatchObject({ outcome: 'draining', remaining: 1 });
      await put('ideas', { id: '1', hackathonId: '1' });
      await heal(store, testChance(), idea, [category]);
      expect(await settle(store, testChance(), category, { patient: true })).toMatchObject({
        outcome: 'deleted',
        freed: [],
      });
      expect(await get('hackathons', { id: '1' })).toMatchObject({ pendingDelete: true });
      expect(await store.countChildren(hackathon, 10)).toBe(1);
    });

    it('S2 what has ended holds nothing, and is healed by the state that was read', async () => {
      const { store, put, key } = await open(SANDBOX);
      const template = key('leaseTemplate', 't');
      const lease = key('lease', { user: 'ann@example.org', lease: '1' });
      const item = { userEmail: 'ann@example.org', uuid: '1', originalLeaseTemplateUuid: 't' };
      await put('leases', { ...item, status: 'Active' });
      const asRead = await store.readItem(lease);
      expect(asRead?.held).toEqual([template]);
      await put('leases', { ...item, status: 'Expired' });
      expect(await store.heal({ holder: lease, asRead, put: [template], remove: [] })).toBe('cancelled');
      expect((await store.readItem(lease))?.held).toEqual([]);
      const blueprint = key('blueprint', 'b');
      await put('leaseTemplates', { uuid: 't', blueprintId: 'b', ...MARKED });
      expect((await store.readItem(template))?.held).toEqual([blueprint]);
    });

    it('L2 a sweep finds what is marked under composed keys, and heals what holds it no more', async () => {
      const { store, put, get, key, attach } = await open(SANDBOX);
      await put('blueprints', { PK: 'bp#b', SK: 'blueprint', ...MARKED });
      await put('blueprints', { PK: 'bp#raw', SK: 'blueprint', pendingDelete: true });
      await put('leaseTemplates', { uuid: 't', ...MARKED });
      await attach(key('blueprint', 'b'), key('leaseTemplate', 'gone'));
      await attach(key('leaseTemplate', 't'), key('lease', { user: 'ann', lease: '1' }));
      await put('attachments', { held: 'blueprint#raw', holder: 'nobody knows' });
      const report = await sweep(store, testChance(), {
        from: undefined,
        full: true,
        remainingMillis: () => 60_000,
        onSettled: () => {},
        onFailed: () => {},
        onTold: () => {},
        onHealed: () => {},
        onPage: async () => {},
      });
      expect(report.failed).toEqual([]);
      expect(report.deleted.map(itemName).sort()).toEqual(['blueprint#b', 'leaseTemplate#t']);
      expect(await get('blueprints', { PK: 'bp#raw', SK: 'blueprint' })).toMatchObject({ pendingDelete: true });
      expect(report.stillMarked).toBe(1);
    });

    it('keeps the place of a sweep in a list of composed keys', async () => {
      const { store, put } = await open(SANDBOX);
      await put('blueprints', { PK: 'bp#b', SK: 'blueprint', ...MARKED });
      const [listed] = (await store.listMarked('blueprint', undefined)).items;
      const cursor = { source: 'blueprint', from: listed?.at };
      await store.writeSweepCursor(cursor);
      expect(await store.readSweepCursor()).toEqual(cursor);
      await store.writeSweepCursor({ source: 'blueprint', from: { PK: 'bp#b' } });
      expect(await store.readSweepCursor()).toBeUndefined();
    });

    it('S1 children under a key keep their parent, and are told to go', async () => {
      const { store, put, get, key } = await open(CHATBOT);
      const workspace = key('workspace', 'w');
      await put('workspaces', { workspace_id: 'w', object_type: 'workspace', ...MARKED });
      await put('documents', { workspace_id: 'w', document_id: 'd' });
      const all = [workspace, key('workspace', 'other')];
      expect(await Promise.all(all.map((one) => store.countChildren(one, 10)))).toEqual([1, 0]);
      expect(await settle(store, testChance(), workspace)).toMatchObject({ outcome: 'draining' });
      const [telling] = store.plan.kinds.workspace?.tells ?? [];
      if (telling === undefined) throw new Error('nothing is told');
      const { items } = await store.listUntold(workspace, telling, undefined);
      expect(items).toEqual([key('document', { workspace: 'w', document: 'd' })]);
      const found = await store.readItem(workspace);
      expect(await store.tell(found as MarkedItem, telling, items)).toEqual({ status: 'committed' });
      expect(await get('documents', { workspace_id: 'w', document_id: 'd' })).toMatchObject({ wanted: 'removed' });
    });
  });
}
