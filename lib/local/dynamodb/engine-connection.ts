/** Plain requests to the engine. It reads the database's name from the credential and checks no signature. */
import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { GATEWAY_BODY_BYTES_MAX, GATEWAY_SOCKETS_MAX } from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
import { REGION } from '../template/intrinsics.ts';

/** Idle sockets are closed before the engine closes them, so that no request meets a closed one. */
const IDLE_SOCKET_MILLIS = 10_000;

type Service = 'DynamoDB' | 'DynamoDBStreams';

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export async function readBody(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > GATEWAY_BODY_BYTES_MAX) {
      throw new LocalError('gateway.bodyTooLarge', `a body has more than ${GATEWAY_BODY_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export class EngineConnection {
  readonly #port: number;
  readonly #authorization: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: GATEWAY_SOCKETS_MAX, timeout: IDLE_SOCKET_MILLIS });

  constructor(port: number, databaseId: string) {
    this.#port = port;
    this.#authorization =
      `AWS4-HMAC-SHA256 Credential=${databaseId}/20260101/${REGION}/dynamodb/aws4_request, ` +
      'SignedHeaders=host, Signature=0';
  }

  async send(method: string, path: string, headers: IncomingHttpHeaders, body: Buffer): Promise<RawAnswer> {
    const own = { host: `127.0.0.1:${this.#port}`, authorization: this.#authorization, 'accept-encoding': 'identity' };
    const outgoing = request({
      host: '127.0.0.1',
      port: this.#port,
      agent: this.#agent,
      method,
      path,
      headers: { ...headers, ...own, 'content-length': String(body.length) },
    });
    // An error after the head of the answer is the answer's own, and ends its body.
    outgoing.on('error', () => {});
    outgoing.end(body);
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { status: incoming.statusCode ?? 500, headers: incoming.headers, body: await readBody(incoming) };
  }

  /** One operation. Resolves with the engine's answer, good or bad. */
  async ask(operation: string, body: Record<string, unknown>, service: Service = 'DynamoDB') {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `${service}_20120810.${operation}`,
    };
    const answer = await this.send('POST', '/', headers, Buffer.from(JSON.stringify(body)));
    return { status: answer.status, body: JSON.parse(answer.body.toString()) as Record<string, unknown> };
  }

  /** One operation that has to succeed. Throws the engine's refusal. */
  async call(operation: string, body: Record<string, unknown>, service?: Service) {
    const answer = await this.ask(operation, body, service);
    if (answer.status === 200) return answer.body;
    throw new Error(`${operation} failed: ${JSON.stringify(answer.body)}`);
  }

  close(): void {
    this.#agent.destroy();
  }
}
