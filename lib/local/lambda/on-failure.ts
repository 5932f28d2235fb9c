import { randomUUID } from 'node:crypto';
import type { InvocationResult } from './pool.ts';

/**
 * The part of a dead letter that records and asynchronous events have in common. Without a result the function was never invoked.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export function describeGivenUp(
  functionArn: string,
  condition: string,
  invokeCount: number,
  result: InvocationResult | undefined,
) {
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId: result?.requestId ?? randomUUID(),
      functionArn,
      condition,
      approximateInvokeCount: invokeCount,
    },
    responseContext: {
      statusCode: 200,
      executedVersion: '$LATEST',
      functionError: result?.error === undefined ? null : 'Unhandled',
    },
  };
}
