/** Refuses to mark what is in use by those that forbid it: docs/design.md §4.5. */
import type { Database } from '../dynamodb/database.ts';
import { attributePath, declaredPath, outermost } from '../dynamodb/expressions.ts';
import { lifecycleStore } from '../dynamodb/learning.ts';
import { listAttached, listChildren } from '../dynamodb/reads.ts';
import type { Item } from '../dynamodb/requests.ts';
import { keyOfItem, parseItemName } from '../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import type { Count } from '../lifecycle/kind-plan.ts';
import { isGone } from '../lifecycle/references.ts';
import { told } from '../lifecycle/told.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { BLOCKERS_NAMED_MAX, LIST_PAGE_ITEMS_MAX } from '../protocol/limits.ts';
import { eachPage } from '../protocol/pages.ts';
import { parentsOf, plannedKind } from './ids.ts';
import { distinct } from './references.ts';

interface Use {
  readonly blockers: readonly ItemKey[];
  /** Whether these are all. */
  readonly isWhole: boolean;
}

const UNUSED: Use = { blockers: [], isWhole: true };

/**
 * Throws `FailedPrecondition` when something that is not marked uses it; of a leaf, when nothing that it lies under is marked either:
 * it is on its way then. What joins right after this look does no harm: once marked, it waits for that as for any other.
 */
export async function refuseIfInUse(database: Database, key: ItemKey): Promise<void> {
  const { plan } = database;
  // Before the look: what ends in between has healed all that the look finds.
  await refuseWhileLearning(database, key);
  let use = UNUSED;
  for (const source of plannedKind(plan, key.kind).countedBy) {
    use = source.by === 'key' ? await usedUnderKey(database, key, source) : await usedByHolders(database, key);
    if (use.blockers.length > 0) break;
  }
  const { blockers, isWhole } = use;
  if (blockers.length === 0) return;
  const more = blockers.length > BLOCKERS_NAMED_MAX || !isWhole ? ' and others' : '';
  throw new DeallocatorError(
    'FailedPrecondition',
    `${told(plan, key)} is in use by ${wordsFor(database, blockers)}${more}; remove or update ${blockers.length === 1 ? 'it' : 'them'} first, or mark the ${plannedKind(plan, key.kind).words.singular} with whenInUse: 'wait'`,
    { blockers: blockers.map(itemName).sort() },
  );
}

/**
 * Users that are older than the deployment may have no attachment yet (docs/design.md §4.4 R81). The client knows of that what the item
 * says, and no more: before any sweep has been there, a removal is accepted, and its mark waits.
 */
async function refuseWhileLearning(database: Database, key: ItemKey): Promise<void> {
  const { plan } = database;
  const { countedBy, restrictedBy, words } = plannedKind(plan, key.kind);
  const holders = countedBy.flatMap((count) => (count.by === 'attachments' ? count.kinds : []));
  if (!holders.some((holder) => restrictedBy.includes(holder))) return;
  const { isThere, lifecycle } = await lifecycleStore(database).read();
  // What nobody can read may say anything.
  if (!isThere || (lifecycle !== undefined && lifecycle.learning[key.kind] === undefined)) return;
  throw new DeallocatorError(
    'FailedPrecondition',
    `${told(plan, key)} may be in use by what was there before the last deployment, which is being counted; try again once "deallocator status" no longer says so, or mark the ${words.singular} with whenInUse: 'wait'`,
    { learning: true },
  );
}

/** Each page strongly consistent, to the end or to the first that is in the way. */
async function usedUnderKey(database: Database, key: ItemKey, source: Count & { readonly by: 'key' }): Promise<Use> {
  const { plan } = database;
  if (!plannedKind(plan, key.kind).restrictedBy.includes(source.kind)) return UNUSED;
  const pages = eachPage((from) => listChildren(database, key, LIST_PAGE_ITEMS_MAX, from, source));
  for await (const page of pages) {
    const blockers = page.items.flatMap((item) => {
      const child = keyOfItem(plan, source.kind, item);
      return child !== undefined && isInTheWay(database, child, item) ? [child] : [];
    });
    if (blockers.length > 0) return { blockers, isWhole: page.next === undefined };
  }
  return UNUSED;
}

async function usedByHolders(database: Database, key: ItemKey): Promise<Use> {
  const { plan } = database;
  const { restrictedBy } = plannedKind(plan, key.kind);
  for await (const page of eachPage((from) => listAttached(database, key, LIST_PAGE_ITEMS_MAX, from))) {
    const holders = page.items
      .map((name) => parseItemName(plan, name))
      .filter((holder) => holder !== undefined && restrictedBy.includes(holder.kind)) as ItemKey[];
    const items = await readItems(database, distinct([...holders, ...holders.flatMap((one) => above(database, one))]));
    const blockers = holders.filter((holder) => {
      const item = items.get(itemName(holder));
      const parents = above(database, holder).map((parent) => items.get(itemName(parent)));
      const isLeaving = parents.some((parent) => parent?.[plan.attributes.pendingDelete] === true);
      return item !== undefined && !isLeaving && isInTheWay(database, holder, item);
    });
    if (blockers.length > 0) return { blockers, isWhole: page.next === undefined };
  }
  return UNUSED;
}

/** What a leaf lies under: it is not marked itself. */
function above({ plan }: Database, key: ItemKey): ItemKey[] {
  return plannedKind(plan, key.kind).isGuarded ? [] : parentsOf(plan, key);
}

function isInTheWay({ plan }: Database, key: ItemKey, item: Item): boolean {
  const planned = plannedKind(plan, key.kind);
  return planned.isGuarded ? item[plan.attributes.pendingDelete] !== true : !isGone(planned, item);
}

/** What tells whether an item is in the way, of each that is there, by its name. */
async function readItems(database: Database, keys: readonly ItemKey[]): Promise<Map<string, Item>> {
  const { plan } = database;
  const kinds = [...new Set(keys.map(({ kind }) => kind))];
  const found = await Promise.all(
    kinds.map(async (kind) => {
      const wanted = keys.filter((key) => key.kind === kind).map((key) => database.at.item(key).Key);
      const { goneWhen, key } = plannedKind(plan, kind);
      const names = [...Object.keys(key), plan.attributes.pendingDelete].map(attributePath);
      const paths = [...names, ...(goneWhen === undefined ? [] : [declaredPath(goneWhen.at)])];
      const items = await database.requests.batchGet(database.at.tableOf(kind), wanted, outermost(paths));
      return items.flatMap((item): [string, Item][] => {
        const read = keyOfItem(plan, kind, item);
        return read === undefined ? [] : [[itemName(read), item]];
      });
    }),
  );
  return new Map(found.flat());
}

/** The first few, kind by kind, those of one part before the others. */
function wordsFor({ plan }: Database, blockers: readonly ItemKey[]): string {
  const words: string[] = [];
  let left = BLOCKERS_NAMED_MAX;
  for (const [kind, { parts, words: own }] of Object.entries(plan.kinds)) {
    const some = blockers.filter((key) => key.kind === kind);
    const texts = some.map((key) => (parts.length === 1 ? key.id : told(plan, key))).sort();
    const shown = texts.slice(0, left);
    left -= shown.length;
    if (shown.length > 0) words.push(parts.length === 1 ? `${own.singular} ${shown.join(', ')}` : shown.join(', '));
  }
  return words.join(', ');
}
