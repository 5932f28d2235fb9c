/**
 * Comes back for everything whose record was lost: settles each marked parent and the parent of each counter, reading only
 * what is marked. SwarmKit's first scan at each change of leader, without the scan.
 */
import { heal } from './heal.ts';
import { NETWORKS_IN_PARALLEL, PARENTS_IN_PARALLEL, SWEEP_ATTACHMENTS_MAX, SWEEP_RESERVE_MILLIS } from './limits.ts';
import { KINDS, type ParentKey, type ParentKind, parentName } from './model.ts';
import { chunks, mapInParallel } from './parallel.ts';
import { markedAtEpochMillis, type Settled, settle } from './settle.ts';
import {
  type Chance,
  FULL_SWEEP_SOURCES,
  type Listed,
  type Page,
  type PageKey,
  type Store,
  SWEEP_SOURCES,
  type SweepCursor,
  type SweepSource,
} from './store.ts';

export interface SweepReport {
  /** Where it goes on. Absent when it came to the end. */
  readonly resumeAt: SweepCursor | undefined;
  readonly settled: number;
  readonly deleted: readonly ParentKey[];
  readonly failed: readonly { readonly parent: ParentKey; readonly error: unknown }[];
  /** Marked parents that were seen and are still there, those that failed included. */
  readonly stillMarked: number;
  /** Age of the oldest of these marks that tells its time, in milliseconds. Absent when none does. */
  readonly oldestMarkMillis: number | undefined;
}

export interface SweepOptions {
  readonly from: SweepCursor | undefined;
  /** Also looks for marks without a time, which no index knows, and which only their own record would have told of. */
  readonly full?: boolean;
  /** The sweep stops, between two groups of parents, when less than the reserve is left of this. */
  remainingMillis(): number;
  readonly onSettled: (settled: Settled) => void;
  readonly onFailed: (parent: ParentKey, error: unknown) => void;
  /** After each page that another follows: where a sweep that dies goes on. */
  readonly onPage: (next: SweepCursor) => Promise<void>;
}

/** A parent that can't be settled doesn't hold up the others: it is reported, and the next sweep tries it again. */
export async function sweep(store: Store, chance: Chance, options: SweepOptions): Promise<SweepReport> {
  const deleted: ParentKey[] = [];
  const failed: { parent: ParentKey; error: unknown }[] = [];
  const done = new Set<string>();
  const ages: number[] = [];
  let settledCount = 0;
  let stillMarked = 0;

  const remains = (markedAt: string | undefined) => {
    stillMarked++;
    const at = markedAt === undefined ? undefined : markedAtEpochMillis(markedAt);
    if (at !== undefined) ages.push(chance.nowEpochMillis() - at);
  };
  const sweepOne = async ({ key, markedAt }: Listed): Promise<void> => {
    if (done.has(parentName(key))) return; // a counter whose parent this sweep has settled as marked
    done.add(parentName(key));
    try {
      await healChildren(store, chance, key);
      const settled = await settle(store, chance, key, { patient: true });
      settledCount++;
      if (settled.outcome === 'deleted') deleted.push(key, ...settled.freed);
      else if (settled.outcome === 'draining') remains(markedAt);
      options.onSettled(settled);
    } catch (error) {
      remains(markedAt);
      failed.push({ parent: key, error });
      options.onFailed(key, error);
    }
  };
  const report = (resumeAt: SweepCursor | undefined): SweepReport => {
    const oldestMarkMillis = ages.length > 0 ? ages.reduce((a, b) => Math.max(a, b)) : undefined;
    return { resumeAt, settled: settledCount, deleted, failed, stillMarked, oldestMarkMillis };
  };

  const sources: readonly SweepSource[] =
    options.full || options.from?.source.startsWith('unstamped') ? FULL_SWEEP_SOURCES : SWEEP_SOURCES;
  // A cursor that names no source of ours is none.
  const first = Math.max(0, options.from === undefined ? 0 : sources.indexOf(options.from.source));
  for (const source of sources.slice(first)) {
    let from: PageKey | undefined = source === options.from?.source ? options.from.from : undefined;
    do {
      const page: Page<Listed> = await list(store, source, from);
      for (const group of chunks(page.items, PARENTS_IN_PARALLEL)) {
        if (options.remainingMillis() < SWEEP_RESERVE_MILLIS) return report({ source, from });
        await mapInParallel(group, PARENTS_IN_PARALLEL, sweepOne);
        from = group.at(-1)?.at;
      }
      from = page.next;
      if (from !== undefined) await options.onPage({ source, from });
    } while (from !== undefined);
  }
  return report(undefined);
}

function list(store: Store, source: SweepSource, from: PageKey | undefined): Promise<Page<Listed>> {
  switch (source) {
    case 'counter':
      return store.listCounters(from);
    case 'unstamped service':
      return store.listUnstamped('service', from);
    case 'unstamped network':
      return store.listUnstamped('network', from);
    default:
      return store.listMarked(source, from);
  }
}

/**
 * Removes the attachments of a marked network whose service has gone, or refers to it no more, by hands that kept none of
 * the rules, and whose record was lost as well: else the network would wait for them for ever. It costs one read for each
 * attachment of what is marked.
 */
async function healChildren(store: Store, chance: Chance, key: ParentKey): Promise<void> {
  const user = (Object.keys(KINDS) as ParentKind[]).find((kind) => KINDS[kind].refersTo === key.kind);
  if (user === undefined) return;
  await mapInParallel(await store.listAttached(key, SWEEP_ATTACHMENTS_MAX), NETWORKS_IN_PARALLEL, async (id) => {
    const service = { kind: user, id };
    const asRead = await store.readParent(service);
    if (!asRead?.references.includes(key.id)) await heal(store, chance, service, [key.id]);
  });
}
