import { Requests } from '../../lib/dynamodb/requests.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { createDatabase, PHYSICAL_NAMES, rawAccess } from '../support/dynamodb.ts';
import { describeStore } from './store-contract.ts';

describeStore('DynamoDB Local', async () => {
  const db = await createDatabase();
  const requests = new Requests(db, systemChance, { onRetry: () => {} });
  return {
    store: new DynamoDBStore(requests, PHYSICAL_NAMES),
    terminalStore: new DynamoDBStore(requests, PHYSICAL_NAMES, { ...DEFAULT_RULES, taskIsGone: 'terminal' }),
    ...rawAccess(db, PHYSICAL_NAMES),
  };
});
