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

/** What the construct gives each function (prop `memorySize`). */
export const FUNCTION_MEGABYTES = 512;

/** Reading a stream is free for Lambda: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CostOptimization_StreamsUsage.html */
export interface Billed {
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly invocations: number;
  readonly billedMillis: number;
}

export function dollarsOf({ readUnits, writeUnits, invocations, billedMillis }: Billed): number {
  const gigabyteSeconds = (billedMillis / 1000) * (FUNCTION_MEGABYTES / 1024);
  return (
    (writeUnits * PRICES.dollarsPerMillionWriteUnits +
      readUnits * PRICES.dollarsPerMillionReadUnits +
      invocations * PRICES.dollarsPerMillionInvocations) /
      1e6 +
    gigabyteSeconds * PRICES.dollarsPerGigabyteSecond
  );
}
