/** What other hands may leave in the tables, on DynamoDB Local: counters, attachments, a sweep's cursor, and items of any kind. */
import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { MARKED, network, service, task } from '../support/objects.ts';
import { nested, recordOf } from './arbitraries.ts';
import { type EngineHouse, engineHouse, failuresSaid } from './house.ts';

let house: EngineHouse;
beforeEach(async () => {
  house = await engineHouse();
});

const marked = (markedAt: string) => ({ ...MARKED, markedAt });
const putRaw = (table: keyof typeof PHYSICAL_NAMES, Item: Record<string, AttributeValue>) =>
  house.db.send(new PutItemCommand({ TableName: PHYSICAL_NAMES[table], Item }));
const left = async () => {
  const { services, networks } = await house.world();
  return [...services.map(({ id }) => `service#${id}`), ...networks.map(({ id }) => `network#${id}`)].sort();
};

describe('a counter that the deallocator never wrote', () => {
  const odd: [string, Record<string, AttributeValue>][] = [
    ['a text for a number', { remaining: { S: 'many' }, epoch: { S: 'e' } }],
    ['no number', { epoch: { S: 'e' } }],
    ['no epoch', { remaining: { N: '1' } }],
    ['nothing', {}],
    ['a fraction', { remaining: { N: '0.5' }, epoch: { S: 'e' } }],
    ['38 digits', { remaining: { N: '9'.repeat(38) }, epoch: { S: 'e' } }],
    ['the largest number', { remaining: { N: '9.9999999999999999999999999999999999999E+125' }, epoch: { S: 'e' } }],
    ['the smallest number', { remaining: { N: '-9.9999999999999999999999999999999999999E+125' }, epoch: { S: 'e' } }],
    ['less than JavaScript counts to', { remaining: { N: '-9007199254740991' }, epoch: { S: 'e' } }],
    ['null', { remaining: { NULL: true }, epoch: { S: 'e' } }],
    ['a set', { remaining: { NS: ['1'] }, epoch: { S: 'e' } }],
    ['a list', { remaining: { L: [{ N: '1' }] }, epoch: { S: 'e' } }],
    ['a number for an epoch', { remaining: { N: '1' }, epoch: { N: '7' } }],
    ['null for an epoch', { remaining: { N: '1' }, epoch: { NULL: true } }],
  ];

  it.each(odd)('%s: fails its own parent by name, and no other', async (_, counter) => {
    for (const id of ['sick', 'well']) await house.put('services', service(id, [], marked(`m-${id}`)));
    await putRaw('counters', { id: { S: 'service#sick' }, ...counter });
    await house.put('counters', { id: 'service#well', remaining: 1, epoch: 'e' });
    expect(await house.batch('tasks', [recordOf('tasks', '7', 'sick'), recordOf('tasks', '8', 'well')])).toEqual(['7']);
    expect(failuresSaid(house.log)).toEqual([{ subject: 'service#sick', code: 'InvalidArgument' }]);
    expect(await left()).toEqual(['service#sick']);

    await house.put('services', service('lost', [], marked('m-lost')));
    const swept = await house.sweep();
    expect(swept).toMatchObject({ complete: true, deleted: ['service#lost'], failedCount: 1 });
    expect(swept.failed).toEqual([{ parent: 'service#sick', error: expect.stringContaining('audit --repair') }]);
    await house.delete('counters', { id: 'service#sick' });
    expect(await house.sweep()).toMatchObject({ deleted: ['service#sick'], failed: [] });
  });

  it('L2 a number that is far too high is set right by one sweep', async () => {
    await house.put('services', service('web', [], marked('m1')));
    await house.put('tasks', task('web', 't1'));
    await putRaw('counters', { id: { S: 'service#web' }, remaining: { N: '1E+15' }, epoch: { S: 'e' } });
    await house.sweep();
    expect((await house.world()).counters).toMatchObject([{ id: 'service#web', remaining: 1 }]);
  });

  it('names that are no parent are passed over, and left as they are', async () => {
    const names = [
      'x',
      'service',
      'service#',
      '#web',
      'task#web',
      '__proto__#web',
      'toString#web',
      'Service#web',
      'sweep#',
    ];
    for (const id of names) await house.put('counters', { id, remaining: 1, epoch: 'e', own: 'kept' });
    await house.put('services', service('web', [], marked('m1')));
    expect(await house.sweep()).toMatchObject({ complete: true, deleted: ['service#web'], failed: [] });
    const counters = (await house.world()).counters.map(({ id }) => id);
    expect(counters.sort()).toEqual([...names].sort());
  });
});

describe('an attachment that nobody made for a service', () => {
  it('S2 holds a marked network until a sweep finds that its service is gone, or does not refer to the network', async () => {
    await house.put('networks', network('front', marked('m1')));
    await house.put('services', service('other', ['back']));
    for (const [n, id] of ['gone', 'other', 'front', '#', '__proto__', '\u0000', 'x'.repeat(1016)].entries()) {
      await house.put('attachments', {
        held: 'network#front',
        holder: `service#${id}`,
        n,
        deep: { list: [new Set(['a'])] },
      });
    }
    expect(await house.batch('attachments', [recordOf('attachments', '7', 'front')])).toEqual([]);
    expect(await left()).toEqual(['network#front', 'service#other']);
    expect(await house.sweep()).toMatchObject({ deleted: ['network#front'], failed: [] });
    expect((await house.world()).attachments).toEqual([]);
  });

  it.each(['web', 'service#', 'task#03#web#1', 'volume#data'])(
    'S2 holds a marked network on behalf of %s, whom nobody knows, and stops nothing else',
    async (holder) => {
      for (const id of ['front', 'back']) await house.put('networks', network(id, marked('m1')));
      await house.put('attachments', { held: 'network#front', holder });
      expect(await house.sweep()).toMatchObject({ deleted: ['network#back'], failed: [] });
      expect((await house.world()).attachments).toEqual([{ held: 'network#front', holder }]);
      await house.delete('attachments', { held: 'network#front', holder });
      expect(await house.sweep()).toMatchObject({ deleted: ['network#front'], failed: [] });
    },
  );

  it('S2 does not hide one that is right', async () => {
    await house.put('networks', network('front', marked('m1')));
    await house.put('services', service('web', ['front']));
    for (const id of ['a', 'web', 'z']) {
      await house.put('attachments', { held: 'network#front', holder: `service#${id}` });
    }
    expect(await house.sweep()).toMatchObject({ deleted: [], failed: [] });
    expect((await house.world()).attachments).toEqual([{ held: 'network#front', holder: 'service#web' }]);
    expect(await left()).toEqual(['network#front', 'service#web']);
  });

  it('of what no attachment is for is nobody’s trouble when it goes', async () => {
    await house.put('networks', network('front', marked('m1')));
    await house.put('counters', { id: 'service#web', remaining: 3, epoch: 'e1' });
    const gone = (held: string, n: number) => ({
      eventName: 'REMOVE',
      dynamodb: { SequenceNumber: `${n}`, Keys: { held: { S: held }, holder: { S: 'service#web' } } },
    });
    expect(await house.batch('attachments', ['front', 'network#', 'service#web', 'volume#data'].map(gone))).toEqual([]);
    expect((await house.world()).counters).toMatchObject([{ id: 'service#web', remaining: 3 }]);
  });

  it('of a network whose id is too long to be referred to is nobody else’s trouble', async () => {
    await house.put('networks', network('front', marked('m1')));
    await house.put('attachments', { held: `network#${'x'.repeat(2040)}`, holder: 'service#web' });
    expect(await house.batch('attachments', [recordOf('attachments', '7', 'x'.repeat(2040))])).toEqual([]);
    expect(await house.sweep()).toMatchObject({ deleted: ['network#front'], failed: [] });
  });
});

describe("a sweep's cursor that no sweep wrote", () => {
  const cursors: [string, unknown][] = [
    ['null', null],
    ['a text', 'service'],
    ['a number', 5],
    ['a list', []],
    ['an empty map', {}],
    ['a source that is a number', { source: 5 }],
    ['a source that is unknown', { source: 'task' }],
    ['a source of the prototype', { source: 'constructor' }],
    ['a place of another kind', { source: 'service', from: { serviceId: 'web' } }],
    ['half a place', { source: 'service', from: { id: 'web' } }],
    ['a place that is empty', { source: 'service', from: {} }],
    ['a place with an empty id', { source: 'counter', from: { id: '' } }],
    ['a place that is a text', { source: 'counter', from: 'web' }],
    ['a place that is a list', { source: 'network', from: [] }],
    ['a place whose id is a number', { source: 'counter', from: { id: 7 } }],
    ['a place that is null', { source: 'service', from: null }],
  ];

  it.each(cursors)('L2 %s: the sweep begins anew, and finishes', async (_, cursor) => {
    await house.put('services', service('web', [], marked('m1')));
    await house.put('counters', { id: 'sweep', cursor });
    expect(await house.sweep()).toMatchObject({ complete: true, deleted: ['service#web'], failed: [] });
    expect((await house.world()).counters).toEqual([]);
  });

  it('L2 a place behind everything costs one sweep, and the next one finds all', async () => {
    await house.put('services', service('web', [], marked('m1')));
    await house.put('counters', { id: 'sweep', cursor: { source: 'counter', from: { id: 'zzz' } } });
    const first = await house.sweep();
    const second = await house.sweep();
    expect([...first.deleted, ...second.deleted]).toEqual(['service#web']);
  });

  it('L2 is never needed: `restart` begins anew whatever it holds', async () => {
    await house.put('services', service('web', [], marked('m1')));
    await house.put('counters', { id: 'sweep', cursor: 'broken' });
    expect(await house.sweep({ restart: true })).toMatchObject({ complete: true, deleted: ['service#web'] });
    expect((await house.world()).counters).toEqual([]);
  });
});

describe("a sweep's request", () => {
  it('L2 may be anything: what it does not know is passed over', async () => {
    let n = 0;
    const value = fc.jsonValue({ maxDepth: 4 });
    const known = { trigger: value, restart: value, full: value, other: value };
    const requests = fc.oneof(value, fc.record(known, { requiredKeys: [] }));
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const id = `s${++n}`;
        await house.put('services', service(id, [], marked(`m${n}`)));
        expect(await house.sweep(request)).toMatchObject({ complete: true, deleted: [`service#${id}`], failed: [] });
      }),
      { numRuns: 60 },
    );
  });

  it('L2 answers for what was swept, however deep the name of who asked is nested', async () => {
    await house.put('services', service('web', [], marked('m1')));
    expect(await house.sweep({ trigger: nested(20_000) })).toMatchObject({ complete: true, deleted: ['service#web'] });
  });

  it.each(['true', 1, {}, [true], null])('asks for a full sweep with nothing but true: %j does not', async (full) => {
    await house.put('services', service('web', [], MARKED));
    expect(await house.sweep({ full })).toMatchObject({ deleted: [] });
    expect(await house.sweep({ full: true })).toMatchObject({ deleted: ['service#web'] });
  });
});

describe('a mark whose time is none', () => {
  it.each(['m1', 'release-2', 'mark 7', '0', '#', 'web.7', '2', 'Feb'])(
    'has no age: %j is not taken for a date',
    async (markedAt) => {
      await house.put('services', service('web', [], marked(markedAt)));
      await house.put('tasks', task('web', 't1'));
      expect(await house.sweep()).toMatchObject({ stillMarked: 1, oldestMarkSeconds: 0, failed: [] });
    },
  );

  it.each([
    ['the far future', '+275760-09-13T00:00:00.000Z'],
    ['the far past', '-271821-04-20T00:00:00.000Z#x'],
    ['1,024 bytes', 'é'.repeat(512)],
    ['NUL', '\u0000'],
    ['a prototype', '__proto__'],
  ])('that is %s drains like any other', async (_, markedAt) => {
    await house.put('services', service('web', ['front'], marked(markedAt)));
    await house.put('tasks', task('web', 't1'));
    expect(await house.sweep()).toMatchObject({ stillMarked: 1, failed: [] });
    await house.delete('tasks', { serviceId: 'web', id: 't1' });
    expect(await house.batch('tasks', [recordOf('tasks', '7', 'web')])).toEqual([]);
    expect(await left()).toEqual([]);
    expect(checkRest(await house.world())).toEqual([]);
  });
});
