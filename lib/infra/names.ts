/** Physical names: CloudFormation's own, or made of one prefix. */
import { Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { refuse } from './refusal.ts';

export interface NameProps {
  /**
   * Begins the names of tables, functions, log groups, queues, alarms and dashboard: 1 to 40 letters, digits, - and _.
   * A deployment needs a prefix of its own in its account and Region; the dashboard's name ends in the Region. CloudFormation can't replace a resource that has such
   * a name: a change that has to replace it fails.
   * @default - CloudFormation's own names
   */
  readonly resourcePrefix?: string;
}

/** With the longest name behind it, it still fits a function's 64 characters. */
const PREFIX = /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/;

/** Undefined where CloudFormation chooses. */
export function nameWith(prefix: string | undefined, name: string): string | undefined {
  return prefix === undefined ? undefined : `${prefix}-${name}`;
}

/** Dashboards are one set for all Regions of an account, and everything else is one for each. */
export function dashboardName(scope: Construct, prefix: string | undefined): string | undefined {
  return nameWith(prefix, Stack.of(scope).region);
}

export function refusePrefix(scope: Construct, prefix: string | undefined): void {
  if (prefix === undefined || Token.isUnresolved(prefix) || PREFIX.test(prefix)) return;
  refuse(
    scope,
    `resourcePrefix is "${prefix}", and must be 1 to 40 letters, digits, - and _, beginning with a ` +
      'letter or digit; choose a name such as "shop-prod"',
  );
}
