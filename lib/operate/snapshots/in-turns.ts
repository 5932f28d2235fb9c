/**
 * Works side by side, at most `limit` at a time, and never on two groups that share a parent: their transactions would check the
 * same item, and conflict. The first failure is thrown when all that had started have ended.
 */
export async function inTurns<T extends { readonly parents: ReadonlySet<string> }>(
  groups: readonly T[],
  limit: number,
  work: (group: T) => Promise<void>,
): Promise<void> {
  const waiting = [...groups];
  const held = new Set<string>();
  const failures: unknown[] = [];
  let running = 0;
  const run = async (group: T): Promise<void> => {
    running++;
    for (const parent of group.parents) held.add(parent);
    await work(group).catch((error: unknown) => void failures.push(error));
    running--;
    for (const parent of group.parents) held.delete(parent);
    await startAll();
  };
  /** All that can work now; whoever ends starts what waited for it. */
  const startAll = async (): Promise<void> => {
    const started: Promise<void>[] = [];
    while (running < limit && failures.length === 0) {
      const next = waiting.findIndex(({ parents }) => [...parents].every((parent) => !held.has(parent)));
      const [group] = next === -1 ? [] : waiting.splice(next, 1);
      if (group === undefined) break;
      started.push(run(group));
    }
    await Promise.all(started);
  };
  await startAll();
  if (failures.length > 0) throw failures[0];
}
