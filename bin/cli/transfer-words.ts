/** What an import or an export has done, in words. */
import { spokenInSwarm } from '../../lib/operate/names.ts';
import type { ImportPhase, ImportResult } from '../../lib/operate/snapshots/import.ts';
import type { Counts } from '../../lib/operate/snapshots/lines.ts';
import { KIND_OF } from '../../lib/operate/snapshots/lists.ts';
import type { ImportInput } from '../../lib/operate/snapshots/read-import.ts';
import type { LeftOut } from '../../lib/operate/snapshots/snapshot.ts';
import { groupByCause } from '../../lib/operate/snapshots/unusable.ts';
import type { Terminal } from './terminal.ts';
import { columns, count, list, shortened } from './text.ts';

const PHASES: readonly ImportPhase[] = ['networks', 'volumes', 'secrets', 'configs', 'services', 'tasks'];

export function importWords(
  result: ImportResult,
  { unusable, skipped, lacks, empty }: Omit<ImportInput, 'snapshot'>,
  terminal: Terminal,
): string {
  const rows = PHASES.flatMap((phase) => {
    const counts = result[phase];
    return counts === undefined ? [] : [[phase, counts.created, counts.alreadyThere, counts.refused]];
  });
  const reasons = [
    ...groupByCause(result.refusals).map((group) => [named(group), `refused: ${group.reason}`]),
    ...groupByCause(skipped).map((group) => [named(group), `can't be used, left out: ${group.reason}`]),
    ...groupByCause(unusable).map((group) => [named(group), `left out: ${group.reason}`]),
    ...lacks.map(({ kind, objects, reason }) => [named({ cause: kind, objects }), `${kind} are lacking: ${reason}`]),
    ...empty.map((sentence) => ['', sentence]),
  ];
  const table = columns(['', 'CREATED', 'ALREADY THERE', 'REFUSED'], rows, { terminal });
  return reasons.length > 0 ? `${table}\n\n${list(['OBJECT', 'WHY'], reasons, { terminal })}` : table;
}

/** In words; what can't be told apart for sure, as the import calls it. */
function said(object: string): string {
  const [, service, task] = /^task#(?:([^#]+)#)?([^#]+)$/.exec(object) ?? [];
  if (task !== undefined) return shortened(`task ${task}${service === undefined ? '' : ` of service ${service}`}`);
  return shortened(spokenInSwarm(object));
}

/** Objects of one cause that are named before their number alone is told. */
const NAMED_MAX = 3;

function named({ cause, objects }: { readonly cause: string; readonly objects: readonly string[] }): string {
  const first = objects.length === 0 ? cause : objects.slice(0, NAMED_MAX).map(said).join(', ');
  return objects.length > NAMED_MAX ? `${count(objects.length, 'object')}: ${first}, …` : first;
}

export function exportedWords(counts: Counts): string {
  const lists = ['services', 'networks', 'volumes', 'secrets', 'configs', 'tasks'] as const;
  const kinds = lists.flatMap((list) => {
    const number = counts[list];
    return number === undefined ? [] : [count(number, KIND_OF[list])];
  });
  return `exported ${kinds.join(', ')}`;
}

/** What of an export is not as it was. Undefined: nothing. @param more how many there are beside these, and who has them */
export function leftWords(
  { marked, omitted }: { readonly marked: readonly string[]; readonly omitted: readonly LeftOut[] },
  terminal: Terminal,
  more: { readonly count: number; readonly jsonHas: string } = { count: 0, jsonHas: 'them all' },
): string | undefined {
  const rows = [
    ...marked.map((object) => [said(object), 'exported without its mark']),
    ...omitted.map(({ object, reason }) => [said(object), `left out: ${reason}`]),
  ];
  if (rows.length === 0) return undefined;
  return list(['OBJECT', 'NOTE'], rows, { terminal, all: rows.length + more.count, jsonHas: more.jsonHas });
}
