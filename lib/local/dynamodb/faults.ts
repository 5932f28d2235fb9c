/** What can go wrong between a client and DynamoDB, and never does in DynamoDB Local. */
import { setTimeout as pause } from 'node:timers/promises';
import type { DynamoDBRequest } from '../iam/requests.ts';

export interface GatewayRequest extends DynamoDBRequest {
  /** A function's logical id, a role's name, `break-glass`, or `outside`. */
  readonly principal: string;
}

export interface Fault {
  /** Real time before anything else happens; `Infinity` hangs until the client gives up, and nothing is sent on. */
  readonly delayMillis?: number;
  /** Answered in place of the engine, which never sees the request. */
  readonly respond?: { readonly status: number; readonly body: Readonly<Record<string, unknown>> };
  /** The engine does it, the connection breaks before the answer. */
  readonly dropAnswer?: boolean;
  /** The connection breaks at once; the request reaches the engine when this resolves, with nobody left who waits. */
  readonly arrives?: Promise<unknown>;
  /** Of a batch's keys or items only the first half, rounded down, is processed; the answer leaves over the rest. */
  readonly halve?: boolean;
  /** Awaited when the engine has done it and before its answer, if any, goes on. */
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

/** Of a single write. */
export function transactionConflict(): Fault {
  return refusal(400, 'TransactionConflictException', 'Transaction is ongoing for the item');
}

/** Of a transaction: the given actions have met a conflict, the others none. */
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

/** Committed, and the client does not learn it. */
export function answerLost(): Fault {
  return { dropAnswer: true };
}

/** Given up by its sender, and carried out later: perhaps after the sender has tried again, perhaps after it has died. */
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
