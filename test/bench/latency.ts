/**
 * How long things take in the bench's virtual time. AWS promises "single-digit milliseconds" of DynamoDB and no more
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Introduction.html): these are assumptions, the same for
 * each contender. No count depends on them; billed milliseconds and lags do.
 */
export const READ_MILLIS = 3;
export const WRITE_MILLIS = 5;
/** Prepare and commit. */
export const TRANSACTION_MILLIS = 10;

const MILLIS_BY_OPERATION: Readonly<Record<string, number>> = {
  PutItem: WRITE_MILLIS,
  UpdateItem: WRITE_MILLIS,
  DeleteItem: WRITE_MILLIS,
  BatchWriteItem: WRITE_MILLIS,
  TransactWriteItems: TRANSACTION_MILLIS,
};

export function latencyMillis(operation: string): number {
  return MILLIS_BY_OPERATION[operation] ?? READ_MILLIS;
}

/**
 * Processor time on one whole core, by `npm run bench -- --only cpu`, rounded up. Lambda gives a function of 512 MB the
 * share of 512/1,769 of one: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
 */
const MICROS_PER_RECORD = 3;
const MICROS_PER_REQUEST = 450;
const SHARE_OF_A_CORE = 512 / 1769;

export function cpuMillis(records: number, requests: number): number {
  return (records * MICROS_PER_RECORD + requests * MICROS_PER_REQUEST) / 1000 / SHARE_OF_A_CORE;
}
