/** What can go wrong between a client and DynamoDB, and never does in DynamoDB Local. */
import { setTimeout as pause } from 'node:timers/promises';
import type { DynamoDBRequest } from '../iam/requests.ts';

export interface GatewayRequest extends DynamoDBRequest {
  /** A function's logical id, a role's name, `break-glass`, or `outside`. */
  readonly principal: string;
}

export interface Fault {
  /** Real time before anything else happens. `Infinity` hangs until the client gives up, and nothing reaches the engine. */
  readonly delayMillis?: number;
  /** Answered in place of the engine, which never sees the request. */
  readonly respond?: { readonly status: number; readonly body: Readonly<Record<string, unknown>> };
  /** The engine does it, the connection breaks before the answer. */
  readonly dropAnswer?: boolean;
  /** The connection breaks at once. The request reaches the engine when this resolves, and its sender learns nothing. */
  readonly arrives?: Promise<unknown>;
  /** Only the first half of a batch, rounded down, is processed. The answer leaves over the rest. */
  readonly halve?: boolean;
  /** Awaited after the engine has done it and before its answer, if any, goes on. */
  readonly beforeAnswer?: () => void | Promise<void>;
}

export type Intercept = (request: GatewayRequest) => Fault | undefined | Promise<Fault | undefined>;

const TYPE_PREFIX = 'com.amazonaws.dynamodb.v20120810#';

function refusal(status: number, name: string, message: string, more: Record<string, unknown> = {}): Fault {
  return { respond: { status, body: { __type: TYPE_PREFIX + name, message, ...more } } };
}

export function throttled(): Fault {
  return refusal(400, 'ThrottlingException', 'Throughput exceeds the current throughput limit of the table');
}

export function internalServerError(): Fault {
  return refusal(500, 'InternalServerError', 'Internal server error');
}

/** For a single write. */
export function transactionConflict(): Fault {
  return refusal(400, 'TransactionConflictException', 'Transaction is ongoing for the item');
}

/** For a transaction: the given actions have met a conflict, the others have not. */
export function transactionCanceled(request: GatewayRequest, conflicts: readonly number[] = [0]): Fault {
  const actions = request.body.TransactItems;
  const reasons = (Array.isArray(actions) ? actions : []).map((_, index) => {
    if (!conflicts.includes(index)) return { Code: 'None' };
    return { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' };
  });
  const codes = reasons.map((reason) => reason.Code).join(', ');
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  return refusal(400, 'TransactionCanceledException', message, { Message: message, CancellationReasons: reasons });
}

/** It is committed, and the client does not learn it. */
export function answerLost(): Fault {
  return { dropAnswer: true };
}

/** Its sender has given up, perhaps tried again, perhaps died, when it is carried out. */
export function late(millis: number): Fault {
  return { arrives: pause(millis) };
}

/** Part of a batch is left over, as under throttling. */
export function unprocessed(): Fault {
  return { halve: true };
}

export function hang(): Fault {
  return { delayMillis: Number.POSITIVE_INFINITY };
}
