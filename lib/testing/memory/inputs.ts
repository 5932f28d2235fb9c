/** What a request says, and what it may say. */

import type { PhysicalNames } from '../../dynamodb/schema.ts';
import type { TablePlan } from '../../lifecycle/tables.ts';
import { exception } from './answers.ts';
import type { StoredItem } from './attribute-values.ts';
import { Invalid, type Parsed, type Placeholders } from './expressions.ts';
import { NotInMemoryError } from './not-in-memory.ts';
import { keyNames } from './tables.ts';

export type Input = Record<string, unknown>;
export type Output = Record<string, unknown>;

export function allowOnly(operation: string, input: Input, known: readonly string[]): void {
  for (const [name, value] of Object.entries(input)) {
    if (value !== undefined && !known.includes(name)) throw unknown(operation, name);
  }
}

export function unknown(operation: string, what: string): Error {
  return new NotInMemoryError(`${what} of ${operation}`);
}

export function oneOf<T extends string>(value: unknown, known: readonly T[]): T {
  if (known.includes(value as T)) return value as T;
  throw new NotInMemoryError(String(value));
}

export function entriesOf(map: unknown): [[string, Input], ...[string, Input][]] {
  return Object.entries(map as Record<string, Input>) as [[string, Input]];
}

export function pick(item: StoredItem, names: readonly string[]): StoredItem {
  return Object.fromEntries(names.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]])));
}

/** The key, if it is one of the table: exactly its attributes, non-empty strings all. */
export function keyOf(table: TablePlan, key: unknown): StoredItem {
  const names = keyNames(table);
  const given = key as StoredItem;
  if (Object.keys(given).length !== names.length || names.some((name) => given[name]?.S === undefined)) {
    throw new Invalid('The provided key element does not match the schema');
  }
  for (const name of names) {
    if (given[name]?.S === '') {
      throw new Invalid(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`,
      );
    }
  }
  return given;
}

/** What DynamoDB wants of an item: its key unchanged, and an index's key of the index's type where it has one. */
export function checkItem(table: TablePlan, keys: StoredItem, item: StoredItem): void {
  for (const name of keyNames(table)) {
    if (item[name]?.S !== keys[name]?.S) {
      throw new Invalid(
        `One or more parameter values were invalid: Cannot update attribute ${name}. This attribute is part of the key`,
      );
    }
  }
  const { sortKey = '' } = table.markedIndex ?? {};
  const indexed = item[sortKey];
  if (indexed !== undefined && !indexed.S) {
    throw new Invalid(`One or more parameter values were invalid: Type mismatch for Index Key ${sortKey}`);
  }
}

/** The table that a request names, by the names that tables have on the wire. */
export function tableFinder(names: PhysicalNames): (input: Input) => string {
  const known = new Map(Object.entries(names).map(([name, physical]) => [physical, name]));
  return ({ TableName }) => {
    const table = known.get(TableName as string);
    if (table !== undefined) return table;
    throw exception('ResourceNotFoundException', 'Cannot do operations on a non-existent table');
  };
}

export function placeholdersOf(input: Input, expressions: readonly (Parsed<unknown> | undefined)[]): Placeholders {
  const names = (input.ExpressionAttributeNames ?? {}) as Record<string, string>;
  const values = (input.ExpressionAttributeValues ?? {}) as StoredItem;
  const isUsed = (name: string) => expressions.some((expression) => expression?.used.has(name));
  for (const name of [...Object.keys(names), ...Object.keys(values)]) {
    if (!isUsed(name))
      throw new Invalid(`Value provided in ExpressionAttribute unused in expressions: keys: {${name}}`);
  }
  for (const expression of expressions) {
    for (const name of expression?.used ?? []) {
      if (names[name] === undefined && values[name] === undefined) {
        throw new Invalid(`An expression attribute used in expression is not defined; attribute: ${name}`);
      }
    }
  }
  return { names, values };
}
