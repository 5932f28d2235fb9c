/** Deletes without a condition, apart from the other requests: only the client makes them, and no function carries their code. */
import { BatchWriteCommand, type BatchWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Key } from './addresses.ts';
import type { GivenUp, Requests } from './requests.ts';

/** In one request: at most 25 keys, which must differ from each other. */
export async function deletePlainly(
  requests: Requests,
  table: string,
  keys: readonly Key[],
  givenUp: GivenUp,
): Promise<void> {
  const deletes = keys.map((key) => ({ DeleteRequest: { Key: key } }));
  await requests.untilProcessed('BatchWriteItem', deletes, givenUp, async (rest) => {
    const input: BatchWriteCommandInput = { RequestItems: { [table]: rest } };
    const answer = await requests.send('BatchWriteItem', (db) => db.send(new BatchWriteCommand(input)));
    return answer.UnprocessedItems?.[table] ?? [];
  });
}
