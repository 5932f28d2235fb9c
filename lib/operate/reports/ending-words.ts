/** What becomes of what its users delete: most of it is deleted, and some of it runs and is stopped first. */
import type { Plan } from '../../lifecycle/plan.ts';
import { planned } from '../names.ts';

/** Kinds whose items run, by their names. */
const RUNNING: readonly string[] = ['task'];

const isRunning = (kinds: readonly string[]) => kinds.every((kind) => RUNNING.includes(kind));

export function deleteWords(plan: Plan, kinds: readonly string[]): string {
  if (isRunning(kinds)) return 'stop and delete';
  return kinds.some((kind) => planned(plan, kind).goneWhen !== undefined) ? 'end or delete' : 'delete';
}

/** What to look at, where they don't go. */
export function runnerWords(plan: Plan, kinds: readonly string[]): string {
  const names = kinds.map((kind) => planned(plan, kind).words.plural).join(' and ');
  return isRunning(kinds)
    ? `see whether what runs its ${names} still does, and deletes them once they have stopped`
    : `see whether what deletes its ${names} still does`;
}
