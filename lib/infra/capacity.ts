/** How much the tables that are created may take, and how much they can take at once. */
import type { WarmThroughput } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { type Range, readWithin } from './ranges.ts';

export interface CapacityProps {
  /**
   * The most write request units a second of each created table, and of each index: a ceiling for what a runaway writer
   * costs, 1 or more. What is above it is throttled and tried again, the writes of your own programs too, so choose several
   * times your peak. An index that is throttled throttles its table.
   * @default - none of its own: the account's quota, 40,000 a table in 2026
   */
  readonly maxWriteRequestUnits?: number;

  /**
   * The same for read request units, of 4 KB each.
   * @default - none of its own, as `maxWriteRequestUnits`
   */
  readonly maxReadRequestUnits?: number;

  /**
   * What a created table can take at once, before a flood that is known: reads from 12,000 a second, writes from 4,000, which
   * every new table can take anyway. By the table's name here. Its index is warmed alike. DynamoDB charges once for what is above that, and it can't be
   * lowered again. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
   * @default - DynamoDB's own
   */
  readonly warmThroughput?: Readonly<Partial<Record<string, WarmThroughput>>>;
}

/** More than DynamoDB has ever been asked for. */
const UNITS_MAX = 1_000_000_000;
const CEILING: Range = { least: 1, most: UNITS_MAX };
const WARM: Readonly<Record<keyof WarmThroughput, Range>> = {
  readUnitsPerSecond: { least: 12_000, most: UNITS_MAX },
  writeUnitsPerSecond: { least: 4_000, most: UNITS_MAX },
};

/** The same options for a table and for its index. */
export function readCapacity(scope: Construct, name: string, props: CapacityProps) {
  const { maxReadRequestUnits, maxWriteRequestUnits } = props;
  for (const [property, units] of Object.entries({ maxReadRequestUnits, maxWriteRequestUnits })) {
    if (units !== undefined) readWithin(scope, property, units, CEILING);
  }
  const warmThroughput = props.warmThroughput?.[name];
  for (const property of Object.keys(WARM) as (keyof WarmThroughput)[]) {
    const units = warmThroughput?.[property];
    if (units !== undefined) readWithin(scope, `warmThroughput.${name}.${property}`, units, WARM[property]);
  }
  return { maxReadRequestUnits, maxWriteRequestUnits, warmThroughput };
}
