/**
 * How phrases stand in a request. Each `#name` is bound to the attribute that {@link named} made it of, each `:name` to a value of
 * the phrase.
 */
import { isDeepStrictEqual } from 'node:util';

export interface Phrase {
  readonly expression: string;
  readonly values?: Readonly<Record<string, unknown>>;
  /** For each `#name` that stands for an attribute of another name. */
  readonly names?: Readonly<Record<string, string>>;
}

const PARAMETERS = {
  condition: 'ConditionExpression',
  filter: 'FilterExpression',
  keys: 'KeyConditionExpression',
  projection: 'ProjectionExpression',
  update: 'UpdateExpression',
} as const;

type Use = keyof typeof PARAMETERS;

/** The parameters of a request that carries these phrases. */
export function expressed<P extends { readonly [use in Use]?: Phrase | undefined }>(phrases: P) {
  const used = Object.entries(phrases).filter((entry): entry is [Use, Phrase] => entry[1] !== undefined);
  const parameters = Object.fromEntries(used.map(([use, { expression }]) => [PARAMETERS[use], expression]));
  const { names, values } = together(used.map(([, phrase]) => phrase));
  return {
    ...(parameters as { [use in keyof P & Use as (typeof PARAMETERS)[use]]: string }),
    ExpressionAttributeNames: names,
    // DynamoDB refuses a list of values that is there, and empty.
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  };
}

export function together(phrases: readonly Phrase[]) {
  return { names: merged(phrases.map(namesOf)), values: merged(phrases.map(({ values = {} }) => values)) };
}

/** A placeholder of two meanings would change what a condition asks: a fault of ours, and nothing is sent. */
function merged<V>(bindings: readonly Readonly<Record<string, V>>[]): Record<string, V> {
  const all: Record<string, V> = {};
  for (const [placeholder, bound] of bindings.flatMap((one) => Object.entries(one))) {
    if (Object.hasOwn(all, placeholder) && !isDeepStrictEqual(all[placeholder], bound)) {
      throw new Error(`${placeholder} would stand for two things in one request`);
    }
    all[placeholder] = bound;
  }
  return all;
}

function namesOf({ expression, names }: Phrase): Record<string, string> {
  const own = [...expression.matchAll(/#(\w+)/g)].map(([name, word]) => [name, attributeOf(word as string)]);
  return { ...Object.fromEntries(own), ...names };
}

/** The beginning of a word that stands for an attribute whose own name can't. */
const ODD = '_x';

/** An attribute in an expression: `#name`. What a placeholder may not have in it is written as a number. */
export function named(attribute: string): string {
  if (/^\w+$/.test(attribute) && !attribute.startsWith(ODD)) return `#${attribute}`;
  const written = attribute.replaceAll(/[^A-Za-z0-9]/gu, (odd) => `_${odd.codePointAt(0)?.toString(16)}_`);
  return `#${ODD}${written}`;
}

function attributeOf(word: string): string {
  if (!word.startsWith(ODD)) return word;
  return word
    .slice(ODD.length)
    .replaceAll(/_([0-9a-f]+)_/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
}

/** The path of an item's attribute: its name, whatever characters that has. */
export function attributePath(attribute: string): string {
  return attribute.replaceAll(/[.\\]/g, '\\$&');
}

/** A path of a lifecycle, as paths are written here. It leads through no list. */
export function declaredPath(path: string): string {
  return path.split('.').map(attributePath).join('.');
}

/** The names on a path, outermost first. */
export function stepsOf(path: string): string[] {
  return (path.match(/(?:[^.\\]|\\.)+/gsu) ?? []).map((step) => step.replaceAll(/\\(.)/gsu, '$1'));
}

/** A path in an expression. */
export function placed(path: string): string {
  return stepsOf(path).map(named).join('.');
}

/** Those paths that lie in no other one: DynamoDB takes no two of which one holds the other. */
export function outermost(paths: readonly string[]): string[] {
  const all = [...new Set(paths)];
  return all.filter((path) => !all.some((other) => path.startsWith(`${other}.`)));
}

/** An update that sets attributes, and removes those that are given as undefined. */
export function setting(attributes: Readonly<Record<string, unknown>>): Phrase {
  const names = Object.keys(attributes);
  const set = names.filter((name) => attributes[name] !== undefined);
  const removed = names.filter((name) => attributes[name] === undefined);
  const clauses = [
    ...(set.length > 0 ? [`SET ${set.map((name) => `${named(name)} = ${placeholderOf(name)}`).join(', ')}`] : []),
    ...(removed.length > 0 ? [`REMOVE ${removed.map(named).join(', ')}`] : []),
  ];
  const values = Object.fromEntries(set.map((name) => [placeholderOf(name), attributes[name]]));
  return { expression: clauses.join(' '), values };
}

/** Apart from those of conditions, whatever the attribute is called: somebody's is called `true`. */
const placeholderOf = (attribute: string) => named(attribute).replace('#', ':set_');

/** A read of these paths alone, such as `spec.task.networks`. */
export function only(paths: readonly string[]): Phrase {
  return { expression: paths.map(placed).join(', ') };
}
