/** What is refused before anything is read or sent, whoever asks: each refusal names what it has seen and what is allowed. */
import { describe, expect, it } from 'vitest';
import { checkDeclared, checkLimit, checkList, checkOptions, invalid, shown } from '../../lib/protocol/arguments.ts';

const bare = Object.create(null);
const circular: { self?: object } = {};
circular.self = circular;

describe('an argument that can not be right is refused, with what it is and what it must be', () => {
  it.each<[string, () => void, string]>([
    ['a text of a whole line', () => checkList('ids', 'x'.repeat(58)), `ids is "${'x'.repeat(58)}"; it must be a list`],
    ['an object for a list', () => checkList('ids', bare), 'ids is {}; it must be a list'],
    ['what has no text', () => checkList('ids', circular), 'ids is an object without a text; it must be a list'],
    ['nothing for a list', () => checkList('ids', undefined), 'ids is missing; it must be a list'],
    ['a text for a list', () => checkList('ids', 't1'), 'ids is "t1"; it must be a list'],
    [
      'a list with a hole',
      () => checkList('ids', Object.assign(Array(3), ['t1'])),
      'ids has nothing at place 1, counted from 0; fill it, or leave it out',
    ],
    ['no options', () => checkOptions(null), 'options are null; they must be an object'],
    ['a text for options', () => checkOptions('all'), 'options are "all"; they must be an object'],
    ['nothing declared', () => checkDeclared(null), 'options are null; they must be an object'],
    ['an empty name', () => checkDeclared({ by: '' }), 'by is ""; it must be a text of 1 to 256 bytes'],
    ['half a reason', () => checkDeclared({ reason: '\ud83d' }), 'it must be a text of 1 to 1024 bytes'],
    [
      'a long reason',
      () => checkDeclared({ reason: 'x'.repeat(1025) }),
      `reason is "${'x'.repeat(59)}…; it must be a text`,
    ],
    [
      'a reason that is no text',
      () => checkDeclared({ reason: 7 }),
      'reason is 7; it must be a text of 1 to 1024 bytes',
    ],
    ['a page of nothing', () => checkLimit(0), 'limit is 0; it must be a whole number from 1 to 1000'],
    ['half an item', () => checkLimit(1.5, 10), 'limit is 1.5; it must be a whole number from 1 to 10'],
    ['more than there may be', () => checkLimit(11, 10), 'limit is 11; it must be a whole number from 1 to 10'],
  ])('%s', (_, check, message) => {
    expect(check).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: expect.stringContaining(message) }),
    );
  });
});

it('an argument that fits its bounds is taken', () => {
  checkList('ids', []);
  checkDeclared({});
  checkDeclared({ by: 'x'.repeat(256), reason: 'x'.repeat(1024) });
  expect([checkLimit(), checkLimit(1), checkLimit(1000), checkLimit(10, 10)]).toEqual([100, 1, 1000, 10]);
});

it('a number that JSON does not know is shown as what it is', () => {
  expect([shown(Number.NaN), shown(7n), shown(undefined), shown('a')]).toEqual(['NaN', '7', 'missing', '"a"']);
});

it('a refusal keeps what caused it', () => {
  const cause = new Error('why');
  expect(invalid('no', cause).cause).toBe(cause);
});
