/** import and export: a cluster as JSON, into the tables and out of them. */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { exportSnapshot } from '../../../lib/operate/snapshots/export.ts';
import { type ImportPhase, importSnapshot } from '../../../lib/operate/snapshots/import.ts';
import { readImport } from '../../../lib/operate/snapshots/read-import.ts';
import { DeallocatorError } from '../../../lib/protocol/errors.ts';
import { refuseMore } from '../arguments.ts';
import { type Command, DONE, FAILED } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readText } from '../files.ts';
import { openProgress } from '../progress.ts';
import { columns, count, list, shortened } from '../text.ts';

const PHASES: readonly ImportPhase[] = ['networks', 'services', 'tasks'];

export const importFiles: Command = {
  name: 'import',
  takes: 'FILE…',
  says: 'loads snapshots, or what Docker tells of a swarm; may be repeated, and overwrites nothing',
  options: {},
  examples: [
    ['deallocator import cluster.json', 'what "deallocator export" has written'],
    ['deallocator import services.json tasks.json networks.json', '"docker service inspect" and the like, of a swarm'],
  ],
  async run({ io, open: connect, isJson, print, printJson }, { positionals }) {
    if (positionals.length === 0) throw new UsageError('the file to import is missing');
    const files = await Promise.all(
      positionals.map(async (name) => ({ name, text: await readText(name, resolve(io.directory, name)) })),
    );
    const { snapshot, unusable } = readImport(files);
    const { client } = await connect();
    const progress = openProgress(io);
    const result = await importSnapshot(client, snapshot, {
      signal: io.signal,
      onProgress: ({ phase, done, total }) => progress.update(done, total, `${phase}: ${done} of ${total}`),
    }).finally(() => progress.close());
    if (isJson) printJson({ ...result, unusable });
    else {
      const rows = PHASES.map((phase) => {
        const { created, alreadyThere, refused } = result[phase];
        return [phase, created, alreadyThere, refused];
      });
      print(columns(['', 'CREATED', 'ALREADY THERE', 'REFUSED'], rows));
      const reasons = [
        ...result.refusals.map(({ object, reason }) => [shortened(object), `refused: ${reason}`]),
        ...unusable.map(({ object, reason }) => [shortened(object), `left out: ${reason}`]),
      ];
      if (reasons.length > 0) print(`\n${list(['OBJECT', 'WHY'], reasons)}`);
    }
    return result.refusals.length > 0 ? FAILED : DONE;
  },
};

export const exportFile: Command = {
  name: 'export',
  takes: '[FILE]',
  says: 'writes services, networks and tasks as one snapshot, to a new file or to stdout',
  options: { force: { says: 'overwrites the file' } },
  examples: [
    ['deallocator export cluster.json', 'a file that "deallocator import" takes'],
    ['deallocator export | jq .services', 'to stdout'],
  ],
  async run({ io, open: connect, isJson, print, printJson }, given) {
    refuseMore(given, 1);
    const [file] = given.positionals;
    const { db, tables } = await connect();
    const { snapshot, marked, omitted } = await exportSnapshot(db, tables, { signal: io.signal, chance: io.chance });
    const text = `${JSON.stringify(snapshot, null, 2)}\n`;
    if (file !== undefined) await write(resolve(io.directory, file), text, given.flag('force'));
    if (isJson) printJson({ ...(file === undefined ? { snapshot } : { file }), marked, omitted });
    else if (file === undefined) io.out.write(text);
    const { services, networks, tasks } = snapshot;
    if (!isJson) {
      const say = file === undefined ? (line: string) => void io.err.write(`${line}\n`) : print;
      const counts = [
        count(services.length, 'service'),
        count(networks.length, 'network'),
        count(tasks.length, 'task'),
      ];
      say(`exported ${counts.join(', ')}`);
      const rows = [
        ...marked.map((object) => [shortened(object), 'exported without its mark']),
        ...omitted.map(({ object, reason }) => [shortened(object), `left out: ${reason}`]),
      ];
      if (rows.length > 0) say(`\n${list(['OBJECT', 'NOTE'], rows)}`);
    }
    return DONE;
  },
};

/** Fails where the file is there, unless it may be overwritten. */
async function write(path: string, text: string, mayOverwrite: boolean): Promise<void> {
  const file = await open(path, mayOverwrite ? 'w' : 'wx').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause;
    throw new DeallocatorError('AlreadyExists', `${path} is there; name another file, or overwrite it with --force`, {
      cause,
    });
  });
  await file.writeFile(text).finally(() => file.close());
}
