/** A configuration file: the line of JSON that the local cloud prints. */
import { TABLES } from '../../lib/dynamodb/schema.ts';
import { isMap } from '../../lib/operate/values.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';
import { type DeploymentNames, forTables, readRuleOutputs } from '../../lib/streams/deployment.ts';

export interface Config {
  readonly endpoint: string | undefined;
  /** Undefined: as for any AWS tool. */
  readonly region: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly names: DeploymentNames;
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
  const missing = Object.keys(TABLES).filter((table) => typeof tables[table] !== 'string');
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
    region: textOf('region'),
    accessKeyId: textOf('accessKeyId'),
    secretAccessKey: textOf('secretAccessKey'),
    names: {
      tables: forTables((table) => String(tables[table])),
      sweepFunctionName: textOf('sweepFunctionName'),
      deadLetterQueueUrl: textOf('deadLetterQueueUrl'),
      rules: readRuleOutputs(ruleTexts),
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
