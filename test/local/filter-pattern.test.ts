import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../lib/local/events/pattern.ts';

const record = {
  eventName: 'MODIFY',
  eventID: null,
  dynamodb: {
    Keys: { id: { S: 'service#1' } },
    NewImage: { pendingDelete: { BOOL: true }, count: { N: '0' } },
  },
};

describe('filter pattern', () => {
  it.each([
    ['an exact text', { eventName: ['MODIFY'] }, true],
    ['one of several texts', { eventName: ['INSERT', 'MODIFY'] }, true],
    ['another text', { eventName: ['REMOVE'] }, false],
    ['a boolean', { dynamodb: { NewImage: { pendingDelete: { BOOL: [true] } } } }, true],
    ['a text that looks like the boolean', { dynamodb: { NewImage: { pendingDelete: { BOOL: ['true'] } } } }, false],
    ['null', { eventID: [null] }, true],
    ['null for a field that is not there', { userIdentity: [null] }, false],
    ['a number, which DynamoDB writes as a text', { dynamodb: { NewImage: { count: { N: ['0'] } } } }, true],
    ['all of several fields', { eventName: ['MODIFY'], dynamodb: { Keys: { id: { S: ['service#2'] } } } }, false],
    ['a prefix', { dynamodb: { Keys: { id: { S: [{ prefix: 'service#' }] } } } }, true],
    ['a suffix', { dynamodb: { Keys: { id: { S: [{ suffix: '#2' }] } } } }, false],
    ['a text in another case', { eventName: [{ 'equals-ignore-case': 'modify' }] }, true],
    ['a leaf that exists', { dynamodb: { NewImage: { count: { N: [{ exists: true }] } } } }, true],
    ['a map, which is no leaf', { dynamodb: { NewImage: [{ exists: true }] } }, false],
    ['a leaf that does not exist', { dynamodb: { OldImage: { count: { N: [{ exists: false }] } } } }, true],
    ['anything but a text', { eventName: [{ 'anything-but': ['REMOVE'] }] }, true],
    ['anything but this text', { eventName: [{ 'anything-but': 'MODIFY' }] }, false],
    ['anything but a prefix', { eventName: [{ 'anything-but': { prefix: 'MOD' } }] }, false],
    ['anything but, for a field that is not there', { userIdentity: [{ 'anything-but': 'x' }] }, false],
    ['one of two patterns', { $or: [{ eventName: ['REMOVE'] }, { eventName: ['MODIFY'] }] }, true],
  ])('matches %s: %j → %j', (_name, pattern, expected) => {
    expect(compilePattern(pattern)(record)).toBe(expected);
    expect(compilePattern(JSON.stringify(pattern))(record)).toBe(expected);
  });

  it.each([
    ['an unknown operator', { eventName: [{ wildcard: '*' }] }, 'filter.unknownOperator'],
    ['a numeric operator', { 'dynamodb.N': [{ numeric: ['>', 1] }] }, 'filter.unknownOperator'],
    ['a value outside of a list', { eventName: 'MODIFY' }, 'filter.invalidPattern'],
    ['an empty list', { eventName: [] }, 'filter.invalidPattern'],
    ['two operators in one map', { eventName: [{ prefix: 'a', suffix: 'b' }] }, 'filter.invalidPattern'],
    ['no JSON', '{"eventName":', 'filter.invalidPattern'],
    ['an empty pattern', {}, 'filter.invalidPattern'],
    ['too many characters', ' '.repeat(4097), 'filter.invalidPattern'],
  ])('refuses %s', (_name, pattern, code) => {
    expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ code }));
  });
});
