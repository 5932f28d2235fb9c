/**
 * Small transactions of several parents in one. Nothing couples them but the request: one that is refused, in conflict or
 * throttled cancels the group, and the others are sent again without it. So each is committed or refused by its own
 * conditions alone, as it would be by itself.
 */
import { type TransactionCanceledException, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { TRANSACTION_ACTIONS_MAX, TRANSACTIONS_TOGETHER_MAX } from '../protocol/limits.ts';
import type { Transacted } from '../protocol/store.ts';
import type { Database } from './database.ts';
import { gather, type Outcome } from './gather.ts';
import { type Action, storedAction } from './requests.ts';
import { cancellationReasons } from './retry.ts';

type Transaction = readonly Action[];

/** @param alone sends one by itself */
export function gatherTransactions(
  database: Database,
  alone: (actions: Transaction) => Promise<Transacted>,
): (actions: Transaction) => Promise<Transacted> {
  const together = async (all: readonly Transaction[], isAgain = false): Promise<readonly Outcome<Transacted>[]> => {
    const cancelled = await send(database, all.flat());
    if (cancelled === undefined) return all.map(() => async () => 'committed');
    const outcomes = new Map<Transaction, Outcome<Transacted>>();
    const innocent: Transaction[] = [];
    let first = 0;
    for (const actions of all) {
      const codes = cancelled.slice(first, first + actions.length).map(({ Code = 'None' }) => Code);
      first += actions.length;
      if (codes.includes('ConditionalCheckFailed')) outcomes.set(actions, async () => 'cancelled');
      // In conflict, or throttled: alone, with the pauses that it needs.
      else if (codes.length < actions.length || codes.some((code) => code !== 'None')) {
        outcomes.set(actions, () => alone(actions));
      } else innocent.push(actions);
    }
    // Once more together, since a cancelled group is charged. Whoever meets trouble again goes alone.
    const others =
      isAgain || innocent.length < 2 ? innocent.map((actions) => () => alone(actions)) : await together(innocent, true);
    for (const [place, actions] of innocent.entries()) outcomes.set(actions, others[place] as Outcome<Transacted>);
    return all.map((actions) => outcomes.get(actions) as Outcome<Transacted>);
  };
  return gather<Transaction, Transacted>({ alone, together, group: inGroups });
}

/** The reasons of a cancelled group; undefined where it was committed. */
async function send({ requests, chance }: Database, actions: readonly Action[]) {
  const ClientRequestToken = chance.fresh();
  const TransactItems = actions.map(storedAction);
  return await requests.send('TransactWriteItems', (db) =>
    db.send(new TransactWriteItemsCommand({ ClientRequestToken, TransactItems })).then(
      () => undefined,
      (error: TransactionCanceledException) => {
        if (error.name !== 'TransactionCanceledException') throw error;
        return cancellationReasons(error);
      },
    ),
  );
}

/** In their order, as many as fit. An item can be in a transaction only once. */
function inGroups(all: readonly Transaction[]): Transaction[][] {
  const groups: { readonly members: Transaction[]; readonly items: Set<string>; actions: number }[] = [];
  for (const actions of all) {
    const items = itemsOf(actions);
    const last = groups.at(-1);
    const fits =
      last !== undefined &&
      last.members.length < TRANSACTIONS_TOGETHER_MAX &&
      last.actions + actions.length <= TRANSACTION_ACTIONS_MAX &&
      !items.some((item) => last.items.has(item));
    const group = fits ? last : { members: [], items: new Set<string>(), actions: 0 };
    if (!fits) groups.push(group);
    group.members.push(actions);
    group.actions += actions.length;
    for (const item of items) group.items.add(item);
  }
  return groups.map(({ members }) => members);
}

/** The items that it names by their keys. A receipt, which is put, belongs to its parent. */
function itemsOf(actions: Transaction): string[] {
  return actions.flatMap(({ Put, ...named }) =>
    Object.values(named).map(({ TableName, Key }) => JSON.stringify([TableName, Key])),
  );
}
