import { expect, it } from 'vitest';
import { sideOf } from '../../lib/dynamodb/schema.ts';
import { FUNCTIONS, STREAM_FUNCTION_NAMES } from '../../lib/streams/functions.ts';

it.each(STREAM_FUNCTION_NAMES)('%s does what the items of its table ask for', (name) => {
  const { role, table } = FUNCTIONS[name];
  expect(role).toBe(sideOf(table).of === 'parents' ? 'parent-updated' : 'child-deleted');
});
