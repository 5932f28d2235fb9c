/** What a receipt tells of an object that is gone: a name is known only by it. */
import { expect, it } from 'vitest';
import type { MarkedItem } from '../../lib/protocol/model.ts';
import { writeReceipt } from '../../lib/protocol/receipt.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';

function receiptOf(named: { readonly name?: string }) {
  const parent: MarkedItem = {
    key: { kind: 'service', id: 'x1' },
    ...{ pendingDelete: true, markedAt: '2026-01-01T00:00:00.000Z', markedBy: 'ann', markedReason: 'moved' },
    ...{ isProtected: false, held: [], asRead: {}, ...named },
  };
  return writeReceipt(parent, [], [], { rules: DEFAULT_RULES, nowEpochMillis: 0 }, 'a test');
}

it('tells the name of what went, unless it is its id', () => {
  expect(receiptOf({ name: 'web' })).toMatchObject({ name: 'web', markedBy: 'ann', markedReason: 'moved' });
  expect(receiptOf({})).not.toHaveProperty('name');
  expect(receiptOf({ name: 'x1' })).not.toHaveProperty('name');
});
