import { expect, it } from 'vitest';
import { PARENT_TABLES } from '../../lib/dynamodb/schema.ts';
import { FUNCTIONS, STREAM_FUNCTION_NAMES } from '../../lib/streams/functions.ts';

it.each(STREAM_FUNCTION_NAMES)('%s reads the stream of the table that its row speaks of', (name) => {
  const { role, kind, table } = FUNCTIONS[name];
  const { parents, children } = PARENT_TABLES[kind];
  expect(table).toBe(role === 'child-deleted' ? children : parents);
});
