/** The kinds of a deployment: its functions have them in their environment. */
import type { Connection } from '../../lib/dynamodb/client.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';
import { type DeploymentNames, LIFECYCLE_VARIABLE } from '../../lib/streams/deployment.ts';
import { askedOfAws } from './errors.ts';

const WAY = 'give the file that declares them, with --lifecycle FILE';

export async function findStackLifecycle(
  { sweepFunctionName }: DeploymentNames,
  connection: Connection,
): Promise<Lifecycle> {
  if (sweepFunctionName === undefined) {
    throw new DeallocatorError('FailedPrecondition', `the stack names no sweep function that tells its kinds; ${WAY}`);
  }
  const text = await readVariable(sweepFunctionName, connection);
  try {
    const lifecycle = JSON.parse(text ?? '') as Lifecycle;
    planOf(lifecycle);
    return lifecycle;
  } catch (cause) {
    const what = `the variable ${LIFECYCLE_VARIABLE.name} of ${sweepFunctionName} is ${text ? 'no lifecycle' : 'not set'}`;
    throw new DeallocatorError('FailedPrecondition', `${what}; ${WAY}`, { cause });
  }
}

/**
 * Of a configuration that tells none. With SwarmKit's tables they are SwarmKit's, and no function is asked: who writes one tells
 * all others. What lacks these tables and tells no function is left to who reads it.
 */
export async function findConfigLifecycle(names: DeploymentNames, connection: Connection): Promise<Lifecycle> {
  const isSwarm = Object.keys(planOf(SWARMKIT).tables).every((table) => Object.hasOwn(names.tables, table));
  return isSwarm || names.sweepFunctionName === undefined ? SWARMKIT : findStackLifecycle(names, connection);
}

async function readVariable(sweepFunctionName: string, connection: Connection): Promise<string | undefined> {
  // Late, so that only who needs it waits for this client to load.
  const { GetFunctionConfigurationCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  const client = new LambdaClient(connection);
  const command = new GetFunctionConfigurationCommand({ FunctionName: sweepFunctionName });
  const { Environment } = await client
    .send(command)
    .catch((cause) => {
      throw withWay(askedOfAws(cause));
    })
    .finally(() => client.destroy());
  return Environment?.Variables?.[LIFECYCLE_VARIABLE.name];
}

function withWay(error: Error): Error {
  if (!(error instanceof DeallocatorError)) return error;
  return new DeallocatorError(error.code, `${error.message}; or ${WAY}`, { cause: error.cause });
}
