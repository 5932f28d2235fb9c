/** The requests that read. */

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { TablePlan } from '../../lifecycle/tables.ts';
import { BATCH_GET_KEYS_MAX, COUNTED_TOGETHER_MAX } from '../../protocol/limits.ts';
import { compareKeys, type StoredItem } from './attribute-values.ts';
import {
  type Condition,
  holds,
  Invalid,
  type Parsed,
  type Placeholders,
  parseCondition,
  parseProjection,
  projected,
} from './expressions.ts';
import { allowOnly, entriesOf, type Input, keyOf, type Output, pick, placeholdersOf, unknown } from './inputs.ts';
import { NotInMemoryError } from './not-in-memory.ts';
import { selectOf } from './statements.ts';
import { keyNames, type MemoryTables, rowKey } from './tables.ts';
import type { Touched } from './touched.ts';

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

export interface ReadOptions {
  readonly tables: MemoryTables;
  readonly tableOf: (input: Input) => string;
  readonly pageItemsMax: number;
  readonly observe: (touched: Touched) => void;
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
export class Reads {
  readonly #tables: MemoryTables;
  readonly #table: (input: Input) => string;
  readonly #pageItemsMax: number;
  readonly #observe: (touched: Touched) => void;

  constructor({ tables, tableOf, pageItemsMax, observe }: ReadOptions) {
    this.#tables = tables;
    this.#table = tableOf;
    this.#pageItemsMax = pageItemsMax;
    this.#observe = observe;
  }

  get(input: Input, luck: Luck): Output {
    allowOnly('GetItem', input, READ);
    const table = this.#table(input);
    const schema = this.#tables.schema(table);
    const key = keyOf(schema, input.Key);
    const item = this.#rowsAt(table, input, luck).get(rowKey(schema, key));
    const project = this.#projection(input);
    this.#tellRead('GetItem', input, [item]);
    return { ...(item && { Item: project(item) }) };
  }

  batchGet(input: Input, luck: Luck): Output {
    allowOnly('BatchGetItem', input, ['RequestItems']);
    const requests = entriesOf(input.RequestItems).map(([name, request]) => this.#batchOf(name, request, luck));
    const all = requests.reduce((sum, { keys }) => sum + keys.length, 0);
    if (all > BATCH_GET_KEYS_MAX) throw new Invalid('Too many items requested for the BatchGetItem call');
    if (new Set(requests.map(({ request }) => request.ConsistentRead)).size > 1) {
      throw new NotInMemoryError('a BatchGetItem that reads tables in different ways');
    }
    // The last ones are left over, whatever their tables.
    let processed = Math.max(0, all - (luck.unprocessed ?? 0));
    const read: (StoredItem | undefined)[] = [];
    const Responses: Record<string, readonly StoredItem[]> = {};
    const UnprocessedKeys: Record<string, Input> = {};
    for (const { name, request, keys, find, project } of requests) {
      const items = keys.slice(0, processed).map(find);
      const rest = keys.slice(processed);
      processed -= items.length;
      read.push(...items);
      Responses[name] = items.filter((item) => item !== undefined).map(project);
      if (rest.length > 0) UnprocessedKeys[name] = { ...request, Keys: rest };
    }
    this.#tellRead('BatchGetItem', requests[0]?.request ?? {}, read);
    return { Responses, UnprocessedKeys };
  }

  /** What a batch asks of one table. */
  #batchOf(name: string, request: Input, luck: Luck) {
    allowOnly('BatchGetItem', request, ['Keys', 'ConsistentRead', 'ProjectionExpression', 'ExpressionAttributeNames']);
    const table = this.#table({ TableName: name });
    const schema = this.#tables.schema(table);
    const keys = (request.Keys as StoredItem[]).map((key) => keyOf(schema, key));
    if (new Set(keys.map((key) => rowKey(schema, key))).size < keys.length) {
      throw new Invalid('Provided list of item keys contains duplicates');
    }
    const rows = this.#rowsAt(table, request, luck);
    const find = (key: StoredItem) => rows.get(rowKey(schema, key));
    return { name, request, keys, find, project: this.#projection(request) };
  }

  query(input: Input, luck: Luck): Output {
    allowOnly('Query', input, [...READ_MANY, 'KeyConditionExpression', 'FilterExpression', 'ProjectionExpression']);
    const table = this.#table(input);
    const schema = this.#tables.schema(table);
    const condition = parseCondition(input.KeyConditionExpression as string);
    const { placeholders, show, isWanted } = lookAt(input, [condition]);
    const { tree } = condition;
    const asked = partitionAsked(tree, schema, placeholders, input);
    const partition = this.#tables.partition(table, asked, input.ConsistentRead === true ? 0 : luck.age);
    const rows = [...partition.values()].filter((item) => holds(tree, item, placeholders));
    return this.#page(rows, keyNames(schema), input, show, isWanted);
  }

  scan(input: Input, luck: Luck): Output {
    allowOnly('Scan', input, [...READ_MANY, 'IndexName', 'FilterExpression', 'ProjectionExpression']);
    const table = this.#table(input);
    const schema = this.#tables.schema(table);
    const { show, isWanted } = lookAt(input, []);
    if (input.IndexName === undefined) {
      return this.#page([...this.#rowsAt(table, input, luck).values()], keyNames(schema), input, show, isWanted);
    }
    const { markedIndex } = schema;
    if (input.IndexName !== markedIndex?.name) {
      throw new Invalid(`The table does not have the specified index: ${input.IndexName}`);
    }
    if (input.ConsistentRead === true)
      throw new Invalid('Consistent reads are not supported on global secondary indexes');
    const { partitionKey, sortKey } = markedIndex as NonNullable<TablePlan['markedIndex']>;
    // What an index of keys has: its own, and the table's.
    const keys = [...new Set([partitionKey, sortKey, ...keyNames(schema)])];
    const entries = [...this.#tables.rows(table, luck.age).values()]
      .filter((item) => item[sortKey] !== undefined)
      .map((item) => Object.fromEntries(keys.map((name) => [name, item[name] as AttributeValue])));
    return this.#page(entries, keys, input, show, isWanted);
  }

  /** In the order of the keys; AWS promises none. */
  select(input: Input, luck: Luck): Output {
    allowOnly('ExecuteStatement', input, ['Statement', 'Parameters', 'ConsistentRead', 'Limit', 'NextToken']);
    const { TableName, partitionKey, attributes, partitions, sort } = selectOf(
      input.Statement as string,
      input.Parameters as AttributeValue[],
    );
    const table = this.#table({ TableName });
    const schema = this.#tables.schema(table);
    if (
      partitionKey !== schema.partitionKey ||
      (sort && sort.attribute !== schema.sortKey) ||
      partitions.length > COUNTED_TOGETHER_MAX
    ) {
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
        [...this.#tables.partition(table, id, age).values()].filter(
          (item) => item[partitionKey]?.S === id && (sort?.fits(item[sort.attribute]?.S as string) ?? true),
        ),
      )
      .map((item) => ({ item, texts: keyNames(schema).map((name) => item[name]?.S as string) }))
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
      Items: page.map(({ item }) => pick(item, attributes)),
      ...(isCut && { NextToken: JSON.stringify(page.at(-1)?.texts ?? after ?? []) }),
    };
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

  #tellRead(operation: string, input: Input, read: Touched['read']): void {
    this.#observe({ operation, isConsistent: input.ConsistentRead === true, read, written: [] });
  }

  #rowsAt(table: string, input: Input, luck: Luck) {
    return this.#tables.rows(table, input.ConsistentRead === true ? 0 : luck.age);
  }

  #projection(input: Input): (item: StoredItem) => StoredItem {
    const parsed =
      input.ProjectionExpression === undefined ? undefined : parseProjection(input.ProjectionExpression as string);
    const placeholders = placeholdersOf(input, [parsed]);
    return (item) => (parsed ? projected(parsed.tree, item, placeholders) : item);
  }
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

/** The partition that a query asks for, whatever else it asks of the sort key. */
function partitionAsked(
  tree: Condition,
  { partitionKey, sortKey }: TablePlan,
  { names, values }: Placeholders,
  input: Input,
): string | undefined {
  // DynamoDB takes more of them: to say that the key is missing would be a guess.
  const unknownHere = () => new NotInMemoryError(`the key condition "${input.KeyConditionExpression}"`);
  const parts = tree.is === 'and' ? tree.parts : [tree];
  const asked = parts.map((part) => {
    if (part.is !== '=' && part.is !== 'begins with') throw unknownHere();
    const path = part.is === 'begins with' ? part.path : 'path' in part.left ? part.left.path : [];
    const attribute = path.length === 1 ? (names[path[0] as string] ?? path[0]) : '';
    const value = part.is !== 'begins with' && 'value' in part.right ? values[part.right.value]?.S : undefined;
    return { is: part.is, attribute, value };
  });
  const partition = asked.find(({ is, attribute }) => is === '=' && attribute === partitionKey);
  if (partition === undefined) throw new Invalid(`Query condition missed key schema element: ${partitionKey}`);
  if (!asked.every((one) => one === partition || one.attribute === sortKey) || asked.length > 2) throw unknownHere();
  return partition.value;
}
