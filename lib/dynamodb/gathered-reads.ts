/** Items that many ask for by their keys, each read once, in batches that several tables share. Strongly consistent. */
import {
  BatchGetItemCommand,
  type BatchGetItemCommandInput,
  type BatchGetItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { DeallocatorError } from '../protocol/errors.ts';
import { BATCH_GET_KEYS_MAX } from '../protocol/limits.ts';
import { groupBy } from '../protocol/parallel.ts';
import type { Address } from './addresses.ts';
import { expressed, only } from './expressions.ts';
import { gather, type Outcome } from './gather.ts';
import { type Requests, type StoredItem, storedValues } from './requests.ts';

interface Read {
  readonly address: Address;
  /** Of the item, beside its key. */
  readonly paths: readonly string[];
}

/** A key that is asked for, as it is sent. */
type Wanted = { readonly TableName: string; readonly Key: StoredItem };

export type ReadItem = (address: Address, paths: readonly string[]) => Promise<StoredItem | undefined>;

/** Reads of one invocation. What is asked for twice in a turn is read once. */
export function gatherReads(requests: Requests): ReadItem {
  const read = gather<Read, StoredItem | undefined>({
    alone: ({ address, paths }) => readAlone(requests, address, paths),
    together: (reads) => readTogether(requests, reads),
    group: fillRequests,
  });
  return (address, paths) => read({ address, paths });
}

/** A request names a table once: with one projection, and with as many keys as there is room for. */
function fillRequests(reads: readonly Read[]): readonly (readonly Read[])[] {
  const filled: { readonly tables: Set<string>; readonly reads: Read[][]; free: number }[] = [];
  const open = () => {
    const request = { tables: new Set<string>(), reads: [], free: BATCH_GET_KEYS_MAX };
    filled.push(request);
    return request;
  };
  for (const alike of groupBy(reads, ({ address, paths }) => JSON.stringify([address.TableName, paths])).values()) {
    const { TableName } = (alike[0] as Read).address;
    const byKey = [...groupBy(alike, ({ address }) => nameOf(address)).values()];
    while (byKey.length > 0) {
      // One that is full takes none of them.
      const request = filled.find(({ tables }) => !tables.has(TableName)) ?? open();
      const some = byKey.splice(0, request.free);
      request.tables.add(TableName);
      request.reads.push(...some);
      request.free -= some.length;
    }
  }
  return filled.map((request) => request.reads.flat());
}

async function readTogether(
  requests: Requests,
  reads: readonly Read[],
): Promise<readonly Outcome<StoredItem | undefined>[]> {
  const { address: first, paths: firstPaths } = reads[0] as Read;
  const addresses = [...new Map(reads.map(({ address }) => [nameOf(address), address])).values()];
  if (addresses.length === 1) {
    const item = await readAlone(requests, first, firstPaths);
    return reads.map(() => async () => item);
  }
  const batch = new Batch(reads);
  const all = addresses.map(({ TableName, Key }): Wanted => ({ TableName, Key: storedValues(Key) }));
  const words = (_: number, tries: number) =>
    `BatchGetItem left ${batch.countsLeft()} unread ${tries} times; try again later`;
  let unread: unknown;
  try {
    await requests.untilProcessed('BatchGetItem', all, words, async (some) => {
      const input = batch.inputFor(some);
      const answer = await requests.send('BatchGetItem', (db) => db.send(new BatchGetItemCommand(input)));
      return batch.take(some, answer);
    });
  } catch (error) {
    // Only what is left is unknown; where the request itself failed, nothing was told of any of them.
    if (batch.left.size === 0) throw error;
    unread = error;
  }
  return reads.map(({ address, paths }) => {
    const name = nameOf(address);
    return () => {
      if (batch.left.has(name)) return Promise.reject(unread);
      return batch.told.has(name) ? Promise.resolve(batch.told.get(name)) : readAlone(requests, address, paths);
    };
  });
}

/** One request for keys of several tables, and what its answers have told. */
class Batch {
  readonly told = new Map<string, StoredItem | undefined>();
  left: ReadonlyMap<string, Wanted> = new Map();
  readonly #wanted: ReadonlySet<string>;
  readonly #tables: ReadonlyMap<string, { readonly keyNames: readonly string[]; readonly projection: object }>;

  constructor(reads: readonly Read[]) {
    this.#wanted = new Set(reads.map(({ address }) => nameOf(address)));
    const byTable = new Map(reads.map((read) => [read.address.TableName, read]));
    this.#tables = new Map(
      [...byTable].map(([table, { address, paths }]) => {
        const projection = expressed({ projection: only(shown(address, paths)) });
        return [table, { keyNames: Object.keys(address.Key), projection }];
      }),
    );
  }

  inputFor(some: readonly Wanted[]): BatchGetItemCommandInput {
    const byTable = [...groupBy(some, ({ TableName }) => TableName)];
    return {
      RequestItems: Object.fromEntries(
        byTable.map(([table, of]) => {
          const { projection } = this.#tables.get(table) as { readonly projection: object };
          return [table, { Keys: of.map(({ Key }) => Key), ConsistentRead: true, ...projection }];
        }),
      ),
    };
  }

  /** What is left over. */
  take(some: readonly Wanted[], { Responses, UnprocessedKeys = {} }: BatchGetItemCommandOutput): Wanted[] {
    if (Responses === undefined) throw noAnswer('has no Responses');
    const items = this.#named(Responses, (of) => of);
    // DynamoDB refuses a request that names a key twice.
    const left = new Map(this.#named(UnprocessedKeys, ({ Keys = [NOBODY] }) => Keys));
    const found = new Map(items.map(([name, { Key }]) => [name, Key]));
    for (const one of some) {
      const name = this.#nameOf(one);
      // Of a table that is not in the answer, nothing is told: its keys are asked for alone.
      if (Object.hasOwn(Responses, one.TableName) && !left.has(name)) this.told.set(name, found.get(name));
    }
    this.left = left;
    return [...left.values()];
  }

  countsLeft(): string {
    const byTable = [...groupBy([...this.left.values()], ({ TableName }) => TableName)];
    return byTable.map(([table, { length }]) => `${length} keys of ${table}`).join(' and ');
  }

  /** By their names. What is of no table that was asked for, or without its key, is nobody's. */
  #named<T>(tables: Readonly<Record<string, T>>, of: (table: T) => readonly StoredItem[]): [string, Wanted][] {
    return Object.entries(tables).flatMap(([TableName, told]) =>
      of(told).map((Key): [string, Wanted] => {
        const name = this.#nameOf({ TableName, Key });
        if (this.#wanted.has(name)) return [name, { TableName, Key }];
        throw noAnswer(`tells of something of ${[...this.#tables.keys()].join(', ')} that was not asked for`);
      }),
    );
  }

  #nameOf({ TableName, Key }: Wanted): string {
    return JSON.stringify([TableName, this.#tables.get(TableName)?.keyNames.map((key) => Key[key]?.S)]);
  }
}

const NOBODY: StoredItem = {};

function noAnswer(why: string): DeallocatorError {
  return new DeallocatorError('Unavailable', `DynamoDB's answer ${why}; try again`);
}

function readAlone(requests: Requests, address: Address, paths: readonly string[]): Promise<StoredItem | undefined> {
  return requests.getStored(address, paths.length > 0 ? paths : Object.keys(address.Key));
}

/** With the key, by which an item of many is known. */
function shown({ Key }: Address, paths: readonly string[]): string[] {
  return [...new Set([...Object.keys(Key), ...paths])];
}

function nameOf({ TableName, Key }: Address): string {
  return JSON.stringify([TableName, Object.values(Key)]);
}
