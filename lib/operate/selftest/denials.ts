/** That the tables deny deletes to whoever runs the selftest, an administrator too. The items are not there: IAM is asked first. */
import type { Address } from '../../dynamodb/addresses.ts';
import { deniedBy, putRaw, tryToDelete, WAYS_TO_DELETE, type WayToDelete } from '../../dynamodb/probes.ts';
import { RECEIPT_EXPIRY } from '../../dynamodb/schema.ts';
import type { ItemKey } from '../../lifecycle/keys.ts';
import { type Check, failed, notLookedAt, passed } from '../deployed/check.ts';
import { type Guard, guardsOf } from '../deployed/guards.ts';
import { wordsOf } from '../deployed/told.ts';
import { castOf } from './cast.ts';
import type { Stage } from './stage.ts';

type Tried = { readonly way: WayToDelete; readonly outcome: 'denied' | 'done' | 'not tried'; readonly why: string };

export async function denials(stage: Stage): Promise<Check[]> {
  const guards = Object.entries(guardsOf(stage.database.plan));
  return await Promise.all([...guards.map(([table, guard]) => denialsOf(stage, table, guard)), forgery(stage)]);
}

async function denialsOf(stage: Stage, table: string, { onlyThem, isShared }: Guard): Promise<Check> {
  const { requests } = stage.database;
  const physical = stage.database.at.table(table);
  // The client's own users may delete attachments in transactions.
  const ways = WAYS_TO_DELETE.filter((way) => onlyThem || way !== 'in a transaction');
  const name = `deletes from ${physical}`;
  const expected = `denied to you ${ways.join(', ')}`;
  const tried: Tried[] = [];
  for (const way of ways) {
    try {
      await tryToDelete(requests, addressIn(stage, table), way);
      tried.push({ way, outcome: 'done', why: '' });
    } catch (error) {
      const by = deniedBy(error);
      tried.push({ way, outcome: by === 'table' ? 'denied' : 'not tried', why: wordsOf(error) });
    }
  }
  const promises = ['S1', 'S2', 'S3'] as const;
  const done = tried.filter(({ outcome }) => outcome === 'done').map(({ way }) => way);
  if (done.length > 0 && isShared) {
    const why = 'the table may hold items of no kind, so it has no policy against deletes where it was brought along';
    return notLookedAt(name, expected, why);
  }
  if (done.length > 0) {
    const fix = `see the check "policy of ${physical}", which says what to run`;
    return { ...failed(name, 'delete not denied', { expected, seen: `done ${done.join(', ')}`, fix }), promises };
  }
  const open = tried.find(({ outcome }) => outcome === 'not tried');
  if (open === undefined) return { ...passed(name, expected, 'denied by the table'), promises };
  return notLookedAt(
    name,
    expected,
    `the refusal of a delete ${open.way} is not the table's, so it proves nothing: ${open.why}`,
  );
}

/** If it is not denied, the receipt stays for a day. */
const FORGED_RECEIPT_SECONDS = 24 * 60 * 60;

/** History that never was: an event would tell of it too. */
async function forgery(stage: Stage): Promise<Check> {
  const { requests, at, chance } = stage.database;
  const { TableName, Key } = addressIn(stage, 'receipts');
  const name = `a forged receipt in ${at.table('receipts')}`;
  const expected = 'denied to you';
  const expiresAt = Math.floor(chance.nowEpochMillis() / 1000) + FORGED_RECEIPT_SECONDS;
  try {
    await putRaw(requests, TableName, { ...Key, [RECEIPT_EXPIRY]: expiresAt });
  } catch (error) {
    if (deniedBy(error) === 'table') return passed(name, expected, 'denied by the table');
    return notLookedAt(name, expected, `the refusal is not the table's, so it proves nothing: ${wordsOf(error)}`);
  }
  const fix = `see the check "policy of ${at.table('receipts')}", which says what to run`;
  return failed(name, 'delete not denied', { expected, seen: 'done', fix });
}

/** Beside our own, so that nothing of anybody's is hit where a policy is missing. */
function addressIn(stage: Stage, table: string): Address {
  const { at, plan } = stage.database;
  const [some = ''] = plan.sweep;
  const [kind = some] = plan.tables[table]?.kinds ?? [];
  const nobody = nobodyOf(stage, kind);
  switch (table) {
    case 'attachments':
      return at.attachment(nobody, nobody);
    case 'counters':
      return at.counter(nobody);
    case 'receipts':
      return at.receipt(nobody, 'forged');
    default:
      return stage.database.at.item(nobody);
  }
}

function nobodyOf({ database: { plan }, run }: Stage, kind: string): ItemKey {
  const { key } = castOf(plan, kind, `${run}.nobody`).subject;
  return key;
}
