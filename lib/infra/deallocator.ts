import { type Alarm, type Dashboard, type IMetric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable, type IRole, type PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { PhysicalNames, TableName } from '../dynamodb/schema.ts';
import type { Rules } from '../protocol/rules.ts';
import { type DeploymentNames, forTables } from '../streams/deployment.ts';
import { FUNCTION_NAMES, FUNCTIONS, type FunctionName, type StreamFunctionName } from '../streams/functions.ts';
import type { MetricName } from '../streams/metrics.ts';
import { keyStatements, refuseWithoutVpc } from './access.ts';
import { acknowledgeStreams } from './acknowledged.ts';
import { createAlarms } from './alarms.ts';
import { createDashboard } from './dashboard.ts';
import { createDeadLetters } from './dead-letters.ts';
import { guardDeletions } from './deletions.ts';
import { createEvents } from './events.ts';
import { createFunction, type FunctionSetup } from './functions.ts';
import { createMapping, readStreamStatements, sendStatement } from './mappings.ts';
import { functionMetric, iteratorAge, readNamespace, summedMetric } from './metrics.ts';
import { nameWith, refusePrefix } from './names.ts';
import { createOutputs } from './outputs.ts';
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
import { type Access, type ConnectedProgram, environmentFor } from './wiring.ts';

/**
 * The tables of services, tasks and networks, and the functions that delete a marked service or network as soon as
 * nothing uses it any more. No other part of it, and no grantee, may delete one.
 *
 * Works in one Region: `createTables` says why there are no replicas.
 *
 * @example
 * const deallocator = new Deallocator(this, 'Deallocator');
 * deallocator.connect(api); // grants it to mark, create and list, not to delete; and tells it the tables
 */
export class Deallocator extends Construct {
  /** The six tables. */
  readonly tables: Readonly<Record<TableName, ITable>>;
  /** Their names, as the typed client takes them. */
  readonly tableNames: PhysicalNames;
  /** The five functions. */
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
  /**
   * Records and sweeps that were given up. A message is a pointer into the stream, good for 24 hours. No message is work to
   * do by hand, for the sweep makes up for it; but each has a cause that an operator should look at.
   */
  readonly deadLetterQueue: Queue;
  /**
   * Events that the bus did not take; undefined without a bus. A message points at a receipt in its stream, for 24 hours;
   * the receipt itself stays in its table.
   */
  readonly eventDeadLetterQueue: Queue | undefined;
  /** What the props have chosen. */
  readonly rules: Rules;
  /** The namespace of the metrics that the functions log. */
  readonly metricsNamespace: string;
  /** Empty where the prop `alarms` is false. */
  readonly alarms: readonly Alarm[];
  /** Undefined where the prop `dashboard` is false. */
  readonly dashboard: Dashboard | undefined;
  readonly #keyStatements: readonly PolicyStatement[];

  constructor(scope: Construct, id: string, props: DeallocatorProps = {}) {
    super(scope, id);
    const rules = readRules(this, props);
    this.rules = rules;
    const namespace = readNamespace(this, props.metricsNamespace);
    this.metricsNamespace = namespace;
    refusePrefix(this, props.resourcePrefix);
    refuseWithoutVpc(this, props);
    const tables = createTables(this, props, rules);
    this.tables = tables;
    this.#keyStatements = keyStatements(this, Object.values(tables));
    this.deadLetterQueue = createDeadLetters(this, nameWith(props.resourcePrefix, 'dead-letters'));
    const allowed = functionPermissions(rules);
    this.tableNames = forTables((table) => tables[table].tableName);
    const setup = { tables: this.tableNames, metricsNamespace: namespace, props, rules };
    const functions = Object.fromEntries(
      FUNCTION_NAMES.map((name) => [name, this.#createFunction(name, toStatements(allowed[name], tables), setup)]),
    ) as Record<FunctionName, LambdaFunction>;
    this.functions = functions;
    const deletersOf = (table: TableName) =>
      FUNCTION_NAMES.filter((name) => allowed[name][table]?.includes('DeleteItem')).map(
        (name) => (functions[name].role as IRole).roleArn,
      );
    guardDeletions(this, tables, deletersOf, props);
    createTriggers(this, functions.sweep, this.deadLetterQueue, props);
    this.eventDeadLetterQueue =
      props.eventBus &&
      createEvents(this, {
        receipts: tables.receipts,
        eventBus: props.eventBus,
        statements: this.#keyStatements,
        queueName: nameWith(props.resourcePrefix, 'event-dead-letters'),
      });
    const queuesByAlarm = {
      DeadLetters: this.deadLetterQueue,
      ...(this.eventDeadLetterQueue && { EventDeadLetters: this.eventDeadLetterQueue }),
    };
    const alarms = createAlarms(this, { namespace, functions, deadLetterQueues: queuesByAlarm }, props, rules);
    this.alarms = alarms;
    const shown = { namespace, functions, tables, deadLetterQueues: Object.values(queuesByAlarm), alarms };
    this.dashboard = props.dashboard === false ? undefined : createDashboard(this, shown, props.resourcePrefix);
    if (props.outputs !== false) createOutputs(this, this);
  }

  /** What the outputs tell, and a connected program. */
  get names(): Required<DeploymentNames> {
    return {
      tables: this.tableNames,
      sweepFunctionName: this.functions.sweep.functionName,
      deadLetterQueueUrl: this.deadLetterQueue.queueUrl,
      rules: this.rules,
    };
  }

  /**
   * Grants the program access, and sets its environment so that `DeallocatorClient.fromEnvironment()`, or the command line,
   * finds this deployment.
   */
  connect(program: ConnectedProgram, access: Access = 'write'): Grant {
    for (const [name, value] of Object.entries(this.environmentFor(access))) program.addEnvironment(name, value);
    if (access === 'operate') return this.grantOperate(program);
    return access === 'read' ? this.grantRead(program) : this.grantWrite(program);
  }

  /** The variables that `connect` sets, for a program whose environment is set otherwise, such as a container. */
  environmentFor(access: Access = 'write'): Record<string, string> {
    return environmentFor(this, access, this.names);
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
   * takes, which reads the streams and empties the dead-letter queue. `--deployment NAME` needs `cloudformation:DescribeStacks`
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

  /** A reader of a table must be able to decrypt it. */
  #withKeys(grantee: IGrantable, granted: Grant): Grant {
    return this.#keyStatements
      .map(({ actions, resources, conditions }) =>
        Grant.addToPrincipal({ grantee, actions, resourceArns: resources, conditions }),
      )
      .reduce((sum, one) => sum.combine(one), granted);
  }

  #createFunction(
    name: FunctionName,
    onTables: readonly PolicyStatement[],
    setup: FunctionSetup & { readonly props: DeallocatorProps },
  ): LambdaFunction {
    const { deadLetterQueue } = this;
    const others = [sendStatement(deadLetterQueue), ...this.#keyStatements];
    if (name === 'sweep') return createFunction(this, name, [...onTables, ...others], setup);
    const table = this.tables[FUNCTIONS[name].table];
    const { tableArn, tableStreamArn } = table;
    if (tableStreamArn === undefined) {
      throw new Error(`${table.node.path}: no stream, which "${name}" needs; give the table one in the schema`);
    }
    const onStream = readStreamStatements(tableArn, tableStreamArn);
    const created = createFunction(this, name, [...onTables, ...onStream, ...others], setup);
    acknowledgeStreams(created.node.scope as Construct, table);
    createMapping(created, name, tableStreamArn, deadLetterQueue, setup.props, setup.rules);
    return created;
  }
}
