import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Deallocator } from './deallocator.ts';
import { createOutputs } from './outputs.ts';
import type { DeallocatorProps } from './props.ts';

/** The stack's own props, and the deallocator's. */
export interface DeallocatorStackProps extends StackProps, DeallocatorProps {}

/** A stack with one deallocator, to deploy beside your own stacks. Its outputs have no prefix. */
export class DeallocatorStack extends Stack {
  /** What the stack holds. */
  readonly deallocator: Deallocator;

  constructor(scope: Construct, id: string, props: DeallocatorStackProps = {}) {
    super(scope, id, props);
    this.deallocator = new Deallocator(this, 'Deallocator', { ...props, outputs: false });
    if (props.outputs !== false) createOutputs(this, this.deallocator);
  }
}
