/**
 * Lambda's side of the runtime API, for one function: hands out events, and takes answers.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

const PREFIX = '/2018-06-01/runtime';
const DEADLINE_MILLIS = 60_000;

export interface RuntimeApi {
  /** Host and port, as `AWS_LAMBDA_RUNTIME_API` has them. */
  readonly address: string;
  /** When the runtime asked for its first event: it has loaded the function. Rejects where that failed. */
  readonly ready: Promise<void>;
  /** Rejects with what the function threw. */
  invoke(event: unknown): Promise<unknown>;
  close(): void;
}

export async function openRuntimeApi(functionArn: string): Promise<RuntimeApi> {
  const ready = Promise.withResolvers<void>();
  /** The runtime asks for one event at a time, and waits. */
  let waiting = Promise.withResolvers<ServerResponse>();
  const answers = new Map<string, PromiseWithResolvers<unknown>>();

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url?.slice(PREFIX.length) ?? '';
    if (path === '/invocation/next') {
      ready.resolve();
      waiting.resolve(response);
      return;
    }
    const body = JSON.parse((await text(request)) || 'null') as unknown;
    const [, requestId = '', kind] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const answer = answers.get(requestId);
    if (kind === 'response') answer?.resolve(body);
    else if (kind === 'error') answer?.reject(new Error(`the function failed: ${JSON.stringify(body)}`));
    else ready.reject(new Error(`the runtime said ${path}: ${JSON.stringify(body)}`));
    response.writeHead(202).end('{"status":"OK"}');
  };
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => ready.reject(error));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ready: ready.promise,
    async invoke(event) {
      const response = await waiting.promise;
      waiting = Promise.withResolvers();
      const requestId = randomUUID();
      const answer = Promise.withResolvers<unknown>();
      answers.set(requestId, answer);
      response.writeHead(200, {
        'content-type': 'application/json',
        'Lambda-Runtime-Aws-Request-Id': requestId,
        'Lambda-Runtime-Deadline-Ms': String(Date.now() + DEADLINE_MILLIS),
        'Lambda-Runtime-Invoked-Function-Arn': functionArn,
      });
      response.end(JSON.stringify(event));
      return answer.promise;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
