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
  type Listed,
  type Page,
  type PageKey,
  type Store,
  SWEEP_SOURCES,
  type SweepCursor,
} from './store.ts';

export interface SweepReport {
  /** Whether all that was marked when the sweep began has been settled, or failed by name. */
  readonly complete: boolean;
  /** Where it goes on. Absent when complete. */
  readonly resumeAt: SweepCursor | undefined;
  readonly settled: number;
  readonly deleted: readonly ParentKey[];
  readonly failed: readonly { readonly parent: ParentKey; readonly error: unknown }[];
  /** Age of the oldest mark that was seen and is still there, in milliseconds. Absent when nothing is marked. */
  readonly oldestMarkMillis: number | undefined;
}

export interface SweepOptions {
  readonly from: SweepCursor | undefined;
  /** The sweep stops, between two groups of parents, when less than the reserve is left of this. */
  remainingMillis(): number;
  readonly onSettled: (settled: Settled) => void;
  readonly onFailed: (parent: ParentKey, error: unknown) => void;
}

/** A parent that can't be settled doesn't hold up the others: it is reported, and the next sweep tries it again. */
export async function sweep(store: Store, chance: Chance, options: SweepOptions): Promise<SweepReport> {
  const deleted: ParentKey[] = [];
  const failed: { parent: ParentKey; error: unknown }[] = [];
  const done = new Set<string>();
  let settledCount = 0;
  let oldestMarkMillis: number | undefined;

  const sweepOne = async ({ key, markedAt }: Listed): Promise<void> => {
    if (done.has(parentName(key))) return; // a counter whose parent this sweep has settled as marked
    done.add(parentName(key));
    try {
      await healChildren(store, chance, key);
      const settled = await settle(store, chance, key, { patient: true });
      settledCount++;
      if (settled.outcome === 'deleted') deleted.push(key, ...settled.freed);
      else if (settled.outcome === 'draining') oldestMarkMillis = older(oldestMarkMillis, markedAt, chance);
      options.onSettled(settled);
    } catch (error) {
      failed.push({ parent: key, error });
      options.onFailed(key, error);
    }
  };
  const report = (resumeAt: SweepCursor | undefined): SweepReport => {
    const complete = resumeAt === undefined;
    return { complete, resumeAt, settled: settledCount, deleted, failed, oldestMarkMillis };
  };

  const first = options.from === undefined ? 0 : SWEEP_SOURCES.indexOf(options.from.source);
  for (const source of SWEEP_SOURCES.slice(first)) {
    let from: PageKey | undefined = source === options.from?.source ? options.from.from : undefined;
    do {
      const page: Page<Listed> = await list(store, source, from);
      for (const group of chunks(page.items, PARENTS_IN_PARALLEL)) {
        if (options.remainingMillis() < SWEEP_RESERVE_MILLIS) return report({ source, from });
        await mapInParallel(group, PARENTS_IN_PARALLEL, sweepOne);
        from = group.at(-1)?.at;
      }
      from = page.next;
    } while (from !== undefined);
  }
  return report(undefined);
}

function list(store: Store, source: SweepCursor['source'], from: PageKey | undefined): Promise<Page<Listed>> {
  return source === 'counter' ? store.listCounters(from) : store.listMarked(source, from);
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

function older(oldest: number | undefined, markedAt: string | undefined, chance: Chance): number | undefined {
  const at = markedAt === undefined ? undefined : markedAtEpochMillis(markedAt);
  if (at === undefined) return oldest;
  return Math.max(oldest ?? 0, chance.nowEpochMillis() - at);
}
