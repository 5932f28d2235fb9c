/** What a request costs by AWS's rules, from what it has touched, and sums of that. */
import { MARKED_INDEX, type TableName } from '../../lib/dynamodb/schema.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import {
  type Consistency,
  type IndexSchema,
  indexWriteUnits,
  itemBytes,
  readUnits,
  transactionWriteUnits,
  type WireItem,
  writeUnits,
} from '../../lib/local/dynamodb/capacity.ts';
import type { OperationUsage } from '../../lib/local/dynamodb/meter.ts';
import { keyNames } from '../../lib/testing/memory/tables.ts';
import type { Touched, Written } from '../../lib/testing/memory/touched.ts';

const MARKED: IndexSchema = {
  keys: [MARKED_INDEX.partitionKey, MARKED_INDEX.sortKey],
  attributes: [MARKED_INDEX.partitionKey, MARKED_INDEX.sortKey],
};

const SCHEMAS = swarmkitPlan().tables;

const indexesOf = (table: string): readonly IndexSchema[] =>
  SCHEMAS[table]?.markedIndex
    ? [{ ...MARKED, attributes: [...new Set([...keyNames(SCHEMAS[table]), ...MARKED.keys])] }]
    : [];

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html */
export function unitsOf({
  operation,
  isConsistent,
  read,
  partitions,
  written,
}: Touched): Omit<OperationUsage, 'requests'> {
  const consistency: Consistency = isConsistent ? 'strong' : 'eventual';
  if (operation === 'TransactWriteItems') {
    const actions = written.map(({ table, ...action }) => ({ ...(action as WireAction), indexes: indexesOf(table) }));
    return { readUnits: 0, writeUnits: transactionWriteUnits(actions) };
  }
  if (written.length > 0) return { readUnits: 0, writeUnits: written.reduce((sum, one) => sum + singleWrite(one), 0) };
  // How AWS rounds a read of several partitions is not documented: as much as a query of each.
  if (partitions !== undefined) {
    const bytes = partitions.map((items) => items.reduce((sum, item) => sum + itemBytes(item as WireItem), 0));
    return { readUnits: bytes.reduce((sum, one) => sum + readUnits(one, consistency), 0), writeUnits: 0 };
  }
  const bytes = read.map((item) => itemBytes(item as WireItem | undefined));
  // A get rounds up each item, a query or a scan the sum of its page.
  const isMany = operation === 'Query' || operation === 'Scan';
  const rounded = isMany ? [bytes.reduce((sum, one) => sum + one, 0)] : bytes;
  return { readUnits: rounded.reduce((sum, one) => sum + readUnits(one, consistency), 0), writeUnits: 0 };
}

interface WireAction {
  readonly before: WireItem | undefined;
  readonly after: WireItem | undefined;
  readonly put: WireItem | undefined;
}

/** The larger of before and after; a refused one costs what is there. */
function singleWrite({ table, ...action }: Written): number {
  const { before, after } = action as WireAction;
  const entries = indexesOf(table).reduce((sum, index) => sum + indexWriteUnits(before, after, index), 0);
  return writeUnits(Math.max(itemBytes(before), itemBytes(after))) + entries;
}

/** What a contender has asked for, and what of it served to count: all but the deletion's own transaction. */
export interface Usage {
  readonly requests: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Those of them outside transactions that delete a service or a network: every contender has the same of those. */
  readonly countingWriteUnits: number;
  /** Single writes and transactions' actions on the Counters table that changed it, outside those transactions. */
  readonly counterWrites: number;
  readonly invocations: number;
  readonly billedMillis: number;
  /** Stream records that the functions were given, duplicates included. */
  readonly records: number;
}

export const NOTHING: Usage = {
  requests: 0,
  readUnits: 0,
  writeUnits: 0,
  countingWriteUnits: 0,
  counterWrites: 0,
  invocations: 0,
  billedMillis: 0,
  records: 0,
};

export function plus(a: Usage, b: Partial<Usage>): Usage {
  const names = Object.keys(NOTHING) as (keyof Usage)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + (b[name] ?? 0)])) as unknown as Usage;
}

/** Whether the request is the transaction that ends a drain. */
export function isDeletion({ operation, written }: Touched): boolean {
  const isParent = ({ table, before, after }: Written) =>
    (table === 'services' || table === 'networks') && before !== undefined && after === undefined;
  return operation === 'TransactWriteItems' && written.some(isParent);
}

export function countWritesTo(table: TableName, { written }: Touched): number {
  return written.filter((one) => one.table === table && one.before !== one.after).length;
}
