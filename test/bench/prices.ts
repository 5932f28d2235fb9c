import { MEMORY_MEGABYTES_DEFAULT } from '../../lib/streams/functions.ts';

/**
 * The price list, as data. US dollars, us-east-1, on demand, without any free tier or discount. AWS's own pages show prices
 * only to a browser, so these are transcriptions: check them before a decision rests on them.
 */
export const PRICES = {
  readOn: '2026-11-22',
  region: 'us-east-1',
  /** https://aws.amazon.com/dynamodb/pricing/on-demand/ (Standard table class, since the cut of November 2024) */
  dollarsPerMillionWriteUnits: 0.625,
  dollarsPerMillionReadUnits: 0.125,
  /** https://aws.amazon.com/lambda/pricing/ (arm64, first tier) */
  dollarsPerGigabyteSecond: 0.0000133334,
  dollarsPerMillionInvocations: 0.2,
} as const;

/** Reading a stream is free for Lambda: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CostOptimization_StreamsUsage.html */
export interface Billed {
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly invocations: number;
  readonly billedMillis: number;
}

/** @param megabytes of the function */
export function dollarsOf(
  { readUnits, writeUnits, invocations, billedMillis }: Billed,
  megabytes: number = MEMORY_MEGABYTES_DEFAULT,
): number {
  const gigabyteSeconds = (billedMillis / 1000) * (megabytes / 1024);
  return (
    (writeUnits * PRICES.dollarsPerMillionWriteUnits +
      readUnits * PRICES.dollarsPerMillionReadUnits +
      invocations * PRICES.dollarsPerMillionInvocations) /
      1e6 +
    gigabyteSeconds * PRICES.dollarsPerGigabyteSecond
  );
}
