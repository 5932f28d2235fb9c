/**
 * A table's policy, read, put and deleted as on AWS. The engine knows no such requests. A change takes effect at once; on AWS it
 * takes some seconds. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html
 */
import type { Authorizer } from '../iam/authorizer.ts';
import { statementsOf } from '../iam/policies.ts';
import type { GatewayRequest } from './faults.ts';

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

function refuse(type: string, message: string): Answer {
  return { status: 400, body: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message } };
}

/** Undefined for any other request. IAM has allowed it before. */
export async function answerResourcePolicy(
  { operation, body }: Pick<GatewayRequest, 'operation' | 'body'>,
  authorizer: Authorizer,
): Promise<Answer | undefined> {
  const arn = String(body?.ResourceArn);
  switch (operation) {
    case 'GetResourcePolicy': {
      const statements = authorizer.policies.ofTables.get(arn);
      if (statements === undefined) return refuse('PolicyNotFoundException', `Resource-based policy not found: ${arn}`);
      return { status: 200, body: { Policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }) } };
    }
    case 'PutResourcePolicy': {
      try {
        const statements = statementsOf(JSON.parse(String(body.Policy)));
        if (statements === undefined) throw new Error('it has no Statement');
        await authorizer.setTablePolicy(arn, statements);
      } catch (error) {
        return refuse('ValidationException', `Invalid policy document: ${(error as Error).message}`);
      }
      return { status: 200, body: {} };
    }
    case 'DeleteResourcePolicy':
      await authorizer.setTablePolicy(arn, undefined);
      return { status: 200, body: {} };
    default:
      return undefined;
  }
}
