/** Keys and names: what is made of an id is read back as that id, and nothing else is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { attributesOf, type Id, idOf, keyFor, keyOfItem, parseItemName } from '../../lib/lifecycle/ids.ts';
import { itemName } from '../../lib/lifecycle/keys.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { isLifecycleError } from '../../lib/lifecycle/refusals.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import { fill, partsIn, readWith } from '../../lib/lifecycle/templates.ts';
import { isDeallocatorError } from '../../lib/protocol/errors.ts';
import { PUBLIC_SCHEMAS } from '../support/lifecycles.ts';

/** Texts that run into separators, into lengths, and into the limits of keys. */
const hostile = fc.oneof(
  fc.constantFrom(
    '#',
    '##',
    'a#b',
    '1#a',
    '3#a#b',
    '',
    'bp#',
    '_',
    '${part}',
    '\ud800',
    'é',
    '👩‍👩‍👧',
    'constructor',
    '__proto__',
  ),
  fc.constantFrom(1015, 1016, 1017, 1024, 1025, 2040, 2041, 2049).map((length) => 'x'.repeat(length)),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

/** Kinds of all the key forms that there are. */
const KEYS: Lifecycle = {
  kinds: {
    one: { table: 'one', key: { id: '${a}' } },
    fixed: { table: 'fixed', key: { pk: 'bp#${b}', sk: 'bp' } },
    both: { table: 'both', key: { pk: 'C#${c}', sk: 'C#${c}' } },
    two: { table: 'two', key: { pk: '${d}', sk: '${e}' } },
    joined: { table: 'joined', key: { id: '${f}##${g}#end' } },
    three: { table: 'three', key: { pk: '${h}', sk: '${i}#${j}' }, dependsOn: [{ kind: 'one', by: 'value', at: 'a' }] },
    under: { table: 'under', key: { pk: 'X', sk: 'W#${a}#${w}' }, dependsOn: [{ kind: 'one', by: 'key' }] },
  },
};
const plan: Plan = planOf(KEYS);
const kinds = Object.keys(KEYS.kinds);

function idFor(kind: string, values: readonly string[]): Id {
  const { parts } = plan.kinds[kind] as Plan['kinds'][string];
  const [only = ''] = values;
  return parts.length === 1 ? only : Object.fromEntries(parts.map((part, place) => [part, values[place] ?? '']));
}

function keyOf<N extends string>(of: Plan<N>, kind: N, id: Id): Readonly<Record<string, string>> {
  return attributesOf(of, keyFor(of, kind, id));
}

function nameOf<N extends string>(of: Plan<N>, kind: N, id: Id): string {
  return itemName(keyFor(of, kind, id));
}

/** Undefined where it is refused, for a reason. */
function keyOrRefusal(kind: string, id: Id): Readonly<Record<string, string>> | undefined {
  try {
    return keyOf(plan, kind, id);
  } catch (error) {
    if (isDeallocatorError(error, 'InvalidArgument')) return undefined;
    throw error;
  }
}

describe('an id', () => {
  const values = fc.array(hostile, { minLength: 3, maxLength: 3 });

  it('is read back from its key and from its name, or is refused', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.constantFrom(...kinds), values, (kind, texts) => {
        const id = idFor(kind, texts);
        const key = keyOrRefusal(kind, id);
        if (key === undefined) return;
        taken += 1;
        const found = keyOfItem(plan, kind, { ...key, other: 1 });
        expect(found && idOf(plan, found)).toEqual(id);
        expect(parseItemName(plan, nameOf(plan, kind, id))).toEqual(found);
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it('is found in a key only if it makes that key', () => {
    const keys = fc.oneof(
      hostile,
      fc.tuple(hostile, fc.constantFrom('#', '##', 'C#', 'bp#', '#end'), hostile).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(fc.constantFrom(...kinds), keys, keys, (kind, first, second) => {
        const attributes = Object.keys(plan.kinds[kind]?.key ?? {});
        const item = Object.fromEntries(
          attributes.map((attribute, place) => [attribute, place === 0 ? first : second]),
        );
        const key = keyOfItem(plan, kind, item);
        if (key === undefined) return;
        expect(attributesOf(plan, key)).toEqual(item);
        expect(keyFor(plan, kind, idOf(plan, key))).toEqual(key);
      }),
      { numRuns: 3000 },
    );
  });

  it('shares its name with no other', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.constantFrom(...kinds), values, values, (a, b, one, other) => {
        const [first, second] = [idFor(a, one), idFor(b, other)];
        if (keyOrRefusal(a, first) === undefined || keyOrRefusal(b, second) === undefined) return;
        const isSame = a === b && JSON.stringify(first) === JSON.stringify(second);
        expect(nameOf(plan, a, first) === nameOf(plan, b, second)).toBe(isSame);
      }),
      { numRuns: 3000 },
    );
  });

  it('of a name that is none is none', () => {
    const names = fc.oneof(
      hostile,
      fc.tuple(fc.constantFrom(...kinds, 'none'), hostile).map((all) => all.join('#')),
    );
    fc.assert(
      fc.property(names, (name) => {
        const found = parseItemName(plan, name);
        if (found !== undefined) expect(nameOf(plan, found.kind, idOf(plan, found))).toBe(name);
      }),
    );
  });

  it('is refused where it would run into what stands behind it in any key, also in those of its children', () => {
    // Else the child W#a#b#c would be of item a#b for its query, and of item a for whoever reads its key.
    expect(() => keyOf(plan, 'one', 'a#b')).toThrow(
      'the one id "a#b" has a a that runs into "#", which ends it in keys; choose one without that text',
    );
    expect(keyOfItem(plan, 'one', { id: 'a#b' })).toBeUndefined();
  });

  it('has the names that logs and attachments have', () => {
    const swarm = planOf(SWARMKIT);
    expect(nameOf(swarm, 'service', 'web')).toBe('service#web');
    expect(nameOf(swarm, 'task', { service: 'web', task: '1' })).toBe('task#3#web#1');
    expect(parseItemName(swarm, 'task#3#web#1')).toEqual({ kind: 'task', id: '3#web#1' });
    expect(idOf(swarm, { kind: 'task', id: '3#web#1' })).toEqual({ service: 'web', task: '1' });
    expect(parseItemName(swarm, 'task#4#web#1')).toBeUndefined();
    expect(parseItemName(swarm, 'secret#s')).toBeUndefined();
    const sandbox = planOf(SANDBOX);
    expect(keyOf(sandbox, 'blueprint', 'b')).toEqual({ PK: 'bp#b', SK: 'blueprint' });
    expect(keyOfItem(sandbox, 'blueprint', { PK: 'bp#b', SK: 'stackset#1' })).toBeUndefined();
  });

  it('fits its keys and its name to the byte', () => {
    const swarm = planOf(SWARMKIT);
    const fits = (kind: 'service' | 'network', bytes: number) => () => keyOf(swarm, kind, 'é'.repeat(bytes / 2));
    // A service's name is a sort key of 1,024 bytes, and a network's a partition key of 2,048.
    expect(fits('service', 1024 - 'service#'.length)).not.toThrow();
    expect(fits('service', 1026 - 'service#'.length)).toThrow('makes a name of 1026 bytes, and at most 1024 fit');
    expect(fits('network', 2048 - 'network#'.length)).not.toThrow();
    expect(fits('network', 2050 - 'network#'.length)).toThrow('makes a name of 2050 bytes, and at most 2048 fit');
  });
});

describe('two kinds', () => {
  it('never take each other’s items for theirs, unless that is what is refused', () => {
    const piece = fc.constantFrom('A#', 'AB#', 'M', '#', '');
    const template = fc
      .tuple(piece, fc.constantFrom('${x}', ''), fc.constantFrom('#', ''), fc.constantFrom('${y}', ''))
      .map(([start, x, between, y]) => start + x + (x && y ? '#' : between) + y)
      .filter((text) => text !== '');
    const keys = fc.oneof(fc.record({ pk: template }), fc.record({ pk: template, sk: template }));
    const codesOf = (lifecycle: Lifecycle) => {
      try {
        planOf(lifecycle);
        return [];
      } catch (error) {
        if (!isLifecycleError(error)) throw error;
        return error.refusals.map(({ code }) => code);
      }
    };
    const values = fc.record({ x: fc.constantFrom('A', 'B#', 'M', '#'), y: fc.constantFrom('A#', 'B', 'M') });
    let apart = 0;
    fc.assert(
      fc.property(keys, keys, values, (one, other, parts) => {
        const kind = (key: Readonly<Record<string, string>>) => ({ table: 't', key });
        const codes = codesOf({ kinds: { one: kind(one), other: kind(other) } });
        const attributes = Object.keys(one);
        if (codes.some((code) => code !== 'sharedTable') || attributes.join() !== Object.keys(other).join()) return;
        apart += 1;
        const item = Object.entries(one).map(([attribute, text]) => [attribute, fill(text, parts)] as const);
        // An item of the one is none of the other: some attribute can't be read.
        const isOther = item.every(([attribute, text]) =>
          readWith((other as Record<string, string>)[attribute] as string, text),
        );
        expect(isOther).toBe(false);
      }),
      { numRuns: 3000 },
    );
    expect(apart).toBeGreaterThan(100);
  });
});

it('each part of a template is read, also one that stands twice', () => {
  expect(partsIn('${a}#${b}#${a}')).toEqual(['a', 'b']);
  expect(readWith('${a}#${b}#${a}', 'x#y#x')).toEqual({ a: 'x', b: 'y' });
  expect(readWith('${a}#${b}#${a}', 'x#y#z')).toBeUndefined();
});

it('all public schemas that are planned read their own keys', () => {
  const planned = Object.values(PUBLIC_SCHEMAS).filter(({ refused }) => refused.length === 0);
  expect(planned.length).toBeGreaterThanOrEqual(6);
  for (const { lifecycle } of planned) {
    const one: Plan = planOf(lifecycle);
    for (const [kind, { parts }] of Object.entries(one.kinds)) {
      const id = parts.length === 1 ? 'x' : Object.fromEntries(parts.map((part) => [part, `${part}1`]));
      const found = keyOfItem(one, kind, keyOf(one, kind, id));
      expect(found && idOf(one, found)).toEqual(id);
    }
  }
});
