/**
 * What the tables refuse to every caller: a role's policy limits only that role, and an administrator's policy allows more.
 * Who may delete from which stands in the plan. docs/threats.md says what each denial stops.
 */
import { Annotations, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { ITable, Table, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { Action } from '../lifecycle/permissions.ts';
import type { Plan } from '../lifecycle/plan.ts';
import type { DeleteRule, TablePlan } from '../lifecycle/tables.ts';
import { definitionOf } from './own-tables.ts';
import type { TableProps } from './tables.ts';

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
type RolesFor = (action: Action, table: string) => readonly string[];

/**
 * The Deny statements of one table. docs/break-glass.md says how an administrator gets around them.
 *
 * @param rule undefined where its users delete
 */
function denials(name: string, rule: DeleteRule | undefined, rolesFor: RolesFor, props: TableProps): PolicyStatement[] {
  const whole = isKept(props) ? ['DeleteTable'] : [];
  const noReplicas = deny('NoReplicas', REPLICATION_ACTIONS, { ArnLike: { 'aws:PrincipalArn': REPLICATION_ROLE } });
  if (rule === undefined) return [...(whole.length > 0 ? [deny('TheTableStays', whole)] : []), noReplicas];
  if (rule.by === 'nobody') {
    return [
      deny('OnlyTheDeallocatorPuts', ['PutItem'], byOthersThan(rolesFor('PutItem', name))),
      deny('PutsOnlyInTransactions', ['PutItem'], ALONE),
      deny('NobodyChangesOrDeletes', [...WAYS_TO_FORGE, ...whole]),
      noReplicas,
    ];
  }
  return [
    // Where deletes are granted, the policy can't name the grantee: its stack may depend on this one, and naming it here would
    // close a circle.
    ...(rule.by === 'deallocator'
      ? [deny('OnlyTheDeallocatorDeletes', ['DeleteItem'], byOthersThan(rolesFor('DeleteItem', name)))]
      : []),
    ...(rule.inTransaction ? [deny('DeletesOnlyInTransactions', ['DeleteItem'], ALONE)] : []),
    deny('NoOtherWayToDelete', [...OTHER_WAYS, ...whole]),
    noReplicas,
  ];
}

/**
 * Gives each table its policy. The policy of another stack's table would have to name roles of this stack, which depends on
 * that one; and an imported table's policy is out of reach. A brought table that may hold other items beside those of its kind
 * is not locked: nobody else could delete these. For such tables there is a warning.
 */
export function guardTables(
  scope: Construct,
  tables: Readonly<Record<string, ITable>>,
  plan: Pick<Plan, 'tables'>,
  rolesFor: RolesFor,
  props: TableProps,
): void {
  for (const [name, table] of Object.entries(tables)) {
    const { deletes, isWhole } = plan.tables[name] as TablePlan;
    const isShared = !isWhole && props.tables?.[name] !== undefined;
    if (isGuardable(scope, table)) {
      const rule = isShared ? undefined : deletes;
      for (const statement of denials(name, rule, rolesFor, props)) table.addToResourcePolicy(statement);
      if (!isShared) continue;
    }
    // What is denied on a table whose users delete is a second lock only.
    if (deletes === undefined) continue;
    const what = isShared
      ? 'may hold items of no kind, so that it gets no policy that lets the deallocator alone delete from it; let no program delete its items raw'
      : `is imported, or of another stack, so that it gets no policy that lets the deallocator alone ${deletes.by === 'nobody' ? 'write to it' : 'delete from it'}; give it that policy where it is defined`;
    Annotations.of(scope).addWarningV2(
      'deallocator:unguarded',
      `tables.${name} ("${table.node.path}") ${what}: see docs/break-glass.md`,
    );
  }
}

function isGuardable(scope: Construct, table: ITable): table is Table | TableV2 {
  return definitionOf(table) !== undefined && Stack.of(table) === Stack.of(scope);
}
