/** import and export of JSON lines: read and written piece by piece. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { checkSwarmkits } from '../../lib/operate/names.ts';
import { exportLines } from '../../lib/operate/snapshots/export-lines.ts';
import { importLines } from '../../lib/operate/snapshots/import-lines.ts';
import { LINES_HEAD } from '../../lib/operate/snapshots/lines.ts';
import { groupByCause } from '../../lib/operate/snapshots/unusable.ts';
import { DONE, FAILED, type Session } from './command.ts';
import { UsageError } from './errors.ts';
import { openToWrite } from './files.ts';
import { openProgress } from './progress.ts';
import { SNAPSHOTS } from './swarmkit-only.ts';
import { terminalOf } from './terminal.ts';
import { exportedWords, importWords, leftWords } from './transfer-words.ts';

/** As an export writes it, and as PowerShell's `>` does. */
const ENCODINGS = ['utf8', 'utf16le'] as const;

/** How a file that begins as an export of lines does is encoded; undefined: it does not. What can't be read is left to who reads it. */
export async function encodingOfLines(path: string): Promise<(typeof ENCODINGS)[number] | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    // With a mark of the byte order, of at most three bytes, before it.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2 * LINES_HEAD.length + 4), { position: 0 });
    const begins = (encoding: BufferEncoding) => buffer.toString(encoding, 0, bytesRead).replace(/^\uFEFF/, '');
    return ENCODINGS.find((encoding) => begins(encoding).startsWith(LINES_HEAD));
  } catch {
    return undefined; // a directory, or a pipe
  } finally {
    await file.close();
  }
}

export async function importLinesFrom(
  { io, open: connect, isJson, report, printJson }: Session,
  file: { readonly name: string; readonly path: string; readonly encoding: BufferEncoding },
  skipUnusable: boolean,
): Promise<number> {
  const { client, cluster } = await connect();
  checkSwarmkits(cluster.plan, SNAPSHOTS);
  const progress = openProgress(io);
  const source = { name: file.name, open: () => createReadStream(file.path, { encoding: file.encoding }) };
  const { skipped, ...result } = await importLines(client, source, {
    skipUnusable,
    plan: cluster.plan,
    signal: io.signal,
    onProgress: ({ phase, done, total }) => progress.update(done, total, `${phase}: ${done} of ${total}`),
  }).finally(() => progress.close());
  const input = { unusable: [], skipped, lacks: [], empty: [] };
  if (isJson) printJson({ ...result, causes: groupByCause(result.refusals), ...input });
  else report(importWords(result, input, terminalOf(io.out, io.environment)));
  return result.refusals.length > 0 ? FAILED : DONE;
}

export async function exportLinesTo(
  { io, open: connect, isJson, report, printJson }: Session,
  file: string | undefined,
  mayOverwrite: boolean,
): Promise<number> {
  if (isJson && file === undefined) throw new UsageError('--json and --lines both write to stdout; name a file');
  const { db, tables, cluster } = await connect();
  const { plan } = cluster;
  checkSwarmkits(plan, SNAPSHOTS);
  const target = file === undefined ? undefined : await openToWrite(resolve(io.directory, file), mayOverwrite);
  const progress = openProgress(io);
  const write = (text: string) => (target === undefined ? io.out.write(text) : target.writeFile(text));
  const result = await exportLines(db, tables, write, {
    plan,
    signal: io.signal,
    chance: io.chance,
    onProgress: (counts) => {
      const all = Object.values(counts).reduce((sum, number) => sum + number, 0);
      progress.update(0, 0, `exported ${all}`);
    },
  }).finally(() => {
    progress.close();
    return target?.close();
  });
  const { counts, marked, moreMarked, omitted, moreOmitted } = result;
  if (isJson) printJson({ file, ...result });
  else {
    const say = file === undefined ? (line: string) => void io.err.write(`${line}\n`) : report;
    say(exportedWords(counts));
    const terminal = terminalOf(file === undefined ? io.err : io.out, io.environment);
    const more = { count: moreMarked + moreOmitted, jsonHas: 'the first 1,000 of each' };
    const left = leftWords({ marked, omitted }, terminal, more);
    if (left !== undefined) say(`\n${left}`);
  }
  return DONE;
}
