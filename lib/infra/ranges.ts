import { type Duration, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export interface Range {
  readonly least: number;
  readonly most: number;
  /** What to know before choosing another value. */
  readonly hint?: string;
}

/** Refuses a whole number outside its range. A token is not known yet: CloudFormation checks that one. */
export function refuseOutside(scope: Construct, property: string, value: number, range: Range): void {
  if (Token.isUnresolved(value)) return;
  if (Number.isInteger(value) && value >= range.least && value <= range.most) return;
  throw new Error(
    `${scope.node.path}: ${property} is ${value}, and must be a whole number from ${range.least} to ${range.most}` +
      (range.hint === undefined ? '; choose a value in that range' : `; ${range.hint}`),
  );
}

/** The same for a duration; its range is in seconds. */
export function refuseDurationOutside(scope: Construct, property: string, value: Duration, range: Range): void {
  if (value.isUnresolved()) return;
  const seconds = value.toSeconds({ integral: false });
  if (Number.isInteger(seconds) && seconds >= range.least && seconds <= range.most) return;
  throw new Error(
    `${scope.node.path}: ${property} is ${seconds} seconds, and must be whole seconds from ${range.least} to ` +
      `${range.most}; ${range.hint ?? 'choose a duration in that range'}`,
  );
}
