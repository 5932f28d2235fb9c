/** A deployed stack's outputs. The only place that needs CloudFormation's client, so only --stack needs that package. */
import type { Connection } from '../../lib/dynamodb/client.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';

/** The little of `@aws-sdk/client-cloudformation` that is used here. */
export interface CloudFormation {
  readonly CloudFormationClient: new (
    connection: Connection,
  ) => {
    send(command: object): Promise<{ readonly Stacks?: readonly Stack[] }>;
    destroy(): void;
  };
  readonly DescribeStacksCommand: new (input: { readonly StackName: string }) => object;
}

interface Stack {
  readonly Outputs?: readonly { readonly OutputKey?: string; readonly OutputValue?: string }[];
}

const PACKAGE: string = '@aws-sdk/client-cloudformation';

/** `FailedPrecondition` where the package is not installed. */
export async function loadCloudFormation(): Promise<CloudFormation> {
  try {
    return await import(PACKAGE);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new DeallocatorError(
      'FailedPrecondition',
      `--stack needs the package ${PACKAGE}, which is not installed; install it beside this one, or use --config`,
      { cause },
    );
  }
}

/** `NotFound` for a stack that is not there, in this account and Region. */
export async function readStackOutputs(
  stack: string,
  connection: Connection,
  load: () => Promise<CloudFormation>,
): Promise<Record<string, string>> {
  const { CloudFormationClient, DescribeStacksCommand } = await load();
  const client = new CloudFormationClient(connection);
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const outputs = Stacks[0]?.Outputs ?? [];
    return Object.fromEntries(outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (cause) {
    // CloudFormation has no error of its own for it: "ValidationError: Stack with id x does not exist".
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
