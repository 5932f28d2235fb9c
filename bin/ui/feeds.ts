/** What the open pages show: each view is read again and again, once for all that look at it, and not at all without them. */
import type { Chance } from '../../lib/protocol/chance.ts';
import type { Html } from './html.ts';

export interface Reading {
  /** Parts of a page by their ids, in the page's order. */
  read(): Promise<ReadonlyMap<string, Html>>;
  readonly periodMillis: number;
}

/** What a viewer is told: the parts and when they were read; or a fault, and what was read before stays true for its time. */
export type Told =
  | { readonly readAt: string; readonly parts: ReadonlyMap<string, Html> }
  | { readonly fault: string; readonly parts?: never };

type Viewer = (told: Told) => void;

export interface FeedOptions {
  readonly chance: Chance;
  faultWords(error: unknown): string;
}

/** A reading that takes long pauses for so many times its own length: at most a tenth of the time goes to the tables. */
const PAUSE_FOR_EACH_READING = 9;

export function openFeeds({ chance, faultWords }: FeedOptions) {
  const feeds = new Map<string, { readonly viewers: Set<Viewer>; last?: Told }>();

  async function keep(name: string, { read, periodMillis }: Reading): Promise<void> {
    const feed = feeds.get(name);
    while (feed !== undefined && feed.viewers.size > 0) {
      const startEpochMillis = chance.nowEpochMillis();
      const readAt = new Date(startEpochMillis).toISOString();
      const told = await read().then(
        (parts): Told => ({ readAt, parts }),
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
    join(name: string, open: () => Reading, viewer: Viewer): () => void {
      const { viewers, last } = feeds.get(name) ?? { viewers: new Set() };
      viewers.add(viewer);
      if (last !== undefined) viewer(last);
      if (!feeds.has(name)) {
        feeds.set(name, { viewers });
        void keep(name, open());
      }
      return () => void viewers.delete(viewer);
    },
    /** Views that are read. */
    count: () => feeds.size,
  };
}
