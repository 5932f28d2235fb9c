/** Lists that come page by page: however long a list is, what walks it stops where it was told to. */

/** Where a listing goes on: plain data, so that it can be kept between two sweeps. */
export type PageKey = Readonly<Record<string, string>>;

/** One page of a listing; `next` goes into the next call, and is absent on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: PageKey | undefined;
}

/**
 * One page after another, each asked for only when the one before has been dealt with. Where `pagesMax` ends the walk, the
 * last page still has a `next`; without it, the caller has another bound, such as the number of items.
 */
export async function* eachPage<P extends Pick<Page<unknown>, 'next'>>(
  list: (from: PageKey | undefined) => Promise<P>,
  { pagesMax, startAt }: { readonly pagesMax?: number; readonly startAt?: PageKey | undefined } = {},
): AsyncGenerator<P, void> {
  let from = startAt;
  for (let pages = 1; pagesMax === undefined || pages <= pagesMax; pages++) {
    const page = await list(from);
    yield page;
    from = page.next;
    if (from === undefined) return;
  }
}

/** All items of at most so many pages; `isWhole` is false where more are left. */
export async function itemsOf<T>(
  list: (from: PageKey | undefined) => Promise<Page<T>>,
  pagesMax: number,
): Promise<{ readonly items: readonly T[]; readonly isWhole: boolean }> {
  const items: T[] = [];
  let left: PageKey | undefined;
  for await (const page of eachPage(list, { pagesMax })) {
    items.push(...page.items);
    left = page.next;
  }
  return { items, isWhole: left === undefined };
}
