/** Which deployment a plan or a report is about. */
import type { Deployment } from './connection.ts';

export interface Target {
  /** The endpoint, the deployed stack, or `AWS`. */
  readonly deployment: string;
  readonly region?: string;
  /** The AWS account, where the deployment's outputs tell it. */
  readonly account?: string;
}

/** A queue's address has both: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html */
const QUEUE_URL = /^https:\/\/sqs\.([a-z0-9-]+)\.[a-z.]+\/(\d{12})\//;

export function targetOf({ title, connection, deadLetterQueueUrl = '' }: Deployment): Target {
  const [, queueRegion, account] = QUEUE_URL.exec(deadLetterQueueUrl) ?? [];
  const region = typeof connection.region === 'string' ? connection.region : queueRegion;
  return { deployment: title, ...(region && { region }), ...(account && { account }) };
}

export function targetWords({ deployment, region, account }: Target): string {
  const where = [...(region ? [region] : []), ...(account ? [`account ${account}`] : [])];
  return where.length === 0 ? deployment : `${deployment} (${where.join(', ')})`;
}
