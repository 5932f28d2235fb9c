/** Items that many ask for by their keys, each read once, in batches. Strongly consistent. */
import {
  BatchGetItemCommand,
  type BatchGetItemCommandInput,
  type BatchGetItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { DeallocatorError } from '../protocol/errors.ts';
import { BATCH_GET_KEYS_MAX } from '../protocol/limits.ts';
import { chunks, groupBy } from '../protocol/parallel.ts';
import type { Address } from './addresses.ts';
import { expressed, only } from './expressions.ts';
import { gather, type Outcome } from './gather.ts';
import { type Requests, type StoredItem, storedValues } from './requests.ts';

interface Read {
  readonly address: Address;
  /** Of the item, beside its key. */
  readonly paths: readonly string[];
}

export type ReadItem = (address: Address, paths: readonly string[]) => Promise<StoredItem | undefined>;

/** Reads of one invocation. What is asked for twice in a turn is read once. */
export function gatherReads(requests: Requests): ReadItem {
  const read = gather<Read, StoredItem | undefined>({
    alone: ({ address, paths }) => readAlone(requests, address, paths),
    together: (reads) => readTogether(requests, reads),
    group: (reads) =>
      [...groupBy(reads, ({ address, paths }) => JSON.stringify([address.TableName, paths])).values()].flatMap((same) =>
        chunks([...groupBy(same, ({ address }) => keyOf(address)).values()], BATCH_GET_KEYS_MAX).map((keys) =>
          keys.flat(),
        ),
      ),
  });
  return (address, paths) => read({ address, paths });
}

async function readTogether(
  requests: Requests,
  reads: readonly Read[],
): Promise<readonly Outcome<StoredItem | undefined>[]> {
  const { address, paths } = reads[0] as Read;
  const { TableName } = address;
  const keys = [...new Map(reads.map((one) => [keyOf(one.address), one.address.Key])).values()];
  if (keys.length === 1) {
    const item = await readAlone(requests, address, paths);
    return reads.map(() => async () => item);
  }
  const projection = expressed({ projection: only(shown(address, paths)) });
  const found = new Map<string, StoredItem>();
  let left: readonly StoredItem[] = [];
  const words = (count: number, tries: number) =>
    `BatchGetItem left ${count} keys of ${TableName} unread ${tries} times; try again later`;
  let unread: DeallocatorError | undefined;
  const names = Object.keys(address.Key);
  const all = keys.map(storedValues);
  const asked = new Set(all.map((key) => textOf(names, key)));
  try {
    await requests.untilProcessed('BatchGetItem', all, words, async (Keys) => {
      const input: BatchGetItemCommandInput = {
        RequestItems: { [TableName]: { Keys, ConsistentRead: true, ...projection } },
      };
      const answer = await requests.send('BatchGetItem', (db) => db.send(new BatchGetItemCommand(input)), [TableName]);
      const { items, rest } = toldOf(TableName, answer);
      if (![...items, ...rest].every((one) => asked.has(textOf(names, one)))) {
        throw noAnswer(`tells of something of ${TableName} that was not asked for`);
      }
      for (const item of items) found.set(textOf(names, item), item);
      // DynamoDB refuses a request that names a key twice.
      left = [...new Map(rest.map((key) => [textOf(names, key), key])).values()];
      return [...left];
    });
  } catch (error) {
    // Only what is left is unknown; where the request itself failed, nothing was told of any of them.
    if (left.length === 0 || !(error instanceof DeallocatorError)) throw error;
    unread = error;
  }
  const isLeft = new Set(left.map((key) => textOf(names, key)));
  return reads.map((one) => {
    const key = keyOf(one.address);
    return () => (isLeft.has(key) ? Promise.reject(unread) : Promise.resolve(found.get(key)));
  });
}

/** What an answer tells of a table: what is not in it is not there. What is of no table, or without its key, is nobody's. */
function toldOf(TableName: string, { Responses, UnprocessedKeys = {} }: BatchGetItemCommandOutput) {
  if (Responses === undefined) throw noAnswer('has no Responses');
  const ofTables = <T>(tables: Readonly<Record<string, T>>, itemsOf: (of: T) => readonly StoredItem[]) =>
    Object.entries(tables).flatMap(([table, of]) => (table === TableName ? itemsOf(of) : [NOBODY]));
  return {
    items: ofTables(Responses, (items) => items),
    rest: ofTables(UnprocessedKeys, ({ Keys = [NOBODY] }) => Keys),
  };
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

function keyOf({ Key }: Address): string {
  return JSON.stringify(Object.values(Key));
}

function textOf(names: readonly string[], item: StoredItem): string {
  return JSON.stringify(names.map((name) => item[name]?.S));
}
