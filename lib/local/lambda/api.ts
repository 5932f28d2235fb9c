/** Lambda's Invoke over HTTP. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { PAYLOAD_BYTES_MAX } from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
import { type ApiRequest, Refusal, type ServiceApi } from '../ground/service-api.ts';
import type { Authorizer } from '../iam/authorizer.ts';
import { ACCOUNT_ID, REGION } from '../template/intrinsics.ts';
import type { AsyncInvocations } from './async-invocation.ts';
import type { LogTails } from './log-tails.ts';
import type { FunctionPool } from './pool.ts';

const INVOCATION_PATH = /^\/2015-03-31\/functions\/([^/?]+)\/invocations(?:\?(.*))?$/;
/** A name, a part of an ARN (`000000000000:function:name`) or an ARN, each with or without a qualifier. */
const FUNCTION_NAME = /^(?:(?:arn:aws:lambda:[a-z0-9-]+:)?(?:\d{12}:)?function:)?([A-Za-z0-9_-]+)(?::([$\w-]+))?$/;
/** Lambda's limit for an asynchronous event: 1 MB, since it has to be kept. */
const EVENT_PAYLOAD_BYTES_MAX = 1024 * 1024;
const LATEST = '$LATEST';
const INVOCATION_TYPES = ['RequestResponse', 'Event', 'DryRun'] as const;
type InvocationType = (typeof INVOCATION_TYPES)[number];

interface InvokeTargets {
  readonly authorizer: Authorizer;
  readonly pool: FunctionPool;
  readonly asyncInvocations: AsyncInvocations;
  readonly tails: LogTails;
}

/** As Lambda words it in headers and body. */
function refuse(status: number, errorType: string, message: string): Refusal {
  return new Refusal(message, {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': errorType },
    body: JSON.stringify({ Type: status < 500 ? 'User' : 'Service', Message: message }),
  });
}

function refuseValue(name: string, seen: unknown, allowed: string): Refusal {
  return refuse(400, 'InvalidParameterValueException', `${name} is "${seen}", allowed here: ${allowed}`);
}

function arnOf(name: string): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${name}`;
}

/** By its physical name only: AWS does not know logical ids. */
function readFunctionName(text: string, query: string, functionNames: readonly string[]): string {
  const match = FUNCTION_NAME.exec(text);
  if (match === null) throw refuseValue('FunctionName', text, 'a name or an ARN');
  const [, name = '', suffix] = match;
  const qualifier = suffix ?? new URLSearchParams(query).get('Qualifier') ?? LATEST;
  if (qualifier === LATEST && functionNames.includes(name)) return name;
  const version = qualifier === LATEST ? '' : `:${qualifier}`;
  throw refuse(404, 'ResourceNotFoundException', `Function not found: ${arnOf(name)}${version}`);
}

function readPayload(body: Buffer, invocationType: string): unknown {
  const bytesMax = invocationType === 'Event' ? EVENT_PAYLOAD_BYTES_MAX : PAYLOAD_BYTES_MAX;
  if (body.length > bytesMax) {
    const message = `${body.length} byte payload is too large for the ${invocationType} invocation type (limit ${bytesMax} bytes)`;
    throw refuse(413, 'RequestTooLargeException', message);
  }
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    const message = `Could not parse request body into json: ${(error as Error).message}`;
    throw refuse(400, 'InvalidRequestContentException', message);
  }
}

const LOG_TYPES = ['None', 'Tail'];
/** A function's answer and its log come through two pipes, and the log may be the later one. */
const LOG_SETTLES_MILLIS = 50;

function wantsTail(headers: ApiRequest['headers']): boolean {
  const logType = String(headers['x-amz-log-type'] ?? 'None');
  if (!LOG_TYPES.includes(logType)) throw refuseValue('LogType', logType, LOG_TYPES.join(', '));
  return logType === 'Tail';
}

/** A header that would change the answer and is not emulated is refused, not ignored. */
function readInvocationType(headers: ApiRequest['headers']): InvocationType {
  if (headers['x-amz-client-context'] !== undefined) throw refuseValue('ClientContext', 'set', 'none');
  const invocationType = headers['x-amz-invocation-type'] ?? 'RequestResponse';
  const known = INVOCATION_TYPES.find((type) => type === invocationType);
  if (known !== undefined) return known;
  throw refuseValue('InvocationType', invocationType, INVOCATION_TYPES.join(', '));
}

function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof LocalError && error.code === 'function.queueFull') {
    return refuse(429, 'TooManyRequestsException', error.message);
  }
  return refuse(500, 'ServiceException', `local: ${String(error)}`);
}

async function invoke(functionText: string, query: string, request: ApiRequest, targets: InvokeTargets) {
  const invocationType = readInvocationType(request.headers);
  const isTailWanted = wantsTail(request.headers);
  const name = readFunctionName(decodeURIComponent(functionText), query, targets.pool.names());
  const need = { action: 'lambda:InvokeFunction', resource: arnOf(name) };
  const denial = await targets.authorizer.findDenial(request.principal, [need]);
  if (denial !== undefined) throw refuse(403, 'AccessDeniedException', denial);
  if (invocationType === 'DryRun') return { status: 204, headers: { 'x-amzn-requestid': randomUUID() }, body: '' };
  const event = readPayload(request.body, invocationType);
  if (invocationType === 'Event') {
    targets.asyncInvocations.accept(name, event);
    return { status: 202, headers: { 'x-amzn-requestid': randomUUID() }, body: '' };
  }
  const { requestId, payload, error } = await targets.pool.invoke(name, event);
  if (isTailWanted) await pause(LOG_SETTLES_MILLIS);
  const tail = Buffer.from(targets.tails.of(requestId)).toString('base64');
  const headers = {
    'content-type': 'application/json',
    'x-amzn-requestid': requestId,
    'x-amz-executed-version': LATEST,
    // Node.js' runtime causes no other value: for an error of the function, its timeout, or its end.
    ...(error !== undefined && { 'x-amz-function-error': 'Unhandled' }),
    ...(isTailWanted && { 'x-amz-log-result': tail }),
  };
  return { status: 200, headers, body: JSON.stringify(payload) };
}

export function lambdaApi(targets: InvokeTargets): ServiceApi {
  return (request) => {
    const match = request.method === 'POST' ? INVOCATION_PATH.exec(request.path) : null;
    if (match === null) return undefined;
    const [, functionText = '', query = ''] = match;
    return invoke(functionText, query, request, targets).catch((error) => toRefusal(error).answer);
  };
}
