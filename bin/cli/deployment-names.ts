/** The names and rules of a deployment: from a stack's outputs, or from the line of JSON that the local cloud prints. */
import { type PhysicalNames, TABLES, type TableName } from '../../lib/dynamodb/schema.ts';
import { isMap } from '../../lib/operate/values.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';
import { DEFAULT_RULES, type Rules } from '../../lib/protocol/rules.ts';

export interface DeploymentNames {
  readonly tables: PhysicalNames;
  readonly sweepFunctionName: string | undefined;
  readonly deadLetterQueueUrl: string | undefined;
  /** Those that no output tells are the defaults. */
  readonly rules: Rules;
}

export interface Config {
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly names: DeploymentNames;
}

const TABLE_NAMES = Object.keys(TABLES) as TableName[];

/** What the local cloud says of itself; DynamoDB Local takes any Region. */
const REGION_DEFAULT = 'us-east-1';

/** `FailedPrecondition` for a stack that is not a deallocator's. */
export function readStackNames(stack: string, outputs: Readonly<Record<string, string>>): DeploymentNames {
  const outputOf = (table: TableName) => `${table[0]?.toUpperCase()}${table.slice(1)}TableName`;
  const missing = TABLE_NAMES.map(outputOf).filter((output) => outputs[output] === undefined);
  if (missing.length > 0) {
    const there = Object.keys(outputs).join(', ') || 'none';
    throw new DeallocatorError(
      'FailedPrecondition',
      `stack ${stack} has no output ${missing.join(', ')}; it has: ${there}; name the stack of the class DeallocatorStack, or one that puts out the same`,
    );
  }
  return {
    tables: Object.fromEntries(TABLE_NAMES.map((table) => [table, outputs[outputOf(table)]])) as PhysicalNames,
    sweepFunctionName: outputs.SweepFunctionName,
    deadLetterQueueUrl: outputs.DeadLetterQueueUrl,
    rules: readRules(outputs),
  };
}

/** Rules that no report is told by (`stopTasks`) are not read. */
const RULE_TEXTS = {
  TaskIsGone: ['deleted', 'terminal'],
  TaskNetworks: ['yes', 'no', 'true', 'false'],
} as const;

/** `InvalidArgument` for a rule that is none: reports by another one would be wrong without a word. */
function readRules(texts: Readonly<Record<string, string>>): Rules {
  for (const [name, allowed] of Object.entries(RULE_TEXTS)) checkRule(name, texts[name], allowed.join(', '), allowed);
  const { TaskIsGone, TaskNetworks, GracePeriodSeconds = '0' } = texts;
  const graceSeconds = /^\d+(\.\d+)?$/.test(GracePeriodSeconds) ? Number(GracePeriodSeconds) : Number.NaN;
  if (Number.isNaN(graceSeconds)) checkRule('GracePeriodSeconds', GracePeriodSeconds, 'a number, 0 or more', []);
  return {
    ...DEFAULT_RULES,
    ...(TaskIsGone === 'terminal' && { taskIsGone: TaskIsGone }),
    gracePeriodMillis: graceSeconds * 1000,
    taskNetworks: TaskNetworks === 'yes' || TaskNetworks === 'true',
  };
}

function checkRule(name: string, text: string | undefined, allowed: string, texts: readonly string[]): void {
  if (text === undefined || texts.includes(text)) return;
  const message = `the deployment's rule ${name} is "${text}", allowed: ${allowed}; give what the stack puts out`;
  throw new DeallocatorError('InvalidArgument', message);
}

/** `InvalidArgument` for what is not of the shape that `npm run local` prints. */
export function readConfig(file: string, text: string): Config {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw invalid(`${file} is no JSON: ${(cause as Error).message}`, cause);
  }
  const config = isMap(document) ? document : {};
  const tables = isMap(config.tables) ? config.tables : {};
  const missing = TABLE_NAMES.filter((table) => typeof tables[table] !== 'string');
  if (missing.length > 0) throw invalid(`${file} names no table for ${missing.join(', ')}`);
  const textOf = (name: string): string | undefined => {
    const value = config[name];
    if (value === undefined || typeof value === 'string') return value;
    throw invalid(`${name} of ${file} is ${JSON.stringify(value)}, and must be a text`);
  };
  const { rules = {} } = config;
  if (!isMap(rules)) throw invalid(`rules of ${file} are ${JSON.stringify(rules)}, and must be an object`);
  const endpoint = textOf('endpoint');
  if (endpoint !== undefined && !isEndpoint(endpoint)) {
    throw invalid(`endpoint of ${file} is "${endpoint}", and must be a URL such as http://127.0.0.1:8000`);
  }
  const ruleTexts = Object.fromEntries(Object.entries(rules).map(([name, value]) => [name, String(value)]));
  return {
    endpoint,
    region: textOf('region') ?? REGION_DEFAULT,
    accessKeyId: textOf('accessKeyId'),
    secretAccessKey: textOf('secretAccessKey'),
    names: {
      tables: Object.fromEntries(TABLE_NAMES.map((table) => [table, tables[table]])) as PhysicalNames,
      sweepFunctionName: textOf('sweepFunctionName'),
      deadLetterQueueUrl: textOf('deadLetterQueueUrl'),
      rules: readRules(ruleTexts),
    },
  };
}

export function isEndpoint(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text);
}

function invalid(what: string, cause?: unknown): DeallocatorError {
  return new DeallocatorError('InvalidArgument', `${what}; give the line of JSON that "npm run local" prints`, {
    cause,
  });
}
