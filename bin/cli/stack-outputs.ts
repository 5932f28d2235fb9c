/** A deployed stack's outputs. */
import type { Stack } from '@aws-sdk/client-cloudformation';
import type { Connection } from '../../lib/dynamodb/client.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';
import { askedOfAws } from './errors.ts';

export interface StackFound {
  readonly outputs: Record<string, string>;
  /** As the stack's own ARN tells them. */
  readonly region?: string | undefined;
  readonly account?: string | undefined;
}

/** `NotFound` if the account and Region have no such stack. */
export async function readStackOutputs(stack: string, connection: Connection): Promise<StackFound> {
  // Late, so that only a command with --deployment waits for this client to load.
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient(connection);
  const describe = client.send(new DescribeStacksCommand({ StackName: stack }));
  const { Stacks: [found = {}] = [] } = await describe
    .catch((cause) => {
      throw unanswered(stack, cause);
    })
    .finally(() => client.destroy());
  const { Outputs = [], StackId = '', StackStatus, StackStatusReason }: Partial<Stack> = found;
  if (Outputs.length === 0) throw withoutOutputs(stack, StackStatus, StackStatusReason);
  const [, , , region, account] = StackId.split(':');
  const outputs = Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]);
  return { outputs: Object.fromEntries(outputs), region, account };
}

function unanswered(stack: string, cause: Error): Error {
  if (/failed to satisfy constraint/.test(cause.message)) {
    const allowed = 'letters, digits and hyphens, or the ARN of a stack';
    return new DeallocatorError('InvalidArgument', `"${stack}" can't be the name of a stack; allowed: ${allowed}`, {
      cause,
    });
  }
  // CloudFormation has no error code for it, only the message "Stack with id x does not exist".
  if (!cause.message.includes('does not exist')) return askedOfAws(cause);
  return new DeallocatorError(
    'NotFound',
    `there is no stack ${stack} in this account and Region; check --deployment, --region and whose credentials these are`,
    { cause },
  );
}

/** A stack that never came up, or is not up yet, keeps its outputs back. */
function withoutOutputs(stack: string, status = 'there', reason = ''): DeallocatorError {
  const is = `stack ${stack} is ${status}${reason === '' ? '' : ` (${reason})`}, and has no outputs`;
  return new DeallocatorError('FailedPrecondition', `${is}; ${adviceFor(status)}`);
}

function adviceFor(status: string): string {
  if (/^DELETE_/.test(status))
    return 'it is being deleted, or was; name another stack, or the tables with --config FILE';
  if (/ROLLBACK_(COMPLETE|FAILED)$|^CREATE_FAILED$/.test(status) && !status.startsWith('UPDATE_')) {
    return 'its creation failed: see its events for the first reason, delete it, and deploy it again';
  }
  if (/_IN_PROGRESS$/.test(status)) return 'wait until it is done, and try again';
  return 'name the stack that holds the construct Deallocator, with its outputs left on';
}
