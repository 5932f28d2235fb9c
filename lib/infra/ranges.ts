import { type Duration, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Whole numbers; of a duration, whole seconds. */
export interface Range {
  readonly least: number;
  readonly most: number;
  /** What to know before choosing another value. */
  readonly hint?: string;
}

/** Refuses what is outside the range. A token's value is not known yet: CloudFormation checks it. */
export function refuseOutside(scope: Construct, property: string, value: number | Duration, range: Range): void {
  const isNumber = typeof value === 'number';
  if (isNumber ? Token.isUnresolved(value) : value.isUnresolved()) return;
  const found = isNumber ? value : value.toSeconds({ integral: false });
  const { least, most, hint } = range;
  if (Number.isInteger(found) && found >= least && found <= most) return;
  const [isFound, mustBe, what] = isNumber
    ? [`${found}`, 'a whole number', 'value']
    : [`${found} seconds`, 'whole seconds', 'duration'];
  throw new Error(
    `${scope.node.path}: ${property} is ${isFound}, and must be ${mustBe} from ${least} to ${most}; ` +
      (hint ?? `choose a ${what} in that range`),
  );
}
