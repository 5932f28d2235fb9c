/** What DynamoDB answers instead of a result, as the SDK throws it. */
import {
  type CancellationReason,
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  IdempotentParameterMismatchException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import type { StoredItem } from './attribute-values.ts';

const METADATA = { $metadata: { httpStatusCode: 400 } } as const;

/** @param shown the item that is there, if it was asked for */
export function refused(shown: StoredItem | undefined): ConditionalCheckFailedException {
  return new ConditionalCheckFailedException({
    message: 'The conditional request failed',
    ...METADATA,
    ...(shown && { Item: shown }),
  });
}

export function otherTransaction(): IdempotentParameterMismatchException {
  return new IdempotentParameterMismatchException({
    message: 'The request uses the same client token as a previous, but non-identical request.',
    ...METADATA,
  });
}

export function cancelled(reasons: CancellationReason[]): TransactionCanceledException {
  const codes = reasons.map(({ Code }) => Code).join(', ');
  return new TransactionCanceledException({
    message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    CancellationReasons: reasons,
    ...METADATA,
  });
}

export function validation(message: string): DynamoDBServiceException {
  return exception('ValidationException', message);
}

/** As the SDK throws what DynamoDB answers. */
export function exception(name: string, message: string, httpStatusCode = 400): DynamoDBServiceException {
  const $fault = httpStatusCode >= 500 ? 'server' : 'client';
  return new DynamoDBServiceException({ name, message, $fault, $metadata: { httpStatusCode } });
}
