/**
 * What the tables refuse to every caller: a role's policy limits only that role, and an administrator's policy allows more.
 * The deletes are data, so that they can be read, compared and tested without a template.
 */
import { Annotations, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnGlobalTable, CfnTable, type ITable, type Table, type TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { TableName } from '../dynamodb/schema.ts';
import type { TableProps } from './tables.ts';

export interface DeletionRule {
  /** `deallocator`: the functions whose permissions have DeleteItem there. `granted`: every role that was granted it. */
  readonly by: 'deallocator' | 'granted';
  /** Whether each delete is one action of a transaction. */
  readonly inTransaction: boolean;
}

/** Tasks are not in here: the users delete them. */
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

export type GuardedTable = keyof typeof DELETION_RULES;

/**
 * Other ways to delete an item; no work needs them here. IAM can't tell a batch's puts from its deletes, and with a time to
 * live DynamoDB itself deletes, without any policy.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-iam-actions.html
 */
const OTHER_WAYS = ['BatchWriteItem', 'PartiQLDelete', 'UpdateTimeToLive'] as const;

/**
 * Only a deployment that opens both locks lets its tables be deleted. CloudFormation acts as the deploying principal, so no
 * condition can distinguish the two.
 */
function isKept({ deletionProtection = true, removalPolicy = RemovalPolicy.RETAIN }: TableProps): boolean {
  return deletionProtection || removalPolicy === RemovalPolicy.RETAIN;
}

/**
 * The Deny statements of one table. The resource is `*`, which in a table's policy means this table and its indexes: its own
 * ARN can't be named before it exists. docs/break-glass.md says how an administrator gets around them.
 */
function denials(name: GuardedTable, deleterArns: readonly string[], props: TableProps): PolicyStatement[] {
  const deny = (sid: string, actions: readonly string[], conditions?: Record<string, Record<string, unknown>>) =>
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: ['*'],
      conditions,
    });
  const { by, inTransaction } = DELETION_RULES[name];
  const byOthers = { ArnNotEquals: { 'aws:PrincipalArn': deleterArns } };
  // A request outside a transaction has no such key, and StringNotEquals is true for a missing key.
  const alone = { StringNotEquals: { 'dynamodb:EnclosingOperation': 'TransactWriteItems' } };
  return [
    ...(by === 'deallocator' ? [deny('OnlyTheDeallocatorDeletes', ['DeleteItem'], byOthers)] : []),
    ...(inTransaction ? [deny('DeletesOnlyInTransactions', ['DeleteItem'], alone)] : []),
    deny('NoOtherWayToDelete', [...OTHER_WAYS, ...(isKept(props) ? ['DeleteTable'] : [])]),
  ];
}

/**
 * Gives each guarded table its policy. The policy of another stack's table would have to name roles of this stack, which
 * depends on that one; and an imported table's policy is out of reach. For such a table there is a warning.
 *
 * @param deletersOf the ARNs of the roles whose work it is to delete from a table
 */
export function guardDeletions(
  scope: Construct,
  tables: Readonly<Record<TableName, ITable>>,
  deletersOf: (name: TableName) => readonly string[],
  props: TableProps,
): void {
  for (const name of Object.keys(DELETION_RULES) as GuardedTable[]) {
    const table = tables[name];
    if (!isGuardable(scope, table)) {
      Annotations.of(scope).addWarningV2(
        'deallocator:unguarded',
        `tables.${name} ("${table.node.path}") is imported, or of another stack, so that it gets no policy that lets the deallocator alone delete from it; give it that policy where it is defined: see docs/break-glass.md`,
      );
      continue;
    }
    for (const statement of denials(name, deletersOf(name), props)) table.addToResourcePolicy(statement);
  }
}

function isGuardable(scope: Construct, table: ITable): table is Table | TableV2 {
  const { defaultChild } = table.node;
  const isDefinedHere = CfnTable.isCfnTable(defaultChild) || CfnGlobalTable.isCfnGlobalTable(defaultChild);
  return isDefinedHere && Stack.of(table) === Stack.of(scope);
}
