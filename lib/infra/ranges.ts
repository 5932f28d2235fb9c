import { type Duration, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { refuse } from './refusal.ts';

/** Whole numbers; of a duration, whole seconds. */
export interface Range {
  readonly least: number;
  readonly most: number;
  /** What to know before choosing another value. */
  readonly hint?: string;
}

/**
 * The CDK writes a token as a number near -1.9e289. One that was calculated with is no token any more for the CDK, and still
 * below anything that a person writes.
 */
const TOKEN_LIKE = -1e200;

/**
 * The number, or the duration in seconds, if it is in the range. A token is refused: thresholds are calculated from
 * some values, CloudFormation would find a value out of range only in mid-deployment, and the tools read others in outputs.
 */
export function readWithin(scope: Construct, property: string, value: number | Duration, range: Range): number {
  const isNumber = typeof value === 'number';
  const [isFound, mustBe, what] = isNumber
    ? ['', 'a whole number', 'value']
    : [' seconds', 'whole seconds', 'duration'];
  if (isNumber ? Token.isUnresolved(value) || value < TOKEN_LIKE : value.isUnresolved()) {
    refuse(
      scope,
      `${property} is a token, and must be known when the stack is synthesized; choose a ${what}, from the app's context if need be`,
    );
  }
  const found = isNumber ? value : value.toSeconds({ integral: false });
  const { least, most, hint } = range;
  if (Number.isInteger(found) && found >= least && found <= most) return found;
  refuse(
    scope,
    `${property} is ${found}${isFound}, and must be ${mustBe} from ${least} to ${most}; ` +
      (hint ?? `choose a ${what} in that range`),
  );
}
