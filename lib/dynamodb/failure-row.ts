/** One row of what may come from outside instead of an answer: how it is known, and what is said of it. */
import type { ErrorCode } from '../protocol/errors.ts';

/** Where the request went, as far as it is known. */
export interface Where {
  readonly tables?: readonly string[];
  readonly region?: string | undefined;
  /** Given instead of AWS's own. */
  readonly endpoint?: string | undefined;
}

/** An error as its row sees it. */
export interface Seen extends Where {
  readonly name: string;
  /** Of Node.js, such as ECONNREFUSED. */
  readonly code: string;
  readonly message: string;
  /** Of HTTP; undefined where nothing has answered. */
  readonly status: number | undefined;
  readonly stack: string;
  /** The host and the port that Node.js tells of. */
  readonly host: string | undefined;
}

export type Says = string | ((seen: Seen) => string);

export interface Row {
  readonly failure: string;
  readonly is: (seen: Seen) => boolean;
  readonly code: ErrorCode;
  readonly words: Says;
  readonly advice: Says;
}

export const LATER = 'try again later';

export function thereOf({ endpoint, host, region }: Seen): string {
  return endpoint ?? host ?? (region ? `DynamoDB in ${region}` : 'the endpoint');
}

export function placed({ region, endpoint }: Where): string {
  if (endpoint !== undefined) return ` at ${endpoint}`;
  return region === undefined ? '' : ` in ${region}`;
}
