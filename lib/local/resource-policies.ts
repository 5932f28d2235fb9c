/**
 * A table's policy, read, put and deleted as on AWS: the engine knows no such requests. Takes effect at once, where AWS takes
 * some seconds. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html
 */
import type { GatewayRequest } from './faults.ts';
import type { Authorizer } from './iam.ts';
import type { Statement } from './iam-policies.ts';

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

function refuse(type: string, message: string): Answer {
  return { status: 400, body: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message } };
}

function readStatements(policy: unknown): readonly Statement[] | undefined {
  try {
    const { Statement: statements } = JSON.parse(String(policy)) as { Statement: unknown };
    return [statements].flat().every((one) => typeof one === 'object' && one !== null)
      ? ([statements].flat() as Statement[])
      : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for any other request. Whether it is allowed has been asked before. */
export function answerResourcePolicy(
  { operation, body }: Pick<GatewayRequest, 'operation' | 'body'>,
  authorizer: Authorizer,
): Answer | undefined {
  const arn = String(body.ResourceArn);
  const statements = authorizer.policies.ofTables.get(arn);
  switch (operation) {
    case 'GetResourcePolicy': {
      if (statements === undefined) return refuse('PolicyNotFoundException', `Resource-based policy not found: ${arn}`);
      return { status: 200, body: { Policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }) } };
    }
    case 'PutResourcePolicy': {
      const put = readStatements(body.Policy);
      if (put === undefined) return refuse('ValidationException', 'Invalid policy document');
      authorizer.setTablePolicy(arn, put);
      return { status: 200, body: {} };
    }
    case 'DeleteResourcePolicy':
      authorizer.setTablePolicy(arn, undefined);
      return { status: 200, body: {} };
    default:
      return undefined;
  }
}
