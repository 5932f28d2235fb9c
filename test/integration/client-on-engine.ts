/** The typed client on a database of its own in DynamoDB Local for each test: what it sends is seen, and can be held up. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { beforeEach, expect } from 'vitest';
import { DeallocatorClient, type ErrorCode, type ListOptions, type ListPage } from '../../lib/client/index.ts';
import type { Connection } from '../../lib/dynamodb/client.ts';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { type TestChance, testChance } from '../../lib/testing/memory/chance.ts';
import { emptyDatabase, PHYSICAL_NAMES, rawAccess, withTokensOfALife } from '../support/dynamodb.ts';
import { networkError } from '../support/sdk-mock.ts';

export let connection: Connection;
export let db: DynamoDBDocumentClient;
export let raw: ReturnType<typeof rawAccess>;
export let client: DeallocatorClient;
/** One for all that write in one test: two would give out the same tokens. */
export let chance: TestChance;
/** Names of the client's requests so far. */
export let sent: string[];
/** What happens just before, or just after, one of the client's requests is carried out. */
export const hooks: {
  before: (request: string) => Promise<void> | void;
  after: (request: string) => Promise<void> | void;
} = { before: () => {}, after: () => {} };

/** For each test of the file that says so: a database that is empty at its beginning. */
export function useClient(): void {
  beforeEach(async () => {
    ({ connection, db } = await emptyDatabase());
    raw = rawAccess(db, PHYSICAL_NAMES);
    sent = [];
    hooks.before = () => {};
    hooks.after = () => {};
    const sdk = new DynamoDBClient({ ...connection, maxAttempts: 1 });
    sdk.middlewareStack.add(
      (next, { commandName = '' }) =>
        async (args) => {
          const request = commandName.replace('Command', '');
          sent.push(request);
          await hooks.before(request);
          const answer = await next(args);
          await hooks.after(request);
          return answer;
        },
      { step: 'initialize' },
    );
    withTokensOfALife(sdk);
    chance = testChance();
    client = new DeallocatorClient({ tables: PHYSICAL_NAMES, client: sdk, chance });
  });
}

/** The functions' store, on the same tables. */
export function openStore(): DynamoDBStore {
  return new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { chance, isLearned: true }));
}

export const to = (...targets: string[]) => targets.map((target) => ({ target }));
export const ids = (count: number, prefix = 'n') =>
  Array.from({ length: count }, (_, n) => `${prefix}${String(n).padStart(3, '0')}`);
export const attachments = async () =>
  (await raw.world()).attachments
    .map(({ held, holder }) => `${held.replace('network#', '')}<${holder.replace('service#', '')}`)
    .sort();

export async function caught(failing: Promise<unknown>): Promise<unknown> {
  return failing.then(
    () => expect.fail('it was not refused'),
    (error: unknown) => error,
  );
}

/** Refused with this code and these words, and nothing in the tables changed. */
export async function expectRefusal(
  attempt: () => Promise<unknown>,
  code: ErrorCode,
  ...words: string[]
): Promise<void> {
  const before = await raw.world();
  const error = await caught(attempt());
  expect(error).toMatchObject({ name: 'DeallocatorError', code });
  for (const word of words) expect(String(error)).toContain(word);
  expect(await raw.world()).toEqual(before);
}

/** Refused before a single request is sent. */
export async function expectInvalid(attempt: () => Promise<unknown>, ...words: string[]): Promise<void> {
  sent.length = 0;
  const error = await caught(Promise.resolve().then(attempt));
  expect(error).toMatchObject({ name: 'DeallocatorError', code: 'InvalidArgument' });
  for (const word of words) expect(String(error)).toContain(word);
  expect(sent).toEqual([]);
}

/** The connection breaks after the n-th request of that name has been carried out: its answer is lost. */
export function loseAnswer(request: string): void {
  let isLost = false;
  hooks.after = (name) => {
    if (name !== request || isLost) return;
    isLost = true;
    throw networkError('ECONNRESET');
  };
}

export async function readAll<T>(list: (options: ListOptions) => Promise<ListPage<T>>, limit: number): Promise<T[][]> {
  const pages: T[][] = [];
  let from: ListOptions['from'];
  do {
    const page = await list({ limit, ...(from && { from }) });
    pages.push([...page.items]);
    from = page.next;
  } while (from !== undefined);
  return pages;
}
