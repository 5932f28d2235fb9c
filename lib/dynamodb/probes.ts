/** Requests that no part of the deallocator sends: how a selftest plays a program without the client, and one that deletes by itself. */
import { ExecuteStatementCommand } from '@aws-sdk/client-dynamodb';
import type { Address } from './addresses.ts';
import { expressed, setting } from './expressions.ts';
import type { Requests } from './requests.ts';
import { deletePlainly, put, remove } from './writes.ts';

/** A raw write of a whole item. */
export async function putRaw(
  requests: Requests,
  table: string,
  item: Readonly<Record<string, unknown>>,
): Promise<void> {
  await requests.transact([put(table, item)]);
}

/** A raw write of attributes. */
export async function setRaw(
  requests: Requests,
  { TableName, Key }: Address,
  attributes: Readonly<Record<string, unknown>>,
): Promise<void> {
  await requests.update({ TableName, Key, ...expressed({ update: setting(attributes) }) });
}

/** The ways to delete an item. */
export const WAYS_TO_DELETE = ['alone', 'in a transaction', 'in a batch', 'by PartiQL'] as const;
export type WayToDelete = (typeof WAYS_TO_DELETE)[number];

/** Deletes the item, which need not be there: IAM is asked before DynamoDB looks. */
export async function tryToDelete(requests: Requests, address: Address, way: WayToDelete): Promise<void> {
  const { TableName, Key } = address;
  switch (way) {
    case 'alone':
      await requests.delete({ TableName, Key });
      return;
    case 'in a transaction':
      await requests.transact([remove(address)]);
      return;
    case 'in a batch':
      await deletePlainly(requests, TableName, [Key], () => 'a batch of one delete was left over');
      return;
    case 'by PartiQL': {
      const names = Object.keys(Key);
      const Statement = `DELETE FROM "${TableName}" WHERE ${names.map((name) => `"${name}" = ?`).join(' AND ')}`;
      const Parameters = names.map((name) => ({ S: Key[name] ?? '' }));
      await requests.send('ExecuteStatement', (db) => db.send(new ExecuteStatementCommand({ Statement, Parameters })));
    }
  }
}

/** Whether a table's policy has denied it, or the caller's own lack of permission, which proves nothing. */
export function deniedBy(error: unknown): 'table' | 'caller' | undefined {
  const { name, message, cause } = error as Error;
  const { name: inner = name, message: words = message } = (cause ?? {}) as Partial<Error>;
  if (!/AccessDenied/.test(inner)) return undefined;
  return /explicit deny in a resource-based policy/.test(words) ? 'table' : 'caller';
}
