/** What EventBridge tells of rules, over its JSON protocol: which of them start a function, and whether they are on. */
import { randomUUID } from 'node:crypto';
import type { ApiAnswer, ServiceApi } from '../ground/service-api.ts';
import type { Authorizer } from '../iam/authorizer.ts';
import type { Stack } from '../template/stack.ts';

interface Asked {
  readonly TargetArn?: string;
  readonly Name?: string;
}

function toAnswer(status: number, body: unknown): ApiAnswer {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() };
  return { status, headers, body: JSON.stringify(body) };
}

function documentOf(stack: Stack, operation: string, { TargetArn, Name }: Asked): unknown {
  const rules = stack.resolve('AWS::Events::Rule');
  if (operation === 'ListRuleNamesByTarget') {
    const targetsOf = (targets: unknown) => (targets ?? []) as readonly { readonly Arn?: unknown }[];
    const starting = rules.filter(({ properties }) =>
      targetsOf(properties.Targets).some(({ Arn }) => Arn === TargetArn),
    );
    return { RuleNames: starting.map(({ name }) => name) };
  }
  const rule = rules.find(({ name }) => name === Name);
  if (operation !== 'DescribeRule' || rule === undefined) return undefined;
  const { State = 'ENABLED', ScheduleExpression, EventPattern } = rule.properties;
  return { Name, Arn: rule.arn, State, ScheduleExpression, EventPattern: EventPattern && JSON.stringify(EventPattern) };
}

export function eventsApi(stack: Stack, authorizer: Authorizer): ServiceApi {
  return ({ headers, principal, body }) => {
    const operation = /^AWSEvents\.(\w+)$/.exec(String(headers['x-amz-target'] ?? ''))?.[1];
    if (operation === undefined) return undefined;
    return authorizer.findDenial(principal, [{ action: `events:${operation}`, resource: '*' }]).then((denial) => {
      if (denial !== undefined) return toAnswer(400, { __type: 'AccessDeniedException', message: denial });
      const document = documentOf(stack, operation, JSON.parse(body.toString() || '{}'));
      const message = `the local cloud has no such rule, or does not know ${operation}`;
      return document ? toAnswer(200, document) : toAnswer(400, { __type: 'ResourceNotFoundException', message });
    });
  };
}
