/** import and export, once they are asked for: what they read with is loaded by nobody else. */
import { resolve } from 'node:path';
import { checkSwarmkits } from '../../lib/operate/names.ts';
import { decodeText, type ImportFile } from '../../lib/operate/snapshots/documents.ts';
import { exportSnapshot } from '../../lib/operate/snapshots/export.ts';
import { importSnapshot } from '../../lib/operate/snapshots/import.ts';
import { countsOf } from '../../lib/operate/snapshots/lines.ts';
import { prepareImport } from '../../lib/operate/snapshots/look-up.ts';
import { groupByCause } from '../../lib/operate/snapshots/unusable.ts';
import { type Given, refuseMore } from './arguments.ts';
import { DONE, FAILED, type Session } from './command.ts';
import { UsageError } from './errors.ts';
import { openToWrite, readBytes } from './files.ts';
import { readWholeInput } from './input.ts';
import type { Io } from './io.ts';
import { openProgress } from './progress.ts';
import { SNAPSHOTS } from './swarmkit-only.ts';
import { terminalOf } from './terminal.ts';
import { encodingOfLines, exportLinesTo, importLinesFrom } from './transfer-lines.ts';
import { exportedWords, importWords, leftWords } from './transfer-words.ts';

export async function runImport(session: Session, { positionals, flag }: Given): Promise<number> {
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
}

/** In any encoding that a shell writes; `-` is standard input. */
async function readInput(name: string, io: Io): Promise<ImportFile> {
  if (name !== '-') return { name, text: decodeText(name, await readBytes(name, resolve(io.directory, name))) };
  return { name: 'stdin', text: await readWholeInput(io) };
}

export async function runExport(session: Session, given: Given): Promise<number> {
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
}
