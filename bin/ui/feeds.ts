/** What the open pages show: each view is read again and again, once for all that look at it, and not at all without them. */
import type { Chance } from '../../lib/protocol/chance.ts';
import type { Html } from './html.ts';

/** Parts of a page by their ids, in the page's order. */
export type Parts = ReadonlyMap<string, Html>;

export interface Reading {
  read(): Promise<Parts>;
  readonly periodMillis: number;
}

/** What a viewer is told: the parts, or why there are none. The parts before stay true for the time at which they were read. */
export type Told = { readonly readAt: string; readonly parts: Parts } | { readonly fault: string };

export interface FeedOptions {
  readonly chance: Chance;
  faultWords(error: unknown): string;
}

/** A reading that takes long pauses for so many times its own length: at most a tenth of the time goes to the tables. */
const PAUSE_FOR_EACH_READING = 9;

export function openFeeds({ chance, faultWords }: FeedOptions) {
  const feeds = new Map<string, { readonly viewers: Set<(told: Told) => void>; last: Told | undefined }>();

  async function keep(name: string, { read, periodMillis }: Reading): Promise<void> {
    const feed = feeds.get(name);
    while (feed !== undefined && feed.viewers.size > 0) {
      const startEpochMillis = chance.nowEpochMillis();
      const told = await read().then(
        (parts): Told => ({ readAt: new Date(startEpochMillis).toISOString(), parts }),
        (error: unknown): Told => ({ fault: faultWords(error) }),
      );
      feed.last = told;
      for (const viewer of feed.viewers) viewer(told);
      const tookMillis = chance.nowEpochMillis() - startEpochMillis;
      await chance.pause(Math.max(periodMillis, PAUSE_FOR_EACH_READING * tookMillis));
    }
    feeds.delete(name);
  }

  return {
    /** @param open makes the reading where nobody looks at the view yet. Returns how to leave. */
    join(name: string, open: () => Reading, viewer: (told: Told) => void): () => void {
      const known = feeds.get(name);
      const feed = known ?? { viewers: new Set(), last: undefined };
      feed.viewers.add(viewer);
      if (known?.last !== undefined) viewer(known.last);
      if (known === undefined) {
        feeds.set(name, feed);
        void keep(name, open());
      }
      return () => void feed.viewers.delete(viewer);
    },
    /** Views that are read. */
    count: () => feeds.size,
  };
}
