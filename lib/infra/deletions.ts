/**
 * What the tables refuse to every caller: a role's policy limits only that role, and an administrator's policy allows more.
 * The rules are data, so that they can be read, compared and tested without a template. docs/threats.md says what each stops.
 */
import { Annotations, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { ITable, Table, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { TableName } from '../dynamodb/schema.ts';
import { definitionOf } from './own-tables.ts';
import type { Action } from './permissions.ts';
import type { TableProps } from './tables.ts';

export interface DeletionRule {
  /** `deallocator`: the functions whose permissions have DeleteItem there. `granted`: every role that was granted it. */
  readonly by: 'deallocator' | 'granted';
  /** Whether each delete is one action of a transaction. */
  readonly inTransaction: boolean;
}

/** Tasks are not in here: the users delete them. Nor are receipts: nobody deletes them. */
export const DELETION_RULES = {
  /** A service goes together with all that goes with it, or not at all (S6). */
  services: { by: 'deallocator', inTransaction: true },
  /** A network goes as a service does, in one transaction with the check of its mark (S3). */
  networks: { by: 'deallocator', inTransaction: true },
  /**
   * The client deletes attachments too, in the transaction that changes the service's list. The policy can't name the
   * grantee: its stack may depend on this one, and naming it here would close a circle.
   */
  attachments: { by: 'granted', inTransaction: true },
  /** Step 2 of settle deletes a closed counter alone, and a sweep deletes its cursor alone. */
  counters: { by: 'deallocator', inTransaction: false },
} as const satisfies Partial<Record<TableName, DeletionRule>>;

/**
 * Other ways to delete an item; no work needs them here. IAM can't tell a batch's puts from its deletes, and with a time to
 * live DynamoDB itself deletes, without any policy.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-iam-actions.html
 */
const OTHER_WAYS = ['BatchWriteItem', 'PartiQLDelete', 'UpdateTimeToLive'] as const;

/**
 * A receipt is put by the transaction that deletes, and never changes. DynamoDB's own removal of an old one asks no policy, and
 * CloudFormation sets the time to live after it has made the table, so `UpdateTimeToLive` can't be among these.
 */
const WAYS_TO_FORGE = ['UpdateItem', 'DeleteItem', 'BatchWriteItem', 'PartiQLInsert', 'PartiQLUpdate', 'PartiQLDelete'];

/**
 * Replicas can't be denied by `CreateTableReplica`, which DynamoDB checks in the replica's Region and knows in no table's
 * policy. A table whose policy denies the replication's own role its work can't get one.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-considerations.html
 */
const REPLICATION_ROLE =
  'arn:*:iam::*:role/aws-service-role/replication.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDBReplication';
const REPLICATION_ACTIONS = ['Scan', 'PutItem', 'UpdateItem', 'DeleteItem', 'UpdateTable'];

type Conditions = Record<string, Record<string, unknown>>;

/**
 * Only a deployment that opens both locks lets its tables be deleted. CloudFormation acts as the deploying principal, so no
 * condition can distinguish the two.
 */
function isKept({ deletionProtection = true, removalPolicy = RemovalPolicy.RETAIN }: TableProps): boolean {
  return deletionProtection || removalPolicy !== RemovalPolicy.DESTROY;
}

/**
 * The resource is `*`, which in a table's policy means this table and its indexes: its own ARN can't be named before it exists.
 */
function deny(sid: string, actions: readonly string[], conditions?: Conditions): PolicyStatement {
  return new PolicyStatement({
    sid,
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: actions.map((action) => `dynamodb:${action}`),
    resources: ['*'],
    conditions,
  });
}

/** A request outside a transaction has no such key, and StringNotEquals is true for a missing key. */
const ALONE: Conditions = { StringNotEquals: { 'dynamodb:EnclosingOperation': 'TransactWriteItems' } };
const byOthersThan = (arns: readonly string[]): Conditions => ({ ArnNotEquals: { 'aws:PrincipalArn': arns } });

/** The ARNs of the roles whose work it is to do that to the table. */
type RolesFor = (action: Action, table: TableName) => readonly string[];

/** The Deny statements of one table. docs/break-glass.md says how an administrator gets around them. */
function denials(name: TableName, rolesFor: RolesFor, props: TableProps): PolicyStatement[] {
  const whole = isKept(props) ? ['DeleteTable'] : [];
  const noReplicas = deny('NoReplicas', REPLICATION_ACTIONS, { ArnLike: { 'aws:PrincipalArn': REPLICATION_ROLE } });
  if (name === 'tasks') return [...(whole.length > 0 ? [deny('TheTableStays', whole)] : []), noReplicas];
  if (name === 'receipts') {
    return [
      deny('OnlyTheDeallocatorPuts', ['PutItem'], byOthersThan(rolesFor('PutItem', name))),
      deny('PutsOnlyInTransactions', ['PutItem'], ALONE),
      deny('NobodyChangesOrDeletes', [...WAYS_TO_FORGE, ...whole]),
      noReplicas,
    ];
  }
  const { by, inTransaction } = DELETION_RULES[name];
  return [
    ...(by === 'deallocator'
      ? [deny('OnlyTheDeallocatorDeletes', ['DeleteItem'], byOthersThan(rolesFor('DeleteItem', name)))]
      : []),
    ...(inTransaction ? [deny('DeletesOnlyInTransactions', ['DeleteItem'], ALONE)] : []),
    deny('NoOtherWayToDelete', [...OTHER_WAYS, ...whole]),
    noReplicas,
  ];
}

/**
 * Gives each table its policy. The policy of another stack's table would have to name roles of this stack, which depends on
 * that one; and an imported table's policy is out of reach. For such a table there is a warning.
 */
export function guardTables(
  scope: Construct,
  tables: Readonly<Record<TableName, ITable>>,
  rolesFor: RolesFor,
  props: TableProps,
): void {
  for (const [name, table] of Object.entries(tables) as [TableName, ITable][]) {
    if (isGuardable(scope, table)) {
      for (const statement of denials(name, rolesFor, props)) table.addToResourcePolicy(statement);
      continue;
    }
    // What is denied on tasks is a second lock only.
    if (name === 'tasks') continue;
    Annotations.of(scope).addWarningV2(
      'deallocator:unguarded',
      `tables.${name} ("${table.node.path}") is imported, or of another stack, so that it gets no policy that lets the deallocator alone ${name === 'receipts' ? 'write to it' : 'delete from it'}; give it that policy where it is defined: see docs/break-glass.md`,
    );
  }
}

function isGuardable(scope: Construct, table: ITable): table is Table | TableV2 {
  return definitionOf(table) !== undefined && Stack.of(table) === Stack.of(scope);
}
