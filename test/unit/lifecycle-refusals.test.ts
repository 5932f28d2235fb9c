/** What is refused, with which code and words; and that nothing but a refusal ever comes of a declaration. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRefusals } from '../../lib/lifecycle/checks.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { defineLifecycle } from '../../lib/lifecycle/define.ts';
import {
  FILTER_CHARACTERS_MAX,
  goingAlongMax,
  HELD_MAX,
  HELD_TOGETHER_MAX,
  LIFECYCLE_BYTES_MAX,
  PATH_STEPS_MAX,
  ROLE_POLICY_CHARACTERS_MAX,
  TABLE_POLICY_BYTES_MAX,
  UNDER_MAX,
} from '../../lib/lifecycle/limits.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import {
  isLifecycleError,
  LifecycleError,
  REASONS,
  type RefusalCode,
  refusalText,
} from '../../lib/lifecycle/refusals.ts';
import { findTooLarge, policyCharacters, tablePolicyBytes } from '../../lib/lifecycle/sizes.ts';
import { isDeallocatorError } from '../../lib/protocol/errors.ts';
import { PUBLIC_SCHEMAS } from '../support/lifecycles.ts';

const a = { table: 'as', key: { id: '${a}' } };
const holder = (more: object) => ({ kinds: { a, b: { table: 'bs', key: { id: '${b}' }, ...more } } });
const byValue = (more: object) => holder({ dependsOn: [{ kind: 'a', by: 'value', at: 'aId', ...more }] });
const underKey = (more: object) => ({
  kinds: { a, b: { table: 'bs', key: { pk: '${a}', sk: '${b}' }, dependsOn: [{ kind: 'a', by: 'key', ...more }] } },
});
const codesOf = (lifecycle: unknown) => findRefusals(lifecycle).map(({ code }) => code);

/** At least one declaration for each code: what is refused, and in which words. */
const REFUSED: Readonly<
  Record<Exclude<RefusalCode, 'tooLarge'>, readonly (readonly [declared: unknown, words: string])[]>
> = {
  shape: [
    [undefined, 'the lifecycle is missing'],
    [[], 'the lifecycle is []'],
    [{}, 'has kinds missing'],
    [{ kinds: {} }, 'declare at least one kind'],
    [{ kinds: { a: null } }, 'kind a is null'],
    [{ kinds: { a: { key: a.key } } }, 'has the table missing'],
    [{ kinds: { a: { table: 'as', key: 'id' } } }, 'has the key "id"'],
    [holder({ dependsOn: 'a' }), 'depends on "a"'],
    [holder({ dependsOn: ['a'] }), "name the kind and how: { kind: 'network', by: 'value', at: … }"],
    [holder({ dependsOn: [{ kind: 'a', by: 'name' }] }), 'depends on a by "name"'],
    [underKey({ onDelete: 'delete' }), 'depends on a with onDelete "delete"'],
    [underKey({ onDelete: { set: {} } }), 'onDelete {"set":{}}'],
    [byValue({ as: 1 }), 'depends on a as 1'],
    [{ kinds: { a }, attributes: 'x' }, 'has attributes "x"'],
  ],
  unknownWord: [
    [holder({ parent: 'a' }), 'kind b has the word "parent"'],
    [byValue({ onDelet: 'wait' }), 'depends on a with has the word "onDelet"'],
    [{ kinds: { a }, attributes: { mark: 'x' } }, 'has the word "mark"'],
  ],
  notData: [
    [holder({ goneWhen: () => true }), 'the lifecycle holds a function at kinds.b.goneWhen'],
    [holder({ goneWhen: /x/ }), 'a RegExp at kinds.b.goneWhen'],
    [{ kinds: new Map() }, 'a Map at kinds'],
  ],
  name: [
    [{ kinds: { 'lease-template': a } }, 'kind lease-template has a name that is none'],
    [{ kinds: { [`a${'B'.repeat(16)}`]: a } }, 'a capital counts twice'],
    [{ kinds: { constructor: a } }, 'kind constructor has a name that is none'],
    [{ kinds: { toString: a } }, 'no name that every object has, such as constructor'],
    [{ kinds: { a: { ...a, table: 'My.Table' } } }, "the table's name in AWS is another matter"],
    [{ kinds: { a: { table: 'as', key: { '': '${a}' } } } }, 'has the key attribute ""'],
    [underKey({ onDelete: { set: { ['x'.repeat(256)]: 'x' } } }), 'choose a name of 1 to 255 characters'],
    [underKey({ onDelete: { set: { '': 'x' } } }), 'choose a name of 1 to 255 characters'],
    [{ kinds: { a }, attributes: { protected: '' } }, 'calls its attribute protected ""'],
  ],
  sameWords: [
    [
      { kinds: { dish: a, dishes: { table: 'bs', key: { id: '${b}' } } } },
      'kind dishes is called "dishes", as kind dish is',
    ],
    [{ kinds: { ab: a, aB: { table: 'bs', key: { id: '${b}' } } } }, 'kind aB is called "ab", as kind ab is'],
    [{ kinds: { a, b: { table: 'aS', key: { id: '${b}' } } } }, 'has the tables as and aS'],
  ],
  reserved: [
    [{ kinds: { counter: a } }, 'kind counter has that name'],
    [{ kinds: { a: { ...a, table: 'receipts' } } }, 'kind a has the table receipts'],
    [{ kinds: { a: { ...a, table: 'aUpdated' } } }, 'has the table aUpdated'],
  ],
  keyAttributes: [
    [{ kinds: { a: { table: 'as', key: {} } } }, 'has 0 key attributes'],
    [{ kinds: { a: { table: 'as', key: { x: '${a}', y: 'b', z: 'c' } } } }, 'has 3 key attributes'],
    [{ kinds: { a: { table: 'as', key: { pk: '${a}', 1: 'b' } } } }, 'which JavaScript puts first'],
  ],
  keyNotText: [
    [
      { kinds: { a: { table: 'as', key: { id: { N: '${a}' } } } } },
      'a table whose key is of type N or B needs another one',
    ],
  ],
  template: [
    [{ kinds: { a: { table: 'as', key: { id: '${a' } } } }, 'with a ${ that is not closed'],
    [{ kinds: { a: { table: 'as', key: { id: '${}' } } } }, 'with a part ""'],
    [{ kinds: { a: { table: 'as', key: { id: '' } } } }, 'which is empty'],
    [{ kinds: { a: { table: 'as', key: { id: '\ud800${a}' } } } }, 'which holds half a character'],
    [
      { kinds: { a: { table: 'as', key: { id: '${a}${b}' } } } },
      "put a text between them that no id holds: '${a}#${b}'",
    ],
  ],
  constantKey: [
    [
      { kinds: { a: { table: 'as', key: { pk: 'A', sk: 'B' } } } },
      'kind a has the key A, B: all its items would be one item',
    ],
  ],
  unknownKind: [
    [holder({ dependsOn: [{ kind: 'c', by: 'value', at: 'cId' }] }), 'depends on c, which is not declared'],
  ],
  doubleDependency: [
    [
      holder({ dependsOn: ['x', 'y'].map((at) => ({ kind: 'a', by: 'value', at })) }),
      "several attributes are one dependency: at: ['a', 'b']",
    ],
  ],
  ring: [
    [
      {
        kinds: {
          a: { ...a, dependsOn: [{ kind: 'c', by: 'value', at: 'c' }] },
          b: { table: 'bs', key: { id: '${b}' }, dependsOn: [{ kind: 'a', by: 'value', at: 'a' }] },
          c: { table: 'cs', key: { id: '${c}' }, dependsOn: [{ kind: 'b', by: 'value', at: 'b' }] },
        },
      },
      'kind a depends on itself by way of c, b, a: each would wait for another',
    ],
  ],
  ownKey: [[{ kinds: { a: { ...a, dependsOn: [{ kind: 'a', by: 'key' }] } } }, 'kind a depends on itself by key']],
  byIndex: [
    [
      holder({ dependsOn: [{ kind: 'a', by: 'index', index: 'aId-index' }] }),
      'an index is eventually consistent, so it can never prove',
    ],
    [byValue({ indexName: 'aId-index' }), "use by: 'value' with the attribute that the index has for its key"],
  ],
  notUnderKey: [
    [
      { kinds: { a, b: { table: 'bs', key: { id: '${b}' }, dependsOn: [{ kind: 'a', by: 'key' }] } } },
      'its partition key ${b} holds ${b}',
    ],
    [
      { kinds: { a, b: { table: 'bs', key: { pk: 'X', sk: '${b}#${a}' }, dependsOn: [{ kind: 'a', by: 'key' }] } } },
      "${a} of the other's key does not stand before its own parts",
    ],
  ],
  keysLookAlike: [
    [
      { kinds: { a: { table: 't', key: { id: 'X#${a}' } }, b: { table: 't', key: { id: 'X#Y#${b}' } } } },
      'kind b has keys that those of kind a may look like',
    ],
  ],
  bareTakesOthers: [
    [
      PUBLIC_SCHEMAS[
        'aws-samples/sample-voice-of-customer-datalake: ten kinds of rows beside the META of their project'
      ]?.lifecycle,
      'a part alone takes every text',
    ],
  ],
  otherKeys: [
    [
      { kinds: { a: { table: 't', key: { id: '${a}' } }, b: { table: 't', key: { pk: '${b}' } } } },
      'has other key attributes than kind a',
    ],
  ],
  sharedTable: [
    [
      { kinds: { a: { table: 't', key: { id: 'A#${a}' } }, b: { table: 't', key: { id: 'B#${b}' } } } },
      'kind b is in table t, as kind a is',
    ],
  ],
  cascade: [
    [underKey({ onDelete: 'cascade' }), "say 'wait' and remove the items yourself"],
    [byValue({ onDelete: 'cascade' }), 'which is not built yet'],
  ],
  setNull: [
    [byValue({ onDelete: 'SET NULL' }), "say 'restrict', and update the items before"],
    [underKey({ onDelete: { set: { a: null } } }), 'no one left to own the truth'],
    [byValue({ onDelete: null }), 'onDelete null'],
  ],
  setByValue: [[byValue({ onDelete: { set: { wanted: 'gone' } } }), 'telling holders is not built yet']],
  setAttribute: [
    [underKey({ onDelete: { set: { sk: 'x' } } }), 'kind b has its sk set'],
    [
      {
        kinds: {
          a,
          b: {
            table: 'bs',
            key: { pk: '${a}', sk: '${b}' },
            dependsOn: [{ kind: 'a', by: 'key', onDelete: { set: { status: 'ended' } } }],
            goneWhen: { at: 'status.state', isOneOf: ['ended'] },
          },
        },
      },
      'kind b has its status set: that attribute decides',
    ],
  ],
  where: [
    [byValue({ at: undefined }), 'depends on a by value without one of at and firstOf'],
    [byValue({ firstOf: ['x'] }), 'nobody knows which values count'],
    [byValue({ at: [] }), 'without one of at and firstOf'],
  ],
  path: [
    [byValue({ at: 'a..b' }), 'depends on a at "a..b"'],
    [byValue({ at: ['ok', 1] }), 'depends on a at 1'],
    [
      byValue({
        at: Array(PATH_STEPS_MAX + 1)
          .fill('x')
          .join('.'),
      }),
      'of at most 32 steps',
    ],
  ],
  valueParts: [
    [byValue({ as: 'A#' }), 'which names no part'],
    [byValue({ as: '${b}' }), 'and a a has no part ${b}'],
    [
      {
        kinds: {
          a: { table: 'as', key: { owner: '${owner}', id: '${a}' } },
          b: { table: 'bs', key: { id: '${b}' }, dependsOn: [{ kind: 'a', by: 'value', at: 'aId' }] },
        },
      },
      "names a a as '${a}', and ${owner} is neither in that nor in its own key: a value must name one item, and no more than one; name all of them in the value: as: '${owner}#${a}'",
    ],
  ],
  attributeTaken: [
    [
      {
        kinds: {
          a: { table: 'as', key: { protected: '${a}' } },
          b: { table: 'bs', key: { id: '${b}' }, dependsOn: [{ kind: 'a', by: 'value', at: 'x' }] },
        },
      },
      "attributes: { protected: '…' }",
    ],
    [{ kinds: { a }, attributes: { protected: 'markedAt' } }, 'calls two of its attributes "markedAt"'],
  ],
  goneWhen: [
    [holder({ goneWhen: { at: 'x' } }), 'is gone when {"at":"x"}'],
    [holder({ goneWhen: { at: 'x[].y', isOneOf: ['z'] } }), 'name one attribute and its texts'],
    [holder({ goneWhen: { at: 'x', isOneOf: [] } }), 'is gone when'],
    [holder({ goneWhen: { at: 'x', isOneOf: [1] } }), 'is gone when'],
  ],
  idleGoneWhen: [
    [holder({ goneWhen: { at: 'x', isOneOf: ['y'] } }), 'kind b is gone at some time, and keeps nothing before'],
  ],
  tooMany: [
    [
      {
        kinds: {
          ...Object.fromEntries(
            'abcd'.split('').map((part) => [part, { table: `t${part}`, key: { id: `\${${part}}` } }]),
          ),
          e: {
            table: 'te',
            key: { pk: '${a}', sk: '${b}' },
            dependsOn: 'abcd'.split('').map((kind) => ({ kind, by: 'key' })),
          },
        },
      },
      `lies under 4 keys, and at most ${UNDER_MAX} leave room for what it holds`,
    ],
  ],
};

describe('a declaration', () => {
  it.each(Object.entries(REFUSED))('is refused as %s, with what is wrong, why, and the way out', (code, cases) => {
    for (const [declared, words] of cases) {
      const refusals = findRefusals(declared).filter((one) => one.code === code);
      expect(refusals.map(refusalText).join('\n'), JSON.stringify(declared)).toContain(words);
      for (const { what, why, instead } of refusals) {
        expect(what).not.toBe('');
        expect(why).toBe(REASONS[code as RefusalCode]);
        expect(instead.length).toBeGreaterThan(5);
      }
    }
  });

  it('is told all that is wrong with it at once, each under its kind', () => {
    const bad = {
      kinds: {
        A: a,
        b: { table: 'bs', key: { id: '${b}${c}' } },
        c: { table: 'cs', key: { id: 'x' }, dependsOn: [{ kind: 'd', by: 'key' }] },
      },
    };
    const refusals = findRefusals(bad);
    expect(refusals.map(({ kind, code }) => [kind, code])).toEqual([
      ['A', 'name'],
      ['b', 'template'],
      ['c', 'constantKey'],
      ['c', 'unknownKind'],
    ]);
    expect(() => planOf(bad as unknown as Lifecycle)).toThrow(/^4 refusals\n- kind A has a name that is none: /);
  });

  it('is told of its own attributes by the names that were chosen, whatever else is wrong', () => {
    const kinds = { ...byValue({}).kinds, a: { table: 'as', key: { protected: '${a}' } }, x: null };
    expect(codesOf({ kinds })).toEqual(['shape', 'attributeTaken']);
    expect(codesOf({ kinds, attributes: { protected: 'keep', markedBy: undefined } })).toEqual(['shape']);
  });

  it('is told what is wrong beside what is not there yet', () => {
    const codes = (onDelete: unknown) =>
      codesOf(holder({ dependsOn: [{ kind: 'c', by: 'value', at: 'x', onDelete, more: 1 }] }));
    expect(codes('cascade')).toEqual(['unknownWord', 'cascade', 'unknownKind']);
    expect(codes(null)).toEqual(['unknownWord', 'setNull', 'unknownKind']);
    expect(codes({ set: { x: 'y' } })).toEqual(['unknownWord', 'setByValue', 'unknownKind']);
  });

  it('is refused by an error that says so, in any copy of the package', () => {
    const error = new LifecycleError(findRefusals({}));
    expect(isDeallocatorError(error, 'InvalidArgument')).toBe(true);
    expect(isLifecycleError(error)).toBe(true);
    expect(
      isLifecycleError(Object.assign(new Error('x'), { name: 'DeallocatorError', refusals: error.refusals })),
    ).toBe(true);
    expect(isLifecycleError(new Error('x'))).toBe(false);
  });

  it('may not hold itself, nor be deeper than what is read', () => {
    const own: Record<string, unknown> = { kinds: { a } };
    own.attributes = own;
    expect(findRefusals(own).map(refusalText).join()).toContain('holds more than 32 things within each other');
  });

  it('may have a kind of the name that another would have for short', () => {
    const svc = {
      kinds: { service: a, svc: { table: 'svcs', key: { id: '${b}' } }, network: { table: 'ns', key: { id: '${n}' } } },
    };
    const { kinds } = planOf(svc as Lifecycle);
    expect([kinds.service?.words.short, kinds.network?.words.short]).toEqual([[], ['net']]);
  });

  it('may be a tree of one kind, of which each item is under another', () => {
    expect(codesOf({ kinds: { a: { ...a, dependsOn: [{ kind: 'a', by: 'value', at: 'parent' }] } } })).toEqual([]);
  });

  it('stays as it was checked', () => {
    const kinds = { a: { table: 'as', key: { id: '${a}' } } } as const;
    const defined = defineLifecycle({ kinds });
    expect(defined).toEqual({ kinds });
    expect(() => Object.assign(defined.kinds.a.key, { id: '${b}' })).toThrow(TypeError);
    expect(() => Object.assign(kinds.a.key, { other: '${b}' })).not.toThrow();
  });
});

it('the page has each reason', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'your-own-kinds.md'), 'utf8');
  const [, section = ''] = page.split('## What is refused');
  const rows = [...section.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, code, why]) => [code, why]);
  expect(rows).toEqual(Object.entries(REASONS));
});

describe('a public schema', () => {
  it.each(Object.entries(PUBLIC_SCHEMAS))('%s: is planned, or refused for its reason', (_, { lifecycle, refused }) => {
    expect([...new Set(codesOf(lifecycle))]).toEqual(refused);
    if (refused.length === 0) expect(Object.keys(planOf(lifecycle).kinds)).toEqual(Object.keys(lifecycle.kinds));
  });
});

describe('limits', () => {
  it('of a transaction hold at their edges: 3 + held + 2 · going along ≤ 100', () => {
    for (let held = 0; held <= 97; held += 1) {
      const along = goingAlongMax(held);
      expect(3 + held + 2 * along).toBeLessThanOrEqual(100);
      // Not one more would fit, or all go along already.
      expect(along === held || 3 + held + 2 * (along + 1) > 100, String(held)).toBe(true);
    }
    expect([HELD_TOGETHER_MAX, goingAlongMax(32), goingAlongMax(33), goingAlongMax(50), goingAlongMax(97)]).toEqual([
      32, 32, 32, 23, 0,
    ]);
    // Who creates it puts it, checks what it lies under, and checks and attaches what it holds.
    expect(1 + UNDER_MAX + 2 * HELD_MAX).toBeLessThanOrEqual(100);
    expect(1 + UNDER_MAX + 2 * (HELD_MAX + 1)).toBeGreaterThan(100);
  });

  it('of the environment hold at their edge', () => {
    const ofBytes = (bytes: number) => {
      const empty = byValue({ at: [''] });
      return byValue({ at: ['x'.repeat(bytes - JSON.stringify(empty).length)] });
    };
    expect(codesOf(ofBytes(LIFECYCLE_BYTES_MAX))).toEqual([]);
    expect(codesOf(ofBytes(LIFECYCLE_BYTES_MAX + 1))).toEqual(['tooLarge']);
  });

  it('of filters hold at their edge', () => {
    const table = {};
    const filtered = (characters: number) => {
      const pattern = { x: '' };
      pattern.x = 'y'.repeat(characters - JSON.stringify(pattern).length);
      return { f: { constructId: 'F', table: 'as', kinds: ['a'], batchingWindowSeconds: 0, filters: [pattern] } };
    };
    expect(findTooLarge(table, filtered(FILTER_CHARACTERS_MAX), {})).toEqual([]);
    expect(findTooLarge(table, filtered(FILTER_CHARACTERS_MAX + 1), {})).toMatchObject([
      { code: 'tooLarge', kind: 'a' },
    ]);
  });

  it('of policies hold at their edges', () => {
    const role = (tables: number) =>
      Object.fromEntries(Array.from({ length: tables }, (_, n) => [`t${n}`, ['GetItem'] as const]));
    let most = 0;
    while (policyCharacters(role(most + 1)) <= ROLE_POLICY_CHARACTERS_MAX) most += 1;
    expect(most).toBeGreaterThan(20);
    expect(findTooLarge({}, {}, { sweep: role(most) })).toEqual([]);
    expect(findTooLarge({}, {}, { sweep: role(most + 1) })).toMatchObject([{ code: 'tooLarge' }]);
    const roles = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, { as: ['DeleteItem'] as const }]));
    const mostRoles = Array.from({ length: 1000 }, (_, n) => n).findLast(
      (n) => tablePolicyBytes(n) <= TABLE_POLICY_BYTES_MAX,
    ) as number;
    const tables = planOf(defineLifecycle({ kinds: { a } })).tables;
    expect(mostRoles).toBeGreaterThan(50);
    expect(findTooLarge(tables, {}, roles(mostRoles))).toEqual([]);
    expect(findTooLarge(tables, {}, roles(mostRoles + 1))).toMatchObject([{ code: 'tooLarge' }]);
  });

  it('refuse a lifecycle whose sweep would need too large a policy', () => {
    const many = (count: number) => ({
      kinds: Object.fromEntries(
        Array.from({ length: count }, (_, n) => [
          `k${n}`,
          {
            table: `t${n}`,
            key: { i: `\${p${n}}` },
            dependsOn: n === 0 ? [] : [{ kind: `k${n - 1}`, by: 'value', at: 'x' } as const],
          },
        ]),
      ),
    });
    const fits = Array.from({ length: 40 }, (_, n) => n + 1).findLast((count) => {
      try {
        planOf(many(count) as Lifecycle);
        return true;
      } catch (error) {
        if (isLifecycleError(error)) return false;
        throw error;
      }
    }) as number;
    expect(fits).toBeGreaterThan(6);
    expect(() => planOf(many(fits + 1) as Lifecycle)).toThrow(
      /gives the function sweep a policy of up to \d+ characters, and IAM takes 10240/,
    );
  });
});

describe('whatever is declared', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'service', 'A', 'a-b', 'counter', 'constructor', '__proto__', '');
  const template = fc.constantFrom(
    '${a}',
    '${b}',
    '${c}',
    '${a}#${b}',
    '${a}#${c}',
    'X',
    'X#${a}',
    '${a}${b}',
    '${',
    '',
  );
  const wild = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constant(undefined),
    fc.constant(() => 1),
    fc.constant(1n),
    fc.constant(Symbol('x')),
  );
  const or = <T>(arbitrary: fc.Arbitrary<T>) => fc.oneof({ weight: 12, arbitrary }, { weight: 1, arbitrary: wild });
  const path = fc.constantFrom('x', 'x.y', 'x[].y', 'x[', '', 'protected');
  const onDelete = fc.constantFrom(
    'wait',
    'restrict',
    'cascade',
    'set null',
    null,
    { set: { w: 'x' } },
    { set: { x: 'x' } },
    undefined,
  );
  const dependency = fc.oneof(
    fc.record({ kind: name, by: fc.constant('key'), onDelete: or(onDelete) }, { requiredKeys: ['kind', 'by'] }),
    fc.record(
      {
        kind: name,
        by: fc.constant('value'),
        at: or(fc.oneof(path, fc.array(path))),
        firstOf: or(fc.array(path)),
        as: or(template),
        onDelete: or(onDelete),
      },
      { requiredKeys: ['kind', 'by', 'at'] },
    ),
    wild,
  );
  const kind = fc.record(
    {
      table: or(fc.constantFrom('t', 'u', 'v', 'w', 'T', 'counters', 'constructor')),
      key: or(fc.oneof(fc.record({ pk: or(template) }), fc.record({ pk: or(template), sk: or(template) }))),
      dependsOn: or(fc.array(dependency, { maxLength: 3 })),
      goneWhen: or(fc.record({ at: or(path), isOneOf: or(fc.array(fc.string(), { maxLength: 2 })) })),
    },
    { requiredKeys: ['table', 'key'] },
  );
  const attributes = fc.dictionary(
    fc.constantFrom('protected', 'markedAt', 'x'),
    or(fc.constantFrom('x', 'markedAt', '')),
    { maxKeys: 2 },
  );
  const lifecycle = fc.record(
    { kinds: or(fc.dictionary(name, or(kind), { maxKeys: 4 })), attributes: or(attributes) },
    { requiredKeys: ['kinds'] },
  );

  it('is planned, or refused with reasons', () => {
    const outcomes = { planned: 0, refused: 0 };
    fc.assert(
      fc.property(fc.oneof({ weight: 20, arbitrary: lifecycle }, { weight: 1, arbitrary: wild }), (declared) => {
        try {
          planOf(declared as Lifecycle);
          outcomes.planned += 1;
        } catch (error) {
          if (!isLifecycleError(error)) throw error;
          expect(error.refusals.length).toBeGreaterThan(0);
          outcomes.refused += 1;
        }
      }),
      { numRuns: 2000 },
    );
    expect(outcomes.refused).toBeGreaterThan(100);
  });

  it('is planned where it is a forest of kinds with tables of their own', () => {
    const shapes = fc.array(
      fc.record({ parents: fc.array(fc.nat({ max: 5 }), { maxLength: 2 }), by: fc.boolean(), isEnding: fc.boolean() }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(shapes, (all) => {
        const othersOf = (n: number) => [...new Set((all[n]?.parents ?? []).filter((parent) => parent < n))];
        const partsOf = (n: number) => (all[n]?.by ? [...othersOf(n), n] : [n]).map((one) => `\${p${one}}`);
        const kinds = all.map(({ by, isEnding }, n) => {
          const whole = partsOf(n).join('#');
          const dependsOn = othersOf(n).map((other, place) =>
            // Its key begins with the first, and so with all of it only if that has one part.
            by && place === 0 && partsOf(other).length === 1
              ? { kind: `k${other}`, by: 'key' }
              : { kind: `k${other}`, by: 'value', at: `x${other}`, as: partsOf(other).join('/') },
          );
          const ending = isEnding && dependsOn.length > 0 && { goneWhen: { at: 's', isOneOf: ['e'] } };
          return [`k${n}`, { table: `t${n}`, key: { pk: 'X', sk: whole }, dependsOn, ...ending }];
        });
        const declared = Object.fromEntries(kinds) as Lifecycle['kinds'];
        const { kinds: planned, functions } = planOf({ kinds: declared });
        for (const [one, { isGuarded, under, holds }] of Object.entries(planned)) {
          const depended = Object.values(declared).some(({ dependsOn = [] }) =>
            dependsOn.some((other) => other.kind === one),
          );
          expect(isGuarded).toBe(depended);
          const isWoken = Object.values(functions).some((fn) => fn.kinds.includes(one));
          expect(isWoken).toBe(isGuarded || under.length + holds.length > 0);
        }
      }),
      { numRuns: 500 },
    );
  });
});
