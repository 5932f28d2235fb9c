import { type Alarm, type Dashboard, type IMetric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { type Grant, type IGrantable, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { PhysicalNames } from '../dynamodb/schema.ts';
import type { Action, Permissions } from '../lifecycle/permissions.ts';
import type { WholePlan } from '../lifecycle/plan.ts';
import type { Rules } from '../protocol/rules.ts';
import type { DeploymentNames } from '../streams/deployment.ts';
import { functionNamesOf } from '../streams/functions.ts';
import type { MetricName } from '../streams/metrics.ts';
import { refuseWithoutVpc } from './access.ts';
import { acknowledgeNoResources } from './acknowledged.ts';
import { createAlarms } from './alarms.ts';
import { createDashboard } from './dashboard.ts';
import { createDeadLetters } from './dead-letters.ts';
import { guardTables } from './deletions.ts';
import { createEvents } from './events.ts';
import { createFunction, type FunctionSetup, type Functions, timeoutMillis } from './functions.ts';
import { give, type PolicyProps } from './grants.ts';
import { readKeys } from './keys.ts';
import { type Kinds, readKinds } from './kinds.ts';
import { createMapping, deployLast, readStreamStatements, sendStatement } from './mappings.ts';
import { functionMetric, iteratorAge, type Measured, readNamespace, summedMetric } from './metrics.ts';
import { dashboardName, nameWith, refusePrefix } from './names.ts';
import { createOutputs } from './outputs.ts';
import { toStatements } from './permissions.ts';
import type { DeallocatorProps } from './props.ts';
import { refuse, refuseUnknown } from './refusal.ts';
import { readRules } from './rules.ts';
import { createTables, namesOf, type Tables } from './tables.ts';
import { createTriggers } from './triggers.ts';
import { type Access, type ConnectedProgram, environmentFor } from './wiring.ts';

/** An audit compares the tables' policies with the role of the sweep. */
const DESCRIBE = ['GetFunctionConfiguration', 'GetFunctionConcurrency'];

/**
 * The tables of services, tasks and networks, or of kinds of your own, and the functions that delete what is marked as soon as
 * nothing uses it any more. No other part of it, and no grantee, may delete one.
 *
 * Works in one Region: `createTables` says why there are no replicas.
 *
 * @example
 * const deallocator = new Deallocator(this, 'Deallocator');
 * deallocator.connect(api); // grants it to mark, create and list, not to delete; and tells it the tables
 */
export class Deallocator extends Construct {
  /** What follows from the kinds: tables, functions, permissions, as data. */
  readonly plan: WholePlan;
  /** The tables, by their names in the lifecycle; and `counters`, `receipts`, and `attachments` where something is held by value. */
  readonly tables: Tables;
  /** Their names, as the typed client takes them. */
  readonly tableNames: PhysicalNames;
  /** The functions by their names: those of the plan, such as `service-updated`, and `sweep`. */
  readonly functions: Functions;
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
  /** What the props have chosen beside the kinds. */
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
  readonly #kinds: Kinds;

  constructor(scope: Construct, id: string, props: DeallocatorProps = {}) {
    super(scope, id);
    this.rules = readRules(this, props);
    const kinds = readKinds(this, props);
    const { plan } = kinds;
    this.plan = plan;
    this.#kinds = kinds;
    const namespace = readNamespace(this, props.metricsNamespace);
    this.metricsNamespace = namespace;
    refusePrefix(this, props.resourcePrefix);
    refuseWithoutVpc(this, props);
    const tables = createTables(this, props, plan);
    this.tables = tables;
    const { logKey, queueKey, withTables, withQueues } = readKeys(this, tables, props);
    this.#withTables = withTables;
    this.#withQueues = withQueues;
    this.#policyProps = props;
    this.deadLetterQueue = createDeadLetters(this, nameWith(props.resourcePrefix, 'dead-letters'), queueKey);
    this.tableNames = namesOf(tables);
    const setup = { tables: this.tableNames, metricsNamespace: namespace, logKey, props, rules: this.rules, kinds };
    const functions = Object.fromEntries(
      functionNamesOf(plan).map((name) => [name, this.#createFunction(name, plan.permissions[name] ?? {}, setup)]),
    ) as Functions;
    this.functions = functions;
    deployLast(functions.sweep, Object.values(functions));
    const rolesFor = (action: Action, table: string) =>
      Object.entries(functions)
        .filter(([name]) => plan.permissions[name]?.[table]?.includes(action))
        .map(([, { role }]) => (role as IRole).roleArn);
    guardTables(this, tables, plan, rolesFor, props);
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
    const watched = { plan, namespace, functions, tables, deadLetterQueues: queuesByAlarm, timeoutMillis };
    this.alarms = createAlarms(this, watched, props, this.rules);
    const shown = { ...watched, deadLetterQueues: Object.values(queuesByAlarm), alarms: this.alarms };
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
    return environmentFor(this, access, this.names, this.#kinds);
  }

  /** One of the metrics that a function logs; its counts are summed, its seconds averaged, unless you say otherwise. */
  metric(name: MetricName, functionName: string, options?: MetricOptions): IMetric {
    this.#functionOf(functionName);
    return functionMetric(this.metricsNamespace, name, functionName, options);
  }

  /** How many of a kind were deleted, alone or together with another: of one that something depends on, such as `service`. */
  metricDeleted(kind: string, options?: MetricOptions): IMetric {
    refuseUnknown(this, 'metricDeleted', { [kind]: kind }, this.plan.sweep);
    return this.#summed(['Deleted', kind], options);
  }

  /** How often children were counted and the count written: what a large drain costs besides its batches. */
  metricRecounts(options?: MetricOptions): IMetric {
    return this.#summed('Recounts', options);
  }

  /** Requests tried again because others had the item. */
  metricConflicts(options?: MetricOptions): IMetric {
    return this.#summed('Conflicts', options);
  }

  /** Requests tried again because DynamoDB throttled them. */
  metricThrottles(options?: MetricOptions): IMetric {
    return this.#summed('Throttles', options);
  }

  /** Records, and swept parents, that failed. */
  metricFailures(options?: MetricOptions): IMetric {
    return this.#summed('Failures', options);
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
  metricIteratorAge(functionName: string, options?: MetricOptions): IMetric {
    return iteratorAge(this.#functionOf(functionName), options);
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
    return this.#give(grantee, 'grantRead', [...this.#onTables(this.plan.grants.read), this.#onSweep(...DESCRIBE)]);
  }

  /**
   * Lets the grantee use the typed client: create, update, mark and undelete services and networks, or whatever is guarded,
   * and create and delete tasks, or whatever nothing depends on. It may never delete what is guarded, or a counter; an
   * attachment only in a transaction, as an update does.
   */
  grantWrite(grantee: IGrantable): Grant {
    return this.#give(grantee, 'grantWrite', this.#onTables(this.plan.grants.write));
  }

  /** Lets the grantee start a sweep by hand. */
  grantSweep(grantee: IGrantable): Grant {
    return this.#give(grantee, 'grantSweep', [this.#onSweep('InvokeFunction')]);
  }

  /**
   * Lets the grantee use the whole command line: all of `grantRead` and `grantSweep`, marks and imports, and what a redrive
   * takes, which reads the streams and empties the dead-letter queue. `--deployment NAME` needs `cloudformation:DescribeStacks`
   * besides. It may delete nothing itself but dead letters.
   */
  grantOperate(grantee: IGrantable): Grant {
    const streamArns = Object.values(this.tables).flatMap(({ tableStreamArn }) => tableStreamArn ?? []);
    return this.#give(grantee, 'grantOperate', [
      ...this.#onTables(this.plan.grants.operate),
      this.#onSweep('InvokeFunction'),
      this.#onSweep(...DESCRIBE),
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

  #onSweep(...actions: string[]): PolicyStatement {
    const named = actions.map((action) => `lambda:${action}`);
    return new PolicyStatement({ actions: named, resources: [this.functions.sweep.functionArn] });
  }

  #summed(measured: Measured, options?: MetricOptions): IMetric {
    return summedMetric(this.metricsNamespace, measured, Object.keys(this.functions), options);
  }

  #functionOf(name: string): LambdaFunction {
    refuseUnknown(this, 'the function', { [name]: name }, Object.keys(this.functions));
    return this.functions[name] as LambdaFunction;
  }

  #createFunction(
    name: string,
    permissions: Permissions,
    setup: FunctionSetup & { readonly props: DeallocatorProps },
  ): LambdaFunction {
    const { deadLetterQueue } = this;
    const allowed = [...this.#onTables(permissions), sendStatement(deadLetterQueue), ...this.#withQueues];
    const planned = this.plan.functions[name];
    if (planned === undefined) return createFunction(this, name, allowed, setup);
    const table = this.tables[planned.table] as ITable;
    const { tableStreamArn } = table;
    if (tableStreamArn === undefined) {
      refuse(table, `no stream, which "${name}" needs; give the table one in the schema`);
    }
    const created = createFunction(this, name, [...allowed, ...readStreamStatements(tableStreamArn)], setup);
    acknowledgeNoResources(created.node.scope as Construct, 'DynamoDB');
    createMapping(created, name, planned, tableStreamArn, deadLetterQueue, setup.props);
    return created;
  }
}
