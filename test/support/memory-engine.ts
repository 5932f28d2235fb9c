/**
 * DynamoDB in memory, for exactly the requests that the deallocator and the tests' writers send. Each request is one atomic
 * step. Whatever it doesn't know throws, and the contract suite holds it and Amazon's own engine to the same answers.
 */
import {
  type AttributeValue,
  type CancellationReason,
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  IdempotentParameterMismatchException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { MARKED_INDEX, type PhysicalNames, TABLES, type TableName } from '../../lib/dynamodb/schema.ts';
import {
  BATCH_GET_KEYS_MAX,
  BATCH_WRITE_ITEMS_MAX,
  COUNTED_TOGETHER_MAX,
  STATEMENTS_MAX,
  TRANSACTION_ACTIONS_MAX,
} from '../../lib/protocol/limits.ts';
import { compareKeys, keptItem, type StoredItem } from './attribute-values.ts';
import {
  changed,
  holds,
  Invalid,
  type Parsed,
  type Placeholders,
  parseCondition,
  parseProjection,
  parseUpdate,
  projected,
} from './expressions.ts';
import { selectOf, updateOf } from './memory-statements.ts';
import { keyNames, type MemoryTables, type StoredWrite } from './memory-tables.ts';

type Input = Record<string, unknown>;
type Output = Record<string, unknown>;

/** What is left to chance in how DynamoDB answers. */
export interface Luck {
  /** How many writes of the table ago an eventually consistent read sees it. */
  readonly age?: number;
  /** Keys, or writes, of a batch that are left unprocessed: the last ones. */
  readonly unprocessed?: number;
  /** How the last statement of a batch fails by itself: not carried out, or carried out and not told of. */
  readonly statement?: StatementFault;
  /** Rows after which a read of several partitions ends, with more to come, or perhaps none. */
  readonly rows?: number;
}

export interface StatementFault {
  /** Without a code, the answer has no item. */
  readonly code: 'ThrottlingError' | 'TransactionConflict' | 'InternalServerError' | undefined;
  readonly isDone: boolean;
}

export interface EngineOptions {
  readonly tables: MemoryTables;
  readonly names: PhysicalNames;
  /** Items after which a page ends before its limit, as at 1 MB. */
  readonly pageItemsMax?: number;
  /** Its clock, for the tokens of transactions. */
  readonly nowEpochMillis?: () => number;
  /** Told of each request that is carried out or refused by a condition; not of one that is not valid. */
  readonly observe?: (touched: Touched) => void;
}

/** What a request has looked at and changed: all that its cost depends on. */
export interface Touched {
  readonly operation: string;
  readonly isConsistent: boolean;
  /** One by one for gets, missing ones included; a page for queries and scans, before any filter. */
  readonly read: readonly (StoredItem | undefined)[];
  /** Of a read of several partitions: what was read of each. */
  readonly partitions?: readonly (readonly StoredItem[])[];
  /** With the actions of a transaction that only check, or that was cancelled: there, `after` is `before`. */
  readonly written: readonly Written[];
}

export interface Written {
  readonly table: TableName;
  readonly before: StoredItem | undefined;
  readonly after: StoredItem | undefined;
  /** What a put would write, whether or not it did. */
  readonly put: StoredItem | undefined;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const TOKEN_LIFE_MILLIS = 10 * 60 * 1000;
const METADATA = { $metadata: { httpStatusCode: 400 } } as const;

interface Checked {
  readonly table: TableName;
  readonly put: StoredItem | undefined;
  readonly write: StoredWrite | undefined;
  readonly old: StoredItem | undefined;
  readonly isRefused: boolean;
}

export class MemoryEngine {
  readonly #tables: MemoryTables;
  readonly #names: ReadonlyMap<string, TableName>;
  readonly #pageItemsMax: number;
  readonly #now: () => number;
  readonly #observe: (touched: Touched) => void;
  readonly #tokens = new Map<string, { readonly payload: string; readonly atMillis: number }>();

  constructor({ tables, names, pageItemsMax, nowEpochMillis, observe }: EngineOptions) {
    this.#tables = tables;
    this.#names = new Map(Object.entries(names).map(([name, physical]) => [physical, name as TableName]));
    this.#pageItemsMax = pageItemsMax ?? Number.POSITIVE_INFINITY;
    this.#now = nowEpochMillis ?? (() => 0);
    this.#observe = observe ?? (() => {});
  }

  /** @param operation such as `GetItem` */
  carryOut(operation: string, input: Input, luck: Luck = {}): Output {
    try {
      return this.#dispatch(operation, input, luck);
    } catch (error) {
      if (error instanceof Invalid) throw validation(error.message);
      throw error;
    }
  }

  #dispatch(operation: string, input: Input, luck: Luck): Output {
    switch (operation) {
      case 'GetItem':
        return this.#get(input, luck);
      case 'BatchGetItem':
        return this.#batchGet(input, luck);
      case 'Query':
        return this.#query(input, luck);
      case 'Scan':
        return this.#scan(input, luck);
      case 'PutItem':
      case 'UpdateItem':
      case 'DeleteItem':
        return this.#writeOne(operation, input);
      case 'BatchWriteItem':
        return this.#batchWrite(input, luck);
      case 'TransactWriteItems':
        return this.#transact(input);
      case 'BatchExecuteStatement':
        return this.#executeBatch(input, luck);
      case 'ExecuteStatement':
        return this.#select(input, luck);
      default:
        throw new Error(`the memory engine does not know ${operation}`);
    }
  }

  #get(input: Input, luck: Luck): Output {
    allowOnly('GetItem', input, READ);
    const table = this.#table(input);
    const key = keyOf(table, input.Key);
    const item = this.#rowsAt(table, input, luck).get(rowKeyOf(table, key));
    const project = this.#projection(input);
    this.#tellRead('GetItem', input, [item]);
    return { ...(item && { Item: project(item) }) };
  }

  #batchGet(input: Input, luck: Luck): Output {
    allowOnly('BatchGetItem', input, ['RequestItems']);
    const [[name, request], ...more] = entriesOf(input.RequestItems);
    if (more.length > 0) throw new Error('the memory engine reads one table in a batch');
    allowOnly('BatchGetItem', request, ['Keys', 'ConsistentRead', 'ProjectionExpression', 'ExpressionAttributeNames']);
    const table = this.#table({ TableName: name });
    const all = request.Keys as StoredItem[];
    if (all.length > BATCH_GET_KEYS_MAX) throw new Invalid('Too many items requested for the BatchGetItem call');
    const keys = all.map((key) => keyOf(table, key));
    if (new Set(keys.map((key) => rowKeyOf(table, key))).size < keys.length) {
      throw new Invalid('Provided list of item keys contains duplicates');
    }
    const project = this.#projection(request);
    const rows = this.#rowsAt(table, request, luck);
    const done = Math.max(0, keys.length - (luck.unprocessed ?? 0));
    const read = keys.slice(0, done).map((key) => rows.get(rowKeyOf(table, key)));
    const found = read.filter((item) => item !== undefined);
    this.#tellRead('BatchGetItem', request, read);
    const rest = keys.slice(done);
    return {
      Responses: { [name]: found.map(project) },
      UnprocessedKeys: rest.length === 0 ? {} : { [name]: { ...request, Keys: rest } },
    };
  }

  #query(input: Input, luck: Luck): Output {
    allowOnly('Query', input, [...READ_MANY, 'KeyConditionExpression', 'FilterExpression', 'ProjectionExpression']);
    const table = this.#table(input);
    const { partitionKey } = TABLES[table];
    const condition = parseCondition(input.KeyConditionExpression as string);
    const { placeholders, show, isWanted } = lookAt(input, [condition]);
    const { tree } = condition;
    const attribute = tree.is === '=' && 'path' in tree.left && tree.left.path.length === 1 ? tree.left.path[0] : '';
    if ((placeholders.names[attribute as string] ?? attribute) !== partitionKey) {
      throw new Invalid(`Query condition missed key schema element: ${partitionKey}`);
    }
    const asked = tree.is === '=' && 'value' in tree.right ? placeholders.values[tree.right.value]?.S : undefined;
    const partition = this.#tables.partition(table, asked, input.ConsistentRead === true ? 0 : luck.age);
    const rows = [...partition.values()].filter((item) => holds(tree, item, placeholders));
    return this.#page(rows, keyNames(table), input, show, isWanted);
  }

  #scan(input: Input, luck: Luck): Output {
    allowOnly('Scan', input, [...READ_MANY, 'IndexName', 'FilterExpression', 'ProjectionExpression']);
    const table = this.#table(input);
    const { show, isWanted } = lookAt(input, []);
    if (input.IndexName === undefined) {
      return this.#page([...this.#rowsAt(table, input, luck).values()], keyNames(table), input, show, isWanted);
    }
    if (input.IndexName !== MARKED_INDEX.name || !TABLES[table].marked) {
      throw new Invalid(`The table does not have the specified index: ${input.IndexName}`);
    }
    if (input.ConsistentRead === true)
      throw new Invalid('Consistent reads are not supported on global secondary indexes');
    const keys = [MARKED_INDEX.partitionKey, MARKED_INDEX.sortKey];
    const entries = [...this.#tables.rows(table, luck.age).values()]
      .filter((item) => item[MARKED_INDEX.sortKey] !== undefined)
      .map((item) => Object.fromEntries(keys.map((name) => [name, item[name] as AttributeValue])));
    return this.#page(entries, keys, input, show, isWanted);
  }

  /** Ordered by key. AWS orders partitions by a secret hash: any order is as good. */
  #page(
    rows: readonly StoredItem[],
    keys: readonly string[],
    input: Input,
    show: (item: StoredItem) => StoredItem,
    isWanted: (item: StoredItem) => boolean,
  ): Output {
    const textsOf = (item: StoredItem) => keys.map((name) => item[name]?.S as string);
    const ordered = rows.map((item) => ({ item, texts: textsOf(item) })).sort((a, b) => compareKeys(a.texts, b.texts));
    const start = input.ExclusiveStartKey as StoredItem | undefined;
    if (start && (Object.keys(start).length !== keys.length || textsOf(start).some((text) => text === undefined))) {
      throw new Invalid('The provided starting key is invalid');
    }
    const first = start === undefined ? 0 : ordered.findIndex(({ texts }) => compareKeys(texts, textsOf(start)) > 0);
    const rest = first < 0 ? [] : ordered.slice(first);
    const limit = input.Limit as number | undefined;
    if (limit !== undefined && !(limit >= 1)) throw new Invalid('Limit must be greater than or equal to 1');
    const page = rest.slice(0, Math.min(limit ?? Number.POSITIVE_INFINITY, this.#pageItemsMax));
    // A page that ends at its limit tells where, even if nothing follows.
    const isCut = page.length === limit || page.length < rest.length;
    const last = page.at(-1)?.item;
    const read = page.map(({ item }) => item);
    this.#tellRead('KeyConditionExpression' in input ? 'Query' : 'Scan', input, read);
    const items = read.filter(isWanted);
    return {
      ...(input.Select !== 'COUNT' && { Items: items.map(show) }),
      Count: items.length,
      ScannedCount: page.length,
      ...(isCut && last && { LastEvaluatedKey: Object.fromEntries(keys.map((name) => [name, last[name]])) }),
    };
  }

  #writeOne(operation: string, input: Input): Output {
    const checked = this.#check(operation.replace('Item', ''), input);
    const { write, old, isRefused } = checked;
    this.#tellWritten(operation, [writtenBy(checked, !isRefused)]);
    if (isRefused) {
      const isShown = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && old !== undefined;
      throw new ConditionalCheckFailedException({
        message: 'The conditional request failed',
        ...METADATA,
        ...(isShown && { Item: old }),
      });
    }
    if (write) this.#tables.write([write]);
    const returned = { NONE: undefined, ALL_OLD: old, ALL_NEW: write?.item }[
      oneOf(input.ReturnValues ?? 'NONE', ['NONE', 'ALL_OLD', 'ALL_NEW'])
    ];
    return { ...(returned && { Attributes: returned }) };
  }

  #batchWrite(input: Input, luck: Luck): Output {
    allowOnly('BatchWriteItem', input, ['RequestItems']);
    const [[name, request], ...more] = entriesOf(input.RequestItems);
    if (more.length > 0) throw new Error('the memory engine writes one table in a batch');
    const table = this.#table({ TableName: name });
    const deletes = request as unknown as { DeleteRequest?: { Key: unknown } }[];
    const keys = deletes.map(({ DeleteRequest, ...others }) => {
      if (DeleteRequest === undefined || Object.keys(others).length > 0) throw unknown('BatchWriteItem', 'a put');
      return keyOf(table, DeleteRequest.Key);
    });
    if (keys.length > BATCH_WRITE_ITEMS_MAX) throw new Invalid('Too many items requested for the BatchWriteItem call');
    if (new Set(keys.map((key) => rowKeyOf(table, key))).size < keys.length) {
      throw new Invalid('Provided list of item keys contains duplicates');
    }
    const done = Math.max(0, keys.length - (luck.unprocessed ?? 0));
    // One after another: each is a write of its own.
    const first = keys.slice(0, done);
    const written = first.map((key) => ({ before: this.#tables.find(table, key), after: undefined, put: undefined }));
    this.#tellWritten(
      'BatchWriteItem',
      written.map((one) => ({ table, ...one })),
    );
    for (const key of first) this.#tables.write([{ table, keys: key, item: undefined }]);
    const rest = deletes.slice(done);
    return { UnprocessedItems: rest.length === 0 ? {} : { [name]: rest } };
  }

  #executeBatch(input: Input, { statement: fault }: Luck): Output {
    allowOnly('BatchExecuteStatement', input, ['Statements']);
    const statements = input.Statements as { Statement: string; Parameters: AttributeValue[] }[];
    if (statements.length > STATEMENTS_MAX) throw new Invalid('BatchWriteItem cannot write more than 25 items');
    const updates = statements.map(({ Statement, Parameters, ...others }) => ({
      ...updateOf(Statement, Parameters, (name) => keyNames(this.#table({ TableName: name }))),
      ...others,
    }));
    if (new Set(updates.map((update) => this.#addressOf('Update', update))).size < updates.length) {
      throw new Invalid('Provided list of item keys contains duplicates');
    }
    const written: Written[] = [];
    const Responses = updates.map((update, place) => {
      const its = place === updates.length - 1 ? fault : undefined;
      const response = its === undefined || its.isDone ? this.#execute(update, written) : {};
      const { TableName } = update;
      if (its?.code !== undefined) return { TableName, Error: { Code: its.code, Message: 'try again' } };
      return its === undefined || 'Error' in response ? { TableName, ...response } : { TableName };
    });
    this.#tellWritten('BatchExecuteStatement', written);
    return { Responses };
  }

  /** One statement, which stands alone. */
  #execute(update: Input, written: Written[]): Output {
    try {
      const checked = this.#check('Update', update);
      written.push(writtenBy(checked, !checked.isRefused));
      if (checked.isRefused) return { Error: { ...reasonOf({ ...checked, parameters: update }) } };
      if (checked.write) this.#tables.write([checked.write]);
      return { Item: checked.write?.item };
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      return { Error: { Code: 'ValidationError', Message: error.message } };
    }
  }

  /** In the order of the keys; AWS promises none. */
  #select(input: Input, luck: Luck): Output {
    allowOnly('ExecuteStatement', input, ['Statement', 'Parameters', 'ConsistentRead', 'Limit', 'NextToken']);
    const { TableName, partitionKey, partitions } = selectOf(
      input.Statement as string,
      input.Parameters as AttributeValue[],
    );
    const table = this.#table({ TableName });
    if (partitionKey !== TABLES[table].partitionKey || partitions.length > COUNTED_TOGETHER_MAX) {
      throw unknown('ExecuteStatement', 'a read of so many partitions, or of a whole table');
    }
    if (partitions.includes('')) {
      throw new Invalid(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${partitionKey}`,
      );
    }
    const age = input.ConsistentRead === true ? 0 : luck.age;
    const rows = partitions
      .flatMap((id) =>
        [...this.#tables.partition(table, id, age).values()].filter((item) => item[partitionKey]?.S === id),
      )
      .map((item) => ({ item, texts: keyNames(table).map((name) => item[name]?.S as string) }))
      .sort((a, b) => compareKeys(a.texts, b.texts));
    const after = input.NextToken === undefined ? undefined : (JSON.parse(input.NextToken as string) as string[]);
    const rest = rows.filter(({ texts }) => after === undefined || compareKeys(texts, after) > 0);
    const limit = (input.Limit as number | undefined) ?? Number.POSITIVE_INFINITY;
    const page = rest.slice(0, Math.min(limit, this.#pageItemsMax, luck.rows ?? Number.POSITIVE_INFINITY));
    const isCut = page.length === limit || page.length < rest.length || page.length === luck.rows;
    const read = partitions.map((id) => page.map(({ item }) => item).filter((item) => item[partitionKey]?.S === id));
    this.#observe({
      operation: 'ExecuteStatement',
      isConsistent: input.ConsistentRead === true,
      read: [],
      partitions: read,
      written: [],
    });
    return {
      Items: page.map(({ item }) => pick(item, [partitionKey])),
      ...(isCut && { NextToken: JSON.stringify(page.at(-1)?.texts ?? after ?? []) }),
    };
  }

  #transact(input: Input): Output {
    allowOnly('TransactWriteItems', input, ['TransactItems', 'ClientRequestToken']);
    const actions = input.TransactItems as Record<string, Input>[];
    const token = input.ClientRequestToken as string | undefined;
    if (actions.length < 1 || actions.length > TRANSACTION_ACTIONS_MAX) {
      throw new Invalid(`Member must have length less than or equal to ${TRANSACTION_ACTIONS_MAX}`);
    }
    const payload = JSON.stringify(actions);
    const known = token === undefined ? undefined : this.#tokens.get(token);
    if (known !== undefined && this.#now() - known.atMillis < TOKEN_LIFE_MILLIS) {
      if (known.payload === payload) return {};
      throw new IdempotentParameterMismatchException({
        message: 'The request uses the same client token as a previous, but non-identical request.',
        ...METADATA,
      });
    }
    const checked = actions.map((action) => {
      const [[name, parameters], ...more] = entriesOf(action);
      if (more.length > 0) throw new Invalid('TransactItems can only contain one of Check, Put, Update or Delete');
      return { ...this.#check(name, parameters), parameters, at: this.#addressOf(name, parameters) };
    });
    if (new Set(checked.map(({ at }) => at)).size < checked.length) {
      throw new Invalid('Transaction request cannot include multiple operations on one item');
    }
    const isCancelled = checked.some(({ isRefused }) => isRefused);
    this.#tellWritten(
      'TransactWriteItems',
      checked.map((one) => writtenBy(one, !isCancelled)),
    );
    if (isCancelled) throw cancelled(checked.map(reasonOf));
    this.#tables.write(checked.flatMap(({ write }) => write ?? []));
    if (token !== undefined) this.#tokens.set(token, { payload, atMillis: this.#now() });
    return {};
  }

  /** @param name `Put`, `Update`, `Delete` or `ConditionCheck` */
  #check(name: string, input: Input): Checked {
    const allowed = WRITES[name];
    if (allowed === undefined) throw new Error(`the memory engine does not know the action ${name}`);
    allowOnly(name, input, allowed);
    const table = this.#table(input);
    const put = name === 'Put' ? keptItem(input.Item as StoredItem) : undefined;
    const keys = keyOf(table, put === undefined ? input.Key : pick(put, keyNames(table)));
    const condition =
      input.ConditionExpression === undefined ? undefined : parseCondition(input.ConditionExpression as string);
    const update = name === 'Update' ? parseUpdate(input.UpdateExpression as string) : undefined;
    const placeholders = placeholdersOf(input, [condition, update]);
    const old = this.#tables.find(table, keys);
    if (condition !== undefined && !holds(condition.tree, old, placeholders)) {
      return { table, put, write: undefined, old, isRefused: true };
    }
    const item = put ?? (update && changed(update.tree, old ?? keys, placeholders));
    if (item !== undefined) checkItem(table, keys, item);
    const write = name === 'ConditionCheck' ? undefined : { table, keys, item };
    return { table, put, write, old, isRefused: false };
  }

  #tellRead(operation: string, input: Input, read: Touched['read']): void {
    this.#observe({ operation, isConsistent: input.ConsistentRead === true, read, written: [] });
  }

  #tellWritten(operation: string, written: readonly Written[]): void {
    this.#observe({ operation, isConsistent: false, read: [], written });
  }

  #addressOf(name: string, input: Input): string {
    const table = this.#table(input);
    const key = name === 'Put' ? pick(input.Item as StoredItem, keyNames(table)) : (input.Key as StoredItem);
    return JSON.stringify([table, rowKeyOf(table, key)]);
  }

  #table(input: Input): TableName {
    const table = this.#names.get(input.TableName as string);
    if (table !== undefined) return table;
    throw exception('ResourceNotFoundException', 'Cannot do operations on a non-existent table');
  }

  #rowsAt(table: TableName, input: Input, luck: Luck) {
    return this.#tables.rows(table, input.ConsistentRead === true ? 0 : luck.age);
  }

  #projection(input: Input): (item: StoredItem) => StoredItem {
    const parsed =
      input.ProjectionExpression === undefined ? undefined : parseProjection(input.ProjectionExpression as string);
    const placeholders = placeholdersOf(input, [parsed]);
    return (item) => (parsed ? projected(parsed.tree, item, placeholders) : item);
  }
}

const READ = ['TableName', 'Key', 'ConsistentRead', 'ProjectionExpression', 'ExpressionAttributeNames'];
const READ_MANY = [
  'TableName',
  'ConsistentRead',
  'Select',
  'Limit',
  'ExclusiveStartKey',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
];
const CONDITIONED = [
  'TableName',
  'ConditionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'ReturnValues',
  'ReturnValuesOnConditionCheckFailure',
];
const WRITES: Record<string, readonly string[]> = {
  Put: [...CONDITIONED, 'Item'],
  Update: [...CONDITIONED, 'Key', 'UpdateExpression'],
  Delete: [...CONDITIONED, 'Key'],
  ConditionCheck: [...CONDITIONED, 'Key'],
};

function allowOnly(operation: string, input: Input, known: readonly string[]): void {
  for (const [name, value] of Object.entries(input)) {
    if (value !== undefined && !known.includes(name)) throw unknown(operation, name);
  }
}

function unknown(operation: string, what: string): Error {
  return new Error(`the memory engine does not know ${what} of ${operation}`);
}

function oneOf<T extends string>(value: unknown, known: readonly T[]): T {
  if (known.includes(value as T)) return value as T;
  throw new Error(`the memory engine does not know ${value}`);
}

function entriesOf(map: unknown): [[string, Input], ...[string, Input][]] {
  return Object.entries(map as Record<string, Input>) as [[string, Input]];
}

function pick(item: StoredItem, names: readonly string[]): StoredItem {
  return Object.fromEntries(names.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]])));
}

/** The key, if it is one of the table: exactly its attributes, non-empty strings all. */
function keyOf(table: TableName, key: unknown): StoredItem {
  const names = keyNames(table);
  const given = key as StoredItem;
  if (Object.keys(given).length !== names.length || names.some((name) => given[name]?.S === undefined)) {
    throw new Invalid('The provided key element does not match the schema');
  }
  for (const name of names) {
    if (given[name]?.S === '') {
      throw new Invalid(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`,
      );
    }
  }
  return given;
}

function rowKeyOf(table: TableName, key: StoredItem): string {
  const { partitionKey, sortKey } = TABLES[table];
  const partition = key[partitionKey]?.S as string;
  return sortKey === undefined ? partition : JSON.stringify([partition, key[sortKey]?.S]);
}

/** What DynamoDB wants of an item: its key unchanged, and an index's key of the index's type where it has one. */
function checkItem(table: TableName, keys: StoredItem, item: StoredItem): void {
  for (const name of keyNames(table)) {
    if (item[name]?.S !== keys[name]?.S) {
      throw new Invalid(
        `One or more parameter values were invalid: Cannot update attribute ${name}. This attribute is part of the key`,
      );
    }
  }
  const indexed = TABLES[table].marked ? item[MARKED_INDEX.sortKey] : undefined;
  if (indexed !== undefined && !indexed.S) {
    throw new Invalid(`One or more parameter values were invalid: Type mismatch for Index Key ${MARKED_INDEX.sortKey}`);
  }
}

function writtenBy({ table, put, write, old }: Checked, isDone: boolean): Written {
  return { table, before: old, after: isDone && write !== undefined ? write.item : old, put };
}

/** What a query or a scan shows of which items, and the placeholders of all its expressions. */
function lookAt(input: Input, more: readonly Parsed<unknown>[]) {
  const filter = input.FilterExpression === undefined ? undefined : parseCondition(input.FilterExpression as string);
  const projection =
    input.ProjectionExpression === undefined ? undefined : parseProjection(input.ProjectionExpression as string);
  const placeholders = placeholdersOf(input, [...more, filter, projection]);
  return {
    placeholders,
    isWanted: (item: StoredItem) => filter === undefined || holds(filter.tree, item, placeholders),
    show: (item: StoredItem) => (projection ? projected(projection.tree, item, placeholders) : item),
  };
}

function placeholdersOf(input: Input, expressions: readonly (Parsed<unknown> | undefined)[]): Placeholders {
  const names = (input.ExpressionAttributeNames ?? {}) as Record<string, string>;
  const values = (input.ExpressionAttributeValues ?? {}) as StoredItem;
  const isUsed = (name: string) => expressions.some((expression) => expression?.used.has(name));
  for (const name of [...Object.keys(names), ...Object.keys(values)]) {
    if (!isUsed(name))
      throw new Invalid(`Value provided in ExpressionAttribute unused in expressions: keys: {${name}}`);
  }
  for (const expression of expressions) {
    for (const name of expression?.used ?? []) {
      if (names[name] === undefined && values[name] === undefined) {
        throw new Invalid(`An expression attribute used in expression is not defined; attribute: ${name}`);
      }
    }
  }
  return { names, values };
}

function reasonOf({ isRefused, old, parameters }: Checked & { readonly parameters: Input }): CancellationReason {
  if (!isRefused) return { Code: 'None' };
  const isShown = parameters.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && old !== undefined;
  return {
    Code: 'ConditionalCheckFailed',
    Message: 'The conditional request failed',
    ...(isShown && { Item: old }),
  };
}

export function cancelled(reasons: CancellationReason[]): TransactionCanceledException {
  const codes = reasons.map(({ Code }) => Code).join(', ');
  return new TransactionCanceledException({
    message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    CancellationReasons: reasons,
    ...METADATA,
  });
}

function validation(message: string): DynamoDBServiceException {
  return exception('ValidationException', message);
}

/** As the SDK throws what DynamoDB answers. */
export function exception(name: string, message: string, httpStatusCode = 400): DynamoDBServiceException {
  const $fault = httpStatusCode >= 500 ? 'server' : 'client';
  return new DynamoDBServiceException({ name, message, $fault, $metadata: { httpStatusCode } });
}
