/** A deployed stack's outputs. */
import type { Connection } from '../../lib/dynamodb/client.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';

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
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const [{ Outputs = [], StackId = '' } = {}] = Stacks;
    const [, , , region, account] = StackId.split(':');
    const outputs = Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]);
    return { outputs: Object.fromEntries(outputs), region, account };
  } catch (cause) {
    // CloudFormation has no error code for it, only the message "Stack with id x does not exist".
    if (!(cause as Error).message?.includes('does not exist')) throw cause;
    throw new DeallocatorError(
      'NotFound',
      `there is no stack ${stack} in this account and Region; check --deployment, --region and whose credentials these are`,
      { cause },
    );
  } finally {
    client.destroy();
  }
}
