import { openDatabase } from '../../lib/dynamodb/database.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import { createDatabase, createTables, PHYSICAL_NAMES, rawAccess } from '../support/dynamodb.ts';
import { describeKinds } from './kinds-contract.ts';
import { describeStore } from './store-contract.ts';

describeStore('DynamoDB Local', async () => {
  const db = await createDatabase();
  const terminal = swarmkitPlan({ taskIsGone: 'terminal' });
  const holding = swarmkitPlan({ taskIsGone: 'terminal', taskNetworks: true });
  return {
    store: new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { isLearned: true })),
    terminalStore: new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { plan: terminal, isLearned: true })),
    holdingStore: new DynamoDBStore(openDatabase(db, PHYSICAL_NAMES, { plan: holding, isLearned: true })),
    ...rawAccess(db, PHYSICAL_NAMES),
  };
});

describeKinds('DynamoDB Local', async (plan) => {
  const { db, names } = await createTables(plan);
  return { store: new DynamoDBStore(openDatabase(db, names, { plan, isLearned: true })), ...rawAccess(db, names) };
});
