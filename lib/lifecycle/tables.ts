/** Tables, their streams, indexes and locks, and the functions that the streams wake. A part of the plan. */
import { OWN_TABLES } from './checks.ts';
import type { OurAttribute, Path } from './declaration.ts';
import type { KindPlan } from './kind-plan.ts';
import { FILTERS_MAX } from './limits.ts';
import { isBare, isConstant, literalStart, partsIn } from './templates.ts';
import { capitalized, hyphenated, shouted } from './words.ts';

/** A table. Every key attribute is a text. */
export interface TablePlan<N extends string = string> {
  /** The kinds in it; none in the deallocator's own. */
  readonly kinds: readonly N[];
  readonly partitionKey: string;
  readonly sortKey: string | undefined;
  /**
   * What its stream carries. Both images for every kind, although keys were enough for some: a view type can't be changed in place,
   * so a `goneWhen` or a dependency by value that comes later would replace the stream, with all that is on its way.
   */
  readonly stream: 'NEW_AND_OLD_IMAGES' | 'KEYS_ONLY' | undefined;
  /** The sparse index over what is marked, where it has one. */
  readonly markedIndex: { readonly name: string; readonly partitionKey: string; readonly sortKey: string } | undefined;
  /** Whether every item that can be in it is of its kind: else a lock would keep the programs of others out, if it is brought. */
  readonly isWhole: boolean;
  /** Who may delete from it; undefined where its users do. */
  readonly deletes: DeleteRule | undefined;
  /** Where a function finds the physical name, and the construct's id. */
  readonly variable: string;
  readonly constructId: string;
}

export interface DeleteRule {
  /** `deallocator`: the functions whose permissions have DeleteItem there. `granted`: every role that was granted it. `nobody`. */
  readonly by: 'deallocator' | 'granted' | 'nobody';
  /** Whether each delete is one action of a transaction. */
  readonly inTransaction: boolean;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html */
export type Pattern = Readonly<Record<string, unknown>>;

/** A function that a stream wakes: it heals, counts down and settles, by the kind of the record. */
export interface StreamFunctionPlan<N extends string = string> {
  readonly constructId: string;
  readonly table: string;
  /** Whose records it gets; none of the attachments' function. */
  readonly kinds: readonly N[];
  readonly batchingWindowSeconds: number;
  /** ORed; without any, every record comes through. */
  readonly filters: readonly Pattern[];
}

type Plans = Readonly<Record<string, KindPlan>>;
type Attributes = Readonly<Record<OurAttribute, string>>;

export function tablesOf(plans: Plans, attributes: Attributes) {
  const own = ownTables(Object.values(plans).some(({ holds }) => holds.length > 0));
  const kinds = Object.entries(plans).map(([kind, plan]) => [plan.table, tableOf(kind, plan, attributes)] as const);
  const functions = Object.entries(plans).flatMap(([kind, plan]) => {
    const name = functionNameOf(kind, plan);
    return name === undefined ? [] : [[name, streamFunctionOf(kind, plan, name, attributes)] as const];
  });
  const attachmentDeleted: StreamFunctionPlan = {
    constructId: 'AttachmentDeleted',
    table: 'attachments',
    kinds: [],
    batchingWindowSeconds: BURST_WINDOW_SECONDS,
    filters: [REMOVALS],
  };
  return {
    tables: Object.fromEntries<TablePlan>([...kinds, ...own]),
    functions: Object.fromEntries<StreamFunctionPlan>([
      ...functions,
      ...(own.some(([name]) => name === 'attachments') ? [['attachment-deleted', attachmentDeleted] as const] : []),
    ]),
  };
}

/** What changes in a table wakes: nothing, where a kind depends on nothing and nothing on it. */
function functionNameOf(kind: string, { isGuarded, under, holds }: KindPlan): string | undefined {
  if (!isGuarded && under.length + holds.length === 0) return undefined;
  const isLeafUnderKey = !isGuarded && under.length > 0;
  return `${hyphenated(kind)}-${isLeafUnderKey ? 'deleted' : 'updated'}`;
}

function tableOf(kind: string, { key, isGuarded, under, holds, table }: KindPlan, { markedAt }: Attributes): TablePlan {
  const [partitionKey, sortKey] = Object.keys(key) as [string, string | undefined];
  const isStreamed = isGuarded || under.length + holds.length > 0;
  return {
    kinds: [kind],
    partitionKey,
    sortKey,
    stream: isStreamed ? 'NEW_AND_OLD_IMAGES' : undefined,
    markedIndex: isGuarded ? { name: 'marked', partitionKey: mostTelling(key), sortKey: markedAt } : undefined,
    isWhole: Object.values(key).every(isBare),
    deletes: isGuarded ? { by: 'deallocator', inTransaction: true } : undefined,
    variable: `${shouted(table)}_TABLE`,
    constructId: capitalized(table),
  };
}

/** Never one value for many items, which would be a hot key of the index: the attribute with the most parts. */
function mostTelling(key: KindPlan['key']): string {
  const most = Math.max(...Object.values(key).map((template) => partsIn(template).length));
  const [attribute] = Object.entries(key).find(([, template]) => partsIn(template).length === most) as [string, string];
  return attribute;
}

/** The deallocator's own. No stream on counters: a decrement must wake no function. */
function ownTables(hasHolders: boolean): (readonly [string, TablePlan])[] {
  const tables: Readonly<Record<(typeof OWN_TABLES)[number], Partial<TablePlan>>> = {
    attachments: {
      partitionKey: 'held',
      sortKey: 'holder',
      stream: 'KEYS_ONLY',
      // The client deletes attachments too, in the transaction that changes what an item holds.
      deletes: { by: 'granted', inTransaction: true },
    },
    counters: { partitionKey: 'id', sortKey: undefined, deletes: { by: 'deallocator', inTransaction: false } },
    receipts: { partitionKey: 'id', sortKey: 'markedAt', deletes: { by: 'nobody', inTransaction: true } },
  };
  return OWN_TABLES.filter((name) => name !== 'attachments' || hasHolders).map((name) => [
    name,
    {
      kinds: [],
      partitionKey: 'id',
      sortKey: undefined,
      stream: undefined,
      markedIndex: undefined,
      isWhole: true,
      deletes: undefined,
      variable: `${shouted(name)}_TABLE`,
      constructId: capitalized(name),
      ...tables[name],
    },
  ]);
}

/** A burst of removals, or a head start: what is held waits that its holders' attachments are put by their own function. */
const BURST_WINDOW_SECONDS = 1;

function streamFunctionOf(kind: string, plan: KindPlan, name: string, attributes: Attributes): StreamFunctionPlan {
  const isHeld = plan.countedBy.some(({ by }) => by === 'attachments');
  return {
    constructId: capitalized(name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())),
    table: plan.table,
    kinds: [kind],
    // A user waits for what only lies over others; for nothing else.
    batchingWindowSeconds: plan.isGuarded && !isHeld ? 0 : BURST_WINDOW_SECONDS,
    filters: filtersOf(plan, attributes),
  };
}

const REMOVALS: Pattern = { eventName: ['REMOVE'] };

function filtersOf(plan: KindPlan, { pendingDelete }: Attributes): readonly Pattern[] {
  const { key, isGuarded, under, holds, goneWhen } = plan;
  const keys = keyPattern(key);
  const with_ = (pattern: Pattern = {}) => ({ ...keys, ...pattern });
  const isAlone = Object.keys(keys).length === 0;
  const all = isAlone ? [] : [{ dynamodb: keys }];
  // A holder matters when it comes, changes what it holds or goes, and no pattern can compare its images.
  if (holds.length > 0) return all;
  const marked = (image: string, value: Pattern) => ({ dynamodb: with_({ [image]: { [pendingDelete]: value } }) });
  const filters = [
    ...(under.length > 0 ? [isAlone ? REMOVALS : { ...REMOVALS, dynamodb: keys }] : []),
    ...(under.length > 0 && goneWhen !== undefined
      ? [{ eventName: ['MODIFY'], dynamodb: with_({ NewImage: atPath(goneWhen.at, goneWhen.isOneOf) }) }]
      : []),
    ...(isGuarded
      ? [
          // Marked now, or marked before: an undelete must close its counter. Two patterns, as `$or` below one key is fragile.
          marked('NewImage', { BOOL: [true] }),
          marked('OldImage', { BOOL: [true] }),
          // No marks, but meant as marks: the function logs them.
          marked('NewImage', { S: [{ exists: true }] }),
          marked('NewImage', { N: [{ exists: true }] }),
        ]
      : []),
  ];
  return filters.length > FILTERS_MAX ? all : filters;
}

/** What tells a kind's items from others of its table; empty where there can be no others. */
function keyPattern(key: KindPlan['key']): Pattern {
  const telling = Object.entries(key).flatMap(([attribute, template]): [string, Pattern][] => {
    const start = literalStart(template);
    return start === '' ? [] : [[attribute, { S: [isConstant(template) ? start : { prefix: start }] }]];
  });
  return telling.length === 0 ? {} : { Keys: Object.fromEntries(telling) };
}

/** As DynamoDB writes the image: `status.state` is `{ status: { M: { state: { S: […] } } } }`. */
function atPath(path: Path, texts: readonly string[]): Pattern {
  const [first, ...others] = path.split('.') as [string, ...string[]];
  return { [first]: others.length === 0 ? { S: texts } : { M: atPath(others.join('.'), texts) } };
}
