/** Compares functions, their mappings and what starts the sweep with what the deployment needs. */
import { isDeepStrictEqual } from 'node:util';
import type { Database } from '../../dynamodb/database.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { readEnvironment } from '../../streams/deployment.ts';
import { type Check, failed, notLookedAt, passed } from './check.ts';
import { namesInOrder, type Roles } from './guards.ts';
import type { DeployedFunction, DeployedMapping, Surroundings } from './surroundings.ts';
import type { AllFacts } from './tables.ts';
import { isTold, type Told, told } from './told.ts';

/** What Lambda tells of one function of the deployment. */
interface Found {
  readonly fn: DeployedFunction;
  /** Undefined for the sweep. */
  readonly mapping: DeployedMapping | undefined;
  /** Others of the same name that read the same stream: another deployment's. */
  readonly doubles: readonly string[];
}

/** Lambda has answered, and there is no such function. */
class Absent extends Error {}

/** By the name that a function calls itself. */
export type FoundFunctions = Readonly<Record<string, FoundFunction>>;
export type FoundFunction = Told<Found> & { readonly isAbsent?: boolean };

/** Records older than the stream keeps leave no trace, so that a mapping must give up before. */
const RECORD_AGE_SECONDS_MAX = 24 * 60 * 60;
const NOT_TOLD = 'the function is not known';

/** A stream's function is found by the mapping that reads it; the sweep by its name. */
export async function readFunctions(
  around: Surroundings,
  facts: AllFacts,
  { plan, sweepFunctionName }: { readonly plan: Plan; readonly sweepFunctionName: string | undefined },
): Promise<FoundFunctions> {
  const names = namesInOrder(plan);
  const found = await Promise.all(
    names.map(async (name) => {
      let isAbsent = false;
      const one = await told(async (): Promise<Found> => {
        try {
          const table = plan.functions[name]?.table;
          if (table !== undefined) return await findByStream(around, facts[table], name);
          if (sweepFunctionName === undefined) throw new Error('the name of the sweep function is not known');
          return { fn: await around.readFunction(sweepFunctionName), mapping: undefined, doubles: [] };
        } catch (error) {
          isAbsent = error instanceof Absent;
          throw error;
        }
      });
      return isAbsent ? { ...one, isAbsent } : one;
    }),
  );
  return Object.fromEntries(names.map((name, n) => [name, found[n] as FoundFunction]));
}

async function findByStream(around: Surroundings, table: AllFacts[string] | undefined, name: string): Promise<Found> {
  if (table === undefined) throw new Error('its table was not asked for');
  if (!isTold(table)) throw new Error(table.untold);
  const { stream } = table.told;
  if (stream === undefined) throw new Absent(`${table.told.name} has no stream`);
  const mappings = await around.mappingsOf(stream.arn);
  const read = await Promise.all(
    mappings.map(async (mapping) => ({ mapping, fn: await around.readFunction(mapping.functionArn) })),
  );
  const [own, ...doubles] = read.filter(({ fn }) => fn.environment.DEALLOCATOR_FUNCTION === name);
  if (own !== undefined) return { ...own, doubles: doubles.map(({ fn }) => fn.name) };
  const others = read.map(({ fn }) => fn.name).join(', ') || 'no function';
  throw new Absent(`${others} reads the stream ${stream.arn}`);
}

/** Untold if one of them is not known: a policy that lacks a role can't be told from one that is not asked for. */
export function rolesOf(found: FoundFunctions): Told<Roles> {
  const roles: Record<string, string> = {};
  for (const [name, one] of Object.entries(found)) {
    if (!isTold(one)) return { untold: `${NOT_TOLD}: ${name}: ${one.untold}` };
    roles[name] = one.told.fn.roleArn;
  }
  return { told: roles };
}

export function checkFunctions(found: FoundFunctions, database: Database): Check[] {
  return Object.entries(found).map(([name, one]) => {
    const check = `function ${name}`;
    const expected = 'runs, with the names of these tables and their rules';
    if (!isTold(one)) return notLookedAt(check, expected, one.untold);
    const { fn } = one.told;
    if (fn.state !== 'Active') {
      const fix = 'deploy again, and read why in its `StateReason`';
      return failed(check, 'function not ready', { expected, seen: `${fn.name} is ${fn.state}`, fix });
    }
    if (fn.reservedConcurrency === 0) {
      const fix = `aws lambda delete-function-concurrency --function-name ${fn.name}`;
      return failed(check, 'throttled function', { expected, seen: `${fn.name} has a reserved concurrency of 0`, fix });
    }
    const seen = environmentFault(fn, name, database);
    if (seen === undefined) return passed(check, expected, fn.name);
    const fix =
      'deploy again: the construct sets every variable; where someone changed one by hand, let CloudFormation detect the drift';
    return failed(check, 'wrong environment', { expected, seen, fix });
  });
}

/** What its variables say otherwise than the deployment. */
function environmentFault({ environment }: DeployedFunction, name: string, database: Database) {
  const { plan, rules } = database;
  try {
    const read = readEnvironment(environment);
    const tables = read.tables as Readonly<Record<string, string>>;
    const others = Object.keys(plan.tables).filter((table) => tables[table] !== database.at.table(table));
    if (others.length > 0) {
      return others
        .map((table) => `its table of ${table} is ${tables[table]}, not ${database.at.table(table)}`)
        .join('; ');
    }
    // Of the rules the outputs tell this one.
    const [seen, wanted] = [read.rules.gracePeriodMillis, rules.gracePeriodMillis];
    if (seen !== wanted) return `its rule gracePeriodMillis is ${seen}, not ${wanted}`;
    const kinds = [...new Set([...Object.keys(plan.kinds), ...Object.keys(read.plan.kinds)])];
    const differing = kinds.filter((kind) => !isDeepStrictEqual(read.plan.kinds[kind], plan.kinds[kind]));
    if (differing.length > 0) return `its lifecycle says otherwise of ${differing.join(', ')}`;
    return read.functionName === name ? undefined : `it calls itself ${read.functionName}`;
  } catch (error) {
    return (error as Error).message;
  }
}

export function checkMappings(found: FoundFunctions, plan: Plan): Check[] {
  return namesInOrder(plan).flatMap((name): Check[] => {
    const one = found[name];
    const filters = plan.functions[name]?.filters;
    return one === undefined || filters === undefined ? [] : [checkMapping(name, one, filters)];
  });
}

function checkMapping(name: string, one: FoundFunction, filters: readonly unknown[]): Check {
  const check = `mapping of ${name}`;
  const expected = 'enabled, with the filter of the deallocator; it halves, names and puts away what fails';
  if (!isTold(one)) {
    const fix = 'deploy again; after a change of the stream see "A stream was recreated" in docs/runbook.md';
    return one.isAbsent
      ? failed(check, 'no mapping', { expected, seen: one.untold, fix })
      : notLookedAt(check, expected, one.untold);
  }
  const { mapping, fn, doubles } = one.told;
  if (mapping === undefined) return notLookedAt(check, expected, NOT_TOLD);
  if (doubles.length > 0) {
    const fix = 'give each deployment tables of its own: two that share them deny each other every delete';
    return failed(check, 'several mappings', { expected, seen: `${doubles.join(', ')} read the same stream`, fix });
  }
  const wrong = mappingFault(mapping, filters);
  if (wrong === undefined) {
    const { batchSize, windowSeconds, retryAttempts } = mapping;
    return passed(
      check,
      expected,
      `${fn.name}: batches of ${batchSize}, window of ${windowSeconds} s, ${retryAttempts} retries`,
    );
  }
  const [fault, seen, fix] = wrong;
  return failed(check, fault, { expected, seen, fix });
}

type Wrong = readonly [NonNullable<Check['fault']>, seen: string, fix: string];

function mappingFault(mapping: DeployedMapping, filters: readonly unknown[]): Wrong | undefined {
  const { id, state, lastResult, recordAgeSeconds, retryAttempts } = mapping;
  if (/^Disabl/.test(state)) {
    const enable = `aws lambda update-event-source-mapping --uuid ${id} --enabled`;
    return [
      'disabled mapping',
      `it is ${state}`,
      `${enable}; after more than 24 hours also "deallocator sweep --full"`,
    ];
  }
  if (/PROBLEM/.test(lastResult)) {
    return ['failing mapping', `its last result is "${lastResult}"`, 'see "Records are lost" in docs/runbook.md'];
  }
  const again = 'deploy again, or set it as the template has it';
  if (!sameFilters(mapping.filters, filters)) {
    return ['wrong filter', `its filter is ${JSON.stringify(mapping.filters)}, not ${JSON.stringify(filters)}`, again];
  }
  const lacks = [
    ...(mapping.reportsFailures ? [] : ['it does not take the names of failed records']),
    ...(mapping.bisects ? [] : ['it does not halve a failing batch']),
    ...(mapping.onFailureArn === undefined ? ['it puts away nothing that it gives up'] : []),
    ...(retryAttempts < 0 ? ['it retries for ever'] : []),
    ...(recordAgeSeconds <= 0 || recordAgeSeconds >= RECORD_AGE_SECONDS_MAX
      ? ['it keeps records longer than the stream']
      : []),
    ...(mapping.tumblingWindowSeconds > 0 ? ['it has a tumbling window'] : []),
    ...(mapping.startingPosition === 'TRIM_HORIZON' ? [] : [`it begins at ${mapping.startingPosition}`]),
  ];
  return lacks.length === 0 ? undefined : ['unsafe mapping', lacks.join('; '), again];
}

/** In any order: they are ORed. */
function sameFilters(seen: readonly unknown[], wanted: readonly unknown[]): boolean {
  return seen.length === wanted.length && wanted.every((one) => seen.some((other) => isDeepStrictEqual(one, other)));
}

export async function checkSchedule(around: Surroundings, found: FoundFunctions): Promise<Check> {
  const check = 'schedule of the sweep';
  const expected = 'a rule that is on';
  const { sweep } = found;
  if (sweep === undefined) return notLookedAt(check, expected, NOT_TOLD);
  if (!isTold(sweep)) return notLookedAt(check, expected, sweep.untold);
  const rules = await told(() => around.rulesOf(sweep.told.fn.arn));
  if (!isTold(rules)) return notLookedAt(check, expected, rules.untold);
  const scheduled = rules.told.filter(({ schedule }) => schedule !== undefined);
  const on = scheduled.find(({ isOn }) => isOn);
  if (on !== undefined) return passed(check, expected, `${on.schedule} by ${on.name}`);
  const off = scheduled[0]?.name;
  const fix = off === undefined ? 'deploy again' : `aws events enable-rule --name ${off}`;
  return failed(check, 'no schedule', { expected, seen: off === undefined ? 'no rule' : `${off} is off`, fix });
}

/** A receipts table has a stream only where receipts become events. */
export async function checkPipes(around: Surroundings, facts: AllFacts): Promise<Check[]> {
  const check = 'pipe of events';
  const expected = 'RUNNING';
  const { receipts } = facts;
  if (receipts === undefined) return [];
  if (!isTold(receipts)) return [notLookedAt(check, expected, receipts.untold)];
  const { stream } = receipts.told;
  if (stream === undefined) return [];
  const pipes = await told(() => around.pipesOf(stream.arn));
  if (!isTold(pipes)) return [notLookedAt(check, expected, pipes.untold)];
  const fix = (name: string) => `aws pipes start-pipe --name ${name}; its log says why it stopped`;
  if (pipes.told.length === 0) {
    return [
      failed(check, 'stopped pipe', { expected, seen: 'no pipe reads the stream of receipts', fix: 'deploy again' }),
    ];
  }
  return pipes.told.map(({ name, state }) =>
    state === 'RUNNING'
      ? passed(check, expected, name)
      : failed(check, 'stopped pipe', { expected, seen: `${name} is ${state}`, fix: fix(name) }),
  );
}
