import type { Command } from '../command.ts';

export const audit: Command = {
  name: 'audit',
  group: 'Check and repair',
  takes: '',
  says: 'checks every promise over the live tables; with --repair mends what it finds',
  options: {
    repair: { says: 'has the sweep function mend what it can; safe while others write' },
    deployed: {
      says: 'compares functions, mappings, schedule and pipes too with what they must be; needs more permissions',
    },
    confirm: { value: 'TIME', says: 'how long a fault must stay to count (default: 10s)' },
  },
  examples: [
    ['deallocator audit', 'reads the tables, changes nothing; status 1 if something is wrong'],
    ['deallocator audit --repair --json', 'for a script'],
    ['deallocator audit --deployed', 'over tables that outlived their stack'],
  ],
  async run(session, given) {
    const { runAudit } = await import('../audit-run.ts');
    return runAudit(session, given);
  },
};
