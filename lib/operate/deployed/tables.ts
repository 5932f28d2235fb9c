/** Compares the tables with what the deployment needs: keys, indexes, streams, time to live, policies. */
import type { Database } from '../../dynamodb/database.ts';
import { MARKED_INDEX, RECEIPT_EXPIRY, streamOf, TABLES, type TableName } from '../../dynamodb/schema.ts';
import { describeTable, readExpiryAttribute, readPolicy, type TableFacts } from '../../dynamodb/table-facts.ts';
import type { Rules } from '../../protocol/rules.ts';
import { type Check, failed, notLookedAt, passed } from './check.ts';
import { checkGuard, GUARDS, type GuardedTable, type Roles } from './guards.ts';
import { isTold, type Told, told } from './told.ts';

export type AllFacts = Readonly<Record<TableName, Told<TableFacts>>>;

const NAMES = Object.keys(TABLES) as TableName[];
const isGuarded = (table: TableName): table is GuardedTable => Object.hasOwn(GUARDS, table);

export async function readTables({ requests, at }: Database): Promise<AllFacts> {
  const facts = await Promise.all(NAMES.map((table) => told(() => describeTable(requests, at.table(table)))));
  return Object.fromEntries(NAMES.map((table, n) => [table, facts[n]])) as AllFacts;
}

/** @param roles of the functions, for the policies; those that are not known are not compared */
export async function checkTables(database: Database, all: AllFacts, roles: Told<Roles>): Promise<Check[]> {
  const checks = await Promise.all(
    NAMES.map(async (table) => {
      const facts = all[table];
      const physical = database.at.table(table);
      if (!isTold(facts))
        return [notLookedAt(`table ${physical}`, 'keys, index and stream as the deallocator needs them', facts.untold)];
      return [
        checkShape(table, facts.told),
        ...checkStream(table, facts.told, database.rules),
        ...(await checkExpiry(database, table, facts.told)),
        ...(isGuarded(table) ? [await checkPolicy(database, table, facts.told, roles)] : []),
      ];
    }),
  );
  return checks.flat();
}

function checkShape(table: TableName, { name, keys, indexes, replicas }: TableFacts): Check {
  const { partitionKey, sortKey, marked } = TABLES[table];
  const wanted = [partitionKey, ...(sortKey === undefined ? [] : [sortKey])].join(', ');
  const indexKeys = [MARKED_INDEX.partitionKey, MARKED_INDEX.sortKey].join(', ');
  const check = `table ${name}`;
  const expected = `key ${wanted}${marked ? `, index "${MARKED_INDEX.name}" on ${indexKeys}` : ''}, one Region`;
  if (keys.join(', ') !== wanted) {
    const fix = 'give each table its own place (the prop `tables`); a table of another key must be made anew';
    return failed(check, 'another table', { expected, seen: `key ${keys.join(', ')}`, fix });
  }
  const index = indexes.find((one) => one.name === MARKED_INDEX.name);
  if (marked && (index?.keys.join(', ') !== indexKeys || index.status !== 'ACTIVE')) {
    const seen =
      index === undefined
        ? `no index "${MARKED_INDEX.name}"`
        : `the index on ${index.keys.join(', ')}, ${index.status}`;
    return failed(check, 'missing index', { expected, seen, fix: indexFix(name) });
  }
  if (replicas > 0) {
    const fix = 'take the replicas away: each Region would count each removal';
    return failed(check, 'replicas', { expected, seen: `${replicas} replicas`, fix });
  }
  return passed(check, expected);
}

function indexFix(name: string): string {
  const { partitionKey, sortKey } = MARKED_INDEX;
  const keys = [
    { AttributeName: partitionKey, KeyType: 'HASH' },
    { AttributeName: sortKey, KeyType: 'RANGE' },
  ];
  const create = {
    Create: { IndexName: MARKED_INDEX.name, KeySchema: keys, Projection: { ProjectionType: 'KEYS_ONLY' } },
  };
  const attributes = [partitionKey, sortKey].map((attribute) => `AttributeName=${attribute},AttributeType=S`).join(' ');
  return `aws dynamodb update-table --table-name ${name} --attribute-definitions ${attributes} --global-secondary-index-updates '${JSON.stringify([create])}'`;
}

function checkStream(table: TableName, { name, stream }: TableFacts, rules: Rules): Check[] {
  const wanted = streamOf(table, rules);
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
async function checkExpiry({ requests }: Database, table: TableName, { name }: TableFacts): Promise<Check[]> {
  const isReceipts = table === 'receipts';
  if (!isReceipts && !isGuarded(table)) return [];
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
  { requests }: Database,
  table: GuardedTable,
  facts: TableFacts,
  roles: Told<Roles>,
): Promise<Check> {
  const policy = await told(() => readPolicy(requests, facts.arn));
  const check = `policy of ${facts.name}`;
  const expected = 'only the deallocator deletes there';
  if (!isTold(policy)) return notLookedAt(check, expected, policy.untold);
  const found = checkGuard(table, facts, policy.told?.text, isTold(roles) ? roles.told : {});
  if (isTold(roles) || found.result === 'failed' || !GUARDS[table].onlyThem) return found;
  return notLookedAt(
    check,
    found.expected,
    `the policy is there; whether it names this deployment's roles is not known: ${roles.untold}`,
  );
}
