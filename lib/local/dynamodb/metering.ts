/**
 * Finds out what one request costs. DynamoDB Local's own figure counts where it follows AWS's rules. Elsewhere (transactional
 * writes, missing items of a batch, empty queries, failed conditions) capacity.ts computes it.
 */
import {
  type IndexSchema,
  itemBytes,
  readUnits,
  type TransactionAction,
  transactionWriteUnits,
  type WireItem,
  writeUnits,
} from './capacity.ts';
import type { EngineConnection } from './engine-connection.ts';
import type { Units } from './meter.ts';
import { readOfPartitionsUnits, statementsUnits, wholeRead } from './metered-statements.ts';

type WireBody = Record<string, unknown>;

interface WireAnswer {
  readonly status: number;
  readonly body: WireBody;
}

interface MeteredRequest {
  /** What to send in place of the client's body. */
  readonly body: WireBody;
  /** Units, and the answer's body without what the client did not ask for. */
  complete(answer: WireAnswer): Promise<Units & { readonly body: WireBody }>;
}

const READS = ['GetItem', 'Query', 'Scan', 'BatchGetItem', 'TransactGetItems'];
const SINGLE_WRITES = ['PutItem', 'UpdateItem', 'DeleteItem'];

function errorName(answer: WireAnswer): string {
  return String(answer.body.__type ?? '').replace(/^.*#/, '');
}

/** One figure, or one for each table. */
function reportedUnits(body: WireBody): number {
  const reported = body.ConsumedCapacity as { CapacityUnits?: number } | { CapacityUnits?: number }[] | undefined;
  const list = Array.isArray(reported) ? reported : [reported];
  return list.reduce((sum, capacity) => sum + (capacity?.CapacityUnits ?? 0), 0);
}

interface KeysAndConsistency {
  readonly Keys: readonly WireItem[];
  readonly ConsistentRead?: boolean;
}

function missingItemUnits(isConsistent: unknown): number {
  return readUnits(0, isConsistent === true ? 'strong' : 'eventual');
}

/** The engine charges nothing for a batch's missing items; AWS charges each as the smallest item. */
function missingItemsUnits(request: WireBody, answer: WireBody): number {
  const tables = Object.entries(request.RequestItems as Record<string, KeysAndConsistency>);
  const responses = answer.Responses as Record<string, readonly WireItem[]> | undefined;
  const unprocessed = answer.UnprocessedKeys as Record<string, KeysAndConsistency> | undefined;
  return tables.reduce((sum, [table, { Keys, ConsistentRead }]) => {
    const missing = Keys.length - (responses?.[table]?.length ?? 0) - (unprocessed?.[table]?.Keys.length ?? 0);
    return sum + missing * missingItemUnits(ConsistentRead);
  }, 0);
}

function meterRead(operation: string, request: WireBody): MeteredRequest {
  return {
    body: withCapacity(request),
    async complete({ status, body }) {
      if (status !== 200) return { body };
      const reported = reportedUnits(body);
      if (operation === 'TransactGetItems') return { readUnits: reported, body };
      if (operation === 'BatchGetItem') return { readUnits: reported + missingItemsUnits(request, body), body };
      return { readUnits: Math.max(reported, missingItemUnits(request.ConsistentRead)), body };
    },
  };
}

function withCapacity(request: WireBody): WireBody {
  const asked = request.ReturnConsumedCapacity;
  return asked === undefined || asked === 'NONE' ? { ...request, ReturnConsumedCapacity: 'TOTAL' } : request;
}

/** A failed condition costs what the existing item would, at least one. */
function meterSingleWrite(request: WireBody): MeteredRequest {
  const clientWantsItem = request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
  const conditional = request.ConditionExpression !== undefined;
  return {
    body: { ...withCapacity(request), ...(conditional && { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }) },
    async complete(answer) {
      if (answer.status === 200) return { writeUnits: reportedUnits(answer.body), body: answer.body };
      if (errorName(answer) !== 'ConditionalCheckFailedException') return { body: answer.body };
      const { Item, ...rest } = answer.body;
      const units = writeUnits(itemBytes(Item as WireItem | undefined));
      return { writeUnits: units, body: clientWantsItem ? answer.body : rest };
    },
  };
}

interface TableSchema {
  readonly keys: readonly string[];
  readonly indexes: readonly IndexSchema[];
}

interface KeySchema {
  readonly KeySchema: readonly { readonly AttributeName: string }[];
}

export class Metering {
  /** Asked directly, unmetered. */
  readonly #engine: EngineConnection;
  readonly #schemas = new Map<string, Promise<TableSchema>>();

  constructor(engine: EngineConnection) {
    this.#engine = engine;
  }

  /** Undefined for what costs nothing or is not metered: other PartiQL than the deallocator's, tables, streams. */
  async prepare(operation: string, request: WireBody): Promise<MeteredRequest | undefined> {
    if (READS.includes(operation)) return meterRead(operation, request);
    if (SINGLE_WRITES.includes(operation)) return meterSingleWrite(request);
    if (operation === 'BatchWriteItem') {
      const complete = async ({ body }: WireAnswer) => ({ writeUnits: reportedUnits(body), body });
      return { body: withCapacity(request), complete };
    }
    if (operation === 'TransactWriteItems') return await this.#prepareTransaction(request);
    if (operation === 'BatchExecuteStatement') {
      return { body: request, complete: async ({ body }) => ({ ...statementsUnits(body), body }) };
    }
    return operation === 'ExecuteStatement' ? await this.#prepareRead(request) : undefined;
  }

  async #describe(table: string): Promise<TableSchema> {
    const { body } = await this.#engine.ask('DescribeTable', { TableName: table });
    const description = body.Table as KeySchema & {
      readonly GlobalSecondaryIndexes?: readonly (KeySchema & {
        readonly Projection?: { readonly ProjectionType?: string; readonly NonKeyAttributes?: readonly string[] };
      })[];
    };
    const namesOf = (schema: KeySchema) => schema.KeySchema.map((key) => key.AttributeName);
    const tableKeys = namesOf(description);
    const indexes = (description.GlobalSecondaryIndexes ?? []).map((index) => {
      const keys = namesOf(index);
      const attributes = [...new Set([...tableKeys, ...keys, ...(index.Projection?.NonKeyAttributes ?? [])])];
      return { keys, attributes: index.Projection?.ProjectionType === 'ALL' ? undefined : attributes };
    });
    return { keys: tableKeys, indexes };
  }

  async #schema(table: string): Promise<TableSchema> {
    const known = this.#schemas.get(table) ?? this.#describe(table);
    this.#schemas.set(table, known);
    return await known;
  }

  async #read(table: string, key: WireItem): Promise<WireItem | undefined> {
    const { body } = await this.#engine.ask('GetItem', { TableName: table, Key: key, ConsistentRead: true });
    return body.Item as WireItem | undefined;
  }

  async #prepareRead(request: WireBody): Promise<MeteredRequest | undefined> {
    const whole = wholeRead(request);
    if (whole === undefined) return undefined;
    const read = await this.#engine.ask('ExecuteStatement', whole);
    const complete = async ({ status, body }: WireAnswer) =>
      status === 200 ? { ...readOfPartitionsUnits(request, read.body), body } : { body };
    return { body: request, complete };
  }

  async #prepareTransaction(request: WireBody): Promise<MeteredRequest | undefined> {
    const items = request.TransactItems as readonly Record<string, WireBody>[];
    const actions = await Promise.all(
      items.map(async (item) => {
        const [kind = '', action = {}] = Object.entries(item)[0] ?? [];
        const table = String(action.TableName);
        const { keys, indexes } = await this.#schema(table);
        const put = action.Item as WireItem | undefined;
        const key = (action.Key as WireItem | undefined) ?? Object.fromEntries(keys.map((name) => [name, put?.[name]]));
        return { kind, table, key, put, indexes, before: await this.#read(table, key) };
      }),
    );
    return {
      body: request,
      complete: async (answer) => {
        const committed = answer.status === 200;
        // A request that is no valid transaction costs nothing.
        if (!committed && errorName(answer) !== 'TransactionCanceledException') return { body: answer.body };
        const costs = await Promise.all(
          actions.map(async ({ kind, table, key, put, indexes, before }): Promise<TransactionAction> => {
            if (!committed || kind === 'ConditionCheck') return { before, after: before, put, indexes };
            if (kind === 'Update') return { before, after: await this.#read(table, key), put, indexes };
            return { before, after: put, put, indexes };
          }),
        );
        return { writeUnits: transactionWriteUnits(costs), body: answer.body };
      },
    };
  }
}
