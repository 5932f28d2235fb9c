/**
 * Capacity units by AWS's documented rules, as pure functions.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 */
import { NESTING_MAX } from '../ground/limits.ts';

/** An attribute value or item as DynamoDB's protocol has it: binaries in base64. */
export type WireItem = Readonly<Record<string, unknown>>;

export const READ_STEP_BYTES = 4096;
export const WRITE_STEP_BYTES = 1024;
/** Prepare and commit. */
export const TRANSACTION_FACTOR = 2;

const byteLength = (text: unknown) => Buffer.byteLength(String(text));
const base64Bytes = (text: unknown) => Buffer.from(String(text), 'base64').length;

/** About one byte for two significant digits, and one more; a negative number takes one on top. */
function numberBytes(text: string): number {
  const digits = text
    .replace(/^[+-]/, '')
    .replace(/[eE].*$/, '')
    .replace('.', '')
    .replace(/^0+|0+$/g, '');
  return Math.ceil(digits.length / 2) + 1 + (text.startsWith('-') ? 1 : 0);
}

function valueBytes(value: unknown, depth: number): number {
  const [type, content] = Object.entries(value as object)[0] ?? ['NULL', true];
  if (depth > NESTING_MAX) return 0;
  const list = content as readonly unknown[];
  switch (type) {
    case 'S':
      return byteLength(content);
    case 'N':
      return numberBytes(String(content));
    case 'B':
      return base64Bytes(content);
    case 'SS':
      return list.reduce<number>((sum, text) => sum + byteLength(text), 0);
    case 'NS':
      return list.reduce<number>((sum, text) => sum + numberBytes(String(text)), 0);
    case 'BS':
      return list.reduce<number>((sum, text) => sum + base64Bytes(text), 0);
    case 'L':
      return list.reduce<number>((sum, item) => sum + 1 + valueBytes(item, depth + 1), 3);
    case 'M':
      return 3 + Object.keys(content as object).length + itemBytes(content as WireItem, depth + 1);
    default:
      return 1;
  }
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
export function itemBytes(item: WireItem | undefined, depth = 0): number {
  if (item === undefined) return 0;
  return Object.entries(item).reduce((sum, [name, value]) => sum + byteLength(name) + valueBytes(value, depth), 0);
}

/** At least one: a missing item costs as much as the smallest. */
export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / WRITE_STEP_BYTES));
}

export type Consistency = 'eventual' | 'strong' | 'transactional';
const UNITS_PER_READ_STEP: Readonly<Record<Consistency, number>> = { eventual: 0.5, strong: 1, transactional: 2 };

export function readUnits(bytes: number, consistency: Consistency): number {
  return Math.max(1, Math.ceil(bytes / READ_STEP_BYTES)) * UNITS_PER_READ_STEP[consistency];
}

export interface IndexSchema {
  readonly keys: readonly string[];
  /** Undefined: all attributes. */
  readonly attributes: readonly string[] | undefined;
}

function indexEntry(item: WireItem | undefined, index: IndexSchema): WireItem | undefined {
  if (item === undefined || !index.keys.every((key) => key in item)) return undefined;
  const { attributes } = index;
  if (attributes === undefined) return item;
  return Object.fromEntries(Object.entries(item).filter(([name]) => attributes.includes(name)));
}

/**
 * What a write costs in an index: one write to add, change or remove the entry, two when its key changes, none when
 * the entry stays as it is. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
 */
export function indexWriteUnits(before: WireItem | undefined, after: WireItem | undefined, index: IndexSchema): number {
  const [old, fresh] = [indexEntry(before, index), indexEntry(after, index)];
  if (old === undefined && fresh === undefined) return 0;
  if (old === undefined) return writeUnits(itemBytes(fresh));
  if (fresh === undefined) return writeUnits(itemBytes(old));
  const same = (names: readonly string[]) => names.every((name) => isEqual(old[name], fresh[name]));
  if (!same(index.keys)) return writeUnits(itemBytes(old)) + writeUnits(itemBytes(fresh));
  if (same([...Object.keys(old), ...Object.keys(fresh)])) return 0;
  return writeUnits(Math.max(itemBytes(old), itemBytes(fresh)));
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export interface TransactionAction {
  readonly before: WireItem | undefined;
  /** As after a commit; for a check or a cancelled transaction the same as before. */
  readonly after: WireItem | undefined;
  /** The item that a put would write, whether or not it was. */
  readonly put: WireItem | undefined;
  readonly indexes: readonly IndexSchema[];
}

/**
 * Twice the larger of before and after for each action, checks included, whether or not the transaction was cancelled.
 * Index entries twice too: AWS gives no rule for them, Amazon's own DynamoDB Local reports it so.
 */
export function transactionWriteUnits(actions: readonly TransactionAction[]): number {
  return actions.reduce((sum, { before, after, put, indexes }) => {
    const base = writeUnits(Math.max(itemBytes(before), itemBytes(after), itemBytes(put)));
    const entries = indexes.reduce((total, index) => total + indexWriteUnits(before, after, index), 0);
    return sum + TRANSACTION_FACTOR * (base + entries);
  }, 0);
}
