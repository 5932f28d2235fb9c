/** import and export: a cluster as JSON, into the tables and out of them. */
import type { Command } from '../command.ts';

export const importFiles: Command = {
  name: 'import',
  group: 'Move data',
  takes: 'FILE…',
  says: 'loads snapshots, or what Docker tells of a swarm; may be repeated, and overwrites nothing; "-" is stdin',
  options: {
    partial: { says: 'imports although something is lacking: what is not given then seems unused' },
    'skip-unusable': { says: "leaves out what can't be used, with what hangs on it, and names it" },
  },
  examples: [
    ['deallocator import cluster.json', 'what "deallocator export" has written'],
    ['deallocator import services.json tasks.json networks.json', '"docker service inspect" and the like, of a swarm'],
    ['docker network inspect $(docker network ls -q) | deallocator import services.json tasks.json -', 'from a pipe'],
  ],
  async run(session, given) {
    const { runImport } = await import('../transfer-runs.ts');
    return runImport(session, given);
  },
};

export const exportFile: Command = {
  name: 'export',
  group: 'Move data',
  takes: '[FILE]',
  says: 'writes services, networks and tasks as one snapshot, to a new file or to stdout',
  options: {
    lines: { says: 'JSON lines instead of one document: any number of objects, in the order of the tables' },
    force: { says: 'overwrites the file' },
  },
  examples: [
    ['deallocator export cluster.json', 'a file that "deallocator import" takes'],
    ['deallocator export | jq .services', 'to stdout'],
    ['deallocator export --lines cluster.jsonl', 'more than 10,000 of a kind; "deallocator import" takes it too'],
  ],
  async run(session, given) {
    const { runExport } = await import('../transfer-runs.ts');
    return runExport(session, given);
  },
};
