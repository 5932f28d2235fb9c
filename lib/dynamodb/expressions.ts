/** How conditions, updates, filters and projections stand in a request: `#name` for an attribute, `:name` for a value. */
import type { ParentKey } from '../protocol/model.ts';
import type { Condition } from './conditions.ts';
import { PARENT_TABLES, type PhysicalNames, TABLES } from './schema.ts';

/** Parameters of a request, with the attributes and values that its expressions name. */
export interface Expressions {
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
}

/** The parameters of a request that carries the condition. */
export function conditioned({ expression, names, values }: Condition) {
  return { ConditionExpression: expression, ...bound(names, values) };
}

/** The parameters of a read that passes over what does not meet the condition. */
export function filtered({ expression, names, values }: Condition) {
  return { FilterExpression: expression, ...bound(names, values) };
}

/** The parameters of an update. Each `#name` in the expression is bound to the attribute `name`. */
export function updated(expression: string, values: Readonly<Record<string, unknown>>) {
  return { UpdateExpression: expression, ...bound(namesIn(expression), values) };
}

/** The parameters of an update that sets attributes, and removes those that are given as undefined. */
export function changed(attributes: Readonly<Record<string, unknown>>) {
  const names = Object.keys(attributes);
  const set = names.filter((name) => attributes[name] !== undefined);
  const removed = names.filter((name) => attributes[name] === undefined);
  const clauses = [
    ...(set.length > 0 ? [`SET ${set.map((name) => `#${name} = :${name}`).join(', ')}`] : []),
    ...(removed.length > 0 ? [`REMOVE ${removed.map((name) => `#${name}`).join(', ')}`] : []),
  ];
  return updated(clauses.join(' '), Object.fromEntries(set.map((name) => [`:${name}`, attributes[name]])));
}

/** The parameters of a read that wants these paths alone, such as `spec.task.networks`. */
export function projected(paths: readonly string[]) {
  const expression = paths.map((path) => path.replaceAll(/\w+/g, '#$&')).join(', ');
  return { ProjectionExpression: expression, ExpressionAttributeNames: namesIn(expression) };
}

/** The parameters of a query for a parent's children. */
export function childrenOf(tables: PhysicalNames, parent: ParentKey) {
  const table = PARENT_TABLES[parent.kind].children;
  return {
    TableName: tables[table],
    KeyConditionExpression: '#parent = :parent',
    ...bound({ '#parent': TABLES[table].partitionKey }, { ':parent': parent.id }),
  };
}

/** Two or three of these in one request: their names and values come together, and do not hide each other. */
export function combined<A extends Expressions, B extends Expressions, C extends Expressions = Expressions>(
  a: A,
  b: B,
  c?: C,
): A & B & C {
  const names = { ...a.ExpressionAttributeNames, ...b.ExpressionAttributeNames, ...c?.ExpressionAttributeNames };
  const values = { ...a.ExpressionAttributeValues, ...b.ExpressionAttributeValues, ...c?.ExpressionAttributeValues };
  return { ...a, ...b, ...c, ...bound(names, values) } as A & B & C;
}

/** DynamoDB refuses a list of values that is there, and empty. */
function bound(names: Readonly<Record<string, string>>, values: Readonly<Record<string, unknown>> = {}): Expressions {
  return {
    ExpressionAttributeNames: { ...names },
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: { ...values } }),
  };
}

function namesIn(expression: string): Record<string, string> {
  return Object.fromEntries(
    [...expression.matchAll(/#(\w+)/g)].map(([name, attribute]) => [name, attribute as string]),
  );
}
