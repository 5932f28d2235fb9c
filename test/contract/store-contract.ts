/**
 * One contract for the store on both engines. What Amazon's does is the truth; memory must do the same, or the simulation
 * proves nothing. Each condition is seen to hold and to fail.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import type { TableName } from '../../lib/dynamodb/schema.ts';
import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import type { Lifecycle } from '../../lib/protocol/learning.ts';
import { isMarked, type MarkedItem, type SeenItem } from '../../lib/protocol/model.ts';
import type { Page, PageKey } from '../../lib/protocol/pages.ts';
import type { Listed, Store } from '../../lib/protocol/store.ts';
import { finalization } from '../support/objects.ts';

export interface Subject {
  readonly store: Store;
  /** Over the same tables, for a deployment in which ended tasks are gone. */
  readonly terminalStore: Store;
  /** The same for one in which tasks hold networks. */
  readonly holdingStore: Store;
  put(table: TableName, item: Record<string, unknown>): Promise<void>;
  delete(table: TableName, keys: Record<string, string>): Promise<void>;
  get(table: TableName, keys: Record<string, string>): Promise<Record<string, unknown> | undefined>;
}

const web: ItemKey = { kind: 'service', id: 'web' };
const front: ItemKey = { kind: 'network', id: 'front' };
const back: ItemKey = { kind: 'network', id: 'back' };
const network = (id: string): ItemKey => ({ kind: 'network', id });
const task = (id: string): ItemKey => ({ kind: 'task', id: `3#web#${id}` });
const TELLING = { kind: 'task', set: { desiredState: 'remove' } } as const;
const fresh = { epoch: 'e1', openedAt: '2026-01-01T00:00:00.000Z' };

export function describeStore(engine: string, create: () => Promise<Subject>): void {
  describe(`the store on ${engine}`, () => {
    let subject: Subject;
    let store: Store;
    beforeEach(async () => {
      subject = await create();
      store = subject.store;
    });

    const marked = async (key: ItemKey): Promise<MarkedItem> => {
      const parent = await store.readItem(key);
      if (parent === undefined || !isMarked(parent)) throw new Error(`${key.id} is not marked`);
      return parent;
    };
    const putService = (more: Record<string, unknown> = {}) =>
      subject.put('services', {
        id: 'web',
        pendingDelete: true,
        markedAt: 'm1',
        spec: { task: { networks: [{ target: 'front', aliases: ['w'] }, { target: 'back' }] } },
        ...more,
      });
    const putNetwork = (id: string, more: Record<string, unknown> = {}) => subject.put('networks', { id, ...more });
    const attach = (network: string, service: string) =>
      subject.put('attachments', { held: `network#${network}`, holder: `service#${service}` });

    describe('counters', () => {
      it('opens a counter at zero, and finds it again as it is', async () => {
        expect(await store.openCounter(web, fresh)).toEqual({ remaining: 0, epoch: 'e1' });
        expect(await store.openCounter(web, { epoch: 'e2', openedAt: 'later' })).toEqual({ remaining: 0, epoch: 'e1' });
        expect(await subject.get('counters', { id: 'service#web' })).toEqual({
          id: 'service#web',
          remaining: 0,
          ...fresh,
        });
      });

      it('decrements a counter that is there, below zero too, and creates none', async () => {
        expect(await store.decrement(web, 3, 'now')).toBeUndefined();
        expect(await subject.get('counters', { id: 'service#web' })).toBeUndefined();
        await store.openCounter(web, fresh);
        expect(await store.decrement(web, 3, 'now')).toEqual({ remaining: -3, epoch: 'e1' });
        expect(await subject.get('counters', { id: 'service#web' })).toMatchObject({ progressedAt: 'now' });
      });

      it('recounts relatively, and only under the epoch that was read', async () => {
        await store.openCounter(web, fresh);
        await store.decrement(web, 2, 'now');
        expect(await store.recount(web, 'e1', 5, 'e2')).toEqual({
          status: 'done',
          counter: { remaining: 3, epoch: 'e2' },
        });
        expect(await store.recount(web, 'e1', 5, 'e3')).toEqual({
          status: 'failed',
          found: { remaining: 3, epoch: 'e2' },
        });
      });

      it('recounts no counter that is gone', async () => {
        expect(await store.recount(web, 'e1', 5, 'e2')).toEqual({ status: 'failed', found: undefined });
        expect(await subject.get('counters', { id: 'service#web' })).toBeUndefined();
      });

      it('closes a counter only under the epoch that was read, and tells what it found', async () => {
        expect(await store.closeCounter(web, 'e1')).toBe('gone');
        await store.openCounter(web, fresh);
        expect(await store.closeCounter(web, 'e0')).toBe('other epoch');
        expect(await store.closeCounter(web, 'e1')).toBe('done');
        expect(await store.closeCounter(web, 'e1')).toBe('gone');
      });

      it.each([
        { remaining: 'two', epoch: 'e0' },
        { remaining: 2.5, epoch: 'e0', openedAt: 'long ago' },
        { remaining: 7 },
        { epoch: 'e0', progressedAt: 'now' },
        { remaining: new Set([1, 2]), epoch: null },
      ])('S7 makes a new counter of what no counter can be: %j', async (written) => {
        await subject.put('counters', { id: 'service#web', ...written });
        await store.resetUnreadable(web, fresh);
        expect(await store.openCounter(web, { epoch: 'e2', openedAt: 'later' })).toEqual({ remaining: 0, epoch: 'e1' });
        expect(await store.recount(web, 'e0', 5, 'e3')).toMatchObject({ status: 'failed' });
      });

      it('S7 resets no counter that can be read, and makes none where none is', async () => {
        await store.resetUnreadable(web, fresh);
        expect(await subject.get('counters', { id: 'service#web' })).toBeUndefined();
        await store.openCounter(web, { epoch: 'e0', openedAt: 'then' });
        await store.decrement(web, 3, 'now');
        await store.resetUnreadable(web, fresh);
        expect(await store.openCounter(web, fresh)).toEqual({ remaining: -3, epoch: 'e0' });
      });

      it('finds which of many parents drain', async () => {
        const parents = Array.from({ length: 205 }, (_, n): ItemKey => ({ kind: 'network', id: `n${n}` }));
        for (const n of [0, 99, 100, 204]) await store.openCounter(parents[n] as ItemKey, fresh);
        expect([...(await store.findDraining(parents))].sort()).toEqual([
          'network#n0',
          'network#n100',
          'network#n204',
          'network#n99',
        ]);
        expect(await store.findDraining([])).toEqual(new Set());
      });

      it('lowers many at once, each by its own number, and creates none', async () => {
        const many = Array.from({ length: 30 }, (_, n): ItemKey => ({ kind: 'service', id: `s'"${n}` }));
        for (const [n, { id }] of many.slice(0, 28).entries()) {
          await subject.put('counters', { id: `service#${id}`, remaining: n, epoch: `e${n}` });
        }
        const lowered = await Promise.all(many.map((parent) => store.decrement(parent, 2, 'now')));
        expect(lowered).toEqual(many.map((_, n) => (n < 28 ? { remaining: n - 2, epoch: `e${n}` } : undefined)));
        expect(await subject.get('counters', { id: `service#${many[29]?.id}` })).toBeUndefined();
        expect(await subject.get('counters', { id: `service#${many[3]?.id}` })).toMatchObject({ progressedAt: 'now' });
      });

      it('recounts many at once, each under its own epoch', async () => {
        for (const [id, epoch] of [
          ['web', 'e1'],
          ['api', 'other'],
        ] as const) {
          await subject.put('counters', { id: `service#${id}`, remaining: -1, epoch });
        }
        const ids = ['web', 'api', 'gone'];
        const recounted = ids.map((id) => store.recount({ kind: 'service', id }, 'e1', 3, `fresh-${id}`));
        expect(await Promise.all(recounted)).toEqual([
          { status: 'done', counter: { remaining: 2, epoch: 'fresh-web' } },
          { status: 'failed', found: { remaining: -1, epoch: 'other' } },
          { status: 'failed', found: undefined },
        ]);
      });

      it('opens many at once, and finds those that are there', async () => {
        await subject.put('counters', { id: 'service#api', remaining: 4, epoch: 'theirs' });
        const opened = ['web', 'api', 'job'].map((id) =>
          store.openCounter({ kind: 'service', id }, { ...fresh, epoch: id }),
        );
        expect(await Promise.all(opened)).toEqual([
          { remaining: 0, epoch: 'web' },
          { remaining: 4, epoch: 'theirs' },
          { remaining: 0, epoch: 'job' },
        ]);
      });

      it('tells kinds of one id apart, and ids that hold a separator', async () => {
        await store.openCounter({ kind: 'service', id: 'a#b' }, fresh);
        expect(
          await store.findDraining([
            { kind: 'network', id: 'a#b' },
            { kind: 'service', id: 'a' },
          ]),
        ).toEqual(new Set());
        const { items } = await store.listCounters(undefined);
        expect(items.map(({ key }) => key)).toEqual([{ kind: 'service', id: 'a#b' }]);
      });
    });

    describe('parents', () => {
      it('reads a mark, and the references each once', async () => {
        const list = [{ target: 'front' }, { target: 'front', aliases: ['w'] }, { target: 'back' }];
        await putService({ spec: { task: { networks: list }, networks: [{ target: 'old' }] } });
        expect(await store.readItem(web)).toMatchObject({
          key: web,
          pendingDelete: true,
          markedAt: 'm1',
          held: [front, back],
        } satisfies Partial<SeenItem>);
      });

      it('reads the old-style list where the task names none', async () => {
        await putService({ spec: { task: { networks: [] }, networks: [{ target: 'old' }] } });
        expect((await store.readItem(web))?.held).toEqual([network('old')]);
      });

      it('takes nothing but the BOOL true for a mark', async () => {
        for (const pendingDelete of ['true', 1, null, ['true'], { BOOL: true }, false]) {
          await subject.put('services', { id: 'web', pendingDelete });
          expect(await store.readItem(web)).toMatchObject({ pendingDelete: false });
        }
      });

      it('finds nothing where a spec has another shape', async () => {
        for (const spec of [
          'x',
          [],
          { task: 'x' },
          { task: { networks: 'front' } },
          { task: { networks: [1, null, {}] } },
        ]) {
          await subject.put('services', { id: 'web', spec });
          expect((await store.readItem(web))?.held).toEqual([]);
        }
      });

      it('reads nothing of what is not there', async () => {
        expect(await store.readItem(web)).toBeUndefined();
        expect(await store.readItem(front)).toBeUndefined();
      });

      it('stamps a mark without markedAt once, and nothing else', async () => {
        await subject.put('services', { id: 'web', pendingDelete: true, other: 'kept' });
        await store.stampMark(web, 'm1');
        await store.stampMark(web, 'm2');
        expect(await subject.get('services', { id: 'web' })).toEqual({
          id: 'web',
          pendingDelete: true,
          other: 'kept',
          markedAt: 'm1',
        });
        await subject.put('services', { id: 'web' });
        await store.stampMark(web, 'm3');
        expect(await subject.get('services', { id: 'web' })).toEqual({ id: 'web' });
        await store.stampMark({ kind: 'service', id: 'nobody' }, 'm4');
        expect(await subject.get('services', { id: 'nobody' })).toBeUndefined();
      });

      it('takes away a markedAt that outlived its mark, and no other', async () => {
        await subject.put('networks', { id: 'front', markedAt: 'm1', other: 'kept' });
        await store.unstampMark(front, 'm0');
        expect(await subject.get('networks', { id: 'front' })).toMatchObject({ markedAt: 'm1' });
        await store.unstampMark(front, 'm1');
        expect(await subject.get('networks', { id: 'front' })).toEqual({ id: 'front', other: 'kept' });
        await subject.put('networks', { id: 'front', pendingDelete: true, markedAt: 'm1' });
        await store.unstampMark(front, 'm1');
        expect(await subject.get('networks', { id: 'front' })).toMatchObject({ markedAt: 'm1' });
      });
    });

    describe('children', () => {
      it("counts a parent's own children, up to a page", async () => {
        for (const id of ['t1', 't2', 't3']) await subject.put('tasks', { serviceId: 'web', id });
        await subject.put('tasks', { serviceId: 'web2', id: 't1' });
        expect(await store.countChildren(web, 1000)).toBe(3);
        expect(await store.countChildren(web, 2)).toBe(2);
        expect(await store.countChildren({ kind: 'service', id: 'none' }, 1000)).toBe(0);
        await attach('front', 'web');
        expect(await store.countChildren(front, 1000)).toBe(1);
      });

      it('counts the children of many at once', async () => {
        for (const [serviceId, id] of ['web t1', 'web t2', 'web t3', 'api t1'].map((name) => name.split(' '))) {
          await subject.put('tasks', { serviceId, id });
        }
        await attach('front', 'web');
        const services = ['web', 'api', 'none'].map((id) => store.countChildren({ kind: 'service', id }, 2));
        const networks = [front, back].map((network) => store.countChildren(network, 10));
        // What a read that ended at its limit has not seen of a parent is not counted: fewer, and never none.
        const [web, api, none, ...attached] = await Promise.all([...services, ...networks]);
        expect([1, 2]).toContain(web);
        expect([api, none, ...attached]).toEqual([1, 0, 1, 0]);
      });

      it('lists who is attached to a network, up to a limit', async () => {
        for (const id of ['a', 'b', 'c']) await attach('front', id);
        await attach('back', 'd');
        expect((await store.listAttached(front, 10)).sort()).toEqual(['service#a', 'service#b', 'service#c']);
        expect(await store.listAttached(front, 2)).toHaveLength(2);
        expect(await store.readAttachments({ kind: 'service', id: 'a' }, [network('front'), network('back')])).toEqual(
          new Set(['network#front']),
        );
      });
    });

    describe('finalize', () => {
      const everything = async () => {
        await putService();
        await putNetwork('front', { pendingDelete: true, markedAt: 'n1' });
        await putNetwork('back');
        for (const network of ['front', 'back']) await attach(network, 'web');
        await store.openCounter(web, fresh);
        await store.openCounter(front, fresh);
        return finalization(await marked(web), [front, back], [await marked(front)]);
      };
      const nothingChanged = async () => {
        expect(await subject.get('services', { id: 'web' })).toBeDefined();
        expect(await subject.get('networks', { id: 'front' })).toBeDefined();
        expect(await store.findDraining([web, front])).toEqual(new Set(['service#web', 'network#front']));
        expect(await store.listAttached(front, 2)).toEqual(['service#web']);
      };

      it('S6 leaves a receipt with the deletion, and none without', async () => {
        const planned = await everything();
        const keys = { id: 'service#web', markedAt: 'm1' };
        await putService({ markedAt: 'm2' });
        expect(await store.finalize(planned)).toBe('cancelled');
        expect(await subject.get('receipts', keys)).toBeUndefined();
        await putService();
        expect(await store.finalize(planned)).toBe('committed');
        expect(await subject.get('receipts', keys)).toEqual({
          ...keys,
          deletedAt: '2026-01-01T00:00:00.000Z',
          trigger: 'a test',
          freed: [{ id: 'network#front', markedAt: 'n1' }],
          kept: ['network#back'],
          expiresAt: Date.parse('2026-04-01T00:00:00.000Z') / 1000,
        });
      });

      it.each(['true', 1, false, null, undefined])('takes %j for no protection', async (value) => {
        await putService({ protected: value, spec: {} });
        expect(await store.finalize(finalization(await marked(web)))).toBe('committed');
      });

      it('S6 deletes service, counters, attachments and free networks together', async () => {
        expect(await store.finalize(await everything())).toBe('committed');
        expect(await subject.get('services', { id: 'web' })).toBeUndefined();
        expect(await subject.get('networks', { id: 'front' })).toBeUndefined();
        expect(await subject.get('networks', { id: 'back' })).toBeDefined();
        expect(await store.findDraining([web, front])).toEqual(new Set());
        expect([...(await store.listAttached(front, 2)), ...(await store.listAttached(back, 2))]).toEqual([]);
      });

      it.each<[string, () => Promise<void>]>([
        ['the service is gone', () => subject.delete('services', { id: 'web' })],
        ['the mark was cleared', () => putService({ pendingDelete: false })],
        ['the mark is of another kind', () => putService({ pendingDelete: 'true' })],
        ['another mark took its place', () => putService({ markedAt: 'm2' })],
        ['the mark lost its time', () => putService({ markedAt: undefined })],
        ["the task's networks changed", () => putService({ spec: { task: { networks: [{ target: 'front' }] } } })],
        [
          'an old-style list appeared',
          () =>
            putService({
              spec: { task: { networks: [{ target: 'front', aliases: ['w'] }, { target: 'back' }] }, networks: [] },
            }),
        ],
        ['the lists are gone', () => putService({ spec: {} })],
        ['the service got protected', () => putService({ protected: true })],
        [
          'the network got protected',
          () => putNetwork('front', { pendingDelete: true, markedAt: 'n1', protected: true }),
        ],
        ['the network is gone', () => subject.delete('networks', { id: 'front' })],
        ["the network's mark was cleared", () => putNetwork('front', { pendingDelete: false, markedAt: 'n1' })],
        [
          'another mark of the network took its place',
          () => putNetwork('front', { pendingDelete: true, markedAt: 'n2' }),
        ],
      ])('S3 is cancelled, and changes nothing, when %s', async (name, change) => {
        const finalization = await everything();
        await change();
        expect(await store.finalize(finalization)).toBe('cancelled');
        if (name.includes('gone')) return;
        await nothingChanged();
      });

      it('deletes a network alone', async () => {
        await putNetwork('front', { pendingDelete: true, markedAt: 'n1' });
        await store.openCounter(front, fresh);
        const parent = await marked(front);
        await putNetwork('front', { pendingDelete: true, markedAt: 'n2' });
        expect(await store.finalize(finalization(parent))).toBe('cancelled');
        expect(await store.finalize(finalization(await marked(front)))).toBe('committed');
        expect(await subject.get('networks', { id: 'front' })).toBeUndefined();
        expect(await store.findDraining([front])).toEqual(new Set());
      });

      it('deletes several services at once, and leaves one whose mark is another by now', async () => {
        for (const id of ['web', 'api', 'job'])
          await subject.put('services', { id, pendingDelete: true, markedAt: 'm1' });
        const read = await Promise.all(['web', 'api', 'job'].map((id) => marked({ kind: 'service', id })));
        await subject.put('services', { id: 'api', pendingDelete: true, markedAt: 'm2' });
        const ended = await Promise.all(read.map((parent) => store.finalize(finalization(parent))));
        expect(ended).toEqual(['committed', 'cancelled', 'committed']);
        const left = await Promise.all(['web', 'api', 'job'].map((id) => subject.get('services', { id })));
        expect(left).toEqual([undefined, expect.objectContaining({ markedAt: 'm2' }), undefined]);
        expect(await subject.get('receipts', { id: 'service#api', markedAt: 'm1' })).toBeUndefined();
      });

      it('takes 32 networks with it', async () => {
        const ids = Array.from({ length: 32 }, (_, n) => `n${n}`);
        await putService({ spec: { task: { networks: ids.map((target) => ({ target })) } } });
        for (const id of ids) {
          await putNetwork(id, { pendingDelete: true, markedAt: id });
          await attach(id, 'web');
        }
        const networks = ids.map((id): ItemKey => ({ kind: 'network', id }));
        const freed = await Promise.all(networks.map(marked));
        expect(await store.finalize(finalization(await marked(web), networks, freed))).toBe('committed');
        for (const id of ids) expect(await subject.get('networks', { id })).toBeUndefined();
      });

      it('compares lists that hold whatever DynamoDB can hold', async () => {
        const list = [
          { target: 'front', number: 0.1, nothing: null, flag: true, nested: [{ deep: [1, 2, ['x', '']] }], text: '' },
          'no map',
          7,
        ];
        await putService({ spec: { task: { networks: list } } });
        expect(await store.finalize(finalization(await marked(web)))).toBe('committed');
      });
    });

    describe('tasks that end, and tasks that are told to stop', () => {
      const putTask = (id: string, more: Record<string, unknown> = {}) =>
        subject.put('tasks', { serviceId: 'web', id, ...more });
      const ended = { status: { state: 'failed' } };

      it('counts those that have not ended, where that is chosen, and pages on past those that have', async () => {
        for (const id of ['t1', 't2', 't3']) await putTask(id, ended);
        expect(await subject.terminalStore.countChildren(web, 1)).toBe(0);
        expect(await store.countChildren(web, 10)).toBe(3);
        await putTask('t4', { status: { state: 'running' } });
        expect(await subject.terminalStore.countChildren(web, 1)).toBe(1);
        await putTask('t5');
        await putTask('t6', { status: 'failed' });
        await putTask('t7', { status: { state: 7 } });
        expect(await subject.terminalStore.countChildren(web, 10)).toBe(4);
        await attach('front', 'web');
        expect(await subject.terminalStore.countChildren(front, 10)).toBe(1);
      });

      it('lists those that nobody has told to stop', async () => {
        await putTask('t1');
        await putTask('t2', { desiredState: 'running' });
        await putTask('t3', { desiredState: 'remove' });
        await putTask('t4', ended);
        expect((await store.listUntold(web, TELLING, undefined)).items).toEqual(['t1', 't2', 't4'].map(task));
        expect((await subject.terminalStore.listUntold(web, TELLING, undefined)).items).toEqual(['t1', 't2'].map(task));
        expect((await store.listUntold(web, TELLING, { serviceId: 'web', id: 't2' })).items).toEqual([task('t4')]);
      });

      it('S3 tells them to stop together, only under the very mark, and says which stand in the way', async () => {
        await putService();
        const service = await marked(web);
        for (const id of ['t1', 't2']) await putTask(id, { desiredState: 'running', name: id });
        expect(await store.tell(service, TELLING, [task('t1'), task('gone'), task('t2')])).toEqual({
          status: 'refused',
          unfit: [task('gone')],
        });
        const at = (id: string) => subject.get('tasks', { serviceId: 'web', id });
        expect(await at('t1')).toMatchObject({ desiredState: 'running' });
        expect(await store.tell(service, TELLING, [task('t1')])).toEqual({ status: 'committed' });
        expect(await at('t1')).toEqual({ serviceId: 'web', id: 't1', name: 't1', desiredState: 'remove' });
        expect(await store.tell(service, TELLING, [task('t1'), task('t2')])).toEqual({
          status: 'refused',
          unfit: [task('t1')],
        });
        await putService({ markedAt: 'm2' });
        expect(await store.tell(service, TELLING, [task('t2')])).toEqual({ status: 'not marked' });
        await subject.delete('services', { id: 'web' });
        expect(await store.tell(service, TELLING, [task('t2')])).toEqual({ status: 'not marked' });
        expect(await at('t2')).toMatchObject({ desiredState: 'running' });
      });
    });

    describe('a task that holds networks', () => {
      const one = task('1');
      beforeEach(() => {
        store = subject.holdingStore;
      });
      const putTask = (more: Record<string, unknown> = {}) =>
        subject.put('tasks', { serviceId: 'web', id: '1', networks: [{ target: 'front', aliases: ['w'] }], ...more });

      it('is read with what it refers to, or not at all', async () => {
        expect(await store.readItem(one)).toBeUndefined();
        await putTask();
        expect((await store.readItem(one))?.held).toEqual([network('front')]);
        await putTask({ networks: 'front' });
        expect((await store.readItem(one))?.held).toEqual([]);
      });

      it('S2 is attached under a name of its own, on condition that it is as read', async () => {
        await putTask();
        const asRead = await store.readItem(one);
        expect(await store.heal({ holder: one, asRead, put: [network('front')], remove: [] })).toBe('committed');
        expect(await store.readAttachments(one, [network('front'), network('back')])).toEqual(
          new Set(['network#front']),
        );
        expect(await store.listAttached(front, 2)).toEqual(['task#3#web#1']);
        await putTask({ status: { state: 'failed' } });
        expect(await store.heal({ holder: one, asRead, put: [network('back')], remove: [] })).toBe('cancelled');
        const ended = await store.readItem(one);
        await putTask({ status: { state: 'failed' }, networks: [] });
        expect(await store.heal({ holder: one, asRead: ended, put: [network('back')], remove: [] })).toBe('cancelled');
        await subject.delete('tasks', { serviceId: 'web', id: '1' });
        expect(await store.heal({ holder: one, asRead: ended, put: [network('back')], remove: [] })).toBe('cancelled');
        expect(await store.heal({ holder: one, asRead: undefined, put: [], remove: [network('front')] })).toBe(
          'committed',
        );
        expect(await store.listAttached(front, 2)).toEqual([]);
      });

      it('holds nothing where that is not chosen: what it left behind goes, whatever has become of it', async () => {
        await putTask();
        expect(
          await store.heal({ holder: one, asRead: await store.readItem(one), put: [network('front')], remove: [] }),
        ).toBe('committed');
        expect(await subject.store.readItem(one)).toBeUndefined();
        expect(await subject.store.heal({ holder: one, asRead: undefined, put: [], remove: [network('front')] })).toBe(
          'committed',
        );
        expect(await store.listAttached(front, 2)).toEqual([]);
      });
    });

    describe('heal', () => {
      it('puts and removes attachments of a service that is as read', async () => {
        await putService();
        await attach('stale', 'web');
        const asRead = await store.readItem(web);
        expect(
          await store.heal({
            holder: web,
            asRead,
            put: [network('front'), network('back')],
            remove: [network('stale')],
          }),
        ).toBe('committed');
        expect(await store.readAttachments(web, [network('front'), network('back'), network('stale')])).toEqual(
          new Set(['network#front', 'network#back']),
        );
      });

      it('is cancelled when the service changed its networks, went, or came', async () => {
        await putService();
        const asRead = await store.readItem(web);
        await putService({ spec: { networks: [{ target: 'front' }] } });
        expect(await store.heal({ holder: web, asRead, put: [network('back')], remove: [] })).toBe('cancelled');
        expect(await store.heal({ holder: web, asRead: undefined, put: [], remove: [network('back')] })).toBe(
          'cancelled',
        );
        await subject.delete('services', { id: 'web' });
        expect(await store.heal({ holder: web, asRead, put: [network('back')], remove: [] })).toBe('cancelled');
        expect(await store.readAttachments(web, [network('back')])).toEqual(new Set());
        await attach('back', 'web');
        expect(await store.heal({ holder: web, asRead: undefined, put: [], remove: [network('back')] })).toBe(
          'committed',
        );
        expect(await store.readAttachments(web, [network('back')])).toEqual(new Set());
      });
    });

    describe('the sweep', () => {
      const all = async (list: (from: PageKey | undefined) => Promise<Page<Listed>>) => {
        const names: string[] = [];
        let from: PageKey | undefined;
        do {
          const page = await list(from);
          names.push(...page.items.map(({ key }) => key.id));
          from = page.next;
        } while (from !== undefined);
        return names.sort();
      };

      it('lists only what is marked, of each kind', async () => {
        await putService();
        await subject.put('services', { id: 'other' });
        await putNetwork('front', { pendingDelete: true, markedAt: 'n1' });
        await putNetwork('back');
        expect(await all((from) => store.listMarked('service', from))).toEqual(['web']);
        expect(await all((from) => store.listMarked('network', from))).toEqual(['front']);
      });

      it('finds marks without a time in the tables themselves', async () => {
        await putService();
        await subject.put('services', { id: 'raw', pendingDelete: true });
        await subject.put('services', { id: 'text', pendingDelete: 'true' });
        await putNetwork('front', { pendingDelete: true });
        expect(await all((from) => store.listUnstamped('service', from))).toEqual(['raw']);
        expect(await all((from) => store.listUnstamped('network', from))).toEqual(['front']);
      });

      it('a name that fits no key hides nobody else', async () => {
        await store.openCounter(web, fresh);
        const long: ItemKey = { kind: 'service', id: 'x'.repeat(2048) };
        expect(await store.findDraining([long, web])).toEqual(new Set(['service#web']));
      });

      it('goes on behind any item that it listed', async () => {
        const ids = Array.from({ length: 20 }, (_, n) => `n${n}`);
        for (const id of ids) await putNetwork(id, { pendingDelete: true, markedAt: `m${id}` });
        const { items } = await store.listMarked('network', undefined);
        expect(items).toHaveLength(20);
        const rest = await store.listMarked('network', items[7]?.at);
        expect(rest.items).toEqual(items.slice(8));
      });

      it('keeps its cursor apart from the counters', async () => {
        expect(await store.readSweepCursor()).toBeUndefined();
        await store.writeSweepCursor({ source: 'network', from: { id: 'n1', markedAt: 'm1' } });
        await store.openCounter(web, fresh);
        expect(await store.readSweepCursor()).toEqual({ source: 'network', from: { id: 'n1', markedAt: 'm1' } });
        expect((await store.listCounters(undefined)).items.map(({ key }) => key)).toEqual([web]);
        await store.writeSweepCursor(undefined);
        expect(await store.readSweepCursor()).toBeUndefined();
      });
    });

    describe('the item lifecycle', () => {
      const taken: Lifecycle = {
        version: 'v1',
        declaration: { network: ['a service, by its networks'] },
        learning: { network: ['a service, by its networks'] },
        since: '2026-01-01T00:00:00.000Z',
        endsFrom: '2026-01-01T00:16:00.000Z',
        place: undefined,
      };
      const read = () => store.lifecycle.read();

      it('is taken where none was there, and by one of two who saw that', async () => {
        const found = await read();
        expect(found).toEqual({ isThere: false, lifecycle: undefined, version: undefined });
        expect(await store.lifecycle.take(taken, found)).toBe('done');
        expect(await store.lifecycle.take({ ...taken, version: 'v2' }, found)).toBe('refused');
        expect(await read()).toMatchObject({ isThere: true, lifecycle: taken });
        expect((await store.listCounters(undefined)).items).toEqual([]);
      });

      it('is taken anew from the version that was read, and forgets the place', async () => {
        await store.lifecycle.take(taken, await read());
        const found = await read();
        expect(await store.lifecycle.keepPlace('v1', { kind: 'service', from: { id: 'web' } })).toBe('done');
        expect(await store.lifecycle.take({ ...taken, version: 'v2', learning: {} }, found)).toBe('done');
        expect((await read()).lifecycle).toEqual({ ...taken, version: 'v2', learning: {} });
        expect(await store.lifecycle.take({ ...taken, version: 'v3' }, found)).toBe('refused');
      });

      it('keeps the place of the version that it has, and of no other', async () => {
        await store.lifecycle.take(taken, await read());
        const place = { kind: 'service', from: { id: 'web' } };
        expect(await store.lifecycle.keepPlace('v1', place)).toBe('done');
        expect(await store.lifecycle.keepPlace('v0', { kind: 'task', from: undefined })).toBe('refused');
        expect((await read()).lifecycle?.place).toEqual(place);
        expect(await store.lifecycle.keepPlace('v1', { kind: 'task', from: undefined })).toBe('done');
        expect((await read()).lifecycle?.place).toEqual({ kind: 'task', from: undefined });
      });

      it('ends under the version that it has, and takes another one', async () => {
        await store.lifecycle.take(taken, await read());
        expect(await store.lifecycle.end('v0', 'v2')).toBe('refused');
        expect(await store.lifecycle.end('v1', 'v2')).toBe('done');
        expect((await read()).lifecycle).toEqual({ ...taken, version: 'v2', learning: {} });
        expect(await store.lifecycle.end('v1', 'v3')).toBe('refused');
      });

      it('is nowhere kept where no item is there', async () => {
        expect(await store.lifecycle.keepPlace('v1', { kind: 'service', from: undefined })).toBe('refused');
        expect(await store.lifecycle.end('v1', 'v2')).toBe('refused');
        expect(await subject.get('counters', { id: 'lifecycle' })).toBeUndefined();
      });

      it.each<[string, Record<string, unknown>]>([
        ['has nothing in it', {}],
        ['has a version that is no text', { ...taken, version: 7 }],
        ['declares what is no list', { ...taken, declaration: { network: 'all' } }],
        ['is learning what is no text', { ...taken, learning: { network: [null] } }],
        ['tells no time', { ...taken, since: 'yesterday' }],
        ['says not when it may end', { ...taken, endsFrom: null }],
      ])('is read as none, and taken all the same, where it %s', async (_, { place, ...item }) => {
        await subject.put('counters', { id: 'lifecycle', ...item });
        const found = await read();
        expect(found).toMatchObject({ isThere: true, lifecycle: undefined });
        expect(await store.lifecycle.take(taken, found)).toBe('done');
        expect((await read()).lifecycle).toEqual(taken);
      });

      it('forgets a place that is none', async () => {
        const { place: _, ...item } = taken;
        await subject.put('counters', { id: 'lifecycle', ...item, place: { kind: 'service', from: { id: 7 } } });
        expect((await read()).lifecycle).toEqual(taken);
      });

      it('has for pages what holds anything, each with what it holds', async () => {
        await putService();
        await subject.put('services', { id: 'alone' });
        await subject.put('tasks', { serviceId: 'web', id: '1', networks: [{ target: 'back' }] });
        await subject.put('tasks', { serviceId: 'web', id: '2' });
        const { lifecycle } = subject.holdingStore;
        expect(await lifecycle.listHolders('service', undefined)).toEqual({
          items: [{ key: web, held: [front, back] }],
          next: undefined,
        });
        expect((await lifecycle.listHolders('task', undefined)).items).toEqual([
          { key: { kind: 'task', id: '3#web#1' }, held: [back] },
        ]);
        expect((await lifecycle.listHolders('service', { id: 'web' })).items).toEqual([]);
      });
    });
  });
}
