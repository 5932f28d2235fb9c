/** What a role needs beside its tables, where a deployment has a key or a VPC of its own. */
import { Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

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
 * DynamoDB uses a customer's key on behalf of the caller.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html
 */
const KEY_ACTIONS = ['Decrypt', 'DescribeKey', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'ReEncryptTo'] as const;

/** The use of all tables' keys, through DynamoDB alone. Empty where AWS owns or manages them. */
export function keyStatements(scope: Construct, tables: readonly ITable[]): PolicyStatement[] {
  const arns = new Set(tables.flatMap(({ encryptionKey }) => encryptionKey?.keyArn ?? []));
  if (arns.size === 0) return [];
  const { region, urlSuffix } = Stack.of(scope);
  return [
    new PolicyStatement({
      actions: KEY_ACTIONS.map((action) => `kms:${action}`),
      resources: [...arns],
      conditions: { StringEquals: { 'kms:ViaService': `dynamodb.${region}.${urlSuffix}` } },
    }),
  ];
}

/**
 * Lambda manages a function's network interfaces with the function's role. Most of these actions of EC2 know no resources.
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
  ];
  return [new PolicyStatement({ actions: actions.map((action) => `ec2:${action}`), resources: ['*'] })];
}

/** Subnets and security groups mean nothing without their VPC, and CloudFormation would ignore them silently. */
export function refuseWithoutVpc(scope: Construct, props: VpcProps): void {
  if (props.vpc !== undefined) return;
  for (const property of ['vpcSubnets', 'securityGroups'] as const) {
    if (props[property] === undefined) continue;
    throw new Error(`${scope.node.path}: ${property} is given without vpc; choose the VPC that they are of as well`);
  }
}
