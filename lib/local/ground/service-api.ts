/** What the gateway hands on: requests to the services that the local cloud answers for itself. */
import type { IncomingHttpHeaders } from 'node:http';

/** A request that is not DynamoDB's. */
export interface ApiRequest {
  /** As the authorizer names it. */
  readonly principal: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A service that the local cloud answers for itself, without faults and without the meter. Undefined: not its request. */
export type ServiceApi = (request: ApiRequest) => Promise<ApiAnswer> | ApiAnswer | undefined;

/** A request that is refused: thrown wherever that is found out, answered once. */
export class Refusal extends Error {
  readonly answer: ApiAnswer;

  constructor(message: string, answer: ApiAnswer) {
    super(message);
    this.answer = answer;
  }
}
