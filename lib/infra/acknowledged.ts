/** Findings of cdk-nag's AwsSolutions that are intended, each with its reason: a check with it finds nothing else. */
import * as cdk from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';

/** SQS3 wants a dead-letter queue for each queue. */
export function acknowledgeLastQueue(queue: IQueue): void {
  acknowledge(queue, {
    id: 'AwsSolutions-SQS3',
    reason: 'It is a dead-letter queue itself: no program receives from it by rule, so no message can fail again.',
  });
}

/** IAM5 wants no wildcard. These actions can't be limited to resources. */
export function acknowledgeNoResources(role: IConstruct, service: 'DynamoDB' | 'EC2' | 'X-Ray'): void {
  const actions = { DynamoDB: 'ListStreams', EC2: "a VPC's network interfaces", 'X-Ray': 'traces' }[service];
  acknowledge(role, {
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: `${service} knows no resources for ${actions}, or none before they exist.`,
  });
}

/** An older CDK has nothing to acknowledge with: there cdk-nag lists these findings. As a whole module, for it has no such name. */
function acknowledge(scope: IConstruct, finding: { readonly id: string; readonly reason: string }): void {
  (cdk as Partial<typeof cdk>).Validations?.of(scope).acknowledge(finding);
}
