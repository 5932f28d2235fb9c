/** The actions of which a transaction is made. */
import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Address } from './addresses.ts';
import type { Condition } from './conditions.ts';
import { conditioned, type updated } from './expressions.ts';

export type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** A refusal then carries the item that it found. */
export const TELLING = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

type Telling = typeof TELLING;

export function check(address: Address, condition: Condition, telling?: Telling): Action {
  return { ConditionCheck: { ...address, ...conditioned(condition), ...telling } };
}

export function put(
  table: string,
  item: Readonly<Record<string, unknown>>,
  condition?: Condition,
  telling?: Telling,
): Action {
  return { Put: { TableName: table, Item: item, ...(condition && conditioned(condition)), ...telling } };
}

/** An item that is nothing but its key. */
export function putKey({ TableName, Key }: Address): Action {
  return put(TableName, Key);
}

export function update(address: Address, parameters: ReturnType<typeof updated>, telling?: Telling): Action {
  return { Update: { ...address, ...parameters, ...telling } };
}

export function remove(address: Address, condition?: Condition): Action {
  return { Delete: { ...address, ...(condition && conditioned(condition)) } };
}
