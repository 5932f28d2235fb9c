/**
 * A deployment as one JSON document: the line that the local cloud prints, and what the construct's `connect` sets. The client
 * and the command line read it.
 */
import { readFileSync } from 'node:fs';
import type { PhysicalNames } from '../dynamodb/schema.ts';
import type { Lifecycle } from '../lifecycle/declaration.ts';
import { planOf } from '../lifecycle/plan.ts';
import { SWARMKIT } from '../lifecycle/swarmkit.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { CONFIGURATION_VARIABLE, type DeploymentNames, RULES_TOLD, readRuleOutputs } from './deployment.ts';

export interface Config {
  readonly endpoint: string | undefined;
  /** Undefined: as for any AWS tool. */
  readonly region: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly names: DeploymentNames;
  /** The kinds. Undefined: SwarmKit's, without any choice. */
  readonly lifecycle: Lifecycle | undefined;
}

/** Whether a text is the document itself, and not the name of a file with it. */
export function isDocument(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/**
 * `FailedPrecondition` where the variable is not set; `InvalidArgument` for what it holds.
 *
 * @param lifecycle as that of {@link readConfig}
 */
export function readConfigVariable(
  environment: Readonly<Record<string, string | undefined>>,
  lifecycle?: Lifecycle,
): Config {
  const text = environment[CONFIGURATION_VARIABLE];
  if (!text) {
    const lookedUp = environment.DEALLOCATOR_STACK ? ' (DEALLOCATOR_STACK is for the command line alone)' : '';
    throw new DeallocatorError(
      'FailedPrecondition',
      `the environment variable ${CONFIGURATION_VARIABLE} is not set${lookedUp}; in a CDK app deallocator.connect(fn) sets it; elsewhere set it to the line of JSON that the local cloud prints, or to a file with it`,
    );
  }
  if (isDocument(text)) return readConfig(CONFIGURATION_VARIABLE, text, lifecycle);
  try {
    return readConfig(text, readFileSync(text, 'utf8'), lifecycle);
  } catch (cause) {
    if (cause instanceof DeallocatorError) throw cause;
    throw invalid(`the file that ${CONFIGURATION_VARIABLE} names can't be read: ${(cause as Error).message}`, cause);
  }
}

/**
 * `InvalidArgument` for what is not of that shape.
 *
 * @param name what the document is called in messages
 * @param lifecycle the kinds; else the document's own `lifecycle`, and without one SwarmKit's. `as told`: any tables are taken
 */
export function readConfig(name: string, text: string, lifecycle?: Lifecycle | 'as told'): Config {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw invalid(`${name} is no JSON: ${(cause as Error).message}`, cause);
  }
  const config = isMap(document) ? document : {};
  const tables = isMap(config.tables) ? config.tables : {};
  const own = declaredIn(name, config.lifecycle);
  const declared = lifecycle === undefined || lifecycle === 'as told' ? own : lifecycle;
  const wanted = Object.keys(lifecycle === 'as told' ? tables : planOf(declared ?? SWARMKIT).tables);
  const missing = wanted.filter((table) => typeof tables[table] !== 'string');
  if (missing.length > 0) throw invalid(`${name} names no table for ${missing.join(', ')}`);
  const textOf = (field: string): string | undefined => {
    const value = config[field];
    if (value === undefined || typeof value === 'string') return value;
    throw invalid(`${field} of ${name} is ${JSON.stringify(value)}, and must be a text`);
  };
  const { rules = {} } = config;
  if (!isMap(rules)) throw invalid(`rules of ${name} are ${JSON.stringify(rules)}, and must be an object`);
  const endpoint = textOf('endpoint');
  if (endpoint !== undefined && !isEndpoint(endpoint)) {
    throw invalid(`endpoint of ${name} is "${endpoint}", and must be a URL such as http://127.0.0.1:8000`);
  }
  const [other] = Object.keys(rules).filter((rule) => !RULES_TOLD.includes(rule));
  if (other !== undefined) {
    throw invalid(
      `rules of ${name} have ${other}, and may have ${RULES_TOLD.join(', ')}; what the kinds are is said by lifecycle, as defineLifecycle or swarmkit({ … }) gives it`,
    );
  }
  const ruleTexts = Object.fromEntries(Object.entries(rules).map(([rule, value]) => [rule, String(value)]));
  return {
    endpoint,
    region: textOf('region'),
    accessKeyId: textOf('accessKeyId'),
    secretAccessKey: textOf('secretAccessKey'),
    names: {
      tables: Object.fromEntries(wanted.map((table) => [table, String(tables[table])])) as PhysicalNames,
      sweepFunctionName: textOf('sweepFunctionName'),
      deadLetterQueueUrl: textOf('deadLetterQueueUrl'),
      rules: readRuleOutputs(ruleTexts),
    },
    lifecycle: declared,
  };
}

/** As data, or as the text that the functions have in their environment. */
function declaredIn(name: string, said: unknown): Lifecycle | undefined {
  if (typeof said !== 'string') return said as Lifecycle | undefined;
  try {
    return JSON.parse(said);
  } catch (cause) {
    throw invalid(`lifecycle of ${name} is "${said}", and must be a lifecycle as JSON`, cause);
  }
}

export function isEndpoint(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(what: string, cause?: unknown): DeallocatorError {
  return new DeallocatorError(
    'InvalidArgument',
    `${what}; give the line of JSON that the local cloud prints, or what deallocator.connect(fn) sets`,
    { cause },
  );
}
