/** A queue for what was given up after its last retry. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledgeLastQueue } from './acknowledged.ts';

/** @param key that of the messages; of SQS where it is undefined */
export function createDeadLetters(scope: Construct, queueName: string | undefined, key: IKey | undefined): Queue {
  const queue = new Queue(scope, 'DeadLetters', {
    queueName,
    encryption: QueueEncryption[key ? 'KMS' : 'SQS_MANAGED'],
    encryptionMasterKey: key,
    enforceSSL: true,
    retentionPeriod: Duration.days(14), // SQS's longest
    removalPolicy: RemovalPolicy.DESTROY, // its messages point into a stream, which forgets after 24 hours
  });
  acknowledgeLastQueue(queue);
  return queue;
}
