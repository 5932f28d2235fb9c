/**
 * (a) Powertools, as its documentation has it: its batch processor, and each record's counter update made idempotent by the
 * record's event ID. https://docs.aws.amazon.com/powertools/typescript/latest/features/batch/ and …/features/idempotency/
 */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import type { DynamoDBRecord, DynamoDBStreamEvent, Context as LambdaContext } from 'aws-lambda';
import type { Contender } from '../environment.ts';
import { IDEMPOTENCY_TABLE } from '../stage.ts';
import { parentOf, REMEMBERED_SECONDS, settleAtZero } from './reading.ts';

export const powertools: Contender = {
  name: 'Powertools',
  sockets: 50,
  childDeleted(table, ports) {
    const store = ports.openStore({ onRetry: () => {} });
    const processor = new BatchProcessor(EventType.DynamoDBStreams);
    const config = new IdempotencyConfig({ eventKeyJmesPath: 'eventID', expiresAfterSeconds: REMEMBERED_SECONDS });
    const persistenceStore = new DynamoDBPersistenceLayer({
      tableName: IDEMPOTENCY_TABLE,
      awsSdkV3Client: ports.client,
    });
    // It names itself in the request's headers, and the engine in memory has none.
    ports.client.middlewareStack.remove('addPowertoolsToUserAgent');
    const count = makeIdempotent(
      async (record: DynamoDBRecord): Promise<void> => {
        const parent = parentOf(table, record);
        const counter = await store.decrement(parent, 1, 'now');
        if (counter !== undefined) await settleAtZero(store, ports, parent, counter);
      },
      { persistenceStore, config, dataIndexArgument: 0 },
    );
    return async (event, context) => {
      config.registerLambdaContext(context as LambdaContext);
      const options = { context: context as LambdaContext, throwOnFullBatchFailure: false };
      return await processPartialResponse(event as unknown as DynamoDBStreamEvent, count, processor, options);
    };
  },
};
