/** Whether what a lifecycle declares can be kept: each check gives the refusals that it finds. */
import type { Dependency, DependencyByValue, Kind, OnDelete, Path } from './declaration.ts';
import { UNDER_MAX } from './limits.ts';
import { type Refusal, refusal } from './refusals.ts';
import { shapeOf } from './shape.ts';
import { findShared, pairs } from './shared-tables.ts';
import { partsIn } from './templates.ts';
import { partsOf, underKey } from './under-key.ts';
import { wordsOf } from './words.ts';

type Kinds = Readonly<Record<string, Kind>>;

/** The deallocator's own tables. */
export const OWN_TABLES = ['attachments', 'counters', 'receipts'] as const;
/** What is made beside the tables, and has a name of its own: functions, and the construct's other parts. */
const RESERVED_KINDS: readonly string[] = ['attachment', 'counter', 'receipt', 'sweep'];
const RESERVED_TABLES: readonly string[] = [
  ...[...OWN_TABLES, 'sweep', 'sweepSchedule', 'sweepDeployment', 'events'],
  ...['alarms', 'dashboard', 'deadLetters', 'backup', 'logs'],
];

/** All that is wrong, in the order of the declaration; empty for a lifecycle that can be kept. */
export function findRefusals(lifecycle: unknown): readonly Refusal[] {
  const { refusals, kinds, names, ours } = shapeOf(lifecycle);
  return [
    ...refusals,
    ...findLikeNames(names, kinds),
    ...Object.entries(kinds).flatMap(([name, kind]) => [
      ...findReserved(name, kind, names),
      ...findConstantKey(name, kind),
      ...findDependencies(name, kind, kinds, names),
      ...findTakenAttributes(name, kind, kinds, ours),
      ...findIdleGoneWhen(name, kind),
    ]),
    ...findRings(kinds),
    ...findShared(kinds),
  ];
}

function findLikeNames(names: readonly string[], kinds: Kinds): Refusal[] {
  const called = (name: string) => {
    const { singular, plural, short } = wordsOf(name, names);
    return [name, singular, plural, ...short].map((word) => word.toLowerCase());
  };
  const tables = [...new Set(Object.values(kinds).map(({ table }) => table))];
  return [
    ...pairs(names).flatMap(([a, b]) => {
      const word = called(a).find((one) => called(b).includes(one));
      return word === undefined
        ? []
        : [refusal('sameWords', b, `is called "${word}", as kind ${a} is`, 'choose another name')];
    }),
    ...pairs(tables).flatMap(([a, b]) =>
      a.toLowerCase() === b.toLowerCase()
        ? [
            refusal(
              'sameWords',
              undefined,
              `has the tables ${a} and ${b}`,
              'choose names that differ in more than capitals',
            ),
          ]
        : [],
    ),
  ];
}

function findReserved(name: string, { table }: Kind, names: readonly string[]): Refusal[] {
  // A table's construct is named as it is, and a function's as its kind and what wakes it.
  const tables = [...RESERVED_TABLES, ...names.flatMap((kind) => [`${kind}Deleted`, `${kind}Updated`])];
  return [
    ...(RESERVED_KINDS.includes(name) ? [refusal('reserved', name, 'has that name', 'choose another')] : []),
    ...(tables.includes(table)
      ? [refusal('reserved', name, `has the table ${table}`, 'choose another name for it here')]
      : []),
  ];
}

function findConstantKey(name: string, { key }: Kind): Refusal[] {
  if (partsOf({ key }).length > 0) return [];
  return [
    refusal(
      'constantKey',
      name,
      `has the key ${Object.values(key).join(', ')}`,
      "put a part of the id into it: '${service}'",
    ),
  ];
}

function findDependencies(name: string, kind: Kind, kinds: Kinds, names: readonly string[]): Refusal[] {
  const { dependsOn = [] } = kind;
  const others = dependsOn.map((one) => one.kind);
  const twice = [...new Set(others.filter((other, place) => others.indexOf(other) !== place))];
  const under = dependsOn.filter(({ by }) => by === 'key').length;
  return [
    ...twice.map((other) =>
      refusal(
        'doubleDependency',
        name,
        `depends on ${other} twice`,
        "say it once; several attributes are one dependency: at: ['a', 'b']",
      ),
    ),
    ...(under > UNDER_MAX
      ? [
          refusal(
            'tooMany',
            name,
            `lies under ${under} keys, and at most ${UNDER_MAX} leave room for what it holds`,
            "leave out those that another's key implies",
          ),
        ]
      : []),
    ...dependsOn.flatMap((dependency) => findDependency(name, kind, dependency, kinds, names)),
  ];
}

function findDependency(
  name: string,
  kind: Kind,
  dependency: Dependency,
  kinds: Kinds,
  names: readonly string[],
): Refusal[] {
  const { kind: other, by, onDelete } = dependency;
  if (!names.includes(other)) {
    return [
      refusal(
        'unknownKind',
        name,
        `depends on ${other}, which is not declared`,
        `declare it, or name one of ${names.join(', ')}`,
      ),
    ];
  }
  const parent = Object.hasOwn(kinds, other) ? kinds[other] : undefined;
  if (parent === undefined) return []; // refused itself
  if (by === 'value') return findValueParts(name, kind, parent, dependency);
  if (other === name)
    return [
      refusal('ownKey', name, 'depends on itself by key', "use by: 'value', with the other's id in an attribute"),
    ];
  const found = underKey(parent, kind);
  const isUnder = typeof found !== 'string';
  return [
    ...(isUnder
      ? []
      : [
          refusal(
            'notUnderKey',
            name,
            `depends on ${other} by key, but ${found}`,
            `use by: 'value', with the id of its ${other} in an attribute`,
          ),
        ]),
    ...findSetAttributes(name, kind, setBy(onDelete)),
  ];
}

function findValueParts(name: string, kind: Kind, parent: Kind, dependency: DependencyByValue): Refusal[] {
  const { kind: other } = dependency;
  const as = asOf(dependency, parent);
  const [named, needed, own] = [partsIn(as), partsOf(parent), partsOf(kind)];
  const foreign = named.find((part) => !needed.includes(part));
  const missing = needed.find((part) => !named.includes(part) && !own.includes(part));
  const refuse = (what: string, instead: string) => [
    refusal('valueParts', name, `names a ${other} as '${as}', ${what}`, instead),
  ];
  const whole = `as: '${needed.map((part) => `\${${part}}`).join('#')}'`;
  if (named.length === 0)
    return refuse('which names no part', `say which part of the value is the id, such as ${whole}`);
  if (foreign !== undefined) return refuse(`and a ${other} has no part \${${foreign}}`, `name its parts: ${whole}`);
  if (missing === undefined) return [];
  return refuse(`and \${${missing}} is neither in that nor in its own key`, `name all of them in the value: ${whole}`);
}

/** How a value names the other: as it was said, or by the last part of its key. */
export function asOf({ as }: Pick<DependencyByValue, 'as'>, parent: Kind): string {
  return as ?? `\${${partsOf(parent).at(-1)}}`;
}

/** All paths at which an item names what it depends on. */
export function pathsOf({ at, firstOf }: Pick<DependencyByValue, 'at' | 'firstOf'>): readonly Path[] {
  return firstOf ?? (typeof at === 'string' ? [at] : (at ?? []));
}

const firstName = (path: Path) => path.split(/[.[]/)[0] as string;

/** The attributes that decide what an item depends on, and whether it counts. */
function decisive({ dependsOn = [], goneWhen }: Kind): string[] {
  const paths = dependsOn.flatMap((one) => (one.by === 'value' ? pathsOf(one) : []));
  return [...paths, ...(goneWhen === undefined ? [] : [goneWhen.at])].map(firstName);
}

/** The attributes that are written to an item. What is refused already may be null. */
function setBy(onDelete: OnDelete | null | undefined): string[] {
  return typeof onDelete === 'object' && onDelete !== null ? Object.keys(onDelete.set) : [];
}

function findSetAttributes(name: string, kind: Kind, set: readonly string[]): Refusal[] {
  const taken = [...Object.keys(kind.key), ...decisive(kind)];
  return set
    .filter((attribute) => taken.includes(attribute))
    .map((attribute) =>
      refusal(
        'setAttribute',
        name,
        `has its ${attribute} set`,
        'set an attribute that only tells its program what is wanted',
      ),
    );
}

function findTakenAttributes(name: string, kind: Kind, kinds: Kinds, ours: readonly string[]): Refusal[] {
  const sets = (kind.dependsOn ?? []).flatMap(({ onDelete }) => setBy(onDelete));
  const used = isGuarded(name, kinds) ? [...Object.keys(kind.key), ...decisive(kind), ...sets] : [];
  return [...new Set(used.filter((attribute) => ours.includes(attribute)))].map((attribute) => {
    const way = `give the deallocator's another name: attributes: { ${attribute}: '…' }`;
    return refusal('attributeTaken', name, `uses the attribute ${attribute}, which is written to its items`, way);
  });
}

function findIdleGoneWhen(name: string, { dependsOn = [], goneWhen }: Kind): Refusal[] {
  if (goneWhen === undefined || dependsOn.length > 0) return [];
  return [
    refusal(
      'idleGoneWhen',
      name,
      'is gone at some time, and keeps nothing before',
      'leave goneWhen out, or say what it depends on',
    ),
  ];
}

export function isGuarded(name: string, kinds: Kinds): boolean {
  return Object.values(kinds).some(({ dependsOn = [] }) => dependsOn.some(({ kind }) => kind === name));
}

/** Each ring once, told at the kind of it that was declared first. A kind may depend on itself: its items are a tree. */
function findRings(kinds: Kinds): Refusal[] {
  const told = new Set<string>();
  return Object.keys(kinds).flatMap((name) => {
    const ring = told.has(name) ? undefined : wayBack(name, kinds);
    if (ring === undefined) return [];
    for (const one of ring) told.add(one);
    const way = 'leave out the dependency that may be broken, and let its program see to that';
    return [refusal('ring', name, `depends on itself by way of ${[...ring.slice(1), name].join(', ')}`, way)];
  });
}

function wayBack(start: string, kinds: Kinds): string[] | undefined {
  const ways = [[start]];
  const seen = new Set<string>();
  // The list grows while it is gone through, shorter ways first.
  for (const way of ways) {
    const last = way.at(-1) as string;
    for (const { kind } of (Object.hasOwn(kinds, last) ? kinds[last]?.dependsOn : undefined) ?? []) {
      if (kind === last) continue;
      if (kind === start) return way;
      if (seen.has(kind)) continue;
      seen.add(kind);
      ways.push([...way, kind]);
    }
  }
  return undefined;
}
