/** Actions of a transaction as the SDK's two clients take them: for programs that write with a transaction of their own. */
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { type Action, storedAction } from './requests.ts';

/** An action for `TransactWriteCommand` of `@aws-sdk/lib-dynamodb`, its values as JavaScript has them. */
export type DocumentAction = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** An action for `TransactWriteItemsCommand` of `@aws-sdk/client-dynamodb`, its values as they go over the wire. */
export type PlainAction = TransactWriteItem;

export function documentActions(actions: readonly Action[]): DocumentAction[] {
  return actions as readonly object[] as DocumentAction[];
}

export function plainActions(actions: readonly Action[]): PlainAction[] {
  return actions.map(storedAction);
}
