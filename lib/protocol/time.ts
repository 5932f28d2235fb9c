/** When a mark was made, and how that is written. */
import type { Chance } from './chance.ts';

/** Unique for each mark: a time alone would not tell two marks of one millisecond apart. */
export function newMarkedAt(chance: Chance): string {
  return `${isoNow(chance)}#${chance.fresh()}`;
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

/** When a mark was made. Undefined for a `markedAt` of another form, which a raw write may have. */
export function markedAtEpochMillis(markedAt: string): number | undefined {
  const time = markedAt.split('#', 1)[0] ?? '';
  // JavaScript takes "release-2" for February 2001.
  const millis = ISO_TIME.test(time) ? Date.parse(time) : Number.NaN;
  return Number.isNaN(millis) ? undefined : millis;
}

/** A mark's time as people read it, without what makes it unique. What a raw write left in another form is shown as it is. */
export function timeOfMark(markedAt: string | undefined): string {
  if (markedAt === undefined) return 'just now';
  const millis = markedAtEpochMillis(markedAt);
  return millis === undefined ? markedAt : new Date(millis).toISOString();
}

export function isoNow(chance: Pick<Chance, 'nowEpochMillis'>): string {
  return new Date(chance.nowEpochMillis()).toISOString();
}
