/** Why an object is still there: what is in its way, since when, what will follow, and what to do next. */
import type { ItemKey } from '../../lifecycle/keys.ts';
import { advise } from './advice.ts';
import type { Cluster } from './cluster.ts';
import { type Facts, readFacts } from './facts.ts';

/** Why an object is still there. Plain data, ready for JSON. */
export interface Explanation extends Facts {
  /** What to do next, in sentences that name the commands for it. */
  readonly advice: readonly string[];
}

/** `InvalidArgument` for what can't be an id. What is not there is explained too: by its history. */
export async function explain(cluster: Cluster, key: ItemKey): Promise<Explanation> {
  const { facts, part } = await readFacts(cluster, key);
  return { ...facts, advice: advise(facts, part, cluster.circumstances) };
}
