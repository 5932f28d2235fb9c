import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PARENT_TABLES } from '../../lib/dynamodb/schema.ts';
import { FUNCTION_NAMES, FUNCTIONS, STREAM_FUNCTION_NAMES } from '../../lib/streams/functions.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'functions');

it('the table of functions has a row for each file of functions/, and for nothing else', () => {
  expect([...FUNCTION_NAMES].sort().map((name) => `${name}.ts`)).toEqual(readdirSync(FOLDER).sort());
});

it.each(STREAM_FUNCTION_NAMES)('%s does in its file what its row says, to the records of its table', (name) => {
  const { role, kind, table } = FUNCTIONS[name];
  const code = readFileSync(join(FOLDER, `${name}.ts`), 'utf8');
  const creator = { 'child-deleted': 'childDeleted', 'parent-updated': 'parentUpdated' }[role];
  expect(code).toContain(`export const handler = ${creator}('${kind}', portsFromEnvironment(process.env));`);
  const { parents, children } = PARENT_TABLES[kind];
  expect(table).toBe(role === 'child-deleted' ? children : parents);
});
