/** Compares the tables with what the deployment needs: keys, indexes, streams, time to live, policies. */
import type { Database } from '../../dynamodb/database.ts';
import { RECEIPT_EXPIRY } from '../../dynamodb/schema.ts';
import { describeTable, readExpiryAttribute, readPolicy, type TableFacts } from '../../dynamodb/table-facts.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import type { TablePlan } from '../../lifecycle/tables.ts';
import { type Check, failed, notLookedAt, passed } from './check.ts';
import { checkGuard, type Guard, guardsOf, namesInOrder, type Roles } from './guards.ts';
import { isTold, type Told, told } from './told.ts';

/** By the names that the plan gives the tables. */
export type AllFacts = Readonly<Record<string, Told<TableFacts>>>;

export async function readTables(database: Database): Promise<AllFacts> {
  const names = Object.keys(database.plan.tables);
  const facts = await Promise.all(
    names.map((table) => told(() => describeTable(database.requests, database.at.table(table)))),
  );
  return Object.fromEntries(names.map((table, n) => [table, facts[n]])) as AllFacts;
}

/** @param roles of the functions, for the policies; those that are not known are not compared */
export async function checkTables(database: Database, all: AllFacts, roles: Told<Roles>): Promise<Check[]> {
  const { plan } = database;
  const guards = guardsOf(plan);
  const checks = await Promise.all(
    Object.entries(plan.tables).map(async ([table, planned]) => {
      const facts = all[table] ?? { untold: 'it was not asked for' };
      const physical = database.at.table(table);
      if (!isTold(facts))
        return [notLookedAt(`table ${physical}`, 'keys, index and stream as the deallocator needs them', facts.untold)];
      const guard = guards[table];
      return [
        checkShape(planned, facts.told),
        ...checkStream(neededStream(plan, planned), facts.told),
        ...(await checkExpiry(database, table, facts.told)),
        ...(guard === undefined ? [] : [await checkPolicy(database, guard, facts.told, roles)]),
      ];
    }),
  );
  return checks.flat();
}

function checkShape(planned: TablePlan, { name, keys, indexes, replicas }: TableFacts): Check {
  const { partitionKey, sortKey, markedIndex } = planned;
  const wanted = [partitionKey, ...(sortKey === undefined ? [] : [sortKey])].join(', ');
  const indexKeys = [markedIndex?.partitionKey, markedIndex?.sortKey].join(', ');
  const check = `table ${name}`;
  const expected = `key ${wanted}${markedIndex ? `, index "${markedIndex.name}" on ${indexKeys}` : ''}, one Region`;
  if (keys.join(', ') !== wanted) {
    const fix = 'give each table its own place (the prop `tables`); a table of another key must be made anew';
    return failed(check, 'another table', { expected, seen: `key ${keys.join(', ')}`, fix });
  }
  const index = indexes.find((one) => one.name === markedIndex?.name);
  if (markedIndex && (index?.keys.join(', ') !== indexKeys || index.status !== 'ACTIVE')) {
    const seen =
      index === undefined ? `no index "${markedIndex.name}"` : `the index on ${index.keys.join(', ')}, ${index.status}`;
    return failed(check, 'missing index', { expected, seen, fix: indexFix(name, markedIndex) });
  }
  if (replicas > 0) {
    const fix = 'take the replicas away: each Region would count each removal';
    return failed(check, 'replicas', { expected, seen: `${replicas} replicas`, fix });
  }
  return passed(check, expected);
}

function indexFix(table: string, { name, partitionKey, sortKey }: NonNullable<TablePlan['markedIndex']>): string {
  const keys = [
    { AttributeName: partitionKey, KeyType: 'HASH' },
    { AttributeName: sortKey, KeyType: 'RANGE' },
  ];
  const create = {
    Create: { IndexName: name, KeySchema: keys, Projection: { ProjectionType: 'KEYS_ONLY' } },
  };
  const attributes = [partitionKey, sortKey].map((attribute) => `AttributeName=${attribute},AttributeType=S`).join(' ');
  return `aws dynamodb update-table --table-name ${table} --attribute-definitions ${attributes} --global-secondary-index-updates '${JSON.stringify([create])}'`;
}

/** A table that was brought along may have less than a new one gets: only what holds or ends by its state, or is marked, needs images. */
function neededStream({ kinds }: Plan, { kinds: own, stream }: TablePlan): TablePlan['stream'] {
  const needsImages = (kind: string) => {
    const { isGuarded = true, holds = [], goneWhen } = kinds[kind] ?? {};
    return isGuarded || holds.length > 0 || goneWhen !== undefined;
  };
  return stream === undefined || own.length === 0 || own.some(needsImages) ? stream : 'KEYS_ONLY';
}

function checkStream(wanted: TablePlan['stream'], { name, stream }: TableFacts): Check[] {
  if (wanted === undefined) return [];
  const check = `stream of ${name}`;
  const expected = `on, with ${wanted} or more`;
  const enable = `aws dynamodb update-table --table-name ${name} --stream-specification StreamEnabled=true,StreamViewType=${wanted}; then deploy, and "deallocator sweep --full"`;
  if (stream === undefined) return [failed(check, 'no stream', { expected, seen: 'no stream', fix: enable })];
  const enough = [wanted, 'NEW_AND_OLD_IMAGES'].includes(stream.viewType) || wanted === 'KEYS_ONLY';
  if (enough) return [passed(check, expected, stream.viewType)];
  const fix = `aws dynamodb update-table --table-name ${name} --stream-specification StreamEnabled=false; when that is done: ${enable}`;
  return [failed(check, 'wrong view type', { expected, seen: stream.viewType, fix })];
}

/** Receipts go by their time to live; where only the deallocator may delete, DynamoDB may not delete either. */
async function checkExpiry({ requests, plan }: Database, table: string, { name }: TableFacts): Promise<Check[]> {
  const isReceipts = table === 'receipts';
  if (!isReceipts && plan.tables[table]?.deletes === undefined) return [];
  const check = `time to live of ${name}`;
  const expected = isReceipts ? `on, by ${RECEIPT_EXPIRY}` : 'off: DynamoDB would delete without any proof';
  const attribute = await told(() => readExpiryAttribute(requests, name));
  if (!isTold(attribute)) return [notLookedAt(check, expected, attribute.untold)];
  const seen = attribute.told === undefined ? 'off' : `on, by ${attribute.told}`;
  if (attribute.told === (isReceipts ? RECEIPT_EXPIRY : undefined)) return [passed(check, expected, seen)];
  const wanted = isReceipts ? RECEIPT_EXPIRY : attribute.told;
  const command = `aws dynamodb update-time-to-live --table-name ${name} --time-to-live-specification Enabled=${isReceipts},AttributeName=${wanted}`;
  const fix = isReceipts ? command : `${command}; the table's policy denies that too: see docs/break-glass.md`;
  return [failed(check, isReceipts ? 'no time to live' : 'time to live on a guarded table', { expected, seen, fix })];
}

async function checkPolicy(
  { requests, plan }: Database,
  guard: Guard,
  facts: TableFacts,
  roles: Told<Roles>,
): Promise<Check> {
  const policy = await told(() => readPolicy(requests, facts.arn));
  const check = `policy of ${facts.name}`;
  const expected = 'only the deallocator deletes there';
  if (!isTold(policy)) return notLookedAt(check, expected, policy.untold);
  const looked = { facts, policy: policy.told?.text };
  const found = checkGuard(guard, looked, isTold(roles) ? roles.told : {}, namesInOrder(plan).length);
  if (isTold(roles) || found.result !== 'passed' || !guard.onlyThem) return found;
  return notLookedAt(
    check,
    found.expected,
    `the policy is there; whether it names this deployment's roles is not known: ${roles.untold}`,
  );
}
