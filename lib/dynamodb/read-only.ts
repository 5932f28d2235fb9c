/** A client that can't write, whatever it is asked to: for what only shows. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DeallocatorError } from '../protocol/errors.ts';

const READS: readonly string[] = ['GetItemCommand', 'BatchGetItemCommand', 'QueryCommand', 'ScanCommand'];

/** From now on this client sends nothing but reads. */
export function refuseWrites(db: DynamoDBDocumentClient): void {
  db.middlewareStack.add(
    (next, { commandName = 'a command without a name' }) =>
      async (args) => {
        if (READS.includes(commandName)) return next(args);
        throw new DeallocatorError('FailedPrecondition', `${commandName} was refused: this client only reads`);
      },
    { step: 'initialize', priority: 'high', name: 'refuseWrites' },
  );
}
