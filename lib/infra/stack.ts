import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { forTables, writeOutputs } from '../streams/deployment.ts';
import { Deallocator } from './deallocator.ts';
import type { DeallocatorProps } from './props.ts';

export interface DeallocatorStackProps extends StackProps, DeallocatorProps {}

/** A stack with one deallocator, to deploy beside your own stacks. The tools read its outputs. */
export class DeallocatorStack extends Stack {
  readonly deallocator: Deallocator;

  constructor(scope: Construct, id: string, props: DeallocatorStackProps = {}) {
    super(scope, id, props);
    this.deallocator = new Deallocator(this, 'Deallocator', props);
    const { tables, functions, deadLetterQueue, rules } = this.deallocator;
    const outputs = writeOutputs({
      tables: forTables((name) => tables[name].tableName),
      sweepFunctionName: functions.sweep.functionName,
      deadLetterQueueUrl: deadLetterQueue.queueUrl,
      rules,
    });
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
