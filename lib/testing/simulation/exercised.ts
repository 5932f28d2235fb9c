/** What a run, or many, really did: an idle simulation proves nothing. */

export const COUNTED = [
  'schedules',
  'steps',
  'requests',
  'actions',
  'invocations',
  'deletions',
  'networks freed',
  'settles',
  'recounts',
  'yields',
  'stamps',
  'undeletes',
  'heals',
  'decrements',
  'sweeps',
  'dead letters',
  'crashes before a request',
  'crashes after a commit',
  'timeouts',
  'answers lost',
  'late requests',
  'throttles',
  'conflicts',
  'conflicts in transactions',
  'server errors',
  'denials',
  'unprocessed parts',
  'statements together',
  'statements that fail alone',
  'counts together',
  'counts cut short',
  'deletions together',
  'reads of the past',
  'duplicates',
  'reorders',
  'delays',
  'drops',
  'expired streams',
  'clock jumps',
  'excused',
  'tasks stopped',
  'holds',
] as const;

export type Counted = (typeof COUNTED)[number];

export class Exercised {
  readonly counts = new Map<string, number>();

  count(what: Counted | 'mistakes' | `refused: ${string}`, by = 1): void {
    if (by > 0) this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  of(what: Counted | 'mistakes'): number {
    return this.counts.get(what) ?? 0;
  }

  add(others: Iterable<readonly [string, number]>): void {
    for (const [what, by] of others) this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** @returns the decision that a line of a function's log tells of, if it does */
  readLog(line: string): string | undefined {
    const { decision, recounts, put, removed } = JSON.parse(line) as Record<string, unknown>;
    if (decision === undefined) return undefined;
    if (recounts !== undefined) this.count('settles');
    this.count('recounts', Number(recounts ?? 0));
    if (decision === 'yielded') this.count('yields');
    if (decision === 'healed') this.count('heals', Number(put) + Number(removed));
    if (decision === 'held') this.count('holds');
    if (decision === 'decremented') this.count('decrements');
    return String(decision);
  }
}
