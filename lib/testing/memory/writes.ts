/** The requests that write. */

import type { AttributeValue, CancellationReason } from '@aws-sdk/client-dynamodb';
import { BATCH_WRITE_ITEMS_MAX, STATEMENTS_MAX, TRANSACTION_ACTIONS_MAX } from '../../protocol/limits.ts';
import { cancelled, otherTransaction, refused } from './answers.ts';
import { keptItem, type StoredItem } from './attribute-values.ts';
import { changed, holds, Invalid, parseCondition, parseUpdate } from './expressions.ts';
import {
  allowOnly,
  checkItem,
  entriesOf,
  type Input,
  keyOf,
  type Output,
  oneOf,
  pick,
  placeholdersOf,
  unknown,
} from './inputs.ts';
import { NotInMemoryError } from './not-in-memory.ts';
import type { Luck } from './reads.ts';
import { updateOf } from './statements.ts';
import { keyNames, type MemoryTables, rowKey, type StoredWrite } from './tables.ts';
import type { Touched, Written } from './touched.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const TOKEN_LIFE_MILLIS = 10 * 60 * 1000;
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

interface Checked {
  readonly table: string;
  readonly put: StoredItem | undefined;
  readonly write: StoredWrite | undefined;
  readonly old: StoredItem | undefined;
  readonly isRefused: boolean;
}

export interface WriteOptions {
  readonly tables: MemoryTables;
  readonly tableOf: (input: Input) => string;
  readonly nowEpochMillis: () => number;
  readonly observe: (touched: Touched) => void;
}

export class Writes {
  readonly #tables: MemoryTables;
  readonly #table: (input: Input) => string;
  readonly #now: () => number;
  readonly #observe: (touched: Touched) => void;
  readonly #tokens = new Map<string, { readonly payload: string; readonly atMillis: number }>();

  constructor({ tables, tableOf, nowEpochMillis, observe }: WriteOptions) {
    this.#tables = tables;
    this.#table = tableOf;
    this.#now = nowEpochMillis;
    this.#observe = observe;
  }

  writeOne(operation: string, input: Input): Output {
    const checked = this.#check(operation.replace('Item', ''), input);
    const { write, old, isRefused } = checked;
    this.#tellWritten(operation, [writtenBy(checked, !isRefused)]);
    if (isRefused) {
      const isShown = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && old !== undefined;
      throw refused(isShown ? old : undefined);
    }
    if (write) this.#tables.write([write]);
    const returned = { NONE: undefined, ALL_OLD: old, ALL_NEW: write?.item }[
      oneOf(input.ReturnValues ?? 'NONE', ['NONE', 'ALL_OLD', 'ALL_NEW'])
    ];
    return { ...(returned && { Attributes: returned }) };
  }

  batchWrite(input: Input, luck: Luck): Output {
    allowOnly('BatchWriteItem', input, ['RequestItems']);
    const [[name, request], ...more] = entriesOf(input.RequestItems);
    if (more.length > 0) throw new NotInMemoryError('a BatchWriteItem of several tables');
    const table = this.#table({ TableName: name });
    const schema = this.#tables.schema(table);
    const deletes = request as unknown as { DeleteRequest?: { Key: unknown } }[];
    const keys = deletes.map(({ DeleteRequest, ...others }) => {
      if (DeleteRequest === undefined || Object.keys(others).length > 0) throw unknown('BatchWriteItem', 'a put');
      return keyOf(schema, DeleteRequest.Key);
    });
    if (keys.length > BATCH_WRITE_ITEMS_MAX) throw new Invalid('Too many items requested for the BatchWriteItem call');
    if (new Set(keys.map((key) => rowKey(schema, key))).size < keys.length) {
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

  executeBatch(input: Input, { statement: fault }: Luck): Output {
    allowOnly('BatchExecuteStatement', input, ['Statements']);
    const statements = input.Statements as { Statement: string; Parameters: AttributeValue[] }[];
    if (statements.length > STATEMENTS_MAX) throw new Invalid('BatchWriteItem cannot write more than 25 items');
    const updates = statements.map(({ Statement, Parameters, ...others }) => ({
      ...updateOf(Statement, Parameters, (name) => keyNames(this.#tables.schema(this.#table({ TableName: name })))),
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

  transact(input: Input): Output {
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
      throw otherTransaction();
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
    if (allowed === undefined) throw new NotInMemoryError(`the action ${name}`);
    allowOnly(name, input, allowed);
    const table = this.#table(input);
    const put = name === 'Put' ? keptItem(input.Item as StoredItem) : undefined;
    const schema = this.#tables.schema(table);
    const keys = keyOf(schema, put === undefined ? input.Key : pick(put, keyNames(schema)));
    const condition =
      input.ConditionExpression === undefined ? undefined : parseCondition(input.ConditionExpression as string);
    const update = name === 'Update' ? parseUpdate(input.UpdateExpression as string) : undefined;
    const placeholders = placeholdersOf(input, [condition, update]);
    const old = this.#tables.find(table, keys);
    if (condition !== undefined && !holds(condition.tree, old, placeholders)) {
      return { table, put, write: undefined, old, isRefused: true };
    }
    const item = put ?? (update && changed(update.tree, old ?? keys, placeholders));
    if (item !== undefined) checkItem(schema, keys, item);
    const write = name === 'ConditionCheck' ? undefined : { table, keys, item };
    return { table, put, write, old, isRefused: false };
  }

  #tellWritten(operation: string, written: readonly Written[]): void {
    this.#observe({ operation, isConsistent: false, read: [], written });
  }

  #addressOf(name: string, input: Input): string {
    const table = this.#table(input);
    const schema = this.#tables.schema(table);
    const key = name === 'Put' ? pick(input.Item as StoredItem, keyNames(schema)) : (input.Key as StoredItem);
    return JSON.stringify([table, rowKey(schema, key)]);
  }
}

function writtenBy({ table, put, write, old }: Checked, isDone: boolean): Written {
  return { table, before: old, after: isDone && write !== undefined ? write.item : old, put };
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
