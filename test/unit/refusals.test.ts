/** What the client says of an object that is marked. */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { expect, it } from 'vitest';
import { inMemory } from '../../lib/testing/in-memory.ts';

const AT = '2026-01-02T03:04:05.678Z';

it.each([
  ['the time of a mark, without what makes it unique', `${AT}#5f0c-1`, AT],
  ['a mark of another form as a raw writer left it', 'release-2', 'release-2'],
  ['a mark without a time', undefined, 'just now'],
])('tells %s', async (_name, markedAt, shown) => {
  const { client, documentClient, tables } = await inMemory();
  const Item = { id: 'web', pendingDelete: true, markedAt };
  await documentClient.send(new PutCommand({ TableName: tables.services, Item }));
  await expect(client.createService({ id: 'web' })).rejects.toThrow(
    `service web exists and is being deleted (marked ${shown}); wait until it is gone, or undelete it`,
  );
  await expect(client.createTask('web', { id: '1' })).rejects.toThrow(
    `service web is marked for deletion (${shown}): task 1 was not created; undelete it first, or use another`,
  );
});
