/** DynamoDB's values: which are equal, in which order keys come, and how a number is kept. */

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { NotInMemoryError } from './not-in-memory.ts';

export type StoredItem = Record<string, AttributeValue>;

/** As DynamoDB compares: numbers by value, sets in any order, lists and maps deeply; never across types. */
export function isEqual(a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  const type = typeOf(a);
  if (type !== typeOf(b)) return false;
  switch (type) {
    case 'N':
      return canonicalNumber(a.N as string) === canonicalNumber(b.N as string);
    case 'S':
    case 'BOOL':
    case 'NULL':
      return a[type] === b[type];
    case 'SS':
      return sameSet(a.SS as string[], b.SS as string[]);
    case 'NS':
      return sameSet((a.NS as string[]).map(canonicalNumber), (b.NS as string[]).map(canonicalNumber));
    case 'L': {
      const [left, right] = [a.L as AttributeValue[], b.L as AttributeValue[]];
      return left.length === right.length && left.every((value, index) => isEqual(value, right[index]));
    }
    case 'M':
      return isSameItem(a.M as StoredItem, b.M as StoredItem);
    default:
      throw new NotInMemoryError(`how to compare values of type ${type}`);
  }
}

/** Whether two items, or maps, hold the same. */
export function isSameItem(a: StoredItem | undefined, b: StoredItem | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && isEqual(a[name], b[name]))
  );
}

export function typeOf(value: AttributeValue): keyof AttributeValue {
  const types = Object.keys(value).filter((type) => type !== '$unknown');
  if (types.length !== 1) throw new Error(`no attribute value: ${JSON.stringify(value)}`);
  return types[0] as keyof AttributeValue;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && new Set([...a, ...b]).size === a.length;
}

/** One text for each number, whatever its digits were written as: `1.50`, `15e-1` and `1.5` are one. */
export function canonicalNumber(text: string): string {
  if (/^(0|-?[1-9]\d{0,14})$/.test(text)) return text;
  const parts = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  if (parts === null || text === '') throw new Error(`no number: ${text}`);
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  const point = significant.length + power;
  const body =
    power >= 0
      ? significant + '0'.repeat(power)
      : point > 0
        ? `${significant.slice(0, point)}.${significant.slice(point)}`
        : `0.${'0'.repeat(-point)}${significant}`;
  return (sign === '-' ? '-' : '') + body;
}

/** The value as it is kept, its numbers in one form. The caller shares it where nothing changes: values are never written in place. */
export function kept(value: AttributeValue): AttributeValue {
  switch (typeOf(value)) {
    case 'N':
      return { N: canonicalNumber(value.N as string) };
    case 'NS':
      return { NS: (value.NS as string[]).map(canonicalNumber) };
    case 'L':
      return { L: (value.L as AttributeValue[]).map(kept) };
    case 'M':
      return { M: keptItem(value.M as StoredItem) };
    default:
      return value;
  }
}

export function keptItem(item: StoredItem): StoredItem {
  // Entries, not assignment: an attribute may be called __proto__.
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, kept(value)]));
}

/** Keys are strings here, in the order of their UTF-8 bytes. */
export function compareKeys(a: readonly string[], b: readonly string[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? '';
    if (left !== right) return isPlain(left) && isPlain(right) ? (left < right ? -1 : 1) : compareBytes(left, right);
  }
  return 0;
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Text whose UTF-16 order is its UTF-8 order. */
function isPlain(text: string): boolean {
  return !/[\ud800-\uffff]/.test(text);
}
