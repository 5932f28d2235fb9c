/** Conditions that only the client's requests carry, which tests without an engine do not send. */
import { expect, it } from 'vitest';
import { isNotMarkedWithTime, specIsAsRead } from '../../lib/dynamodb/conditions.ts';

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
