/** Conditions that only the client's requests carry, which tests without an engine do not send. */
import { expect, it } from 'vitest';
import {
  counterIsAsRead,
  idBeginsWith,
  isCalledFrom,
  isNotMarkedWithTime,
  specIsAsRead,
} from '../../lib/dynamodb/conditions.ts';

it('a mark may take the place of no mark, and of a mark without a time', () => {
  expect(isNotMarkedWithTime).toEqual({
    expression:
      '((attribute_not_exists(#pendingDelete) OR #pendingDelete <> :true) OR attribute_not_exists(#markedAt))',
    names: { '#pendingDelete': 'pendingDelete', '#markedAt': 'markedAt' },
    values: { ':true': true },
  });
});

it('a spec is compared as it was read: not there, or with this value', () => {
  expect(specIsAsRead(undefined)).toEqual({ expression: 'attribute_not_exists(#spec)' });
  expect(specIsAsRead('s')).toEqual({ expression: '#spec = :specAsRead', values: { ':specAsRead': 's' } });
});

it('an object is looked for by the beginning of its id, or of its name at either place', () => {
  expect(idBeginsWith('sho')).toEqual({ expression: 'begins_with(#id, :prefix)', values: { ':prefix': 'sho' } });
  expect(isCalledFrom('sho')).toEqual({
    expression:
      '(begins_with(#id, :prefix) OR begins_with(#spec.#annotations.#name, :prefix) OR begins_with(#spec.#name, :prefix))',
    values: { ':prefix': 'sho' },
  });
});

it('a counter is reset only while it is as it was read', () => {
  const { expression } = counterIsAsRead({ id: { S: 'service#web' }, remaining: { N: '3' } });
  expect(expression).toBe('attribute_exists(#id) AND #remaining = :remainingAsRead AND attribute_not_exists(#epoch)');
});
