import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type Alarm, type Dashboard, type IMetric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable, type IRole, type PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { TableName } from '../dynamodb/schema.ts';
import type { Rules } from '../protocol/rules.ts';
import type { MetricName } from '../streams/metrics.ts';
import { keyStatements, refuseNetworkAlone } from './access.ts';
import { acknowledgeLastQueue, acknowledgeStreams } from './acknowledged.ts';
import { createAlarms } from './alarms.ts';
import { createDashboard } from './dashboard.ts';
import { guardDeletions } from './deletions.ts';
import { createEvents } from './events.ts';
import { createFunction, FUNCTION_NAMES, type FunctionName } from './functions.ts';
import { createMapping, STREAMS, type StreamFunctionName, sendStatement, streamStatements } from './mappings.ts';
import { functionMetric, iteratorAge, readNamespace, summedMetric } from './metrics.ts';
import { nameWith, refusePrefix } from './names.ts';
import {
  functionPermissions,
  grant,
  OPERATE_PERMISSIONS,
  READ_PERMISSIONS,
  toStatements,
  WRITE_PERMISSIONS,
} from './permissions.ts';
import type { DeallocatorProps } from './props.ts';
import { readRules } from './rules.ts';
import { createTables } from './tables.ts';
import { createTriggers } from './triggers.ts';

/**
 * The tables of services, tasks and networks, and the functions that delete a marked service or network as soon as
 * nothing uses it any more. Nothing else in here, and nobody that it grants anything to, may delete one.
 *
 * Works in one Region: see `createTables` for why there are no replicas.
 *
 * @example
 * const deallocator = new Deallocator(this, 'Deallocator');
 * deallocator.grantWrite(api); // mark, create, list; not delete
 */
export class Deallocator extends Construct {
  readonly tables: Readonly<Record<TableName, ITable>>;
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
  /**
   * Where records and sweeps go that were given up. A message is a pointer into the stream, good for 24 hours, and no
   * work to do by hand: the sweep makes good for it. But each one has a cause that somebody should look at.
   */
  readonly deadLetterQueue: Queue;
  /**
   * Where events go that the bus did not take, if there are any. Such a message points at a receipt in its stream, for 24
   * hours; the receipt itself is in its table for long.
   */
  readonly eventDeadLetterQueue: Queue | undefined;
  /** What the props have chosen. */
  readonly rules: Rules;
  /** Of the metrics that the functions log. */
  readonly metricsNamespace: string;
  /** None where the prop `alarms` is false. */
  readonly alarms: readonly Alarm[];
  readonly dashboard: Dashboard | undefined;
  readonly #keyStatements: readonly PolicyStatement[];

  constructor(scope: Construct, id: string, props: DeallocatorProps = {}) {
    super(scope, id);
    const rules = readRules(this, props);
    this.rules = rules;
    this.metricsNamespace = readNamespace(this, props.metricsNamespace);
    refusePrefix(this, props.resourcePrefix);
    refuseNetworkAlone(this, props);
    this.tables = createTables(this, props, rules);
    this.#keyStatements = keyStatements(this, Object.values(this.tables));
    const queueName = nameWith(props.resourcePrefix, 'dead-letters');
    this.deadLetterQueue = new Queue(this, 'DeadLetters', {
      ...(queueName !== undefined && { queueName }),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14), // SQS's longest
      removalPolicy: RemovalPolicy.DESTROY, // its pointers are dead long before
    });
    acknowledgeLastQueue(this.deadLetterQueue);
    this.functions = {
      'task-deleted': this.#createStreamFunction('task-deleted', props, rules),
      'attachment-deleted': this.#createStreamFunction('attachment-deleted', props, rules),
      'service-updated': this.#createStreamFunction('service-updated', props, rules),
      'network-updated': this.#createStreamFunction('network-updated', props, rules),
      sweep: createFunction(this, 'sweep', {
        tables: this.tables,
        statements: [
          ...toStatements(functionPermissions(rules).sweep, this.tables),
          sendStatement(this.deadLetterQueue),
          ...this.#keyStatements,
        ],
        metricsNamespace: this.metricsNamespace,
        props,
        rules,
      }),
    };
    const allowed = functionPermissions(rules);
    const deletersOf = (name: TableName) =>
      FUNCTION_NAMES.filter((each) => allowed[each][name]?.includes('DeleteItem')).map(
        (each) => (this.functions[each].role as IRole).roleArn,
      );
    guardDeletions(this, this.tables, deletersOf, props);
    createTriggers(this, this.functions.sweep, this.deadLetterQueue, props);
    const { metricsNamespace: namespace, functions, tables } = this;
    this.eventDeadLetterQueue =
      props.eventBus &&
      createEvents(this, {
        receipts: tables.receipts,
        eventBus: props.eventBus,
        statements: this.#keyStatements,
        queueName: nameWith(props.resourcePrefix, 'event-dead-letters'),
      });
    const deadLetterQueues = {
      DeadLetters: this.deadLetterQueue,
      ...(this.eventDeadLetterQueue && { EventDeadLetters: this.eventDeadLetterQueue }),
    };
    this.alarms = createAlarms(this, { namespace, functions, deadLetterQueues, rules }, props);
    const shown = {
      namespace,
      functions,
      tables,
      deadLetterQueues: Object.values(deadLetterQueues),
      alarms: this.alarms,
    };
    this.dashboard = props.dashboard === false ? undefined : createDashboard(this, shown, props.resourcePrefix);
  }

  /** One of the metrics that a function logs; its counts are summed, its seconds averaged, unless you say otherwise. */
  metric(name: MetricName, functionName: FunctionName, options?: MetricOptions): IMetric {
    return functionMetric(this.metricsNamespace, name, functionName, options);
  }

  /** How many services were deleted. */
  metricServicesDeleted(options?: MetricOptions): IMetric {
    return summedMetric(this.metricsNamespace, 'ServicesDeleted', options);
  }

  /** How many networks were deleted, with a service or alone. */
  metricNetworksDeleted(options?: MetricOptions): IMetric {
    return summedMetric(this.metricsNamespace, 'NetworksDeleted', options);
  }

  /** How often children were counted and the count written: what a large drain costs besides its batches. */
  metricRecounts(options?: MetricOptions): IMetric {
    return summedMetric(this.metricsNamespace, 'Recounts', options);
  }

  /** Requests tried again because others had the item. */
  metricConflicts(options?: MetricOptions): IMetric {
    return summedMetric(this.metricsNamespace, 'Conflicts', options);
  }

  /** Requests tried again because DynamoDB throttled them. */
  metricThrottles(options?: MetricOptions): IMetric {
    return summedMetric(this.metricsNamespace, 'Throttles', options);
  }

  /** Records, and swept parents, that failed. */
  metricFailures(options?: MetricOptions): IMetric {
    return summedMetric(this.metricsNamespace, 'Failures', options);
  }

  /** Drains in progress: what the last complete sweep left marked. */
  metricStillMarked(options?: MetricOptions): IMetric {
    return this.metric('StillMarked', 'sweep', { statistic: Stats.MAXIMUM, ...options });
  }

  /** Seconds since the oldest mark that the last complete sweep left; 0 when it left none. */
  metricOldestMark(options?: MetricOptions): IMetric {
    return this.metric('OldestMarkSeconds', 'sweep', { statistic: Stats.MAXIMUM, ...options });
  }

  /** Age of the records that a function gets, in milliseconds. */
  metricIteratorAge(functionName: StreamFunctionName, options?: MetricOptions): IMetric {
    return iteratorAge(this.functions[functionName], options);
  }

  /** Messages in the dead-letter queue. */
  metricDeadLetters(options?: MetricOptions): IMetric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, ...options });
  }

  /** Lets the grantee read as the reports do: status, explain, wait, history, audit without repair, export. */
  grantRead(grantee: IGrantable): Grant {
    return this.#withKeys(grantee, grant(grantee, READ_PERMISSIONS, this.tables));
  }

  /**
   * Lets the grantee use the typed client: create, update, mark and undelete services and networks, create and delete
   * tasks. It may never delete a service, a network or a counter; an attachment only in a transaction, as an update does.
   */
  grantWrite(grantee: IGrantable): Grant {
    return this.#withKeys(grantee, grant(grantee, WRITE_PERMISSIONS, this.tables));
  }

  /** Lets the grantee start a sweep by hand. */
  grantSweep(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ['lambda:InvokeFunction'],
      resourceArns: [this.functions.sweep.functionArn],
    });
  }

  /**
   * Lets the grantee use the whole command line: all of `grantRead` and `grantSweep`, marks and imports, and what a redrive
   * takes, which reads the streams and empties the dead-letter queue. `--stack NAME` needs `cloudformation:DescribeStacks`
   * besides. It may delete nothing itself but dead letters.
   */
  grantOperate(grantee: IGrantable): Grant {
    const streamArns = Object.values(this.tables).flatMap(({ tableStreamArn }) => tableStreamArn ?? []);
    const grants = [
      grant(grantee, OPERATE_PERMISSIONS, this.tables),
      this.grantSweep(grantee),
      Grant.addToPrincipal({
        grantee,
        actions: ['dynamodb:GetShardIterator', 'dynamodb:GetRecords'],
        resourceArns: streamArns,
      }),
      Grant.addToPrincipal({
        grantee,
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
        resourceArns: [this.deadLetterQueue.queueArn],
      }),
    ];
    return this.#withKeys(
      grantee,
      grants.reduce((sum, one) => sum.combine(one)),
    );
  }

  /** Who may read a table must be able to decrypt it. */
  #withKeys(grantee: IGrantable, granted: Grant): Grant {
    return this.#keyStatements
      .map(({ actions, resources, conditions }) =>
        Grant.addToPrincipal({ grantee, actions, resourceArns: resources, conditions }),
      )
      .reduce((sum, one) => sum.combine(one), granted);
  }

  #createStreamFunction(name: StreamFunctionName, props: DeallocatorProps, rules: Rules): LambdaFunction {
    const table = this.tables[STREAMS[name].table];
    const { tableStreamArn } = table;
    if (tableStreamArn === undefined) {
      throw new Error(`${table.node.path}: no stream, which "${name}" needs; give the table one in the schema`);
    }
    const created = createFunction(this, name, {
      tables: this.tables,
      statements: [
        ...toStatements(functionPermissions(rules)[name], this.tables),
        ...streamStatements(table.tableArn, tableStreamArn, this.deadLetterQueue),
        ...this.#keyStatements,
      ],
      metricsNamespace: this.metricsNamespace,
      props,
      rules,
    });
    acknowledgeStreams(created.node.scope as Construct, table);
    createMapping(created, name, tableStreamArn, this.deadLetterQueue, props, rules);
    return created;
  }
}
