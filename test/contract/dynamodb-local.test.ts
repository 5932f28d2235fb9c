import { openDatabase } from '../../lib/dynamodb/database.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { createDatabase, PHYSICAL_NAMES, rawAccess } from '../support/dynamodb.ts';
import { describeStore } from './store-contract.ts';

describeStore('DynamoDB Local', async () => {
  const db = await createDatabase();
  const terminal = { ...DEFAULT_RULES, taskIsGone: 'terminal' } as const;
  const holding = { ...DEFAULT_RULES, taskNetworks: true };
  return {
    store: new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { isLearned: true })),
    terminalStore: new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { rules: terminal, isLearned: true })),
    holdingStore: new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { rules: holding, isLearned: true })),
    ...rawAccess(db, PHYSICAL_NAMES),
  };
});
