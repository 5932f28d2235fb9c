/**
 * Maps side by side, at most `limit` at a time; the results are in the order of the items. The first failure is thrown when
 * all that had started have ended, so that nothing goes on behind the caller's back.
 */
export async function mapInParallel<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const pending = items.entries();
  const worker = async () => {
    for (const [index, item] of pending) results[index] = await map(item, index);
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results;
}

/**
 * The same for what asks the store step by step: a group at a time, all of it side by side, so that its members ask together. The
 * next group begins when this one has ended.
 */
export async function mapTogether<T>(
  items: readonly T[],
  limit: number,
  map: (item: T) => Promise<void>,
): Promise<void> {
  for (const group of chunks(items, limit)) await mapInParallel(group, limit, map);
}

/** Consecutive groups of at most `size`. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}

/** `Map.groupBy`, which Node.js 20 does not have. Groups, and what is in them, keep the order of the items. */
export function groupBy<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
