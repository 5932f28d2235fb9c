/** How far each drain has come since the page began to look, and how long the rest takes if it goes on like that. */
import type { StatusEntry } from '../../lib/operate/reports/status.ts';

export type Drain = Pick<StatusEntry, 'object' | 'state' | 'mark' | 'children' | 'hold'>;

export interface Pace {
  /** The most children that were seen: the deallocator itself keeps no such number. */
  readonly most: number;
  /** Of a grace period; or, of what drains, at its pace so far. Undefined where nothing tells. */
  readonly secondsLeft: number | undefined;
}

/** The most children of a drain, and when there were that many. */
type Seen = Pick<Pace, 'most'> & { readonly epochMillis: number };

/** Given all that is marked at each look, tells each one's pace, by name. What is marked no more is forgotten. */
export function openDrains(): (drains: readonly Drain[], nowEpochMillis: number) => Map<string, Pace> {
  let seen = new Map<string, Seen>();
  return (drains, nowEpochMillis) => {
    const next = new Map<string, Seen>();
    const paces = drains.map((drain): [string, Pace] => {
      // Another mark is another drain.
      const life = JSON.stringify([drain.object, drain.mark.markedAt]);
      const { count } = drain.children;
      const before = seen.get(life);
      const peak = before !== undefined && before.most > count ? before : { most: count, epochMillis: nowEpochMillis };
      next.set(life, peak);
      return [drain.object, { most: peak.most, secondsLeft: secondsLeft(drain, peak, nowEpochMillis) }];
    });
    seen = next;
    return new Map(paces);
  };
}

function secondsLeft({ state, hold, children }: Drain, peak: Seen, nowEpochMillis: number): number | undefined {
  if (state === 'held' && hold?.because === 'grace period') {
    return Math.max(0, Math.ceil((Date.parse(hold.until) - nowEpochMillis) / 1000));
  }
  const gone = peak.most - children.count;
  if (state !== 'draining' || gone === 0 || !children.isExact) return undefined;
  return Math.ceil(((nowEpochMillis - peak.epochMillis) * children.count) / gone / 1000);
}
