/** How phrases stand in a request. Each `#name` is bound to the attribute `name`, each `:name` to a value of the phrase. */

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
  const names: Record<string, string> = Object.assign({}, ...phrases.map(namesOf));
  const values: Record<string, unknown> = Object.assign({}, ...phrases.map((phrase) => phrase.values));
  return { names, values };
}

function namesOf({ expression, names }: Phrase): Record<string, string> {
  const own = [...expression.matchAll(/#(\w+)/g)].map(([name, attribute]) => [name, attribute as string]);
  return { ...Object.fromEntries(own), ...names };
}

/** An update that sets attributes, and removes those that are given as undefined. */
export function setting(attributes: Readonly<Record<string, unknown>>): Phrase {
  const names = Object.keys(attributes);
  const set = names.filter((name) => attributes[name] !== undefined);
  const removed = names.filter((name) => attributes[name] === undefined);
  const clauses = [
    ...(set.length > 0 ? [`SET ${set.map((name) => `#${name} = :${name}`).join(', ')}`] : []),
    ...(removed.length > 0 ? [`REMOVE ${removed.map((name) => `#${name}`).join(', ')}`] : []),
  ];
  const values = Object.fromEntries(set.map((name) => [`:${name}`, attributes[name]]));
  return { expression: clauses.join(' '), values };
}

/**
 * A read of these paths alone, such as `spec.task.networks`. Attributes may have any names but with a dot. Of two paths, one within
 * the other, that one is left out, since DynamoDB refuses both together.
 */
export function only(paths: readonly string[]): Phrase {
  const all = [...new Set(paths)].filter((path) => !paths.some((other) => path.startsWith(`${other}.`)));
  const steps = [...new Set(all.flatMap((path) => path.split('.')))];
  const names = new Map(steps.map((step, n) => [step, SIMPLE.test(step) ? `#${step}` : `#only${n}`]));
  return {
    expression: all
      .map((path) =>
        path
          .split('.')
          .map((step) => names.get(step))
          .join('.'),
      )
      .join(', '),
    names: Object.fromEntries([...names].map(([step, name]) => [name, step])),
  };
}

/** What may stand behind a `#`; the others have names that no attribute has here. */
const SIMPLE = /^(?!only\d)\w+$/;
