/** What an audit finds in items of any kinds, and in rings of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IDEAS } from '../../bin/examples/ideas.ts';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { attributesOf, keyFor, keyOfItem } from '../../lib/lifecycle/ids.ts';
import { itemName } from '../../lib/lifecycle/keys.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { sampleItem } from '../../lib/lifecycle/sample-items.ts';
import { SWARMKIT_ALL } from '../../lib/lifecycle/swarmkit.ts';
import { suspectKey } from '../../lib/operate/audit/findings.ts';
import { mendingOf } from '../../lib/operate/audit/problems.ts';
import type { AuditedPage } from '../../lib/operate/audit/reader.ts';
import { Survey } from '../../lib/operate/audit/survey.ts';
import { findSuspects } from '../../lib/operate/audit/suspects.ts';
import { type AuditedWorld, aboutOf, keysIn } from '../../lib/operate/audit/world.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';

const NOW = { rules: DEFAULT_RULES, nowEpochMillis: Date.parse('2026-01-02T00:00:00Z') };
const MARK = { pendingDelete: true, markedAt: '2026-01-01T00:00:00.000Z#1' };
const EMPTY: AuditedWorld = { items: {}, attachments: [], counters: [] };

const FOLDERS: Lifecycle = {
  kinds: {
    folder: { table: 'folders', key: { id: '${folder}' }, dependsOn: [{ kind: 'folder', by: 'value', at: 'parent' }] },
  },
};
const folder = (id: string, parent?: string, more: object = MARK) => ({ id, ...(parent && { parent }), ...more });
const attached = (id: string, parent: string) => ({ held: `folder#${parent}`, holder: `folder#${id}` });

const told = (lifecycle: Lifecycle, world: Partial<AuditedWorld>) => {
  const plan: Plan = planOf(lifecycle);
  return findSuspects(plan, { ...EMPTY, ...world }, NOW).map((one) => {
    const mending = mendingOf(plan, one);
    return [one.problem, one.about, mending.by === 'sweep' ? mending.parent : mending.step] as const;
  });
};
const survey = async (plan: Plan, world: AuditedWorld) => {
  const run = new Survey(plan, NOW);
  const pages: AuditedPage[] = [
    ...Object.keys(plan.kinds).map((kind): AuditedPage => ({ of: 'kind', kind, items: world.items[kind] ?? [] })),
    { of: 'attachments', items: world.attachments },
    { of: 'counters', items: world.counters },
  ];
  for (const page of pages) await run.take(page);
  await run.conclude();
  await run.close();
  return run;
};

describe('items of other kinds', () => {
  it('are told by kind and id, and mended by the sweep or a person', () => {
    const world = {
      items: {
        blueprint: [{ PK: 'bp#b1', SK: 'blueprint', ...MARK }],
        leaseTemplate: [
          { uuid: 't1', blueprintId: 'b1' },
          { uuid: 't2', blueprintId: 'gone' },
          { uuid: 't3', blueprintId: 7 },
        ],
        lease: [{ userEmail: 'a@b', uuid: 'l1', originalLeaseTemplateUuid: 't1', status: 'Active' }],
      },
      attachments: [
        { held: 'leaseTemplate#t1', holder: 'lease#3#a@b#l1' },
        { held: 'blueprint#gone', holder: 'leaseTemplate#t2' },
        { held: 'leaseTemplate#t1', holder: 'lease#3#a@b#l9' },
        { held: 'lease#3#a@b#l1', holder: 'leaseTemplate#t1' },
      ],
      counters: [{ id: 'blueprint#nowhere', remaining: 0, epoch: 'e' }],
    };
    const template = (id: string) => ({ kind: 'leaseTemplate', id });
    const blueprint = (id: string) => ({ kind: 'blueprint', id });
    expect(told(SANDBOX, world)).toEqual([
      ['missing attachment', { item: template('t1'), other: blueprint('b1') }, 'leaseTemplate#t1'],
      [
        'missing item',
        { item: template('t2'), other: blueprint('gone') },
        'create blueprint gone again, or take it out of the blueprintId of lease template t2',
      ],
      [
        'stale attachment',
        { item: { kind: 'lease', id: { user: 'a@b', lease: 'l9' } }, other: template('t1') },
        'leaseTemplate#t1',
      ],
      ['left counter', { item: blueprint('nowhere') }, 'blueprint#nowhere'],
      ['not deleted', { item: blueprint('b1') }, 'blueprint#b1'],
      [
        'malformed references',
        { item: template('t3') },
        'correct the blueprint references in the blueprintId of leaseTemplate#t3, then sweep with its name',
      ],
      [
        'unknown attachment',
        { held: 'lease#3#a@b#l1', holder: 'leaseTemplate#t1' },
        expect.stringContaining('find out who wrote the item'),
      ],
    ]);
  });

  it('that have ended hold nothing', () => {
    const lease = { userEmail: 'a@b', uuid: 'l1', originalLeaseTemplateUuid: 'gone', status: 'Expired' };
    expect(told(SANDBOX, { items: { lease: [lease] } })).toEqual([]);
  });

  it('of SwarmKit beside networks are told as its others are', () => {
    const web = { id: 'web', spec: { task: { container: { secrets: [{ secretID: 's1' }] } } } };
    expect(
      told(SWARMKIT_ALL, { items: { service: [web] }, attachments: [{ held: 'secret#s1', holder: 'service#web' }] }),
    ).toEqual([
      [
        'missing item',
        { service: 'web', secret: 's1' },
        'create secret s1 again, or take it out of the spec of service web',
      ],
    ]);
  });

  it('that can have no name are told, and others of a shared table are counted', async () => {
    const plan: Plan = planOf(SANDBOX);
    const long = { PK: `bp#${'x'.repeat(2040)}`, SK: 'blueprint' };
    const items = { blueprint: [long, { PK: 'bp#b1', SK: 'note#1' }, { PK: 'bp#b1', SK: 'note#2' }] };
    const { suspicions, unlike } = await survey(plan, { ...EMPTY, items });
    expect(suspicions.all()).toEqual([{ problem: 'unprotected item', about: { table: 'blueprints', key: long } }]);
    expect(unlike).toEqual({ blueprints: 2 });
  });
});

describe('what a finding is about', () => {
  it.each(Object.entries({ SWARMKIT_ALL, SANDBOX, IDEAS }))(
    'is read again as it was told: %s',
    (_, lifecycle: Lifecycle) => {
      const plan: Plan = planOf(lifecycle);
      for (const [kind, { parts, holds, under }] of Object.entries(plan.kinds)) {
        const id = (name: string) =>
          plan.kinds[name]?.parts.length === 1
            ? 'x'
            : Object.fromEntries((plan.kinds[name]?.parts ?? []).map((part) => [part, 'x']));
        const item = keyFor(plan, kind, id(kind));
        expect(parts.length).toBeGreaterThan(0);
        for (const other of [...holds, ...under]) {
          const keys = { item, other: keyFor(plan, other.kind, id(other.kind)) };
          expect(keysIn(plan, aboutOf(plan, keys))).toEqual(keys);
        }
        expect(keysIn(plan, aboutOf(plan, { item })).item).toEqual(item);
      }
    },
  );
});

describe('a ring', () => {
  const rings = (folders: readonly ReturnType<typeof folder>[]) =>
    told(FOLDERS, {
      items: { folder: folders },
      attachments: folders.flatMap((one) => ('parent' in one ? [attached(one.id, one.parent as string)] : [])),
      counters: folders.map(({ id }) => ({ id: `folder#${id}`, remaining: 0, epoch: 'e' })),
    }).flatMap(([problem, about]) => (problem === 'ring' ? [about.item?.id] : []));

  it('is told with what waits for it, and the way out', () => {
    const all = [folder('a', 'b'), folder('b', 'c'), folder('c', 'a'), folder('d'), folder('e', 'd')];
    expect(rings(all)).toEqual(['a', 'b', 'c']);
    const [[, , step] = []] = told(FOLDERS, { items: { folder: [folder('self', 'self')] } }).filter(
      ([problem]) => problem === 'ring',
    );
    expect(step).toMatch(/^undelete one of the ring, .*; update it so that .*, and remove it again$/);
  });

  it('holds what its items hold: that waits for it', () => {
    expect(rings([folder('a', 'b'), folder('b', 'a'), folder('b2'), { ...folder('x', 'b2') }])).toEqual(['a', 'b']);
    expect(rings([folder('a', 'a'), folder('b', undefined)])).toEqual(['a']);
  });

  it('is none while one of its items is not marked', () => {
    expect(rings([folder('a', 'b'), folder('b', 'c'), folder('c', 'a', {})])).toEqual([]);
  });

  it('is found by a survey as by a look at all at once', async () => {
    const plan: Plan = planOf(FOLDERS);
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const arbitrary = fc.array(
      fc.record({
        parent: fc.option(fc.constantFrom(...ids), { nil: undefined }),
        isMarked: fc.boolean(),
        isAttached: fc.boolean(),
      }),
      { minLength: 5, maxLength: 5 },
    );
    let found = 0;
    await fc.assert(
      fc.asyncProperty(arbitrary, async (drawn) => {
        const items = drawn.map(({ parent, isMarked }, place) =>
          folder(ids[place] ?? '', parent, isMarked ? MARK : {}),
        );
        const attachments = drawn.flatMap(({ parent, isAttached }, place) =>
          parent && isAttached ? [attached(ids[place] ?? '', parent)] : [],
        );
        const world = { items: { folder: items }, attachments, counters: [] };
        const expected = findSuspects(plan, world, NOW).map(suspectKey);
        found += expected.filter((key) => key.includes('"ring"')).length;
        expect((await survey(plan, world)).suspicions.all().map(suspectKey).sort()).toEqual(expected.sort());
      }),
      { numRuns: 300 },
    );
    expect(found).toBeGreaterThan(50);
  });
});

it('a sample of each kind, in order, brings no suspects', () => {
  for (const lifecycle of [SANDBOX, IDEAS, SWARMKIT_ALL] as readonly Lifecycle[]) {
    const plan: Plan = planOf(lifecycle);
    const items = Object.fromEntries(
      Object.entries(plan.kinds).map(([kind, { parts }]) => {
        const key = keyFor(plan, kind, parts.length === 1 ? 'x' : Object.fromEntries(parts.map((part) => [part, 'x'])));
        const item = sampleItem(plan, key) ?? attributesOf(plan, key);
        expect(keyOfItem(plan, kind, item) && itemName(key)).toBeTruthy();
        return [kind, [item]];
      }),
    );
    expect(findSuspects(plan, { ...EMPTY, items }, NOW)).toEqual([]);
  }
});
