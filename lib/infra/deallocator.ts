import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable, type IRole } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { TableName } from '../dynamodb/schema.ts';
import type { Rules } from '../protocol/rules.ts';
import { guardDeletions } from './deletions.ts';
import { createFunction, FUNCTION_NAMES, type FunctionName } from './functions.ts';
import { createMapping, STREAMS, type StreamFunctionName, sendStatement, streamStatements } from './mappings.ts';
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
  readonly tables: Readonly<Record<TableName, Table>>;
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
  /**
   * Where records and sweeps go that were given up. A message is a pointer into the stream, good for 24 hours, and no
   * work to do by hand: the sweep makes good for it. But each one has a cause that somebody should look at.
   */
  readonly deadLetterQueue: Queue;
  /** What the props have chosen. */
  readonly rules: Rules;

  constructor(scope: Construct, id: string, props: DeallocatorProps = {}) {
    super(scope, id);
    const rules = readRules(this, props);
    this.rules = rules;
    this.tables = createTables(this, props, rules);
    this.deadLetterQueue = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14), // SQS's longest
      removalPolicy: RemovalPolicy.DESTROY, // its pointers are dead long before
    });
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
        ],
        props,
        rules,
      }),
    };
    const allowed = functionPermissions(rules);
    const deletersOf = (name: TableName) =>
      FUNCTION_NAMES.filter((each) => allowed[each][name]?.includes('DeleteItem')).map(
        (each) => (this.functions[each].role as IRole).roleArn,
      );
    guardDeletions(this.tables, deletersOf, props);
    createTriggers(this, this.functions.sweep, this.deadLetterQueue, props);
  }

  /** Lets the grantee read as the reports do: status, explain, wait, history, audit without repair, export. */
  grantRead(grantee: IGrantable): Grant {
    return grant(grantee, READ_PERMISSIONS, this.tables);
  }

  /**
   * Lets the grantee use the typed client: create, update, mark and undelete services and networks, create and delete
   * tasks. It may never delete a service, a network or a counter; an attachment only in a transaction, as an update does.
   */
  grantWrite(grantee: IGrantable): Grant {
    return grant(grantee, WRITE_PERMISSIONS, this.tables);
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
    return grants.reduce((sum, one) => sum.combine(one));
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
      ],
      props,
      rules,
    });
    createMapping(created, name, tableStreamArn, this.deadLetterQueue, props, rules);
    return created;
  }
}
