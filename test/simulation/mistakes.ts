/**
 * Where a mistake is put into the product: into what goes over the wire and what comes back, into what the protocol asks of
 * its store, into what a function is handed, and into what it answers.
 *
 * A mistake was once a change of source text, and was lost with each rewriting of that line. These places stay: the wire
 * speaks DynamoDB's words and the tables' own attributes, and a method of the store that is renamed no longer compiles here.
 * A mistake also takes no process of its own, and each time that it changes something is counted. One that never did has
 * lost its place, and the mutants' test says so.
 */
import type { SwarmkitOptions } from '../../lib/lifecycle/swarmkit.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import type { Store } from '../../lib/protocol/store.ts';
import type { Promised } from '../../lib/protocol/violations.ts';
import type { BatchResponse } from '../../lib/streams/batch.ts';
import type { Handler } from '../../lib/testing/memory/stream-functions.ts';
import type { LambdaRecord } from '../../lib/testing/memory/tables.ts';
import type { Handlers, Tampering } from '../../lib/testing/simulation/place.ts';
import type { Input, Process, Role } from '../../lib/testing/simulation/processes.ts';
import type { ProfileName } from './dials.ts';

export type Parameters = Readonly<Record<string, unknown>>;

/** A request on its way to DynamoDB. */
export interface Sent {
  readonly operation: string;
  readonly input: Parameters;
  readonly role: Role;
  /** A value that never came before. */
  fresh(): string;
}

/** Each part gives what is there instead, or undefined where it finds nothing to change. */
export interface Mistake {
  readonly request?: (sent: Sent) => Parameters | undefined;
  readonly answer?: (sent: Sent, answer: Parameters) => Parameters | undefined;
  /**
   * Methods of an invocation's store that do something else.
   * @param took tells that one just did
   * @param under the same store under other choices
   */
  readonly store?: (right: Store, took: () => void, under: (choices: SwarmkitOptions) => Store) => Partial<Store>;
  /** Whether a record never comes to its function. */
  readonly misses?: (table: string, record: LambdaRecord) => boolean;
  readonly response?: (response: BatchResponse) => BatchResponse | undefined;
  /** Choices under which the functions of the Tasks stream run, instead of the deployment's. */
  readonly tasksChoices?: SwarmkitOptions;
}

export interface Mutant extends Mistake {
  readonly name: string;
  /** Why a programmer might write it so. */
  readonly why: string;
  readonly breaks: readonly Promised[];
  /** Where it is looked for. */
  readonly profile: ProfileName;
  /** Where its schedules begin, if not where the others do. */
  readonly firstSeed?: number;
}

/** One action of a transaction. */
export interface Action {
  readonly kind: 'Put' | 'Update' | 'Delete' | 'ConditionCheck';
  readonly table: string;
  readonly parameters: Parameters;
}

/** A table's own name, by the one that it has in memory. */
export function tableOf({ TableName }: Parameters): string {
  return String(TableName).replace(/^Memory-/, '');
}

/** The actions of a transaction; none of any other request. */
export function actionsOf({ operation, input }: Sent): readonly Action[] {
  if (operation !== 'TransactWriteItems') return [];
  return (input.TransactItems as readonly Record<string, Parameters>[]).flatMap((item) =>
    Object.entries(item).map(([kind, parameters]) => ({
      kind: kind as Action['kind'],
      table: tableOf(parameters),
      parameters,
    })),
  );
}

/**
 * The transaction with some of its actions changed; undefined where none was. `place` begins anew behind each receipt, with
 * which the deletion of one parent ends where several go in one transaction.
 */
export function withActions(
  sent: Sent,
  change: (action: Action, place: number) => Action | undefined,
): Parameters | undefined {
  const actions = actionsOf(sent);
  let place = 0;
  const changed = actions.map((action) => {
    const made = change(action, place++);
    if (action.kind === 'Put' && action.table === 'receipts') place = 0;
    return made;
  });
  if (changed.every((action) => action === undefined)) return undefined;
  const items = actions.map((action, place) => {
    const { kind, parameters } = changed[place] ?? action;
    return { [kind]: parameters };
  });
  return { ...sent.input, TransactItems: items };
}

/** The one transaction that deletes a parent leaves a receipt. */
export function isDeletion(sent: Sent): boolean {
  return actionsOf(sent).some(({ kind, table }) => kind === 'Put' && table === 'receipts');
}

export function isOfParent({ table }: { readonly table: string }): boolean {
  return table === 'services' || table === 'networks';
}

/** In the action's place, since refusals are told by places, something that always succeeds and writes nothing. */
export function idle({ table, parameters }: Action): Action {
  const { TableName, Key, Item } = parameters as Record<string, Record<string, unknown>>;
  const { partitionKey = '', sortKey } = swarmkitPlan().tables[table] ?? {};
  const names = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
  const key = Key ?? Object.fromEntries(names.map((name) => [name, Item?.[name]]));
  const [first = ''] = Object.keys(key);
  return {
    kind: 'ConditionCheck',
    table,
    parameters: {
      TableName,
      Key: key,
      ConditionExpression: 'attribute_exists(#key) OR attribute_not_exists(#key)',
      ExpressionAttributeNames: { '#key': first },
    },
  };
}

/** The same on condition only that the item is there. */
export function ifThere(action: Action): Action {
  const [name] = Object.keys(action.parameters.Key ?? action.parameters.Item ?? {});
  const names = { ...(action.parameters.ExpressionAttributeNames as object), '#there': name };
  const parameters = { ...action.parameters, ExpressionAttributeNames: names };
  return { ...action, parameters: withCondition(parameters, 'attribute_exists(#there)') };
}

/** The action without the parts of its condition that look at these attributes; undefined where none does. */
export function without(action: Action, ...attributes: readonly string[]): Action | undefined {
  const { ConditionExpression = '', ExpressionAttributeNames = {} } = action.parameters;
  const names = ExpressionAttributeNames as Record<string, string>;
  const parts = conjuncts(ConditionExpression as string);
  const left = parts.filter((part) => !placeholders(part).some((name) => attributes.includes(names[name] ?? name)));
  if (left.length === parts.length) return undefined;
  if (left.length > 0) return { ...action, parameters: withCondition(action.parameters, left.join(' AND ')) };
  return action.kind === 'ConditionCheck'
    ? ifThere(action)
    : { ...action, parameters: withCondition(action.parameters, undefined) };
}

/** DynamoDB refuses placeholders that no expression uses. */
export function withCondition(parameters: Parameters, condition: string | undefined): Parameters {
  const {
    ConditionExpression: _,
    ExpressionAttributeNames: names = {},
    ExpressionAttributeValues: values = {},
    ...rest
  } = parameters;
  const used = new Set(placeholders(`${condition ?? ''} ${rest.UpdateExpression ?? ''}`));
  const usedOf = (all: unknown) => Object.entries(all as object).filter(([name]) => used.has(name));
  const [usedNames, usedValues] = [usedOf(names), usedOf(values)];
  return {
    ...rest,
    ...(condition !== undefined && { ConditionExpression: condition }),
    ...(usedNames.length > 0 && { ExpressionAttributeNames: Object.fromEntries(usedNames) }),
    ...(usedValues.length > 0 && { ExpressionAttributeValues: Object.fromEntries(usedValues) }),
  };
}

/** The value's placeholder that an update sets an attribute to. */
export function placeholderSet({ parameters }: Action, attribute: string): string | undefined {
  const names = (parameters.ExpressionAttributeNames ?? {}) as Record<string, string>;
  const settings = [...String(parameters.UpdateExpression ?? '').matchAll(/([#\w]+) = (:\w+)/g)];
  return settings.find(([, name = '']) => (names[name] ?? name) === attribute)?.[2];
}

/** The tables that a read is about. */
export function tablesRead({ operation, input }: Sent): readonly string[] {
  if (operation === 'GetItem' || operation === 'Query') return [tableOf(input)];
  if (operation === 'ExecuteStatement') {
    return [tableOf({ TableName: / FROM "([^"]+)"/.exec(String(input.Statement))?.[1] })];
  }
  if (operation !== 'BatchGetItem') return [];
  return Object.keys(input.RequestItems as object).map((TableName) => tableOf({ TableName }));
}

/** Whether it counts children. */
export function isCount({ operation, input }: Sent): boolean {
  return operation === 'ExecuteStatement' || (operation === 'Query' && input.Select === 'COUNT');
}

/** The same read, half the price; undefined for one that is cheap already. */
export function eventuallyConsistent({ operation, input }: Sent): Parameters | undefined {
  if (operation !== 'BatchGetItem')
    return input.ConsistentRead === true ? { ...input, ConsistentRead: false } : undefined;
  const entries = Object.entries(input.RequestItems as Record<string, Parameters>);
  const RequestItems = Object.fromEntries(entries.map(([name, read]) => [name, { ...read, ConsistentRead: false }]));
  return { ...input, RequestItems };
}

function placeholders(expression: string): string[] {
  return expression.match(/[#:]?\w+/g) ?? [];
}

/** The parts of a condition that must all hold. */
function conjuncts(expression: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const token of expression.match(/[()]| AND |[^() ]+| /g) ?? []) {
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (token !== ' AND ' || depth > 0) part += token;
    else {
      parts.push(part);
      part = '';
    }
  }
  return [...parts, part].filter((one) => one !== '');
}

/** A store whose mistaken methods stand before the right ones. */
function mistaken(open: (choices?: SwarmkitOptions) => Store, { store }: Mistake, took: () => void): Store {
  const right = open();
  if (store === undefined) return right;
  const wrong: Partial<Store> = store(right, took, open);
  return new Proxy(right, {
    get: (target, name) => {
      const method = Reflect.get(wrong, name) ?? Reflect.get(target, name);
      return typeof method === 'function' ? method.bind(target) : method;
    },
  });
}

const tamperings = new WeakMap<Mistake, Tampering>();

/** One for each mistake: places are kept for the next world by it. */
export function tamperingOf(mistake: Mistake): Tampering {
  const known = tamperings.get(mistake);
  if (known !== undefined) return known;
  const tampering: Tampering = {
    send: (process, operation, input) => sendMistaken(process, mistake, operation, input),
    openStore: (open, took) => mistaken(open, mistake, took),
    handlers: (right, under, took) => {
      const { tasksChoices } = mistake;
      const told: Handlers =
        tasksChoices === undefined ? right : { ...right, tasks: under(tasksChoices).tasks as Handler };
      return Object.fromEntries(
        Object.entries<Handler>(told).map(([table, handler]) => [
          table,
          mistakenHandler(table, handler, mistake, took),
        ]),
      );
    },
  };
  tamperings.set(mistake, tampering);
  return tampering;
}

/** @returns the answer, or what a mutant makes of it; of a request that it may have changed, too */
async function sendMistaken(process: Process, mistake: Mistake, operation: string, input: Input): Promise<unknown> {
  if (mistake.request === undefined && mistake.answer === undefined) return process.send(operation, input);
  const sent: Sent = { operation, input, role: process.role, fresh: () => process.fresh() };
  const instead = mistake.request?.(sent);
  if (instead !== undefined) process.surroundings.onTampering();
  const answer = await process.send(operation, (instead ?? input) as Input);
  const made = mistake.answer?.(sent, answer as Parameters);
  if (made !== undefined) process.surroundings.onTampering();
  return made ?? answer;
}

function mistakenHandler(
  table: string,
  handler: Handler,
  { misses, response, tasksChoices }: Mistake,
  took: () => void,
): Handler {
  if (misses === undefined && response === undefined && tasksChoices === undefined) return handler;
  return async ({ Records }, context) => {
    const left = Records.filter((record) => misses?.(table, record as LambdaRecord) !== true);
    if (left.length < Records.length || (tasksChoices !== undefined && table === 'tasks')) took();
    const answered = await handler({ Records: left }, context);
    const instead = response?.(answered);
    if (instead !== undefined) took();
    return instead ?? answered;
  };
}
