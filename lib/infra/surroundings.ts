/** Whether something that the app brings is where the deployment can use it. */
import { type IResource, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { refuse } from './refusal.ts';

/** Nothing is known of what CloudFormation fills in only when it deploys. */
function differ(one: string, other: string): boolean {
  return !Token.isUnresolved(one) && !Token.isUnresolved(other) && one !== other;
}

/** Streams, mappings, transactions, keys and backups all end at the border of their Region. */
export function refuseOtherRegion(scope: Construct, what: string, { env }: Pick<IResource, 'env'>): void {
  const { region } = Stack.of(scope);
  if (!differ(env.region, region)) return;
  refuse(scope, `${what} is in the Region ${env.region}, and must be in ${region}; use one of the stack's own Region`);
}

/** A role can be allowed another account's table only by that table's policy, which isn't ours to write. */
export function refuseOtherAccount(scope: Construct, what: string, account: string | undefined, instead: string): void {
  const own = Stack.of(scope).account;
  if (account === undefined || !differ(account, own)) return;
  refuse(scope, `${what} is of the account ${account}, and must be of ${own}; ${instead}`);
}
