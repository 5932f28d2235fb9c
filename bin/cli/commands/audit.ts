import { audit as auditTables } from '../../../lib/operate/audit/audit.ts';
import type { Finding } from '../../../lib/operate/audit/findings.ts';
import { repair } from '../../../lib/operate/audit/repair.ts';
import { readTime, refuseMore } from '../arguments.ts';
import { type Command, DONE, FAILED } from '../command.ts';
import { openProgress } from '../progress.ts';
import { count, list } from '../text.ts';

export const audit: Command = {
  name: 'audit',
  takes: '',
  says: 'checks every promise over the live tables; with --repair mends what it finds',
  options: {
    repair: { says: 'has the sweep function mend what it can; safe while others write' },
    confirm: { value: 'TIME', says: 'how long a fault must stay to count (default: 10s)' },
  },
  examples: [
    ['deallocator audit', 'reads the tables, changes nothing; status 1 if something is wrong'],
    ['deallocator audit --repair --json', 'for a script'],
  ],
  async run({ io, open, isJson, print, printJson }, given) {
    refuseMore(given, 0);
    const confirmMillis = readTime(given, 'confirm');
    const { db, tables, rules, sweep } = await open();
    const options = { rules, signal: io.signal, chance: io.chance };
    const progress = openProgress(io);
    try {
      const result = await auditTables(db, tables, {
        ...options,
        confirmMillis,
        onProgress: ({ table, items }) => progress.update(0, 0, `reading ${table}: ${count(items, 'item')}`),
      });
      const repaired = given.flag('repair')
        ? await repair(db, tables, sweep, result.findings, {
            ...options,
            onProgress: ({ done, total }) => progress.update(done, total, `mending ${done} of ${total}`),
          })
        : undefined;
      progress.close();
      const left = repaired?.left ?? result.findings;
      if (isJson) printJson({ ...result, ...(repaired && { repair: repaired }) });
      else {
        const items = Object.values(result.read).reduce((sum, number) => sum + number, 0);
        print(`read ${count(items, 'item')}, found ${count(result.findings.length, 'fault')}`);
        if (result.unchecked > 0) print(`${count(result.unchecked, 'suspect')} were not looked at; mend these first`);
        if (repaired !== undefined) print(`repaired ${repaired.repaired.length}, left ${left.length}`);
        const head = ['PROMISE', 'WHAT', 'SINCE', 'HOW IT IS MENDED'];
        if (left.length > 0) print(`\n${list(head, left.map(rowOf))}`);
      }
      return left.length > 0 || result.unchecked > 0 ? FAILED : DONE;
    } finally {
      progress.close();
    }
  },
};

function rowOf(finding: Finding & { readonly error?: string }): string[] {
  const { promise, message, since, mending, error } = finding;
  const how = mending.by === 'sweep' ? 'deallocator audit --repair' : mending.step;
  return [promise ?? '', message, since ?? 'unknown', error === undefined ? how : `failed: ${error}`];
}
