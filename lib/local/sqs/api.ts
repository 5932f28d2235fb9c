/** SQS over HTTP, in its JSON protocol: what reads a dead-letter queue and clears it. */
import { createHash, randomUUID } from 'node:crypto';
import { type ApiAnswer, type ApiRequest, Refusal, type ServiceApi } from '../ground/service-api.ts';
import type { Authorizer } from '../iam/authorizer.ts';
import { type Queue, type Queues, type ReceivedMessage, VISIBILITY_TIMEOUT_SECONDS_MAX } from './queues.ts';

type Body = Readonly<Record<string, unknown>>;
type Operation = (queues: Queues, queue: Queue, body: Body) => Body | undefined;

/** SQS's own limits for one ReceiveMessage. */
const RECEIVED_MESSAGES_MAX = 10;
const WAIT_TIME_SECONDS_MAX = 20;
/** The attribute of Lambda's dead letters that is no text. */
const NUMBER_ATTRIBUTES = ['ErrorCode'];
const JSON_HEADERS = { 'content-type': 'application/x-amz-json-1.0' };

/** Each error has two names: the JSON protocol's, and the older protocol's, which SDKs show as its code. */
function refuse(type: string, code: string, message: string, status = 400): Refusal {
  return new Refusal(message, {
    status,
    headers: { ...JSON_HEADERS, 'x-amzn-requestid': randomUUID(), 'x-amzn-query-error': `${code};Sender` },
    body: JSON.stringify({ __type: `com.amazonaws.sqs#${type}`, message }),
  });
}

function readText(body: Body, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '') return value;
  const message = `The request must contain the parameter ${name}.`;
  throw refuse('MissingRequiredParameterException', 'MissingParameter', message);
}

function findWholeNumber(body: Body, name: string, [min, max]: readonly [number, number]): number | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  const message = `Value ${value} for parameter ${name} is invalid. Reason: Must be between ${min} and ${max}, if provided.`;
  throw refuse('InvalidParameterValueException', 'InvalidParameterValue', message);
}

function readNames(body: Body, name: string): readonly string[] {
  const value = body[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** `All`, `.*`, whole names, and beginnings such as `Error.*`. */
function isAsked(attribute: string, names: readonly string[]): boolean {
  return names.some((name) => {
    if (name === 'All' || name === attribute) return true;
    return name.endsWith('.*') && attribute.startsWith(name.slice(0, -2));
  });
}

function pick<T>(values: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> | undefined {
  const picked = Object.entries(values).filter(([name]) => isAsked(name, names));
  return picked.length === 0 ? undefined : Object.fromEntries(picked);
}

function toMessage(message: ReceivedMessage, body: Body) {
  const text = JSON.stringify(message.body) ?? '';
  const systemAttributes = {
    SentTimestamp: String(message.sentEpochMillis),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedEpochMillis),
  };
  const messageAttributes = Object.entries(message.messageAttributes).map(([name, StringValue]) => {
    return [name, { DataType: NUMBER_ATTRIBUTES.includes(name) ? 'Number' : 'String', StringValue }] as const;
  });
  const systemNames = [...readNames(body, 'AttributeNames'), ...readNames(body, 'MessageSystemAttributeNames')];
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    // SDKs compare it with the body that they got.
    MD5OfBody: createHash('md5').update(text).digest('hex'),
    Body: text,
    Attributes: pick(systemAttributes, systemNames),
    MessageAttributes: pick(Object.fromEntries(messageAttributes), readNames(body, 'MessageAttributeNames')),
  };
}

function receiveMessage(queues: Queues, queue: Queue, body: Body): Body {
  const messagesMax = findWholeNumber(body, 'MaxNumberOfMessages', [1, RECEIVED_MESSAGES_MAX]) ?? 1;
  const visibilityTimeoutSeconds =
    findWholeNumber(body, 'VisibilityTimeout', [0, VISIBILITY_TIMEOUT_SECONDS_MAX]) ?? queue.visibilityTimeoutSeconds;
  // It is checked and has no effect: there is no other server whose messages could come later.
  findWholeNumber(body, 'WaitTimeSeconds', [0, WAIT_TIME_SECONDS_MAX]);
  const received = queues.receive(queue, messagesMax, visibilityTimeoutSeconds);
  return received.length === 0 ? {} : { Messages: received.map((message) => toMessage(message, body)) };
}

function deleteMessage(queues: Queues, queue: Queue, body: Body): undefined {
  const receiptHandle = readText(body, 'ReceiptHandle');
  if (queues.delete(queue, receiptHandle)) return;
  const message = `The input receipt handle "${receiptHandle}" is not a valid receipt handle.`;
  throw refuse('ReceiptHandleIsInvalid', 'ReceiptHandleIsInvalid', message);
}

function getQueueAttributes(queues: Queues, queue: Queue, body: Body): Body {
  const { visible, notVisible } = queues.count(queue);
  const attributes: Readonly<Record<string, string>> = {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(notVisible),
    ApproximateNumberOfMessagesDelayed: '0',
    QueueArn: queue.arn,
    VisibilityTimeout: String(queue.visibilityTimeoutSeconds),
  };
  const names = readNames(body, 'AttributeNames');
  const unknown = names.find((name) => name !== 'All' && !Object.hasOwn(attributes, name));
  if (unknown !== undefined) {
    const message = `Unknown Attribute ${unknown}; the local cloud knows ${Object.keys(attributes).join(', ')}.`;
    throw refuse('InvalidAttributeName', 'InvalidAttributeName', message);
  }
  const picked = pick(attributes, names);
  return picked === undefined ? {} : { Attributes: picked };
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  ReceiveMessage: receiveMessage,
  DeleteMessage: deleteMessage,
  GetQueueAttributes: getQueueAttributes,
};

function readBody(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch (error) {
    throw refuse('SerializationException', 'MalformedInput', (error as Error).message);
  }
}

async function run(
  operationName: string,
  { principal, body: raw }: ApiRequest,
  queues: Queues,
  authorizer: Authorizer,
): Promise<ApiAnswer> {
  const operation = Object.hasOwn(OPERATIONS, operationName) ? OPERATIONS[operationName] : undefined;
  if (operation === undefined) {
    const known = Object.keys(OPERATIONS).join(', ');
    const message = `The local cloud does not know ${operationName}; of SQS it knows ${known}.`;
    throw refuse('UnsupportedOperation', 'AWS.SimpleQueueService.UnsupportedOperation', message);
  }
  const body = readBody(raw.toString());
  const queue = queues.findByUrl(readText(body, 'QueueUrl'));
  if (queue === undefined) {
    const message = 'The specified queue does not exist.';
    throw refuse('QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue', message);
  }
  const denial = await authorizer.findDenial(principal, [{ action: `sqs:${operationName}`, resource: queue.arn }]);
  if (denial !== undefined) throw refuse('AccessDeniedException', 'AccessDenied', denial, 403);
  const answer = operation(queues, queue, body);
  const headers = { ...JSON_HEADERS, 'x-amzn-requestid': randomUUID() };
  return { status: 200, headers, body: answer === undefined ? '' : JSON.stringify(answer) };
}

export function sqsApi(queues: Queues, authorizer: Authorizer): ServiceApi {
  return (request) => {
    const operationName = /^AmazonSQS\.(\w+)$/.exec(String(request.headers['x-amz-target'] ?? ''))?.[1];
    if (operationName === undefined) return undefined;
    return run(operationName, request, queues, authorizer).catch((error) => {
      if (error instanceof Refusal) return error.answer;
      throw error;
    });
  };
}
