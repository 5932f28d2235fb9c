import { openDatabase } from '../../lib/dynamodb/database.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { createDatabase, createTables, PHYSICAL_NAMES, rawAccess } from '../support/dynamodb.ts';
import { describeKinds } from './kinds-contract.ts';
import { describeStore } from './store-contract.ts';

describeStore('DynamoDB Local', async () => {
  const db = await createDatabase();
  const terminal = { ...DEFAULT_RULES, taskIsGone: 'terminal' } as const;
  const holding = { ...terminal, taskNetworks: true };
  return {
    store: new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { isLearned: true })),
    terminalStore: new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { rules: terminal, isLearned: true })),
    holdingStore: new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { rules: holding, isLearned: true })),
    ...rawAccess(db, PHYSICAL_NAMES),
  };
});

describeKinds('DynamoDB Local', async (plan) => {
  const { db, names } = await createTables(plan);
  return { store: new DynamoDBStore(openDatabase(db, names, { plan, isLearned: true })), ...rawAccess(db, names) };
});
