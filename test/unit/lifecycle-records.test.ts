/** What records of one's own kinds are about: the item itself, and what it lies under, whatever the keys look like. */
import { describe, expect, it } from 'vitest';

import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { isMalformed, namesToHeal, recordReader, type StreamRecord, tellsOfEnd } from '../../lib/streams/records.ts';
import { SITES } from '../support/lifecycles.ts';

const PLAN: Plan = planOf(SITES);

const texts = (item: Record<string, string>) =>
  Object.fromEntries(Object.entries(item).map(([name, S]) => [name, { S }]));
const record = (keys: Record<string, string>, more: Record<string, unknown> = {}) => ({
  eventName: 'REMOVE',
  dynamodb: { SequenceNumber: '7', Keys: texts(keys), OldImage: {}, NewImage: {}, ...more },
  ...('eventName' in more && { eventName: more.eventName }),
});
const read = (table: string, one: unknown) => {
  const found = recordReader(PLAN, table)(one);
  if (found !== undefined && isMalformed(found)) throw found.error;
  return found;
};
const rack = { pk: 'R#eu', sk: 'Z#a#K#7' };
const rackKey = { kind: 'rack', id: '2#eu#1#a#7' };
const change = (before: unknown, after: unknown) =>
  read('racks', record(rack, { eventName: 'MODIFY', OldImage: before, NewImage: after })) as StreamRecord;

describe('a record', () => {
  it('is about the item and all that it lies under, each by its own key', () => {
    expect(read('racks', record(rack))).toMatchObject({
      item: rackKey,
      parents: [
        { kind: 'zone', id: '2#eu#a' },
        { kind: 'region', id: 'eu' },
      ],
    });
    expect(read('zones', record({ pk: 'R#eu', sk: 'Z#a' }))).toMatchObject({
      item: { kind: 'zone', id: '2#eu#a' },
      parents: [{ kind: 'region', id: 'eu' }],
    });
  });

  it.each([
    ['regions', { pk: 'R#eu', sk: 'other' }],
    ['regions', { pk: 'eu', sk: 'meta' }],
    ['regions', { pk: 'R#\ud800', sk: 'meta' }],
    ['zones', { pk: 'X#eu', sk: 'Z#a' }],
  ])('of %s with the key %j, which is no item of ours, is about nothing, whatever its images are', (table, keys) => {
    expect(read(table, record(keys, { OldImage: 'none' }))).toBeUndefined();
  });

  it.each([
    ['Z#a#K#', ['zone', 'region']],
    ['Z#a#L#7', ['region']],
    ['Z#', ['region']],
    ['K#7', undefined],
  ])(
    'of an item with the key %s, which is no rack, is one of a child less for those whose query counts it',
    (sk, kinds) => {
      // What begins with `Z#a#K#` for a zone, and with `Z#` for a region.
      const found = read('racks', record({ pk: 'R#eu', sk }));
      expect(found?.item).toBeUndefined();
      expect(found?.parents.map(({ kind }) => kind)).toEqual(kinds);
    },
  );

  it('of an item whose name is too long to be one is about nothing', () => {
    expect(read('regions', record({ pk: `R#${'x'.repeat(2045)}`, sk: 'meta' }))).toBeUndefined();
  });

  it('without one of its keys can not be read, also where that tells nothing', () => {
    const found = recordReader(PLAN, 'zones')(record({ pk: 'R#eu' }));
    expect(found).toMatchObject({ sequenceNumber: '7', error: { code: 'InvalidArgument' } });
  });

  it('tells of a mark by the attributes that the lifecycle names, and by no others', () => {
    const marked = { removing: { BOOL: true }, removingSince: { S: 'm1' }, keep: { BOOL: true } };
    const ours = { pendingDelete: { BOOL: true }, markedAt: { S: 'm1' }, protected: { BOOL: true } };
    const images = { eventName: 'MODIFY', OldImage: ours, NewImage: marked };
    expect(read('zones', record({ pk: 'R#eu', sk: 'Z#a' }, images))).toMatchObject({
      before: { pendingDelete: false, markedAt: undefined, isProtected: false },
      after: { pendingDelete: true, markedAt: 'm1', isProtected: true },
    });
    // Nothing depends on a rack: it has no mark, whatever its item says.
    expect(change({}, marked)).toMatchObject({ after: { pendingDelete: false, markedAt: undefined } });
  });

  it('names what either image holds, once, and looks at nothing else of it', () => {
    const image = (id: string, spare: string) => ({
      ...texts({ spare }),
      uplink: { M: { id: { S: id }, ports: { N: 'no number' } } },
      huge: { L: 'no list' },
    });
    expect(namesToHeal([change(image('s1', 's2'), image('s2', 's3'))])).toEqual(
      ['s1', 's2', 's3'].map((id) => ({ kind: 'switch', id })),
    );
    expect(namesToHeal([change(image('s1', 's2'), { ...image('s1', 's2'), other: { S: 'x' } })])).toEqual([]);
  });

  it('of an item that ends, or that is removed without having ended, tells that a child is gone', () => {
    const scrapped = { state: { M: { now: { S: 'scrapped' } } }, spare: { S: 's1' } };
    expect(tellsOfEnd(change({}, scrapped))).toBe(true);
    expect(tellsOfEnd(change(scrapped, scrapped))).toBe(false);
    expect(tellsOfEnd(change(scrapped, {}))).toBe(false);
    expect(tellsOfEnd(change({}, {}))).toBe(false);
    expect(tellsOfEnd(read('racks', record(rack)) as StreamRecord)).toBe(true);
    expect(tellsOfEnd(read('racks', record(rack, { OldImage: scrapped })) as StreamRecord)).toBe(false);
    // What it held is let go of, though it names it still.
    expect(namesToHeal([change({ spare: { S: 's1' } }, scrapped)])).toEqual([{ kind: 'switch', id: 's1' }]);
    expect(namesToHeal([change(scrapped, scrapped)])).toEqual([]);
  });

  it('of an attachment is about what is held, if that is of a kind that is', () => {
    const held = (name: string) => read('attachments', record({ held: name, holder: 'rack#2#eu#1#a#7' }));
    expect(held('switch#s1')?.parents).toEqual([{ kind: 'switch', id: 's1' }]);
    for (const name of ['zone#2#eu#a', 'rack#2#eu#1#a#7', 'volume#v', 'switch#']) expect(held(name)).toBeUndefined();
  });
});
