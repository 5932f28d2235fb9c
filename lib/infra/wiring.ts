/** What a program of the user's needs, to speak to a deployment: a grant, and the names. */
import { Stack } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { isDefault, isSwarmkits } from '../lifecycle/swarmkits.ts';
import { CONFIGURATION_VARIABLE, type DeploymentNames, LIFECYCLE_VARIABLE, writeNames } from '../streams/deployment.ts';
import type { Kinds } from './kinds.ts';

/** What a connected program may do: `write` is the typed client, `read` the reports, `operate` the whole command line. */
export type Access = 'read' | 'write' | 'operate';

/** A Lambda function of any kind, or whatever else has a role and an environment. */
export interface ConnectedProgram extends IGrantable {
  /** Sets a variable of its environment. */
  addEnvironment(name: string, value: string): unknown;
}

/**
 * Who may neither sweep nor redrive is told neither function nor queue. SwarmKit's kinds with choices are told, so that a client
 * without a declaration of its own has them; kinds of one's own are declared where the compiler knows them.
 */
export function environmentFor(
  scope: Construct,
  access: Access,
  { sweepFunctionName, deadLetterQueueUrl, ...names }: DeploymentNames,
  { lifecycle, plan }: Kinds,
): Record<string, string> {
  const told = writeNames(access === 'operate' ? { ...names, sweepFunctionName, deadLetterQueueUrl } : names);
  const kinds = isSwarmkits(plan) && !isDefault(plan) ? { lifecycle: LIFECYCLE_VARIABLE.write(lifecycle) } : {};
  return { [CONFIGURATION_VARIABLE]: Stack.of(scope).toJsonString({ ...told, ...kinds }) };
}
