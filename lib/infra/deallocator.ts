import { type Alarm, type Dashboard, type IMetric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { type Grant, type IGrantable, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { PhysicalNames, TableName } from '../dynamodb/schema.ts';
import type { Rules } from '../protocol/rules.ts';
import { type DeploymentNames, forTables } from '../streams/deployment.ts';
import { FUNCTION_NAMES, FUNCTIONS, type FunctionName, type StreamFunctionName } from '../streams/functions.ts';
import type { CountedKind, MetricName } from '../streams/metrics.ts';
import { refuseWithoutVpc } from './access.ts';
import { acknowledgeNoResources } from './acknowledged.ts';
import { createAlarms } from './alarms.ts';
import { createDashboard } from './dashboard.ts';
import { createDeadLetters } from './dead-letters.ts';
import { guardTables } from './deletions.ts';
import { createEvents } from './events.ts';
import { createFunction, type FunctionSetup, timeoutMillis } from './functions.ts';
import { give, type PolicyProps } from './grants.ts';
import { readKeys } from './keys.ts';
import { createMapping, readStreamStatements, sendStatement } from './mappings.ts';
import { functionMetric, iteratorAge, readNamespace, summedMetric } from './metrics.ts';
import { dashboardName, nameWith, refusePrefix } from './names.ts';
import { createOutputs } from './outputs.ts';
import {
  type Action,
  functionPermissions,
  OPERATE_PERMISSIONS,
  type Permissions,
  READ_PERMISSIONS,
  toStatements,
  WRITE_PERMISSIONS,
} from './permissions.ts';
import type { DeallocatorProps } from './props.ts';
import { refuse } from './refusal.ts';
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
  /** What a user of the tables needs beside them: their keys. */
  readonly #withTables: readonly PolicyStatement[];
  /** What a user of the queues needs beside them. */
  readonly #withQueues: readonly PolicyStatement[];
  readonly #policyProps: PolicyProps;

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
    const { logKey, queueKey, withTables, withQueues } = readKeys(this, tables, props);
    this.#withTables = withTables;
    this.#withQueues = withQueues;
    this.#policyProps = props;
    this.deadLetterQueue = createDeadLetters(this, nameWith(props.resourcePrefix, 'dead-letters'), queueKey);
    const allowed = functionPermissions(rules);
    this.tableNames = forTables((table) => tables[table].tableName);
    const setup = { tables: this.tableNames, metricsNamespace: namespace, logKey, props, rules };
    const functions = Object.fromEntries(
      FUNCTION_NAMES.map((name) => [name, this.#createFunction(name, allowed[name], setup)]),
    ) as Record<FunctionName, LambdaFunction>;
    this.functions = functions;
    const rolesFor = (action: Action, table: TableName) =>
      FUNCTION_NAMES.filter((name) => allowed[name][table]?.includes(action)).map(
        (name) => (functions[name].role as IRole).roleArn,
      );
    guardTables(this, tables, rolesFor, props);
    createTriggers(this, functions.sweep, this.deadLetterQueue, props);
    this.eventDeadLetterQueue =
      props.eventBus &&
      createEvents(this, {
        receipts: tables.receipts,
        eventBus: props.eventBus,
        statements: [...this.#withTables, ...this.#withQueues],
        queueName: nameWith(props.resourcePrefix, 'event-dead-letters'),
        queueKey,
        props,
      });
    const queuesByAlarm = {
      DeadLetters: this.deadLetterQueue,
      ...(this.eventDeadLetterQueue && { EventDeadLetters: this.eventDeadLetterQueue }),
    };
    const watched = { namespace, functions, tables, deadLetterQueues: queuesByAlarm, timeoutMillis };
    const alarms = createAlarms(this, watched, props, rules);
    this.alarms = alarms;
    const shown = { namespace, functions, tables, deadLetterQueues: Object.values(queuesByAlarm), alarms };
    this.dashboard =
      props.dashboard === false ? undefined : createDashboard(this, shown, dashboardName(this, props.resourcePrefix));
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

  /** How many of a kind were deleted, alone or together with another: `service` or `network`. */
  metricDeleted(kind: CountedKind, options?: MetricOptions): IMetric {
    return summedMetric(this.metricsNamespace, ['Deleted', kind], options);
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

  /**
   * Lets the grantee read as the reports do: status, explain, wait, history, audit without repair, export.
   *
   * This grant and the others are refused for what can be given no policy (an ARN, an account, a service) and for a role of
   * another account. A user gets a managed policy, since one of these is too long for a user's inline policies.
   */
  grantRead(grantee: IGrantable): Grant {
    return this.#give(grantee, 'grantRead', [...this.#onTables(READ_PERMISSIONS), this.#describeSweep()]);
  }

  /**
   * Lets the grantee use the typed client: create, update, mark and undelete services and networks, create and delete
   * tasks. It may never delete a service, a network or a counter; an attachment only in a transaction, as an update does.
   */
  grantWrite(grantee: IGrantable): Grant {
    return this.#give(grantee, 'grantWrite', this.#onTables(WRITE_PERMISSIONS));
  }

  /** Lets the grantee start a sweep by hand. */
  grantSweep(grantee: IGrantable): Grant {
    return this.#give(grantee, 'grantSweep', [this.#invokeSweep()]);
  }

  /**
   * Lets the grantee use the whole command line: all of `grantRead` and `grantSweep`, marks and imports, and what a redrive
   * takes, which reads the streams and empties the dead-letter queue. `--deployment NAME` needs `cloudformation:DescribeStacks`
   * besides. It may delete nothing itself but dead letters.
   */
  grantOperate(grantee: IGrantable): Grant {
    const streamArns = Object.values(this.tables).flatMap(({ tableStreamArn }) => tableStreamArn ?? []);
    return this.#give(grantee, 'grantOperate', [
      ...this.#onTables(OPERATE_PERMISSIONS),
      this.#invokeSweep(),
      this.#describeSweep(),
      new PolicyStatement({ actions: ['dynamodb:GetShardIterator', 'dynamodb:GetRecords'], resources: streamArns }),
      new PolicyStatement({
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
        resources: [this.deadLetterQueue.queueArn],
      }),
      ...this.#withQueues.map((one) => one.copy({ actions: ['kms:Decrypt'] })),
    ]);
  }

  #give(grantee: IGrantable, what: string, statements: readonly PolicyStatement[]): Grant {
    return give(this, grantee, what, statements, this.#policyProps);
  }

  #onTables(permissions: Permissions): PolicyStatement[] {
    return [...toStatements(permissions, this.tables), ...this.#withTables];
  }

  #invokeSweep(): PolicyStatement {
    return new PolicyStatement({
      actions: ['lambda:InvokeFunction'],
      resources: [this.functions.sweep.functionArn],
    });
  }

  /** An audit compares the tables' policies with its role. */
  #describeSweep(): PolicyStatement {
    return new PolicyStatement({
      actions: ['lambda:GetFunctionConfiguration', 'lambda:GetFunctionConcurrency'],
      resources: [this.functions.sweep.functionArn],
    });
  }

  #createFunction(
    name: FunctionName,
    permissions: Permissions,
    setup: FunctionSetup & { readonly props: DeallocatorProps },
  ): LambdaFunction {
    const { deadLetterQueue } = this;
    const allowed = [...this.#onTables(permissions), sendStatement(deadLetterQueue), ...this.#withQueues];
    if (name === 'sweep') return createFunction(this, name, allowed, setup);
    const table = this.tables[FUNCTIONS[name].table];
    const { tableStreamArn } = table;
    if (tableStreamArn === undefined) {
      refuse(table, `no stream, which "${name}" needs; give the table one in the schema`);
    }
    const created = createFunction(this, name, [...allowed, ...readStreamStatements(tableStreamArn)], setup);
    acknowledgeNoResources(created.node.scope as Construct, 'DynamoDB');
    createMapping(created, name, tableStreamArn, deadLetterQueue, setup.props, setup.rules);
    return created;
  }
}
