/**
 * What the one deleting transaction holds. SwarmKit's `deallocateService`, except that nothing inside it can fail alone.
 */
import { NETWORKS_IN_PARALLEL, NETWORKS_PER_SERVICE_MAX } from './limits.ts';
import { isMarked, KINDS, type MarkedParent, type ParentKey } from './model.ts';
import { mapInParallel } from './parallel.ts';
import type { Finalization, Store } from './store.ts';

/**
 * Plans the deletion of a parent that has no child: itself, its counter, its attachments, and each network that goes with
 * it. A service written by other hands may refer to more networks than a transaction holds: the first 32 go with it, and
 * the attachments of the rest go after it, healed by the removal's own stream record or by the sweep. Not before it: an
 * undelete in between would find a service whose networks nothing protects.
 */
export async function planFinalization(store: Store, parent: MarkedParent): Promise<Finalization> {
  const { refersTo } = KINDS[parent.key.kind];
  if (refersTo === undefined) return { parent, detached: [], freed: [] };
  const detached = parent.references.slice(0, NETWORKS_PER_SERVICE_MAX).map((id) => ({ kind: refersTo, id }));
  const networks = await mapInParallel(detached, NETWORKS_IN_PARALLEL, (key) => findFreed(store, key, parent.key));
  return { parent, detached, freed: networks.filter((network) => network !== undefined) };
}

/** The network, if it is marked and nobody but `user` is attached to it. Read before its attachments are: see DESIGN §3. */
async function findFreed(store: Store, key: ParentKey, user: ParentKey): Promise<MarkedParent | undefined> {
  const network = await store.readParent(key);
  if (network === undefined || !isMarked(network)) return undefined;
  const attached = await store.listAttached(key, 2);
  return attached.every((serviceId) => serviceId === user.id) ? network : undefined;
}
