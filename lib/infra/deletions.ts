/**
 * What the tables refuse, whoever asks: a role's policy says only what that role may do, and any administrator's says more.
 * The deletes as data, so that they can be read, compared and tested without a template.
 */
import { Annotations, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnGlobalTable, CfnTable, type ITable, type Table, type TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { TableName } from '../dynamodb/schema.ts';
import type { DeallocatorProps } from './props.ts';

export interface DeletionRule {
  /** `deallocator`: the functions whose permissions have DeleteItem there. `granted`: whoever was granted it. */
  readonly by: 'deallocator' | 'granted';
  /** Whether each delete is one action of a transaction. */
  readonly inTransaction: boolean;
}

/** Tasks are not in here: theirs are the users' own deletes. */
export const DELETION_RULES = {
  /** Together with all that goes with it, or not at all (S6). */
  services: { by: 'deallocator', inTransaction: true },
  /** As a service; and in one transaction with the check of its mark (S3). */
  networks: { by: 'deallocator', inTransaction: true },
  /**
   * The client too lets go of a network, in the transaction that changes the service's list. Who has the client's grant is
   * not named: the grantee may be of a stack that depends on this one, and naming it here would close a circle.
   */
  attachments: { by: 'granted', inTransaction: true },
  /** One that is closed is deleted alone (step 2 of settle), and so is the place where a sweep goes on. */
  counters: { by: 'deallocator', inTransaction: false },
} as const satisfies Partial<Record<TableName, DeletionRule>>;

export type GuardedTable = keyof typeof DELETION_RULES;

/**
 * Other ways to be rid of an item, which nobody's work needs here. IAM can't tell a batch's puts from its deletes, and with
 * a time to live DynamoDB itself deletes, asking nobody.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-iam-actions.html
 */
const OTHER_WAYS = ['BatchWriteItem', 'PartiQLDelete', 'UpdateTimeToLive'] as const;

/**
 * The deployment's own choice opens both locks, so that CloudFormation may delete the table: it comes as whoever deploys, and
 * no condition could tell it from him.
 */
function isKept({ deletionProtection = true, removalPolicy = RemovalPolicy.RETAIN }: DeallocatorProps): boolean {
  return deletionProtection || removalPolicy === RemovalPolicy.RETAIN;
}

/**
 * The Deny statements of one table. The resource is `*`, which in a table's policy means this table and its indexes: its own
 * ARN can't be named before it exists. How an administrator gets around them: docs/break-glass.md.
 */
function denials(name: GuardedTable, deleterArns: readonly string[], props: DeallocatorProps): PolicyStatement[] {
  const deny = (sid: string, actions: readonly string[], conditions?: Record<string, Record<string, unknown>>) =>
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: ['*'],
      ...(conditions && { conditions }),
    });
  const { by, inTransaction } = DELETION_RULES[name];
  return [
    ...(by === 'deallocator'
      ? [
          deny('OnlyTheDeallocatorDeletes', ['DeleteItem'], {
            ArnNotEquals: { 'aws:PrincipalArn': deleterArns },
          }),
        ]
      : []),
    // A request outside of any transaction has no such key, and "not equal" is true of what is missing.
    ...(inTransaction
      ? [
          deny('DeletesOnlyInTransactions', ['DeleteItem'], {
            StringNotEquals: { 'dynamodb:EnclosingOperation': 'TransactWriteItems' },
          }),
        ]
      : []),
    deny('NoOtherWayToDelete', [...OTHER_WAYS, ...(isKept(props) ? ['DeleteTable'] : [])]),
  ];
}

/**
 * Gives each guarded table its policy. A table of another stack would have to name roles of this one, which depends on it, and
 * an imported one has no policy of ours: whoever brings such a table is warned.
 *
 * @param deletersOf the ARNs of the roles whose work it is to delete from a table
 */
export function guardDeletions(
  scope: Construct,
  tables: Readonly<Record<TableName, ITable>>,
  deletersOf: (name: TableName) => readonly string[],
  props: DeallocatorProps,
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
