/** A deployed stack's outputs. */
import type { Connection } from '../../lib/dynamodb/client.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';

/** `NotFound` if the account and Region have no such stack. */
export async function readStackOutputs(stack: string, connection: Connection): Promise<Record<string, string>> {
  // Late, so that only a command with --stack waits for this client to load.
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient(connection);
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const outputs = Stacks[0]?.Outputs ?? [];
    return Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (cause) {
    // CloudFormation has no error code for it, only the message "Stack with id x does not exist".
    if (!(cause as Error).message?.includes('does not exist')) throw cause;
    throw new DeallocatorError(
      'NotFound',
      `there is no stack ${stack} in this account and Region; check --stack, --region and whose credentials these are`,
      { cause },
    );
  } finally {
    client.destroy();
  }
}
