import { describe, expect, it } from 'vitest';
import {
  indexWriteUnits,
  itemBytes,
  readUnits,
  transactionWriteUnits,
  writeUnits,
} from '../../lib/local/dynamodb/capacity.ts';
import { readOfPartitionsUnits, statementsUnits, wholeRead } from '../../lib/local/dynamodb/metered-statements.ts';

const text = (length: number) => ({ S: 'x'.repeat(length) });
const index = { keys: ['id', 'mark'], attributes: undefined };
const action = { before: undefined, after: undefined, put: undefined, indexes: [] };

describe('capacity units', () => {
  it.each([
    ['a text', { id: { S: 'é' } }, 4],
    ['a binary', { b: { B: 'AQL/' } }, 4],
    ['a boolean', { flag: { BOOL: true } }, 5],
    ['an empty list', { l: { L: [] } }, 4],
    ['a map', { m: { M: { a: { S: 'bc' } } } }, 8],
    ['a set', { s: { SS: ['a', 'bc'] } }, 4],
  ])('measures %s', (_name, item, expected) => {
    expect(itemBytes(item)).toBe(expected);
  });

  it.each([
    [0, 'eventual', 0.5],
    [0, 'strong', 1],
    [0, 'transactional', 2],
    [4096, 'strong', 1],
    [4097, 'strong', 2],
    [4097, 'eventual', 1],
  ] as const)('reads %d bytes (%s) for %d units', (bytes, consistency, expected) => {
    expect(readUnits(bytes, consistency)).toBe(expected);
  });

  it.each([
    [0, 1],
    [1024, 1],
    [1025, 2],
  ])('writes %d bytes for %d units', (bytes, expected) => {
    expect(writeUnits(bytes)).toBe(expected);
  });

  it('charges an index entry only when it changes, and twice when its key does', () => {
    const marked = (mark: string, more = {}) => ({ id: text(1), mark: { S: mark }, ...more });
    expect(indexWriteUnits({ id: text(1) }, { id: text(1), other: text(1) }, index)).toBe(0);
    expect(indexWriteUnits({ id: text(1) }, marked('a'), index)).toBe(1);
    expect(indexWriteUnits(marked('a'), undefined, index)).toBe(1);
    expect(indexWriteUnits(marked('a'), marked('b'), index)).toBe(2);
    expect(indexWriteUnits(marked('a'), marked('a', { other: text(1) }), index)).toBe(1);
    const keysOnly = { ...index, attributes: ['id', 'mark'] };
    expect(indexWriteUnits(marked('a'), marked('a', { other: text(1) }), keysOnly)).toBe(0);
  });

  it('charges each statement for its item, one whose condition was false too, and none that was not tried', () => {
    const failed = (Code: string, Item?: object) => ({ Error: { Code, ...(Item && { Item }) } });
    const charged = [{ Item: { id: text(1) } }, { Item: { id: text(2000) } }, failed('ConditionalCheckFailed')];
    const refused = failed('ConditionalCheckFailed', { id: text(3000) });
    expect(statementsUnits({ Responses: [...charged, refused, failed('ThrottlingError')] })).toEqual({ writeUnits: 7 });
  });

  it('charges a read of partitions as a query of each, by all that it reads', () => {
    const request = {
      Statement: 'SELECT "id" FROM "t" WHERE "id" IN [?, ?, ?, ?]',
      Parameters: ['a', 'b', 'c', 'c'].map((S) => ({ S })),
      ConsistentRead: true,
    };
    expect(wholeRead(request)).toEqual({ ...request, Statement: 'SELECT * FROM "t" WHERE "id" IN [?, ?, ?, ?]' });
    const Items = ['a', 'a', 'b'].map((S) => ({ id: { S }, more: text(3000) }));
    expect(readOfPartitionsUnits(request, { Items })).toEqual({ readUnits: 2 + 1 + 1 });
    expect(wholeRead({ Statement: 'SELECT * FROM "t"' })).toBeUndefined();
  });

  it('charges a transaction two units for each started kilobyte of each action, checks and missing items included', () => {
    const small = { id: text(10) };
    const large = { id: text(1500) };
    expect(transactionWriteUnits([{ ...action }])).toBe(2);
    expect(transactionWriteUnits([{ ...action, before: small, after: small }])).toBe(2);
    expect(transactionWriteUnits([{ ...action, before: large, after: small, put: small }])).toBe(4);
    expect(transactionWriteUnits([{ ...action, put: large }, { ...action }])).toBe(6);
  });
});
