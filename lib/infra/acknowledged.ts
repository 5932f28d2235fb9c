/** Findings of cdk-nag's AwsSolutions that are intended, each with its reason: a check with it finds nothing else. */
import * as cdk from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';

/** SQS3 wants a dead-letter queue for each queue. */
export function acknowledgeLastQueue(queue: IQueue): void {
  acknowledge(queue, {
    id: 'AwsSolutions-SQS3',
    reason: 'It is a dead-letter queue itself: no program receives from it by rule, so no message can fail again.',
  });
}

/**
 * IAM5 wants no wildcard. For a table in another stack, cdk-nag names an export that is created after this runs, so the
 * table's owner must acknowledge the finding on that stack.
 */
export function acknowledgeStreams(role: IConstruct, table: ITable): void {
  acknowledge(role, {
    id: `AwsSolutions-IAM5[Resource::${nagName(table)}/stream/*]`,
    reason: 'ListStreams is checked against all streams that this one table has or had, whose names are times.',
  });
}

/** IAM5 again, for actions that can't be limited to resources. */
export function acknowledgeNoResources(role: IConstruct, service: 'EC2' | 'X-Ray'): void {
  acknowledge(role, {
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: `${service} knows no resources for these actions of Lambda.`,
  });
}

/** An older CDK has nothing to acknowledge with: there cdk-nag lists these findings. As a whole module, for it has no such name. */
function acknowledge(scope: IConstruct, finding: { readonly id: string; readonly reason: string }): void {
  (cdk as Partial<typeof cdk>).Validations?.of(scope).acknowledge(finding);
}

/** A table's ARN as cdk-nag writes it. */
function nagName({ tableArn, stack }: ITable): string {
  const arn: unknown = cdk.Stack.of(stack).resolve(tableArn);
  const [logicalId, attribute] = (arn as { 'Fn::GetAtt'?: string[] })['Fn::GetAtt'] ?? [];
  return logicalId === undefined ? String(arn) : `<${logicalId}.${attribute}>`;
}
