/**
 * Event patterns, as event source mappings and EventBridge rules write them: a map of fields, each with a list of what
 * its value may be. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
import { FILTER_PATTERN_CHARACTERS_MAX, NESTING_MAX } from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';

export type FilterPattern = (event: unknown) => boolean;
type Test = (value: unknown) => boolean;

const isMap = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const isLeaf = (value: unknown) => value === null || typeof value !== 'object';

function isExact(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function invalid(path: string, message: string): LocalError {
  return new LocalError('filter.invalidPattern', `filter pattern at "${path}": ${message}`);
}

function anythingBut(path: string, value: unknown): Test {
  if (isMap(value)) {
    const inner = compileOperator(path, value);
    return (actual) => actual !== undefined && !inner(actual);
  }
  const values = Array.isArray(value) ? value : [value];
  if (values.length === 0 || !values.every(isExact)) throw invalid(path, '"anything-but" takes values or one operator');
  return (actual) => actual !== undefined && isLeaf(actual) && !values.includes(actual as never);
}

const TEXT_OPERATORS: Readonly<Record<string, (actual: string, text: string) => boolean>> = {
  prefix: (actual, text) => actual.startsWith(text),
  suffix: (actual, text) => actual.endsWith(text),
  'equals-ignore-case': (actual, text) => actual.toLowerCase() === text.toLowerCase(),
};

function compileOperator(path: string, operators: Record<string, unknown>): Test {
  const [entry, ...more] = Object.entries(operators);
  if (entry === undefined || more.length > 0) throw invalid(path, 'an operator is a map with exactly one key');
  const [operator, value] = entry;
  const compare = TEXT_OPERATORS[operator];
  if (compare !== undefined) {
    if (typeof value === 'string' && value !== '')
      return (actual) => typeof actual === 'string' && compare(actual, value);
    throw invalid(path, `"${operator}" is ${JSON.stringify(value)}, allowed: a text`);
  }
  switch (operator) {
    case 'exists':
      if (typeof value !== 'boolean') throw invalid(path, '"exists" is true or false');
      // On leaves only, as at AWS: a map neither "exists" nor is it absent.
      return value ? (actual) => actual !== undefined && isLeaf(actual) : (actual) => actual === undefined;
    case 'anything-but':
      return anythingBut(path, value);
    default:
      throw new LocalError(
        'filter.unknownOperator',
        `filter pattern at "${path}" uses "${operator}"; the local cloud knows prefix, suffix, equals-ignore-case, ` +
          'exists, anything-but (numeric does not work on DynamoDB at AWS either: its numbers are texts)',
      );
  }
}

function compileLeaf(path: string, values: readonly unknown[]): Test {
  if (values.length === 0) throw invalid(path, 'an empty list matches nothing');
  const tests = values.map((value): Test => {
    if (isMap(value)) return compileOperator(path, value);
    if (!isExact(value)) throw invalid(path, `a list holds values and operators, not ${JSON.stringify(value)}`);
    return (actual) => actual === value;
  });
  // A list in the event matches if one of its values does.
  return (actual) =>
    tests.some((test) => (Array.isArray(actual) && actual.length > 0 ? actual.some(test) : test(actual)));
}

function compileMap(path: string, pattern: Record<string, unknown>, depth: number): Test {
  if (depth > NESTING_MAX) throw invalid(path, `nests deeper than ${NESTING_MAX}`);
  const fields = Object.entries(pattern).map(([name, value]): Test => {
    const fieldPath = path === '' ? name : `${path}.${name}`;
    if (name === '$or') {
      if (!Array.isArray(value) || !value.every(isMap)) throw invalid(fieldPath, '"$or" is a list of patterns');
      const alternatives = value.map((alternative) => compileMap(path, alternative, depth + 1));
      return (event) => alternatives.some((alternative) => alternative(event));
    }
    if (Array.isArray(value)) {
      const leaf = compileLeaf(fieldPath, value);
      return (event) => leaf(isMap(event) ? event[name] : undefined);
    }
    if (!isMap(value)) throw invalid(fieldPath, `is ${JSON.stringify(value)}, allowed: a list or a map`);
    const inner = compileMap(fieldPath, value, depth + 1);
    return (event) => inner(isMap(event) ? event[name] : undefined);
  });
  return (event) => fields.every((field) => field(event));
}

/** Throws `filter.invalidPattern` and `filter.unknownOperator`; AWS would refuse such a mapping too. */
export function compilePattern(pattern: unknown): FilterPattern {
  if (typeof pattern === 'string') {
    if (pattern.length > FILTER_PATTERN_CHARACTERS_MAX) {
      throw invalid('', `has ${pattern.length} characters, allowed: ${FILTER_PATTERN_CHARACTERS_MAX}`);
    }
    try {
      return compilePattern(JSON.parse(pattern));
    } catch (error) {
      if (error instanceof LocalError) throw error;
      throw invalid('', `is no JSON: ${String(error)}`);
    }
  }
  if (!isMap(pattern) || Object.keys(pattern).length === 0) throw invalid('', 'a pattern is a map with a field');
  return compileMap('', pattern, 0);
}
