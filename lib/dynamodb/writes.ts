/** The actions of which a transaction is made, and the one kind of write that needs none. */
import { BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb';
import type { Address, Key } from './addresses.ts';
import type { Condition } from './conditions.ts';
import { expressed, type Phrase } from './expressions.ts';
import { type Action, type GivenUp, type Requests, storedValues } from './requests.ts';

/** A refusal then carries the item that it found. */
export const TELLING = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

type Telling = typeof TELLING;

export function check(address: Address, condition: Condition, telling?: Telling): Action {
  return { ConditionCheck: { ...address, ...expressed({ condition }), ...telling } };
}

export function put(
  table: string,
  item: Readonly<Record<string, unknown>>,
  condition?: Condition,
  telling?: Telling,
): Action {
  return { Put: { TableName: table, Item: item, ...(condition && expressed({ condition })), ...telling } };
}

/** An item that is nothing but its key. */
export function putKey({ TableName, Key }: Address): Action {
  return put(TableName, Key);
}

export function update(address: Address, update: Phrase, condition: Condition, telling?: Telling): Action {
  return { Update: { ...address, ...expressed({ update, condition }), ...telling } };
}

export function remove(address: Address, condition?: Condition): Action {
  return { Delete: { ...address, ...(condition && expressed({ condition })) } };
}

/** Plain deletes in one request: at most 25 keys, which must differ from each other. */
export async function deletePlainly(
  requests: Requests,
  table: string,
  keys: readonly Key[],
  givenUp: GivenUp,
): Promise<void> {
  const deletes = keys.map((key): WriteRequest => ({ DeleteRequest: { Key: storedValues(key) } }));
  await requests.untilProcessed('BatchWriteItem', deletes, givenUp, async (rest) => {
    const input = { RequestItems: { [table]: rest } };
    const answer = await requests.send('BatchWriteItem', (db) => db.send(new BatchWriteItemCommand(input)), [table]);
    return answer.UnprocessedItems?.[table] ?? [];
  });
}
