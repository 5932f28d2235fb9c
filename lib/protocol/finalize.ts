/** What the one deleting transaction holds. SwarmKit's `deallocateService`, except that nothing inside it can fail alone. */
import { type Circumstances, goesAlong } from './decide.ts';
import { NETWORKS_PER_SERVICE_MAX } from './limits.ts';
import { isMarked, kindRules, type MarkedParent, type ParentKind } from './model.ts';
import { mapInParallel } from './parallel.ts';
import { writeReceipt } from './receipt.ts';
import type { Finalization, Store } from './store.ts';

/**
 * Plans the deletion of a parent that has no child: itself, its counter, its attachments, each network that goes with it, and
 * the receipt of it all. A raw write may give a service more networks than a transaction holds. The first 32 go with it. The
 * attachments of the rest go after it, healed by the deletion's own stream record or by the sweep; not before it, since an
 * undelete in between would find a service whose networks nothing protects.
 *
 * @param trigger what set it going, for the receipt
 */
export async function planFinalization(
  store: Store,
  parent: MarkedParent,
  circumstances: Circumstances,
  trigger: string,
): Promise<Finalization> {
  const { refersTo } = kindRules(parent.key.kind);
  const references = refersTo === undefined ? [] : parent.references.slice(0, NETWORKS_PER_SERVICE_MAX);
  const detached = references.map((id) => ({ kind: refersTo as ParentKind, id }));
  const networks = await mapInParallel(detached, NETWORKS_PER_SERVICE_MAX, async (key) => {
    // Read before its attachments: docs/design.md §4.3 R25.
    const network = await store.readParent(key);
    if (network === undefined || !isMarked(network)) return undefined;
    const attached = await store.listAttached(key, 2);
    return goesAlong(network, attached, parent.key, circumstances) ? network : undefined;
  });
  const freed = networks.filter((network) => network !== undefined);
  return { parent, detached, freed, receipt: writeReceipt(parent, detached, freed, circumstances, trigger) };
}
