import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Deallocator } from './deallocator.ts';
import type { DeallocatorProps } from './props.ts';

export interface DeallocatorStackProps extends StackProps, DeallocatorProps {}

/** A stack with one deallocator, for whoever wants it beside their own stacks. Its outputs are what the tools look up. */
export class DeallocatorStack extends Stack {
  readonly deallocator: Deallocator;

  constructor(scope: Construct, id: string, props: DeallocatorStackProps = {}) {
    super(scope, id, props);
    this.deallocator = new Deallocator(this, 'Deallocator', props);
    const { tables, functions, deadLetterQueue, rules } = this.deallocator;
    const outputs = {
      ServicesTableName: tables.services.tableName,
      TasksTableName: tables.tasks.tableName,
      NetworksTableName: tables.networks.tableName,
      AttachmentsTableName: tables.attachments.tableName,
      CountersTableName: tables.counters.tableName,
      ReceiptsTableName: tables.receipts.tableName,
      SweepFunctionName: functions.sweep.functionName,
      DeadLetterQueueUrl: deadLetterQueue.queueUrl,
      // So that the tools forecast by the same rules.
      TaskIsGone: rules.taskIsGone,
      TaskNetworks: rules.taskNetworks ? 'yes' : 'no',
      GracePeriodSeconds: String(rules.gracePeriodMillis / 1000),
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
