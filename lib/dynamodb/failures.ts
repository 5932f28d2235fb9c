/**
 * What may come from outside instead of an answer: from the SDK before it sends, from the network, from what answers there, and
 * from the account. One row for each, for the client and the command line alike: how it is known, whose turn it is, what it
 * means in words, and what to do.
 */
import type { ErrorCode } from '../protocol/errors.ts';
import { ACCOUNT_FAILURES } from './account-failures.ts';
import type { Row, Says, Seen, Where } from './failure-row.ts';
import { NETWORK_FAILURES } from './network-failures.ts';
import { SERVICE_FAILURES } from './service-failures.ts';

export interface FailureText {
  /** The row's name. */
  readonly failure: string;
  readonly code: ErrorCode;
  /** What it means, with what was seen. */
  readonly words: string;
  readonly advice: string;
}

/** What the SDK says of a value that DynamoDB has no form for. */
const UNTRANSLATABLE =
  /Unsupported|Special numeric|SAFE_INTEGER|removeUndefinedValues|non-empty set|NumberValue|circular|call stack/i;

/** The first one that fits is meant. */
const ROWS: readonly Row[] = [
  ...ACCOUNT_FAILURES,
  ...SERVICE_FAILURES,
  ...NETWORK_FAILURES,
  {
    failure: 'value that can not be stored',
    is: ({ name, message, status }) =>
      status === undefined && (UNTRANSLATABLE.test(message) || /^(Type|Range)Error$/.test(name)),
    code: 'InvalidArgument',
    words: ({ name, message }) => `${name}: ${message}`,
    advice: 'correct the item or the id that it names',
  },
];

/** Undefined for what no row knows. */
export function failureText(error: unknown, where: Where = {}): FailureText | undefined {
  if (!(error instanceof Error)) return undefined;
  const seen = { ...seenOf(error), ...where };
  const row = ROWS.find(({ is }) => is(seen));
  if (row === undefined) return undefined;
  const say = (says: Says) => (typeof says === 'string' ? says : says(seen));
  return { failure: row.failure, code: row.code, words: say(row.words), advice: say(row.advice) };
}

/** All rows' names, for the test that has an example of each. */
export const FAILURES: readonly string[] = ROWS.map(({ failure }) => failure);

type OfNode = NodeJS.ErrnoException & {
  readonly hostname?: string;
  readonly address?: string;
  readonly port?: number;
  readonly errors?: readonly Error[];
  readonly $metadata?: { readonly httpStatusCode?: number };
};

function seenOf(error: Error): Seen {
  const { name, code, message, hostname, address, port, errors = [], $metadata, stack = '' } = error as OfNode;
  const host = hostname ?? address;
  return {
    name,
    code: String(code ?? ''),
    // Both addresses of a name were tried: Node.js says nothing of it but this list.
    message:
      (message || errors.map((one) => one.message).join(', ') || String(code ?? name)).split('\n')[0]?.trim() ?? '',
    status: $metadata?.httpStatusCode,
    stack,
    host: host && port ? `${host}:${port}` : host,
  };
}
