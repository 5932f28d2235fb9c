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
  BatchExecuteStatement: WRITE_MILLIS,
};

export function latencyMillis(operation: string): number {
  return MILLIS_BY_OPERATION[operation] ?? READ_MILLIS;
}

/**
 * Processor time on one whole core, by `npm run bench -- --only code`, rounded up. There the batch for a thousand services sends 50
 * requests for 2,000 items, and takes some 60 ms more than the one for a single service.
 */
export const CPU_MILLIS_PER_RECORD = 0.003;
export const CPU_MILLIS_PER_REQUEST = 0.45;
/** Of a request for many. */
export const CPU_MILLIS_PER_FURTHER_ITEM = 0.02;

/** Processor time of a request on one whole core, by what it asks for. */
export function cpuMillis(input: Readonly<Record<string, unknown>>): number {
  const further = Math.max(1, itemsIn(input)) - 1;
  return CPU_MILLIS_PER_REQUEST + further * CPU_MILLIS_PER_FURTHER_ITEM;
}

/** Keys, statements, actions of a transaction, or the parents that one statement asks about. */
function itemsIn({ RequestItems = {}, ...input }: Readonly<Record<string, unknown>>): number {
  const keys = Object.values(RequestItems as Readonly<Record<string, { readonly Keys?: readonly unknown[] }>>);
  const lists = [...keys.map(({ Keys }) => Keys), input.Statements, input.TransactItems, input.Parameters];
  return lists.reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
}

/** Memory that gives a function one whole core: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const MEGABYTES_PER_CORE = 1769;

/** A second core is of no use to JavaScript. */
export function coreShare(megabytes: number): number {
  return Math.min(1, megabytes / MEGABYTES_PER_CORE);
}
