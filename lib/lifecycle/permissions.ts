/** Who may do what to which table. A part of the plan. */
import type { KindPlan } from './kind-plan.ts';
import type { StreamFunctionPlan, TablePlan } from './tables.ts';

/**
 * Actions without `dynamodb:`, in the order of a policy. A transaction needs the actions of its items, a statement one of its own.
 */
export const ACTIONS = [
  'GetItem',
  'BatchGetItem',
  'Query',
  'Scan',
  'ConditionCheckItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'BatchWriteItem',
  'PartiQLSelect',
  'PartiQLUpdate',
  'DescribeTable',
  'DescribeTimeToLive',
  'GetResourcePolicy',
] as const;

export type Action = (typeof ACTIONS)[number];

/** By table, or by `table/marked`, its index over what is marked. */
export type Permissions = Readonly<Record<string, readonly Action[]>>;

/** What may be granted: reading all that there is; what the typed client does; what the command line does. */
export interface Grants {
  readonly read: Permissions;
  readonly write: Permissions;
  readonly operate: Permissions;
}

type Plans = Readonly<Record<string, KindPlan>>;
type Tables = Readonly<Record<string, TablePlan>>;

/** Look whether items have a counter; open, lower, recount and close it: alone, and together with others. */
const COUNTERS = ['GetItem', 'BatchGetItem', 'UpdateItem', 'PartiQLUpdate', 'DeleteItem'] as const;
const GUARDED = ['DescribeTable', 'DescribeTimeToLive', 'GetResourcePolicy'] as const;

/** What each function does, and nothing more. */
export function permissionsOf(
  plans: Plans,
  functions: Readonly<Record<string, StreamFunctionPlan>>,
): Readonly<Record<string, Permissions>> {
  const planned = (kind: string) => plans[kind] as KindPlan;
  const guarded = Object.keys(plans).filter((kind) => planned(kind).isGuarded);
  const held = guarded.filter((kind) => planned(kind).countedBy.some(({ by }) => by === 'attachments'));
  const settling = (kind: string) => settle(planned(kind), plans);
  const ofKind = (kind: string) => [
    ...planned(kind).under.map((one) => settling(one.kind)),
    ...(planned(kind).isGuarded ? [settling(kind), tell(planned(kind), plans)] : []),
    heal(planned(kind)),
  ];
  const sweep = [
    ...guarded.flatMap((kind) => [settling(kind), tell(planned(kind), plans), listMarked(planned(kind).table)]),
    ...Object.values(plans).flatMap((plan) => [heal(plan), learn(plan)]),
    { counters: ['Scan'] } as const,
  ];
  return {
    ...Object.fromEntries(
      Object.entries(functions).map(([name, { table, kinds }]) => [
        name,
        merge(...(table === 'attachments' ? held.map(settling) : kinds.flatMap(ofKind))),
      ]),
    ),
    sweep: merge(...sweep),
  };
}

/** Settle and finalize an item, with what goes along. */
function settle({ table, countedBy, holds }: KindPlan, plans: Plans): Permissions {
  const attachments = { attachments: ['Query', 'PartiQLSelect'] } as const;
  return merge(
    { counters: COUNTERS, receipts: ['PutItem'], [table]: ['GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem'] },
    ...countedBy.map((count): Permissions => {
      if (count.by === 'attachments') return attachments;
      return { [count.table]: count.isCountedTogether ? ['Query', 'PartiQLSelect'] : ['Query'] };
    }),
    ...holds.map(({ kind }): Permissions => {
      const other = plans[kind] as KindPlan;
      const free: Permissions = { ...attachments, [other.table]: ['GetItem', 'BatchGetItem', 'DeleteItem'] };
      return merge({ attachments: ['DeleteItem'] }, other.goesAlong ? free : {});
    }),
  );
}

/** Write what the programs under a marked item are told. */
function tell({ table, tells }: KindPlan, plans: Plans): Permissions {
  return merge(
    ...tells.map(
      ({ kind }) => ({ [table]: ['ConditionCheckItem'], [(plans[kind] as KindPlan).table]: ['UpdateItem'] }) as const,
    ),
  );
}

/** Set the attachments of a holder right. */
function heal({ table, holds }: KindPlan): Permissions {
  if (holds.length === 0) return {};
  return {
    [table]: ['GetItem', 'BatchGetItem', 'ConditionCheckItem'],
    attachments: ['GetItem', 'BatchGetItem', 'PutItem', 'DeleteItem'],
  };
}

/** Go through the holders that may be older than their declaration: docs/design.md §4.4. */
function learn({ table, holds }: KindPlan): Permissions {
  return holds.length === 0 ? {} : { [table]: ['Scan'] };
}

/** What is marked; a full sweep also reads the table, for marks without a time. */
function listMarked(table: string): Permissions {
  return { [table]: ['Scan'], [`${table}/marked`]: ['Scan'] };
}

export function grantsOf(plans: Plans, tables: Tables): Grants {
  const kinds = Object.values(plans);
  const hasAttachments = Object.hasOwn(tables, 'attachments');
  const attachments = (...actions: Action[]): Permissions => (hasAttachments ? { attachments: actions } : {});
  const query = ({ under }: KindPlan) => (under.length > 0 ? (['Query'] as const) : []);
  const each = (guarded: readonly Action[], leaf: readonly Action[]) =>
    kinds.map((plan) => ({ [plan.table]: plan.isGuarded ? guarded : leaf }));
  const queried = kinds.map((plan) => ({ [plan.table]: query(plan) }));
  const marked = kinds
    .filter(({ isGuarded }) => isGuarded)
    .map(({ table }) => ({ [`${table}/marked`]: ['Scan'] }) as const);
  const read = merge(
    ...each(['GetItem', 'BatchGetItem', 'Scan', ...GUARDED], ['BatchGetItem', 'Scan', 'DescribeTable']),
    ...queried,
    ...marked,
    attachments('BatchGetItem', 'Query', 'Scan', ...GUARDED),
    { counters: ['GetItem', 'BatchGetItem', 'Scan', ...GUARDED], receipts: ['GetItem', 'Query', 'Scan', ...GUARDED] },
  );
  return {
    read,
    write: merge(
      ...each(
        ['GetItem', 'BatchGetItem', 'Scan', 'ConditionCheckItem', 'PutItem', 'UpdateItem'],
        ['BatchGetItem', 'PutItem', 'BatchWriteItem'],
      ),
      ...kinds.filter(({ isGuarded }) => !isGuarded).map(writeLeaf),
      ...queried,
      ...marked,
      attachments('Query', 'PutItem', 'DeleteItem'),
      // Whether what forbids a removal can be told yet.
      kinds.some(({ restrictedBy }) => restrictedBy.length > 0) && hasAttachments ? { counters: ['GetItem'] } : {},
    ),
    operate: merge(read, ...each(['ConditionCheckItem', 'PutItem', 'UpdateItem'], ['PutItem']), attachments('PutItem')),
  };
}

/** What it holds changes with it, in one transaction; and what lies under no key is listed by a scan. */
function writeLeaf({ table, holds, under }: KindPlan): Permissions {
  return {
    [table]: [
      ...(holds.length > 0 ? (['UpdateItem'] as const) : []),
      ...(under.length === 0 ? (['Scan'] as const) : []),
    ],
  };
}

/** The actions of all, each once, in the order of {@link ACTIONS}. */
function merge(...all: readonly Permissions[]): Permissions {
  const targets = [...new Set(all.flatMap((permissions) => Object.keys(permissions)))];
  return Object.fromEntries(
    targets.map((target) => {
      const wanted = new Set(all.flatMap((permissions) => permissions[target] ?? []));
      return [target, ACTIONS.filter((action) => wanted.has(action))];
    }),
  );
}
