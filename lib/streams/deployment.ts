/**
 * A deployment's kinds, names and rules as texts: in the environment of its functions, and in the outputs of its stack. The
 * construct writes them; the functions, the command line and the programs of this repository read them.
 */
import type { PhysicalNames } from '../dynamodb/schema.ts';
import type { Lifecycle } from '../lifecycle/declaration.ts';
import { type Plan, trustedPlanOf } from '../lifecycle/plan.ts';
import { capitalized } from '../lifecycle/words.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { DEFAULT_RULES, type Rules } from '../protocol/rules.ts';
import { functionNamesOf } from './functions.ts';
import type { LogLevel } from './telemetry.ts';

/** What the construct tells each function. */
export interface FunctionEnvironment {
  /** The kinds as they were declared. */
  readonly lifecycle: Lifecycle;
  /** What follows from them. */
  readonly plan: Plan;
  readonly tables: PhysicalNames;
  readonly rules: Rules;
  readonly functionName: string;
  readonly metricsNamespace: string;
  readonly logLevel: LogLevel;
}

/** What a stack tells the tools. A rule that no output tells has its default. */
export interface DeploymentNames {
  /** The physical names of the tables. */
  readonly tables: PhysicalNames;
  /** The name of the function `sweep`. Absent: nothing can be swept from here. */
  readonly sweepFunctionName?: string;
  /** The URL of the dead-letter queue. Absent: nothing can be redriven from here. */
  readonly deadLetterQueueUrl?: string;
  /** What the deployment has chosen. */
  readonly rules: Rules;
}

/** A variable with such a document, or with the name of a file that has it. */
export const CONFIGURATION_VARIABLE = 'DEALLOCATOR_CONFIG';

/** How a value is written, and which texts say one. */
interface Form<T> {
  readonly allowed: string;
  write(value: T): string;
  /** Undefined for a text that is not allowed. */
  read(text: string): T | undefined;
}

/** The form of each value, and the name of its variable or output. */
type Texts<T> = { readonly [Key in keyof T]: Form<T[Key]> & { readonly name: string } };
type Source = Readonly<Record<string, string | undefined>>;
type Refusal = (name: string, text: string | undefined, allowed: string) => DeallocatorError;

const ANY: Form<string> = { allowed: 'any text', write: (value) => value, read: (text) => text };

/** If several words say the same value, the first is written. */
function words<T>(values: Readonly<Record<string, T>>): Form<T> {
  const entries = Object.entries(values);
  return {
    allowed: Object.keys(values).join(', '),
    write: (value) => String(entries.find(([, one]) => one === value)?.[0]),
    read: (text) => entries.find(([word]) => word === text)?.[1],
  };
}

/** @param unit what 1 in the text stands for */
function number(allowed: string, pattern: RegExp, unit: number): Form<number> {
  return {
    allowed,
    write: (value) => String(value / unit),
    read: (text) => (pattern.test(text) ? Math.round(Number(text) * unit) : undefined),
  };
}

const whole = (unit: number) => number('a whole number', /^\d{1,9}$/, unit);
const SECOND_MILLIS = 1000;

const RULE_VARIABLES: Texts<Rules> = {
  gracePeriodMillis: { name: 'GRACE_PERIOD_SECONDS', ...whole(SECOND_MILLIS) },
  receiptDays: { name: 'RECEIPT_DAYS', ...whole(1) },
};

export const LIFECYCLE_VARIABLE = {
  name: 'LIFECYCLE',
  allowed: 'a lifecycle as JSON',
  // A dollar is written as its number: checkers of templates, such as cfn-lint, take `${id}` for a reference that was forgotten.
  write: (lifecycle: Lifecycle) => JSON.stringify(lifecycle).replaceAll('$', '\\u0024'),
} as const;

const OTHER_VARIABLES: Texts<Pick<FunctionEnvironment, 'metricsNamespace' | 'logLevel'>> = {
  metricsNamespace: { name: 'METRICS_NAMESPACE', ...ANY },
  logLevel: { name: 'LOG_LEVEL', ...words<LogLevel>({ INFO: 'INFO', WARN: 'WARN', ERROR: 'ERROR' }) },
};

const functionVariable = (plan: Plan): Texts<Pick<FunctionEnvironment, 'functionName'>> => ({
  functionName: {
    name: 'DEALLOCATOR_FUNCTION',
    ...words(Object.fromEntries(functionNamesOf(plan).map((name) => [name, name]))),
  },
});

const tableVariables = ({ tables }: Plan): Texts<Record<string, string>> =>
  Object.fromEntries(Object.entries(tables).map(([table, { variable }]) => [table, { name: variable, ...ANY }]));

/** The rule that reports depend on. People write it too, in configuration files, so more texts are allowed. */
const RULE_OUTPUTS: Texts<Pick<Rules, 'gracePeriodMillis'>> = {
  gracePeriodMillis: { name: 'GracePeriodSeconds', ...number('a number, 0 or more', /^\d+(\.\d+)?$/, SECOND_MILLIS) },
};

/** What a configuration may say beside the kinds. */
export const RULES_TOLD: readonly string[] = Object.values(RULE_OUTPUTS).map(({ name }) => name);

export function writeEnvironment(environment: FunctionEnvironment): Record<string, string> {
  const { lifecycle, plan, tables, rules } = environment;
  return {
    ...write<Record<string, string>>(tableVariables(plan), tables),
    [LIFECYCLE_VARIABLE.name]: LIFECYCLE_VARIABLE.write(lifecycle),
    ...write(RULE_VARIABLES, rules),
    ...write(OTHER_VARIABLES, environment),
    ...write(functionVariable(plan), environment),
  };
}

/** `FailedPrecondition` for a variable that is not set, or not as the construct sets it. */
export function readEnvironment(environment: Source): FunctionEnvironment {
  const refusal = (name: string, text: string | undefined, allowed: string, cause?: unknown) => {
    const found = text
      ? `"${text}", allowed: ${allowed}; set it as the construct does`
      : 'not set; the construct sets it on each of its functions, so deploy with the construct or set it as the construct does';
    return new DeallocatorError('FailedPrecondition', `the environment variable ${name} is ${found}`, { cause });
  };
  const { lifecycle, plan } = readLifecycle(environment, refusal);
  return {
    lifecycle,
    plan,
    tables: read(tableVariables(plan), environment, refusal) as PhysicalNames,
    rules: read(RULE_VARIABLES, environment, refusal),
    ...read(OTHER_VARIABLES, environment, refusal),
    ...read(functionVariable(plan), environment, refusal),
  };
}

function readLifecycle(environment: Source, refusal: (...said: [...Parameters<Refusal>, unknown]) => DeallocatorError) {
  const { name, allowed } = LIFECYCLE_VARIABLE;
  const text = environment[name];
  try {
    const lifecycle: Lifecycle = JSON.parse(text ?? '');
    // All else was checked where it was written.
    if (Object.keys(lifecycle.kinds).length === 0) throw new RangeError('it declares no kinds');
    return { lifecycle, plan: trustedPlanOf(lifecycle) as Plan };
  } catch (cause) {
    throw refusal(name, text, allowed, cause);
  }
}

const tableOutput = (table: string) => `${capitalized(table)}TableName`;

export function writeOutputs(names: Required<DeploymentNames>): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(names.tables).map(([table, name]) => [tableOutput(table), name])),
    SweepFunctionName: names.sweepFunctionName,
    DeadLetterQueueUrl: names.deadLetterQueueUrl,
    ...write(RULE_OUTPUTS, names.rules),
  };
}

/** The same as data: what a configuration document says of the deployment. */
export interface NamesDocument extends Omit<DeploymentNames, 'rules'> {
  /** By the names of the outputs, as texts. */
  readonly rules: Readonly<Record<string, string>>;
}

export function writeNames(names: DeploymentNames): NamesDocument {
  return { ...names, rules: write(RULE_OUTPUTS, names.rules) };
}

/**
 * `FailedPrecondition` for a stack without a deallocator, or with several; `InvalidArgument` as `readRuleOutputs`.
 *
 * @param stack its name, and behind a slash, where it holds several, which of them is meant: `Shop/Orders`
 * @param plan whose tables are wanted, and no others; without it, all that are told
 */
export function readOutputs(
  stack: string,
  outputs: Readonly<Record<string, string>>,
  plan?: Pick<Plan, 'tables'>,
): DeploymentNames {
  const [stackName, chosen] = splitStackName(stack);
  const prefixes = prefixesIn(Object.keys(outputs));
  const prefix = choosePrefix(stackName, chosen, prefixes);
  // What another deployment of the stack puts out may begin as this one's does.
  const others = prefixes.filter((other) => other.startsWith(prefix) && other !== prefix);
  const own = Object.fromEntries(
    Object.entries(outputs).flatMap(([name, value]) =>
      name.startsWith(prefix) && !others.some((other) => name.startsWith(other))
        ? [[name.slice(prefix.length), value]]
        : [],
    ),
  );
  const wanted = plan === undefined ? tablesIn(Object.keys(own)) : Object.keys(plan.tables);
  const missing = [...new Set([...OWN_TABLES_ALWAYS, ...wanted])]
    .map(tableOutput)
    .filter((name) => own[name] === undefined);
  if (missing.length > 0) {
    const there = Object.keys(outputs).join(', ') || 'none';
    throw new DeallocatorError(
      'FailedPrecondition',
      `stack ${stackName} has no output ${missing.map((name) => prefix + name).join(', ')}; it has: ${there}; name the stack that holds the construct Deallocator`,
    );
  }
  return {
    tables: Object.fromEntries(wanted.map((table) => [table, String(own[tableOutput(table)])])) as PhysicalNames,
    sweepFunctionName: own.SweepFunctionName,
    deadLetterQueueUrl: own.DeadLetterQueueUrl,
    rules: readRuleOutputs(own),
  };
}

/** A stack's name, and which of its deployments is meant, if that was said. An ARN, which has slashes too, is a name. */
export function splitStackName(stack: string): readonly [stack: string, deployment?: string] {
  if (stack.startsWith('arn:')) return [stack];
  const [name = '', deployment] = stack.split('/');
  return deployment === undefined ? [name] : [name, deployment];
}

/** The tables that each deployment has, whatever its kinds. */
const OWN_TABLES_ALWAYS = ['counters', 'receipts'] as const;
const TABLE_OUTPUT = /^([A-Z][A-Za-z0-9]*)TableName$/;

function tablesIn(outputs: readonly string[]): string[] {
  return outputs.flatMap((output) => {
    const [, name] = TABLE_OUTPUT.exec(output) ?? [];
    return name === undefined ? [] : [`${name[0]?.toLowerCase()}${name.slice(1)}`];
  });
}

/** What the outputs of each deployment begin with, where a stack of the user's own holds the construct. */
function prefixesIn(outputs: readonly string[]): string[] {
  const [first, ...others] = OWN_TABLES_ALWAYS.map(tableOutput) as [string, ...string[]];
  return outputs
    .flatMap((output) => (output.endsWith(first) ? output.slice(0, -first.length) : []))
    .filter((prefix) => others.every((other) => outputs.includes(prefix + other)));
}

function choosePrefix(stack: string, chosen: string | undefined, prefixes: readonly string[]): string {
  const [only = '', ...others] = prefixes;
  if (chosen === undefined && others.length === 0) return only;
  if (chosen !== undefined && prefixes.includes(chosen)) return chosen;
  const there = prefixes.map((prefix) => (prefix === '' ? stack : `${stack}/${prefix}`)).join(', ') || 'none';
  const what = chosen === undefined ? 'has several deallocators' : `has no deallocator ${chosen}`;
  throw new DeallocatorError('FailedPrecondition', `stack ${stack} ${what}; name one of: ${there}`);
}

/** `InvalidArgument` for a text that says no rule: a report by another rule would be wrong without a word. */
export function readRuleOutputs(outputs: Readonly<Record<string, string>>): Rules {
  const told = { ...write(RULE_OUTPUTS, DEFAULT_RULES), ...outputs };
  const refusal: Refusal = (name, text, allowed) =>
    new DeallocatorError(
      'InvalidArgument',
      `the deployment's rule ${name} is "${text}", allowed: ${allowed}; give what the stack puts out`,
    );
  return { ...DEFAULT_RULES, ...read(RULE_OUTPUTS, told, refusal) };
}

function write<T extends object>(texts: Texts<T>, values: T): Record<string, string> {
  const keys = Object.keys(texts) as (keyof T)[];
  return Object.fromEntries(keys.map((key) => [texts[key].name, texts[key].write(values[key])]));
}

function read<T extends object>(texts: Texts<T>, source: Source, refusal: Refusal): T {
  const values = (Object.keys(texts) as (keyof T)[]).map((key) => {
    const { name, allowed, ...form } = texts[key];
    const text = source[name];
    const value = text ? form.read(text) : undefined;
    if (value === undefined) throw refusal(name, text, allowed);
    return [key, value];
  });
  return Object.fromEntries(values);
}
