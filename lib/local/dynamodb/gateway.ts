/** The one endpoint: knows who asks, disturbs and meters, and forwards to one database of the engine. */
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { TIMER_MILLIS_MAX } from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
import type { ServiceApi } from '../ground/service-api.ts';
import type { Authorizer } from '../iam/authorizer.ts';
import { ANY_TABLE, needsOf } from '../iam/requests.ts';
import { type EngineConnection, type RawAnswer, readBody } from './engine-connection.ts';
import type { GatewayRequest, Intercept } from './faults.ts';
import { halveBatch } from './halved-batch.ts';
import type { Meter } from './meter.ts';
import { Metering } from './metering.ts';
import { answerResourcePolicy } from './resource-policies.ts';
import { fromEngineArns, toEngineArns } from './tables.ts';

export interface GatewayOptions {
  readonly engine: EngineConnection;
  /** 0: any free one. */
  readonly port: number;
  readonly authorizer: Authorizer;
  readonly meter: Meter;
}

/** The operations that can make a stream record. */
const WRITES = [
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'BatchWriteItem',
  'TransactWriteItems',
  'ExecuteStatement',
  'BatchExecuteStatement',
  'ExecuteTransaction',
];
/** The operations whose bodies carry the ARN of a table or stream. Items are never rewritten, except in GetRecords' envelope. */
const WITH_ARNS = ['CreateTable', 'DescribeTable', 'UpdateTable', 'DeleteTable'];
const JSON_HEADERS = { 'content-type': 'application/x-amz-json-1.0' };
/** Longer than clients keep an idle socket, so that they close it and never meet a closed one. */
const KEEP_ALIVE_MILLIS = 60_000;

function readTarget(target: string): Pick<GatewayRequest, 'service' | 'operation'> | undefined {
  const match = /^(DynamoDB|DynamoDBStreams)_20120810\.(\w+)$/.exec(target);
  if (match === null) return undefined;
  return { service: match[1] as GatewayRequest['service'], operation: match[2] ?? '' };
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #metering: Metering;
  readonly #server: Server;
  #intercept: Intercept | undefined;
  #apis: readonly ServiceApi[] = [];
  readonly #lastWrites = new Map<string, number>();
  #writesInFlight = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#metering = new Metering(options.engine);
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.keepAliveTimeout = KEEP_ALIVE_MILLIS;
  }

  async listen(): Promise<number> {
    const { port } = this.#options;
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') throw cause;
      const message = `port ${port} is in use; choose another one, or 0 for any`;
      throw new LocalError('gateway.portInUse', message, { cause });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Writes that a client has sent and the engine has not answered. */
  get writesInFlight(): number {
    return this.#writesInFlight;
  }

  /** When the engine last did a write to this table, or may have, on the monotonic clock. `ANY_TABLE`: to whichever. */
  lastWriteMillis(tableArn: string): number {
    const written = tableArn === ANY_TABLE ? [...this.#lastWrites.keys()] : [tableArn, ANY_TABLE];
    return Math.max(...written.map((arn) => this.#lastWrites.get(arn) ?? Number.NEGATIVE_INFINITY));
  }

  setIntercept(intercept: Intercept | undefined): void {
    this.#intercept = intercept;
  }

  /** To be called after `listen`: the functions and queues behind the APIs need to know the port. */
  setApis(apis: readonly ServiceApi[]): void {
    this.#apis = apis;
  }

  #principalOf(request: IncomingMessage): string {
    const accessKeyId = /Credential=([^/,\s]+)\//.exec(request.headers.authorization ?? '')?.[1];
    return this.#options.authorizer.principalOf(accessKeyId);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = readTarget(String(request.headers['x-amz-target'] ?? ''));
    const isWrite = target !== undefined && WRITES.includes(target.operation);
    if (isWrite) this.#writesInFlight += 1;
    try {
      if (target === undefined) return await this.#serveOther(request, response);
      const raw = await readBody(request);
      const body = raw.length === 0 ? {} : (JSON.parse(raw.toString()) as Record<string, unknown>);
      await this.#serveDynamoDB(
        { request, response, asked: { principal: this.#principalOf(request), ...target, body } },
        raw,
      );
    } catch (error) {
      const type = 'com.amazonaws.dynamodb.v20120810#InternalServerError';
      send(response, 500, { __type: type, message: `local: ${String(error)}` });
    } finally {
      if (isWrite) this.#writesInFlight -= 1;
    }
  }

  async #serveOther(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const principal = this.#principalOf(request);
    const apiRequest = { principal, method, path: url, headers, body: await readBody(request) };
    for (const api of this.#apis) {
      const answer = await api(apiRequest);
      if (answer !== undefined) return send(response, answer.status, Buffer.from(answer.body), answer.headers);
    }
    // A function must not reach AWS from a laptop.
    const message =
      'the local cloud serves DynamoDB and DynamoDB Streams, and a few requests of Lambda, SQS and EventBridge only: ' +
      'see lib/local/README.md';
    send(response, 400, { __type: 'UnknownOperationException', message });
  }

  async #serveDynamoDB(exchange: Exchange, raw: Buffer): Promise<void> {
    const { request, response, asked } = exchange;
    const { authorizer, meter } = this.#options;
    const denial = await authorizer.findDenial(asked.principal, needsOf(asked));
    if (denial !== undefined) {
      return send(response, 400, { __type: 'com.amazon.coral.service#AccessDeniedException', Message: denial });
    }
    const policyAnswer = await answerResourcePolicy(asked, authorizer);
    if (policyAnswer !== undefined) return send(response, policyAnswer.status, policyAnswer.body);
    const fault = await this.#intercept?.(asked);
    if (fault?.arrives !== undefined) {
      request.socket.destroy();
      await fault.arrives;
      await this.#forward(exchange, raw);
      return await fault.beforeAnswer?.();
    }
    if (fault?.delayMillis !== undefined) await waitUnlessClosed(response, fault.delayMillis);
    if (response.destroyed) return;
    if (fault?.respond !== undefined) {
      // AWS charges nothing for what it refuses before it starts.
      meter.addRequest(asked.principal, asked.operation, {});
      return send(response, fault.respond.status, fault.respond.body);
    }
    const answer = await (fault?.halve === true ? this.#forwardHalf(exchange, raw) : this.#forward(exchange, raw));
    await fault?.beforeAnswer?.();
    if (fault?.dropAnswer === true) {
      request.socket.destroy();
      return;
    }
    const requestId = answer.headers['x-amzn-requestid'];
    send(response, answer.status, answer.body, requestId === undefined ? {} : { 'x-amzn-requestid': requestId });
  }

  async #forwardHalf(exchange: Exchange, raw: Buffer): Promise<RawAnswer> {
    const halved = halveBatch(exchange.asked.operation, exchange.asked.body);
    if (halved === undefined) return await this.#forward(exchange, raw);
    const { body } = halved;
    if (body === undefined) return { status: 200, headers: {}, body: toBuffer(halved.complete({})) };
    const answer = await this.#forward({ ...exchange, asked: { ...exchange.asked, body } }, toBuffer(body));
    if (answer.status !== 200) return answer;
    return { ...answer, body: toBuffer(halved.complete(JSON.parse(answer.body.toString()))) };
  }

  async #forward({ request, asked }: Exchange, raw: Buffer): Promise<RawAnswer> {
    const { principal, service, operation, body } = asked;
    const { engine, meter } = this.#options;
    const metered = meter.isOn ? await this.#metering.prepare(operation, body) : undefined;
    const rewritten = service === 'DynamoDBStreams' || WITH_ARNS.includes(operation);
    let outgoing = metered === undefined ? raw : toBuffer(metered.body);
    if (rewritten) outgoing = Buffer.from(toEngineArns(outgoing.toString()));
    let answer: RawAnswer | undefined;
    try {
      answer = await engine.send(request.method ?? 'POST', request.url ?? '/', request.headers, outgoing);
    } finally {
      // Without an answer it may have been done. After a refusal it has not.
      if (WRITES.includes(operation) && answer?.status !== 400) {
        for (const { resource } of needsOf(asked)) this.#lastWrites.set(resource, performance.now());
      }
    }
    if (rewritten) answer = { ...answer, body: Buffer.from(fromEngineArns(answer.body.toString())) };
    if (metered === undefined) {
      meter.addRequest(principal, operation, {});
      return answer;
    }
    const usage = await metered.complete({ status: answer.status, body: JSON.parse(answer.body.toString()) });
    meter.addRequest(principal, operation, usage);
    return { ...answer, body: toBuffer(usage.body) };
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly asked: GatewayRequest;
}

function toBuffer(body: unknown): Buffer {
  return Buffer.from(JSON.stringify(body));
}

/** With a length of our own and without the engine's checksum: the body may have been changed. */
function send(
  response: ServerResponse,
  status: number,
  body: Buffer | object,
  headers: OutgoingHttpHeaders = {},
): void {
  if (response.destroyed || response.headersSent) return;
  const bytes = Buffer.isBuffer(body) ? body : toBuffer(body);
  response.writeHead(status, { ...JSON_HEADERS, ...headers, 'content-length': bytes.length });
  response.end(bytes);
}

async function waitUnlessClosed(response: ServerResponse, millis: number): Promise<void> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  await pause(Math.min(millis, TIMER_MILLIS_MAX), undefined, { signal: closed.signal }).catch(() => {});
}
