/** What a role needs beside its tables, where a deployment has a VPC of its own. */
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { refuse } from './refusal.ts';

export interface VpcProps {
  /**
   * The VPC that the functions run in. They need nothing inside it, but reach DynamoDB through it: the chosen subnets need a
   * gateway endpoint for DynamoDB, or a way to the internet. Lambda itself reads the streams and writes to the queue and
   * the logs, from outside the VPC.
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
}

/**
 * Lambda manages a function's network interfaces with the function's role. The interfaces have no names before they exist, and
 * two actions know no resource at all. So the function's own code is kept from all of them instead: only a request of the
 * code has the key `lambda:SourceFunctionArn`.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
 */
export function vpcStatements(): PolicyStatement[] {
  const actions = [
    'AssignPrivateIpAddresses',
    'CreateNetworkInterface',
    'DeleteNetworkInterface',
    'DescribeNetworkInterfaces',
    'DescribeSubnets',
    'UnassignPrivateIpAddresses',
  ].map((action) => `ec2:${action}`);
  return [
    new PolicyStatement({ actions, resources: ['*'] }),
    new PolicyStatement({
      sid: 'NotTheCodeItself',
      effect: Effect.DENY,
      actions,
      resources: ['*'],
      conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    }),
  ];
}

/** Subnets and security groups mean nothing without their VPC, and CloudFormation would ignore them silently. */
export function refuseWithoutVpc(scope: Construct, props: VpcProps): void {
  if (props.vpc !== undefined) return;
  for (const property of ['vpcSubnets', 'securityGroups'] as const) {
    if (props[property] === undefined) continue;
    refuse(scope, `${property} is given without vpc; choose the VPC that they are of as well`);
  }
}
