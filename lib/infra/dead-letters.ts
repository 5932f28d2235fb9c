/** A queue for what was given up after its last retry. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledgeLastQueue } from './acknowledged.ts';

export function createDeadLetters(scope: Construct, queueName: string | undefined): Queue {
  const queue = new Queue(scope, 'DeadLetters', {
    queueName,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14), // SQS's longest
    removalPolicy: RemovalPolicy.DESTROY, // its messages point into a stream, which forgets after 24 hours
  });
  acknowledgeLastQueue(queue);
  return queue;
}
