/** What a role must be allowed besides its tables, where a deployment has keys or a network of its own. */
import { Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { DeallocatorProps } from './props.ts';

/**
 * DynamoDB uses a customer's key in the name of whoever calls it.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html
 */
const KEY_ACTIONS = ['Decrypt', 'DescribeKey', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'ReEncryptTo'] as const;

/** The keys of all tables, through DynamoDB alone. None where AWS owns or manages them. */
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
 * Lambda's own work with a function's network interfaces, which it does with the function's role. EC2 knows no resources for
 * most of it. https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
 */
export function networkStatements(): PolicyStatement[] {
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

/** Subnets and security groups mean nothing without their VPC, and CloudFormation would not say so. */
export function refuseNetworkAlone(scope: Construct, props: DeallocatorProps): void {
  if (props.vpc !== undefined) return;
  for (const property of ['vpcSubnets', 'securityGroups'] as const) {
    if (props[property] === undefined) continue;
    throw new Error(`${scope.node.path}: ${property} is given without vpc; choose the VPC that they are of as well`);
  }
}
