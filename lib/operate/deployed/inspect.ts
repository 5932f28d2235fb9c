/** Looks at a whole deployment, and changes nothing: what an audit and a selftest begin with. */
import type { Database } from '../../dynamodb/database.ts';
import type { Check } from './check.ts';
import {
  checkFunctions,
  checkMappings,
  checkPipes,
  checkSchedule,
  type FoundFunctions,
  readFunctions,
  rolesOf,
} from './functions.ts';
import type { Surroundings } from './surroundings.ts';
import { type AllFacts, checkTables, readTables } from './tables.ts';

export interface Inspected {
  readonly checks: readonly Check[];
  readonly facts: AllFacts;
  readonly functions: FoundFunctions;
}

export async function inspect(
  database: Database,
  around: Surroundings,
  sweepFunctionName: string | undefined,
): Promise<Inspected> {
  const { at, rules } = database;
  const facts = await readTables(database);
  const functions = await readFunctions(around, facts, sweepFunctionName);
  const parts = await Promise.all([
    checkTables(database, facts, rolesOf(functions)),
    checkFunctions(functions, at.tables, rules),
    checkMappings(functions, rules),
    checkSchedule(around, functions).then((check) => [check]),
    checkPipes(around, facts),
  ]);
  return { checks: parts.flat(), facts, functions };
}
