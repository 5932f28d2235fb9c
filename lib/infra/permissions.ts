/** Who may do what to which table, as data: so that it can be read, compared and tested without a template. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { MARKED_INDEX, TableName } from '../dynamodb/schema.ts';
import type { Rules } from '../protocol/rules.ts';
import type { FunctionName } from '../streams/functions.ts';

/**
 * Actions without `dynamodb:`, in the order of the policy. A transaction needs the actions of its items, a statement one of its own.
 */
const ACTIONS = [
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

/** A table, or its index over what is marked. */
export type Target = TableName | `${TableName}/${typeof MARKED_INDEX.name}`;

export type Permissions = Readonly<Partial<Record<Target, readonly Action[]>>>;

/** Look whether parents have a counter; open, lower, recount and close it: alone, and together with others. */
const COUNTERS = ['GetItem', 'BatchGetItem', 'UpdateItem', 'PartiQLUpdate', 'DeleteItem'] as const;

/** Settle and finalize a service, its free networks included. */
const SETTLE_SERVICE: Permissions = {
  counters: COUNTERS,
  services: ['GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem'],
  tasks: ['Query'],
  networks: ['GetItem', 'BatchGetItem', 'DeleteItem'],
  attachments: ['Query', 'PartiQLSelect', 'DeleteItem'],
  receipts: ['PutItem'],
};

const SETTLE_NETWORK: Permissions = {
  counters: COUNTERS,
  networks: ['GetItem', 'BatchGetItem', 'UpdateItem', 'DeleteItem'],
  attachments: ['Query', 'PartiQLSelect'],
  receipts: ['PutItem'],
};

/** Count the tasks of several services in one read: not where ended tasks are left out of the count. */
const COUNT_TOGETHER: Permissions = { tasks: ['PartiQLSelect'] };

/** Tell the tasks of a marked service to stop. */
const STOP_TASKS: Permissions = { services: ['ConditionCheckItem'], tasks: ['UpdateItem'] };

/** Set the attachments of a service right. */
const HEAL: Permissions = {
  services: ['GetItem', 'BatchGetItem', 'ConditionCheckItem'],
  attachments: ['GetItem', 'BatchGetItem', 'PutItem', 'DeleteItem'],
};

/** Set the attachments of tasks right, where tasks hold networks. */
const HEAL_TASKS: Permissions = {
  tasks: ['GetItem', 'BatchGetItem', 'ConditionCheckItem'],
  attachments: ['GetItem', 'BatchGetItem', 'PutItem', 'DeleteItem'],
};

/**
 * The sweep's own reading: what is marked, and every counter. A full sweep also reads the tables, for marks without a time.
 * A sweep writes its cursor as settle writes a counter.
 */
const LIST_STRAGGLERS: Permissions = {
  services: ['Scan'],
  networks: ['Scan'],
  'services/marked': ['Scan'],
  'networks/marked': ['Scan'],
  counters: ['Scan'],
};

/** What each function does under the given rules, and nothing more. */
export function functionPermissions({
  stopTasks,
  taskIsGone,
  taskNetworks,
}: Pick<Rules, 'stopTasks' | 'taskIsGone' | 'taskNetworks'>): Record<FunctionName, Permissions> {
  const count = taskIsGone === 'terminal' ? {} : COUNT_TOGETHER;
  const stop = stopTasks ? STOP_TASKS : {};
  const healTasks = taskNetworks ? HEAL_TASKS : {};
  return {
    'task-deleted': merge(SETTLE_SERVICE, count, healTasks),
    'attachment-deleted': merge(SETTLE_NETWORK),
    'service-updated': merge(SETTLE_SERVICE, count, HEAL, stop),
    'network-updated': merge(SETTLE_NETWORK),
    sweep: merge(SETTLE_SERVICE, count, SETTLE_NETWORK, HEAL, LIST_STRAGGLERS, stop, healTasks),
  };
}

/** What an audit compares of each table: what guards it, and what DynamoDB itself would delete there. */
const GUARDED = ['DescribeTable', 'DescribeTimeToLive', 'GetResourcePolicy'] as const;
const DESCRIBE: Permissions = {
  services: GUARDED,
  tasks: ['DescribeTable'],
  networks: GUARDED,
  attachments: GUARDED,
  counters: GUARDED,
  receipts: GUARDED,
};

/** What the reports read: status, explain, wait, history, audit, export. They read everything and change nothing. */
export const READ_PERMISSIONS: Permissions = merge(DESCRIBE, {
  services: ['GetItem', 'BatchGetItem', 'Scan'],
  'services/marked': ['Scan'],
  tasks: ['BatchGetItem', 'Query', 'Scan'],
  networks: ['GetItem', 'BatchGetItem', 'Scan'],
  'networks/marked': ['Scan'],
  attachments: ['BatchGetItem', 'Query', 'Scan'],
  counters: ['BatchGetItem', 'Scan'],
  receipts: ['GetItem', 'Query', 'Scan'],
});

/**
 * What the typed client does. It can mark services and networks, and not delete them: only the deallocator has DeleteItem
 * there, and only the deallocator has access to the counters.
 */
export const WRITE_PERMISSIONS: Permissions = {
  services: ['GetItem', 'BatchGetItem', 'Scan', 'ConditionCheckItem', 'PutItem', 'UpdateItem'],
  'services/marked': ['Scan'],
  tasks: ['BatchGetItem', 'Query', 'PutItem', 'BatchWriteItem'],
  networks: ['GetItem', 'BatchGetItem', 'Scan', 'ConditionCheckItem', 'PutItem', 'UpdateItem'],
  'networks/marked': ['Scan'],
  attachments: ['Query', 'PutItem', 'DeleteItem'],
};

/** The actions of all, each once, in the order of {@link ACTIONS}. */
export function merge(...all: readonly Permissions[]): Permissions {
  const targets = [...new Set(all.flatMap((permissions) => Object.keys(permissions) as Target[]))];
  const merged: Partial<Record<Target, readonly Action[]>> = {};
  for (const target of targets) {
    const wanted = new Set(all.flatMap((permissions) => permissions[target] ?? []));
    merged[target] = ACTIONS.filter((action) => wanted.has(action));
  }
  return merged;
}

/**
 * What the command line does: it reads all that the reports read, and marks, undeletes, protects and imports as the client
 * does. It deletes no task, and takes no network away from a service.
 */
export const OPERATE_PERMISSIONS: Permissions = merge(READ_PERMISSIONS, {
  services: ['ConditionCheckItem', 'PutItem', 'UpdateItem'],
  tasks: ['PutItem'],
  networks: ['ConditionCheckItem', 'PutItem', 'UpdateItem'],
  attachments: ['PutItem'],
});

export type TableArns = Readonly<Record<TableName, { readonly tableArn: string }>>;

/** One statement for each table or index, on exactly that resource. */
export function toStatements(permissions: Permissions, tables: TableArns): PolicyStatement[] {
  return resources(permissions, tables).map((resource) => new PolicyStatement(resource));
}

function resources(permissions: Permissions, tables: TableArns): { actions: string[]; resources: string[] }[] {
  return (Object.entries(permissions) as [Target, readonly Action[]][]).map(([target, actions]) => ({
    actions: actions.map((action) => `dynamodb:${action}`),
    resources: [arnOf(target, tables)],
  }));
}

function arnOf(target: Target, tables: TableArns): string {
  const [table, index] = target.split('/') as [TableName, string | undefined];
  return index === undefined ? tables[table].tableArn : `${tables[table].tableArn}/index/${index}`;
}
