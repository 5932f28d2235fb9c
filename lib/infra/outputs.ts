/** What a stack puts out of its deallocator: the tools find a deployment by it. */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type DeploymentNames, writeOutputs } from '../streams/deployment.ts';

export interface OutputProps {
  /**
   * Whether the stack puts out the names of tables, queue and sweep function, and the rules, each behind the construct's id:
   * `DeallocatorServicesTableName`. The command line finds a deployment by them (`--deployment STACK`).
   * @default true
   */
  readonly outputs?: boolean;
}

/** @param scope the construct, whose path in its stack the outputs' names begin with; or the stack, for no prefix */
export function createOutputs(scope: Construct, { names }: { readonly names: Required<DeploymentNames> }): void {
  // Without the hash that the CDK would add, so that people can type it. Two that come out alike fail at synthesis.
  const path = scope.node.path.slice(Stack.of(scope).node.path.length);
  const prefix = path.replaceAll(/[^A-Za-z0-9]/g, '');
  for (const [name, value] of Object.entries(writeOutputs(names))) {
    new CfnOutput(scope, name, { value }).overrideLogicalId(prefix + name);
  }
}
