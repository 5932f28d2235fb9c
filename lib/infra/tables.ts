import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { type PhysicalNames, RECEIPT_EXPIRY } from '../dynamodb/schema.ts';
import type { Plan } from '../lifecycle/plan.ts';
import type { TablePlan } from '../lifecycle/tables.ts';
import { type BackupProps, selectForBackup } from './backups.ts';
import { type CapacityProps, readCapacity } from './capacity.ts';
import type { EventProps } from './events.ts';
import { readKey } from './keys.ts';
import { type NameProps, nameWith } from './names.ts';
import { adopt, refuseSharing, streamNeeded } from './own-tables.ts';
import { readWithin } from './ranges.ts';
import { refuse } from './refusal.ts';

/** By their names here; these two there always are. */
export type Tables = Readonly<Record<string, dynamodb.ITable> & Record<'counters' | 'receipts', dynamodb.ITable>>;

export interface TableProps extends CapacityProps, BackupProps {
  /**
   * Tables that are there already, by their name here; the others are created. Each must have the keys of its kind, the index and
   * the stream that `deallocator lifecycle` prints, be in the stack's Region and account, have no replicas and no other
   * deallocator, and no time to live, but for receipts (`expiresAt`) and for kinds that nothing depends on. A `Table` or `TableV2`
   * of the same app is checked when it is synthesized; of an imported table only the ARNs can be checked, and it needs its
   * `tableStreamArn`. Everything else about such a table stays yours: its removal, protection, backups, capacity, encryption.
   * @default - all are created
   */
  readonly tables?: Readonly<Partial<Record<string, dynamodb.ITable>>>;

  /**
   * The KMS key of the tables that are created; of an alias of this app, its key. An alias that is imported by its name is
   * refused. The functions, and every grantee, may then use it through DynamoDB. KMS charges for the key and its use.
   * @default - DynamoDB's key that AWS manages
   */
  readonly tableEncryptionKey?: IKey;

  /**
   * What happens to the tables when they leave the stack. Function logs and the dead-letter queue always go with it.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Whether DynamoDB refuses to delete the tables, for every caller. It is a second lock: `removalPolicy` does not open it.
   * @default true
   */
  readonly deletionProtection?: boolean;

  /**
   * Days that the tables can be restored to any second of, 1 to 35. The price is the same for each.
   * @default 35
   */
  readonly pointInTimeRecoveryDays?: number;

  /**
   * By the name of a created table, the attribute that holds an item's expiry in epoch seconds: `{ tasks: 'expiresAt' }`. DynamoDB
   * deletes the item some time after it (within a few days), and the deallocator counts that like any other removal. Only where
   * nothing depends on the items: others are deleted with a proof.
   * @default - nothing expires
   */
  readonly expiryAttributes?: Readonly<Partial<Record<string, string>>>;

  /**
   * What CloudWatch Contributor Insights reports of the created tables: the busiest keys, or the throttled ones alone. The
   * keys are the user's ids, which it copies into CloudWatch. Charged by event: `THROTTLED_KEYS` has few.
   * @default - nothing
   */
  readonly contributorInsights?: dynamodb.ContributorInsightsMode;
}

/**
 * The tables: created as the plan says, or brought by the user. `Table` and not `TableV2`: CloudFormation makes it with
 * one CreateTable, and template checkers know it. What TableV2 adds, replicas, would be wrong here: each Region's stream
 * would have its own consumer, and every removal would be counted once a Region.
 */
export function createTables(scope: Construct, props: TableProps & NameProps & EventProps, plan: Plan): Tables {
  const recoveryPeriodInDays = props.pointInTimeRecoveryDays ?? 35;
  readWithin(scope, 'pointInTimeRecoveryDays', recoveryPeriodInDays, { least: 1, most: 35 });
  refuseExpiry(scope, props, plan);
  const key = props.tableEncryptionKey && readKey(scope, 'tableEncryptionKey', props.tableEncryptionKey);
  const created: dynamodb.Table[] = [];
  const create = (name: string, planned: TablePlan): dynamodb.ITable => {
    const { partitionKey, sortKey, markedIndex, constructId } = planned;
    const stream = name === 'receipts' && props.eventBus !== undefined ? 'NEW_IMAGE' : planned.stream;
    const own = props.tables?.[name];
    if (own !== undefined) return adopt(scope, own, { name, planned, stream: streamNeeded(plan, name, stream) });
    const capacity = readCapacity(scope, name, props);
    const table = new dynamodb.Table(scope, constructId, {
      ...capacity,
      tableName: nameWith(props.resourcePrefix, name),
      partitionKey: stringAttribute(partitionKey),
      sortKey: sortKey === undefined ? undefined : stringAttribute(sortKey),
      stream: stream && dynamodb.StreamViewType[stream],
      timeToLiveAttribute: name === 'receipts' ? RECEIPT_EXPIRY : props.expiryAttributes?.[name],
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      tableClass: dynamodb.TableClass.STANDARD,
      encryption: dynamodb.TableEncryption[key ? 'CUSTOMER_MANAGED' : 'AWS_MANAGED'],
      encryptionKey: key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays },
      contributorInsightsSpecification: {
        enabled: props.contributorInsights !== undefined,
        mode: props.contributorInsights,
      },
      deletionProtection: props.deletionProtection ?? true,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    if (markedIndex !== undefined) {
      table.addGlobalSecondaryIndex({
        ...capacity,
        indexName: markedIndex.name,
        partitionKey: stringAttribute(markedIndex.partitionKey),
        sortKey: stringAttribute(markedIndex.sortKey),
        projectionType: dynamodb.ProjectionType.KEYS_ONLY,
      });
    }
    created.push(table);
    return table;
  };
  const tables = Object.fromEntries(
    Object.entries(plan.tables).map(([name, planned]) => [name, create(name, planned)]),
  );
  refuseSharing(scope, tables);
  selectForBackup(scope, created, props);
  return tables as Tables;
}

export function namesOf(tables: Tables): PhysicalNames {
  return Object.fromEntries(Object.entries(tables).map(([name, { tableName }]) => [name, tableName])) as PhysicalNames;
}

function refuseExpiry(scope: Construct, { expiryAttributes = {}, tables }: TableProps, plan: Plan): void {
  for (const [name, attribute] of Object.entries(expiryAttributes)) {
    if (attribute === undefined) continue;
    const said = `expiryAttributes.${name} is "${attribute}"`;
    if (attribute === '') {
      refuse(
        scope,
        `${said}, which names no attribute; name the one that holds the expiry in epoch seconds, or leave it out`,
      );
    }
    if (plan.tables[name]?.kinds.length === 0 || plan.tables[name]?.deletes !== undefined) {
      refuse(
        scope,
        `${said}, by which DynamoDB would delete its items without a proof; name a table of what nothing depends on, or leave it out`,
      );
    }
    if (tables?.[name] !== undefined) {
      refuse(
        scope,
        `${said}, which a table that you bring would not heed; choose the time to live where tables.${name} is defined, and leave ` +
          'the property out',
      );
    }
  }
}

function stringAttribute(name: string): dynamodb.Attribute {
  return { name, type: dynamodb.AttributeType.STRING };
}
