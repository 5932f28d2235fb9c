/** import and export: a cluster as JSON, into the tables and out of them. */
import { resolve } from 'node:path';
import { checkSwarmkits } from '../../../lib/operate/names.ts';
import { decodeText, type ImportFile } from '../../../lib/operate/snapshots/documents.ts';
import { exportSnapshot } from '../../../lib/operate/snapshots/export.ts';
import { importSnapshot } from '../../../lib/operate/snapshots/import.ts';
import { countsOf } from '../../../lib/operate/snapshots/lines.ts';
import { prepareImport } from '../../../lib/operate/snapshots/look-up.ts';
import { groupByCause } from '../../../lib/operate/snapshots/unusable.ts';
import { refuseMore } from '../arguments.ts';
import { type Command, DONE, FAILED } from '../command.ts';
import { UsageError } from '../errors.ts';
import { openToWrite, readBytes } from '../files.ts';
import { readWholeInput } from '../input.ts';
import type { Io } from '../io.ts';
import { openProgress } from '../progress.ts';
import { SNAPSHOTS } from '../swarmkit-only.ts';
import { terminalOf } from '../terminal.ts';
import { exportedWords, importWords, leftWords } from '../transfer-words.ts';
import { encodingOfLines, exportLinesTo, importLinesFrom } from './transfer-lines.ts';

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
  async run(session, { positionals, flag }) {
    const { io, open: connect, isJson, report, printJson } = session;
    if (positionals.length === 0) throw new UsageError('the file to import is missing');
    if (positionals.filter((name) => name === '-').length > 1) throw new UsageError('"-" is given twice');
    const [alone] = positionals;
    if (positionals.length === 1 && alone !== undefined && alone !== '-') {
      const path = resolve(io.directory, alone);
      const encoding = await encodingOfLines(path);
      if (encoding !== undefined) {
        return importLinesFrom(session, { name: alone, path, encoding }, flag('skip-unusable'));
      }
    }
    const files = await Promise.all(positionals.map((name) => readInput(name, io)));
    const options = { partial: flag('partial'), skipUnusable: flag('skip-unusable') };
    const { client, cluster } = await connect();
    const { plan } = cluster;
    checkSwarmkits(plan, SNAPSHOTS);
    const input = await prepareImport(files, async () => client, { ...options, plan });
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
  return { name: 'stdin', text: await readWholeInput(io) };
}

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
    const { io, open: connect, isJson, report, printJson } = session;
    refuseMore(given, 1);
    const [file] = given.positionals;
    if (given.flag('lines')) return exportLinesTo(session, file, given.flag('force'));
    const { db, tables, cluster } = await connect();
    const { plan } = cluster;
    checkSwarmkits(plan, SNAPSHOTS);
    const { snapshot, marked, omitted } = await exportSnapshot(db, tables, {
      plan,
      signal: io.signal,
      chance: io.chance,
    });
    const text = `${JSON.stringify(snapshot, null, 2)}\n`;
    if (file !== undefined) {
      const opened = await openToWrite(resolve(io.directory, file), given.flag('force'));
      await opened.writeFile(text).finally(() => opened.close());
    }
    if (isJson) printJson({ ...(file === undefined ? { snapshot } : { file }), marked, omitted });
    else if (file === undefined) io.out.write(text);
    if (!isJson) {
      const say = file === undefined ? (line: string) => void io.err.write(`${line}\n`) : report;
      say(exportedWords(countsOf(snapshot)));
      const left = leftWords({ marked, omitted }, terminalOf(file === undefined ? io.err : io.out, io.environment));
      if (left !== undefined) say(`\n${left}`);
    }
    return DONE;
  },
};
