/** Findings of cdk-nag's AwsSolutions that are meant to be so, each with its reason: whoever checks with it finds no others. */
import { Stack, Validations } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';

/** SQS3 wants a dead-letter queue of each queue. */
export function acknowledgeLastQueue(queue: IQueue): void {
  Validations.of(queue).acknowledge({
    id: 'AwsSolutions-SQS3',
    reason:
      'It is a dead-letter queue itself: nobody receives from it by rule, so that nothing could be given up once more.',
  });
}

/**
 * IAM5 wants no wildcard. Of a table of another stack, cdk-nag writes the name of an export that is only made up afterwards:
 * who brings such a table must acknowledge it on the stack.
 */
export function acknowledgeStreams(role: IConstruct, table: ITable): void {
  Validations.of(role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::${told(table)}/stream/*]`,
    reason: 'ListStreams is asked of all streams of this one table, past ones included, whose names are times.',
  });
}

/** The same, of what EC2 and X-Ray can't be asked for less. */
export function acknowledgeNoResources(role: IConstruct, service: 'EC2' | 'X-Ray'): void {
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: `${service} knows no resources for these actions of Lambda.`,
  });
}

/** A table's ARN as cdk-nag writes it. */
function told({ tableArn, stack }: ITable): string {
  const arn: unknown = Stack.of(stack).resolve(tableArn);
  const [logicalId, attribute] = (arn as { 'Fn::GetAtt'?: string[] })['Fn::GetAtt'] ?? [];
  return logicalId === undefined ? String(arn) : `<${logicalId}.${attribute}>`;
}
