/**
 * How Lambda describes functions and mappings over HTTP: as the template has them.
 * https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
 * https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
 * https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConcurrency.html
 */
import { randomUUID } from 'node:crypto';
import type { ApiAnswer, ApiRequest, ServiceApi } from '../ground/service-api.ts';
import type { Authorizer } from '../iam/authorizer.ts';
import type { Stack } from '../template/stack.ts';

const MAPPINGS_PATH = /^\/2015-03-31\/event-source-mappings\/?(?:\?(.*))?$/;
const FUNCTION_PATH = /^\/(?:2015-03-31|2019-09-30)\/functions\/([^/?]+)\/(configuration|concurrency)$/;

interface Described {
  readonly action: string;
  readonly resource: string;
  /** Undefined: there is none. */
  readonly document: unknown;
}

export function descriptionApi(stack: Stack, authorizer: Authorizer): ServiceApi {
  return (request) => {
    const described = request.method === 'GET' ? find(stack, request.path) : undefined;
    return described && answer(described, request, authorizer);
  };
}

function find(stack: Stack, path: string): Described | undefined {
  const [isOfMappings, query = ''] = MAPPINGS_PATH.exec(path) ?? [];
  if (isOfMappings) {
    const document = { EventSourceMappings: mappings(stack, new URLSearchParams(query)) };
    return { action: 'lambda:ListEventSourceMappings', resource: '*', document };
  }
  const [isOfFunction, name = '', what = ''] = FUNCTION_PATH.exec(path) ?? [];
  if (!isOfFunction) return undefined;
  const asked = decodeURIComponent(name);
  const found = stack.resolve('AWS::Lambda::Function').find((one) => [one.name, one.arn].includes(asked));
  if (what === 'concurrency') {
    const { ReservedConcurrentExecutions } = found?.properties ?? {};
    const document = found && { ReservedConcurrentExecutions };
    return { action: 'lambda:GetFunctionConcurrency', resource: found?.arn ?? '*', document };
  }
  const document = found && {
    ...found.properties,
    FunctionName: found.name,
    FunctionArn: found.arn,
    State: 'Active',
    LastUpdateStatus: 'Successful',
  };
  return { action: 'lambda:GetFunctionConfiguration', resource: found?.arn ?? '*', document };
}

function mappings(stack: Stack, asked: URLSearchParams): unknown[] {
  return stack.resolve('AWS::Lambda::EventSourceMapping').flatMap(({ logicalId, properties }) => {
    const { Enabled = true, FunctionName, ...others } = properties;
    if (asked.has('EventSourceArn') && asked.get('EventSourceArn') !== others.EventSourceArn) return [];
    if (asked.has('FunctionName') && asked.get('FunctionName') !== FunctionName) return [];
    const { arn } = stack.resolve('AWS::Lambda::Function').find((one) => one.name === FunctionName) ?? {};
    return [
      {
        ...others,
        UUID: logicalId,
        FunctionArn: arn ?? FunctionName,
        State: Enabled === true ? 'Enabled' : 'Disabled',
        StateTransitionReason: 'USER_INITIATED',
        LastProcessingResult: 'OK',
      },
    ];
  });
}

async function answer({ action, resource, document }: Described, request: ApiRequest, authorizer: Authorizer) {
  const denial = await authorizer.findDenial(request.principal, [{ action, resource }]);
  if (denial !== undefined) return toAnswer(403, { Message: denial }, 'AccessDeniedException');
  if (document !== undefined) return toAnswer(200, document);
  return toAnswer(404, { Message: `Function not found: ${request.path}` }, 'ResourceNotFoundException');
}

function toAnswer(status: number, body: unknown, errorType?: string): ApiAnswer {
  const type = errorType !== undefined && { 'x-amzn-errortype': errorType };
  const headers = { 'content-type': 'application/json', 'x-amzn-requestid': randomUUID(), ...type };
  return { status, headers, body: JSON.stringify(body) };
}
