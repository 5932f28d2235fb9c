/** What an import or an export has done, in words. */
import type { ImportPhase, ImportResult } from '../../lib/operate/snapshots/import.ts';
import type { ImportInput } from '../../lib/operate/snapshots/read-import.ts';
import { groupByCause } from '../../lib/operate/snapshots/unusable.ts';
import { columns, count, list, shortened } from './text.ts';

const PHASES: readonly ImportPhase[] = ['networks', 'services', 'tasks'];

export function importWords(
  result: ImportResult,
  { unusable, skipped, lacks, empty }: Omit<ImportInput, 'snapshot'>,
): string {
  const rows = PHASES.map((phase) => {
    const { created, alreadyThere, refused } = result[phase];
    return [phase, created, alreadyThere, refused];
  });
  const reasons = [
    ...groupByCause(result.refusals).map((group) => [named(group), `refused: ${group.reason}`]),
    ...groupByCause(skipped).map((group) => [named(group), `can't be used, left out: ${group.reason}`]),
    ...groupByCause(unusable).map((group) => [named(group), `left out: ${group.reason}`]),
    ...lacks.map(({ kind, objects, reason }) => [named({ cause: kind, objects }), `${kind} are lacking: ${reason}`]),
    ...empty.map((sentence) => ['', sentence]),
  ];
  const table = columns(['', 'CREATED', 'ALREADY THERE', 'REFUSED'], rows);
  return reasons.length > 0 ? `${table}\n\n${list(['OBJECT', 'WHY'], reasons)}` : table;
}

/** Objects of one cause that are named before their number alone is told. */
const NAMED_MAX = 3;

function named({ cause, objects }: { readonly cause: string; readonly objects: readonly string[] }): string {
  const first = objects.length === 0 ? cause : objects.slice(0, NAMED_MAX).map(shortened).join(', ');
  return objects.length > NAMED_MAX ? `${count(objects.length, 'object')}: ${first}, …` : first;
}

export function exportedWords({ services, networks, tasks }: Readonly<Record<ImportPhase, number>>): string {
  return `exported ${[count(services, 'service'), count(networks, 'network'), count(tasks, 'task')].join(', ')}`;
}
