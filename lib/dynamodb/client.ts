/** The SDK's client, as functions, the typed client and the commands use it: each option is written out, with its reason. */
import { type AttributeValue, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { convertToAttr, NumberValueImpl as NumberValue } from '@aws-sdk/util-dynamodb';
import { CONNECT_TIMEOUT_MILLIS, REQUEST_TIMEOUT_MILLIS, SOCKETS_MAX } from '../protocol/limits.ts';

/** Region, endpoint and credentials come from the usual AWS chain unless given. */
export type Connection = Pick<DynamoDBClientConfig, 'region' | 'endpoint' | 'credentials'>;

/**
 * What is needed of a `DynamoDBClient`, by its shape: the class has private parts, so that TypeScript takes the class of another
 * version of the SDK for another one.
 */
export interface DynamoDBClientGiven {
  /** Its configuration. */
  readonly config: object;
  /** Its middleware. */
  readonly middlewareStack: object;
  /** Sends a command. */
  send(command: never): Promise<unknown>;
}

/**
 * For the commands of `@aws-sdk/client-dynamodb` alone. Those of `@aws-sdk/lib-dynamodb` hold their input in their middleware, so that
 * with a kept one the input of the first would be sent again; `connect` is for them.
 */
export function connectPlainly(connection: Connection = {}, cacheMiddleware = true): DynamoDBClient {
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const client = new DynamoDBClient({
    ...connection,
    // One try: `sendWithRetries` tries again, since the SDK never repeats a cancelled transaction. Two loops would multiply.
    maxAttempts: 1,
    retryMode: 'standard',
    // Its steps are the same for each request of a kind.
    cacheMiddleware,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MILLIS,
      requestTimeout: REQUEST_TIMEOUT_MILLIS,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
  for (const name of UNUSED_MIDDLEWARE) client.middlewareStack.remove(name);
  // Others stand by its name, so it can't be taken away.
  client.middlewareStack.add((next) => next as never, {
    step: 'finalizeRequest',
    name: RETRY_MIDDLEWARE,
    priority: 'high',
    override: true,
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      refuseStranger(result.response);
      return result;
    },
    // After the SDK's own, so before it reads the answer.
    { step: 'deserialize', priority: 'low', name: 'refuseStranger' },
  );
  keepSigner(client);
  // The SDK copies its configuration three times for each request. V8 holds an object that got so many properties one after another
  // as a table, which it copies slowly, unless the object is another one's prototype (https://v8.dev/blog/fast-properties). So it is
  // one; nothing else comes of it.
  Object.create(client.config);
  return client;
}

/**
 * The SDK makes the same signer for each request, from all of its configuration. It asks anew for what may change, whoever keeps it:
 * the credentials, which it renews before they expire, and the offset of the clock.
 */
function keepSigner({ config }: DynamoDBClient): void {
  const make = config.signer;
  let kept: ReturnType<typeof make> | undefined;
  config.signer = (scheme) => {
    kept ??= make(scheme).catch((error) => {
      kept = undefined;
      throw error;
    });
    return kept;
  };
}

/**
 * What the SDK does for each request, and nobody looks at: no logger is set; the name of the agent is for statistics; the trace goes
 * on to services that call Lambda again, which DynamoDB is not. Without them and the SDK's retries, of which none is made, without its
 * document client, and with its middleware and its signer kept, a request takes some three fifths of the processor time (`npm run
 * bench -- --only code`: "One request, by client"). A client that a user gives keeps all of them.
 */
export const UNUSED_MIDDLEWARE: readonly string[] = [
  'loggerMiddleware',
  'getUserAgentMiddleware',
  'recursionDetectionMiddleware',
];
/** Tries once, and prepares to try again: two headers and a token for each request. */
export const RETRY_MIDDLEWARE = 'retryMiddleware';

/** The headers by which DynamoDB and its emulators are known. */
const SIGNS: Readonly<Record<string, RegExp>> = {
  'x-amzn-requestid': /./,
  'x-amz-crc32': /./,
  'content-type': /amz-json/,
};

/**
 * What answers may be a proxy, a page to sign in, or another server. The SDK reads an empty answer as an item that is not there, so
 * that a wrong endpoint would seem to hold nothing.
 */
function refuseStranger(response: unknown): void {
  const { statusCode = 0, headers = {} } = response as { statusCode?: number; headers?: Record<string, string> };
  if (statusCode >= 500 || Object.entries(SIGNS).some(([name, sign]) => sign.test(headers[name] ?? ''))) return;
  const kind = headers['content-type'] ?? 'without a type';
  throw Object.assign(new Error(`the answer is ${kind}`), {
    name: 'NotDynamoDBError',
    $metadata: { httpStatusCode: statusCode },
  });
}

/** How JavaScript's values become DynamoDB's, wherever we translate. */
export const MARSHALL_OPTIONS = {
  allowImpreciseNumbers: false,
  convertClassInstanceToMap: false,
  convertEmptyValues: false,
  removeUndefinedValues: true,
} as const;

const ATTRIBUTE_OPTIONS = { ...MARSHALL_OPTIONS, convertTopLevelContainer: true } as const;

/** A value as DynamoDB will hold it. Throws for what it can't hold. */
export function attributeOf(value: unknown): AttributeValue {
  return convertToAttr(value, ATTRIBUTE_OPTIONS);
}

/** How DynamoDB's values become JavaScript's. */
export const UNMARSHALL_OPTIONS = { wrapNumbers: losslessNumber } as const;

/** A JavaScript number where that is exactly the stored one, else the SDK's NumberValue: no digit is lost on the way. */
export function losslessNumber(stored: string): number | NumberValue {
  const number = Number(stored);
  const exact = String(number) === stored && Math.abs(number) <= Number.MAX_SAFE_INTEGER;
  return exact ? number : NumberValue.from(stored);
}
