import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IEventBus, Schedule } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { TableName } from '../dynamodb/schema.ts';
import type { AlarmThresholds } from './alarms.ts';

/** How Lambda reads one table's stream. What is not here is the same for all streams; see mappings.ts. */
export interface MappingOptions {
  /**
   * Records that one invocation gets at most, 1 to 10,000. Records of the same parent in one batch cost one counter
   * write, so a large batch makes a burst cheap. Lambda reads at most 1,000 records at a time from a shard,
   * four times a second: a window of 1 second gathers 4,000. More would save little (docs/bench), and a batch has to end
   * within the function's minute even if each record is the last child of another parent.
   * @default 4000
   */
  readonly batchSize?: number;

  /**
   * How long Lambda gathers records before it invokes, 0 to 300 whole seconds. It is delay for the last task and saved
   * writes for all before it: of a steady stream of deletes, 1 second halves the cost, and each further one takes less off
   * (docs/bench).
   * @default - 1 second for tasks and attachments, which go in bursts, and for networks, which give a raw-written service time
   * to get its attachments; 0 for services, where someone waits
   */
  readonly maxBatchingWindow?: Duration;

  /**
   * Batches of one shard that are processed at the same time, 1 to 10. More than 1 mostly splits a service's burst into
   * several writes to the same counter: 2 cost up to half as much again (docs/bench). Raise it when the iterator age grows
   * although functions don't throttle.
   * @default 1
   */
  readonly parallelizationFactor?: number;

  /**
   * How often a failing batch is tried again before it goes to the dead-letter queue, 0 to 10,000. Halving a batch uses
   * none of them up. After that only the sweep looks at its parents, so few are enough.
   * @default 5
   */
  readonly retryAttempts?: number;

  /**
   * Age at which an unprocessed record goes to the dead-letter queue, from 1 minute to less than 24 hours, which is when
   * the stream forgets it without a word. A failing record holds up its shard meanwhile.
   * @default Duration.hours(1)
   */
  readonly maxRecordAge?: Duration;
}

export interface DeallocatorProps {
  /**
   * Tables that are there already, by their name here; the others are created. Each must have the schema's keys, index and
   * stream (lib/dynamodb/schema.ts), and no replicas. A `Table` or `TableV2` of the same app is checked when it is
   * synthesized; an imported one is taken at its word, and needs its `tableStreamArn`. Everything else about such a table
   * stays yours: its removal, protection, backups, encryption, and its time to live (`expiresAt` for receipts).
   * @default - all six are created
   */
  readonly tables?: Readonly<Partial<Record<TableName, ITable>>>;

  /**
   * Begins the names of tables, functions, log groups, queues, alarms and dashboard: 1 to 40 letters, digits, - and _.
   * A deployment needs a prefix of its own in its account and Region, and CloudFormation can't replace what has such a name:
   * a change that must, fails.
   * @default - CloudFormation's own names
   */
  readonly resourcePrefix?: string;

  /**
   * The KMS key of the tables that are created. Functions, and whoever is granted something, may then use it through
   * DynamoDB. Queues keep SQS's own key: they hold pointers only. KMS charges for the key and its use.
   * @default - DynamoDB's key that AWS manages
   */
  readonly tableEncryptionKey?: IKey;

  /**
   * The VPC that the functions are in. They need nothing of it, and reach DynamoDB through it: see to a gateway endpoint for
   * DynamoDB in the chosen subnets, or a way to the internet. Lambda itself reads streams and writes to the queue and the
   * logs, from outside of it.
   * @default - none
   */
  readonly vpc?: IVpc;

  /**
   * The functions' subnets; only with `vpc`.
   * @default - the CDK's: private subnets with a way out
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The functions' security groups, 1 to 5; only with `vpc`. They must let HTTPS out to DynamoDB.
   * @default - one for each function, that lets everything out
   */
  readonly securityGroups?: readonly ISecurityGroup[];

  /**
   * What happens to the tables when they leave the stack. Function logs and the dead-letter queue always go with it.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Whether DynamoDB refuses to delete the tables, whoever asks. It is a second lock: `removalPolicy` does not open it.
   * @default true
   */
  readonly deletionProtection?: boolean;

  /**
   * Days that the tables can be restored to any second of, 1 to 35. The price is the same for each.
   * @default 35
   */
  readonly pointInTimeRecoveryDays?: number;

  /**
   * Attribute of a task that holds its expiry in epoch seconds: DynamoDB deletes the task some time after it (within a
   * few days), and the deallocator counts that like any other removal.
   * @default - tasks don't expire
   */
  readonly taskTtlAttribute?: string;

  /**
   * When a task no longer holds its service. `deleted`: once its item is gone. `terminal`: already when its `status.state`
   * is one that SwarmKit's tasks end in (complete, shutdown, failed, rejected, remove, orphaned); a state that no task leaves
   * again. Its item is then history, which its service may leave behind. Choose before the first deployment: the Tasks
   * stream must carry images then, and a change of that replaces the stream (docs/upgrading.md).
   * @default 'deleted'
   */
  readonly taskIsGone?: 'deleted' | 'terminal';

  /**
   * How long a mark must have stood before anything is deleted for it, 0 seconds to 30 days, counted from its `markedAt`.
   * What lost its last task before goes with the first sweep after. A mark whose `markedAt` tells no time has none.
   * @default Duration.seconds(0)
   */
  readonly gracePeriod?: Duration;

  /**
   * Whether a mark sets `desiredState: "remove"` on the service's tasks, for whoever runs them to stop and delete them: at
   * once, or by the first sweep after the grace period. An undelete does not take it back.
   * @default false
   */
  readonly stopTasks?: boolean;

  /**
   * Whether a task holds the networks that its own `networks[].target` name, as its service holds those that it refers to:
   * for tasks that are attached to a network by themselves. Each such task has one more item for each network, and every
   * change of a task wakes a function, which looks at those that changed their networks only. Give the typed client the same
   * option. Choose before the first deployment: as `taskIsGone`, it changes what the Tasks stream carries.
   * @default false
   */
  readonly taskNetworks?: boolean;

  /**
   * How long the receipt of a deletion is kept, 1 to 3,650 days. DynamoDB forgets it within a few days after that.
   * @default Duration.days(90)
   */
  readonly receiptRetention?: Duration;

  /**
   * Where `ServiceDeleted` and `NetworkDeleted` events go; docs/events.md says what is in them. At least one for each
   * deletion, from a stream that the Receipts table then has. In 2026 a million of them costs $1.40: $0.40 for the pipe, and
   * $1 for the bus, the account's default one included. Two pipes read the stream, and it bears no third reader.
   * @default - no events: nobody may be listening
   */
  readonly eventBus?: IEventBus;

  /**
   * How long each function's log group keeps its lines.
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;

  /**
   * Memory of each function in MB, 128 to 10,240. Lambda gives processor time in proportion, and 1,769 MB are one core, all
   * that JavaScript can use. A request takes half a millisecond of it, which a burst mostly consists of: three times as
   * quick as with 512 MB, for the same money within a few percent (docs/bench).
   * @default 1769
   */
  readonly memorySize?: number;

  /**
   * When the sweep looks for what the streams have lost. A sweep costs what is marked, not what exists: nothing marked is
   * three empty reads, while every service that is still draining has its tasks counted again, up to one page.
   * @default - every 15 minutes, the longest time a sweep can run: two overlap only after a retry, and without harm
   */
  readonly sweepSchedule?: Schedule;

  /**
   * The least that functions log: `INFO` is one line for each decision, `WARN` only marks that are none, `ERROR` only
   * failures. Metrics are logged in any case.
   * @default 'INFO'
   */
  readonly logLevel?: 'INFO' | 'WARN' | 'ERROR';

  /**
   * Whether X-Ray traces the functions' invocations. It sees how long each takes and whether it fails, not its requests;
   * each role then may send traces, of which X-Ray knows no resources. Charged by trace.
   * @default false
   */
  readonly tracing?: boolean;

  /**
   * CloudWatch namespace of the deallocator's own metrics: 1 to 255 of the characters A–Z a–z 0–9 . - _ / # : and space,
   * not starting with `AWS/` or a colon. Deployments that share one add up in it, and ring each other's alarms. CloudWatch
   * charges for about 20 of them where something drains all the time, in 2026 $0.30 each a month, by the hour.
   * @default - `Deallocator/` and the construct's path
   */
  readonly metricsNamespace?: string;

  /**
   * When to ring, alarm by alarm; `false` is none at all. In 2026 CloudWatch charges $0.10 a month for each of the 15.
   * @default - all alarms, as their options say
   */
  readonly alarms?: AlarmThresholds | false;

  /**
   * What every alarm does when it begins to ring, such as `new SnsAction(topic)`.
   * @default - nothing: the alarms only show their state
   */
  readonly alarmAction?: IAlarmAction;

  /**
   * Where the runbook is that each alarm's description points to, without the `#section`.
   * @default 'docs/runbook.md', as it is in this package
   */
  readonly runbookUrl?: string;

  /**
   * Whether there is a dashboard. In 2026 CloudWatch charges $3 a month for it, unless it is one of the account's first
   * three: it has less than their 50 metrics.
   * @default true
   */
  readonly dashboard?: boolean;

  /** How the Tasks stream is read. */
  readonly taskMapping?: MappingOptions;
  /** How the Services stream is read. */
  readonly serviceMapping?: MappingOptions;
  /** How the Networks stream is read. */
  readonly networkMapping?: MappingOptions;
  /** How the Attachments stream is read. */
  readonly attachmentMapping?: MappingOptions;
}
