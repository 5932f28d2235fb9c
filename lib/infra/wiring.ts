/** What a program of the user's needs, to speak to a deployment: a grant, and the names. */
import { Stack } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { CONFIGURATION_VARIABLE, type DeploymentNames, writeNames } from '../streams/deployment.ts';

/** What a connected program may do: `write` is the typed client, `read` the reports, `operate` the whole command line. */
export type Access = 'read' | 'write' | 'operate';

/** A Lambda function of any kind, or whatever else has a role and an environment. */
export interface ConnectedProgram extends IGrantable {
  /** Sets a variable of its environment. */
  addEnvironment(name: string, value: string): unknown;
}

/** Who may neither sweep nor redrive is told neither function nor queue. */
export function environmentFor(
  scope: Construct,
  access: Access,
  { sweepFunctionName, deadLetterQueueUrl, ...names }: DeploymentNames,
): Record<string, string> {
  const told = writeNames(access === 'operate' ? { ...names, sweepFunctionName, deadLetterQueueUrl } : names);
  return { [CONFIGURATION_VARIABLE]: Stack.of(scope).toJsonString(told) };
}
