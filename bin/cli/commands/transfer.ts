/** import and export: a cluster as JSON, into the tables and out of them. */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { spoken } from '../../../lib/operate/names.ts';
import { decodeText, type ImportFile } from '../../../lib/operate/snapshots/documents.ts';
import { exportSnapshot } from '../../../lib/operate/snapshots/export.ts';
import { type ImportPhase, type ImportResult, importSnapshot } from '../../../lib/operate/snapshots/import.ts';
import { prepareImport } from '../../../lib/operate/snapshots/look-up.ts';
import type { ImportInput } from '../../../lib/operate/snapshots/read-import.ts';
import { groupByCause } from '../../../lib/operate/snapshots/unusable.ts';
import { DeallocatorError } from '../../../lib/protocol/errors.ts';
import { parseParentName } from '../../../lib/protocol/model.ts';
import { refuseMore } from '../arguments.ts';
import { type Command, DONE, FAILED } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readBytes } from '../files.ts';
import type { Io } from '../io.ts';
import { openProgress } from '../progress.ts';
import { type Terminal, terminalOf } from '../terminal.ts';
import { columns, count, list, shortened } from '../text.ts';

const PHASES: readonly ImportPhase[] = ['networks', 'services', 'tasks'];

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
  async run({ io, open: connect, isJson, report, printJson }, { positionals, flag }) {
    if (positionals.length === 0) throw new UsageError('the file to import is missing');
    if (positionals.filter((name) => name === '-').length > 1) throw new UsageError('"-" is given twice');
    const files = await Promise.all(positionals.map((name) => readInput(name, io)));
    const options = { partial: flag('partial'), skipUnusable: flag('skip-unusable') };
    const input = await prepareImport(files, async () => (await connect()).client, options);
    const { client } = await connect();
    const progress = openProgress(io);
    const result = await importSnapshot(client, input.snapshot, {
      signal: io.signal,
      onProgress: ({ phase, done, total }) => progress.update(done, total, `${phase}: ${done} of ${total}`),
    }).finally(() => progress.close());
    const { snapshot: _, ...others } = input;
    if (isJson) printJson({ ...result, causes: groupByCause(result.refusals), ...others });
    else report(importWords(result, input, terminalOf(io.out, io.environment)));
    return result.refusals.length > 0 ? FAILED : DONE;
  },
};

/** In any encoding that a shell writes; `-` is standard input. */
async function readInput(name: string, io: Io): Promise<ImportFile> {
  if (name !== '-') return { name, text: decodeText(name, await readBytes(name, resolve(io.directory, name))) };
  const parts: Uint8Array[] = [];
  for await (const part of io.input ?? []) parts.push(typeof part === 'string' ? Buffer.from(part) : part);
  return { name: 'stdin', text: decodeText('stdin', Buffer.concat(parts)) };
}

function importWords(
  result: ImportResult,
  { unusable, skipped, lacks, empty }: ImportInput,
  terminal: Terminal,
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
  const table = columns(['', 'CREATED', 'ALREADY THERE', 'REFUSED'], rows, { terminal });
  return reasons.length > 0 ? `${table}\n\n${list(['OBJECT', 'WHY'], reasons, { terminal })}` : table;
}

/** In words; what can't be told apart for sure, as the import calls it. */
function said(object: string): string {
  const [, service, task] = /^task#(?:([^#]+)#)?([^#]+)$/.exec(object) ?? [];
  if (task !== undefined) return shortened(`task ${task}${service === undefined ? '' : ` of service ${service}`}`);
  return shortened(parseParentName(object) === undefined ? object : spoken(object));
}

/** Objects of one cause that are named before their number alone is told. */
const NAMED_MAX = 3;

function named({ cause, objects }: { readonly cause: string; readonly objects: readonly string[] }): string {
  const first = objects.length === 0 ? cause : objects.slice(0, NAMED_MAX).map(said).join(', ');
  return objects.length > NAMED_MAX ? `${count(objects.length, 'object')}: ${first}, …` : first;
}

export const exportFile: Command = {
  name: 'export',
  group: 'Move data',
  takes: '[FILE]',
  says: 'writes services, networks and tasks as one snapshot, to a new file or to stdout',
  options: { force: { says: 'overwrites the file' } },
  examples: [
    ['deallocator export cluster.json', 'a file that "deallocator import" takes'],
    ['deallocator export | jq .services', 'to stdout'],
  ],
  async run({ io, open: connect, isJson, report, printJson }, given) {
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
      const say = file === undefined ? (line: string) => void io.err.write(`${line}\n`) : report;
      const counts = [
        count(services.length, 'service'),
        count(networks.length, 'network'),
        count(tasks.length, 'task'),
      ];
      say(`exported ${counts.join(', ')}`);
      const rows = [
        ...marked.map((object) => [said(object), 'exported without its mark']),
        ...omitted.map(({ object, reason }) => [said(object), `left out: ${reason}`]),
      ];
      if (rows.length > 0)
        say(
          `\n${list(['OBJECT', 'NOTE'], rows, { terminal: terminalOf(file === undefined ? io.err : io.out, io.environment) })}`,
        );
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
