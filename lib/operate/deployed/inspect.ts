/** Looks at what is deployed, and changes nothing: what an audit and a selftest begin with. */
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
import { told } from './told.ts';

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
  const { plan } = database;
  const facts = await readTables(database);
  const functions = await readFunctions(around, facts, { plan, sweepFunctionName });
  const parts = await Promise.all([
    checkTables(database, facts, rolesOf(functions)),
    checkFunctions(functions, database),
    checkMappings(functions, plan),
    checkSchedule(around, functions).then((check) => [check]),
    checkPipes(around, facts),
  ]);
  return { checks: parts.flat(), facts, functions };
}

/**
 * The tables alone, which every reader may describe. Of the roles that their policies must name it compares the sweep's:
 * finding the others takes a permission on all mappings of the account.
 */
export async function inspectTables(
  database: Database,
  around: Surroundings,
  sweepFunctionName: string,
): Promise<readonly Check[]> {
  const facts = await readTables(database);
  const roles = await told(async () => ({ sweep: (await around.readFunction(sweepFunctionName)).roleArn }));
  return await checkTables(database, facts, roles);
}
