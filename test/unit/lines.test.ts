/** A cluster as JSON lines, written and read page by page. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../lib/operate/lines.ts';
import { exportLines } from '../../lib/operate/snapshots/export-lines.ts';
import { type ImportLinesOptions, importLines } from '../../lib/operate/snapshots/import-lines.ts';
import { LINES_HEAD } from '../../lib/operate/snapshots/lines.ts';
import { readImport } from '../../lib/operate/snapshots/read-import.ts';
import { MEMORY_NAMES } from '../../lib/testing/memory/client.ts';
import { memoryCluster } from '../support/memory-cluster.ts';
import { memoryCommandLine } from '../support/memory-command-line.ts';
import { MARKED, network, service, task } from '../support/objects.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

/** In pieces that end anywhere. */
async function* pieces(text: string, length = 7) {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}
const written = async ({ db }: ReturnType<typeof memoryCluster>) => {
  const texts: string[] = [];
  const result = await exportLines(db, MEMORY_NAMES, (text) => texts.push(text));
  return { text: texts.join(''), result };
};
const read = ({ client }: ReturnType<typeof memoryCluster>, text: string, options: ImportLinesOptions = {}) =>
  importLines(client, { name: 'cluster.jsonl', open: () => pieces(text, 1000) }, options);
const file = (...lines: string[]) => [LINES_HEAD, ...lines].map((line) => `${line}\n`).join('');
const end = (networks: number, services: number, tasks: number) =>
  JSON.stringify({ end: { networks, services, tasks } });

describe('lines', () => {
  it('end at line feeds alone, wherever the pieces end', async () => {
    const lines: string[] = [];
    for await (const line of linesOf(pieces('{"a":"x\u2028y"}\n\nlast', 3))) lines.push(line);
    expect(lines).toEqual(['{"a":"x\u2028y"}', '', 'last']);
  });

  it('of a size that no item has are refused', async () => {
    const endless = async () => {
      for await (const _ of linesOf(pieces('x'.repeat(5_000_000), 1_000_000))) expect.unreachable();
    };
    await expect(endless()).rejects.toMatchObject({ code: 'InvalidArgument' });
  });
});

describe('an export of lines', () => {
  it('is read back as it was, without marks, by an import that then finds all of it there', async () => {
    const from = memoryCluster();
    for (const n of numbers(5))
      from.tables.put('networks', network(`n${n}`, n === 0 ? { ...MARKED, markedAt: 'x#1' } : {}));
    for (const n of numbers(5))
      from.tables.put('services', service(`s${n}`, [`n${n}`, 'n1'], { note: 'line\nfeed \u2028' }));
    for (const n of numbers(12)) from.tables.put('tasks', task(`s${n % 5}`, `t${n}`));
    const { text, result } = await written(from);
    expect(result).toEqual({
      counts: { networks: 5, services: 5, tasks: 12 },
      ...{ marked: ['network#n0'], moreMarked: 0, omitted: [], moreOmitted: 0 },
    });
    expect(text.split('\n')).toHaveLength(1 + 22 + 1 + 1);

    const into = memoryCluster();
    const progress: string[] = [];
    const counts = await read(into, text, {
      onProgress: ({ phase, done, total }) => progress.push(`${phase} ${done}/${total}`),
    });
    expect(counts).toMatchObject({ tasks: { created: 12, refused: 0 }, refusals: [], skipped: [] });
    expect(progress.at(-1)).toBe('tasks 12/12');
    expect((await written(into)).text.split('\n').sort()).toEqual(text.split('\n').sort());
    expect(await read(into, text)).toMatchObject({ networks: { alreadyThere: 5 }, tasks: { alreadyThere: 12 } });
  });

  it('tells what it leaves out, and counts past a thousand', async () => {
    const from = memoryCluster();
    for (const n of numbers(1003)) from.tables.put('networks', network(`n${n}`, { ...MARKED, tags: new Set(['a']) }));
    const { result } = await written(from);
    expect(result.counts.networks).toBe(1003);
    expect([result.marked.length, result.moreMarked]).toEqual([1000, 3]);
    expect([result.omitted.length, result.moreOmitted]).toEqual([1000, 3]);
    expect(result.omitted[0]?.reason).toContain("JSON can't hold its tags");
  });
});

describe('an import of lines', () => {
  const FRONT = '{"network":{"id":"front"}}';
  const WEB = '{"service":{"id":"web","spec":{"networks":[{"target":"front"}]}}}';
  const TASK = '{"task":{"serviceId":"web","id":"1"}}';

  it.each([
    ['without its end', file(FRONT, WEB), 'was cut off after line 3: it has no end'],
    ['with a line too few', file(FRONT, end(1, 1, 0)), 'lines are lacking'],
    ['cut within a line', file(FRONT, WEB).slice(0, -9), 'line 3 is not JSON'],
    ['in another order', file(WEB, FRONT, end(1, 1, 0)), 'line 3 is a network after services'],
    ['with two objects on a line', file('{"network":{"id":"a"},"task":{}}', end(1, 0, 0)), 'it must be one network'],
    ['with a line of another kind', file('{"node":{"id":"a"}}', end(0, 0, 0)), 'it must be one network'],
    ['with an entry that is none', file('{"network":7}', end(1, 0, 0)), 'it must be one network'],
    ['that goes on after its end', file(end(0, 0, 0), FRONT), 'line 3 comes after the end'],
    ['of another version', file(FRONT).replace('"version":1', '"version":2'), 'line 1 is not {"deallocator"'],
    ['with what no table holds', file('{"network":{"id":""}}', FRONT, end(2, 0, 0)), 'line 2.id is ""'],
  ])('%s writes nothing', async (_, text, message) => {
    const into = memoryCluster();
    await expect(read(into, text)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(message),
    });
    expect([...into.tables.rows('networks')]).toEqual([]);
  });

  it('leaves out what is asked to be left out, with what belongs to it, and says so', async () => {
    const into = memoryCluster();
    const odd = '{"service":{"id":"web","pendingDelete":true}}';
    const text = file(
      FRONT,
      odd,
      '{"service":{"id":"api"}}',
      TASK,
      '{"task":{"serviceId":"api","id":"1"}}',
      end(1, 2, 2),
    );
    const { skipped, refusals, tasks, services } = await read(into, text, { skipUnusable: true });
    expect(skipped.map(({ object, where }) => [object, where])).toEqual([['service#web', 'cluster.jsonl: line 3']]);
    expect(refusals).toEqual([
      { object: 'task#web#1', reason: 'it belongs to service#web, which was not imported', cause: 'service#web' },
    ]);
    expect([services.created, tasks.created]).toEqual([1, 1]);
  });

  it('refuses what refers to nothing, what belongs to that, and a second version of an object', async () => {
    const into = memoryCluster();
    const text = file(
      FRONT,
      '{"network":{"id":"front","note":1}}',
      WEB.replaceAll('front', 'nowhere'),
      TASK,
      end(2, 1, 1),
    );
    const { refusals, networks } = await read(into, text);
    expect(networks.created).toBe(1);
    expect(refusals.map(({ object }) => object)).toEqual(['network#front', 'service#web', 'task#web#1']);
  });

  it('is not one of documents', () => {
    expect(() => readImport([{ name: 'a.jsonl', text: file(end(0, 0, 0)) }])).toThrow(
      'a.jsonl holds lines, which are read twice and not held in memory; import it by its name, and with no other file',
    );
  });
});

describe('the commands', () => {
  it('write lines to a new file or to stdout, and read them by their name alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deallocator-lines-'));
    try {
      const path = join(folder, 'cluster.jsonl');
      const from = memoryCommandLine();
      from.tables.put('networks', network('front', { ...MARKED, markedAt: 'x#1' }));
      from.tables.put('services', service('web', ['front']));
      expect(await from.cli(['export', '--lines', path])).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(
          /exported 1 service, 1 network, 0 tasks\n[\s\S]*network front +exported without its mark/,
        ),
      });
      expect(await from.cli(['export', '--lines', path])).toMatchObject({ status: 1 });
      expect(await from.json('export', '--lines', '--force', path)).toMatchObject({
        document: { file: path, counts: { networks: 1, services: 1, tasks: 0 }, moreMarked: 0 },
      });
      expect(await from.cli(['export', '--lines', '--json'])).toMatchObject({ status: 2 });
      const { stdout } = await from.cli(['export', '--lines']);
      expect(stdout.split('\n').slice(0, 2)).toEqual([LINES_HEAD, expect.stringMatching(/^\{"network":/)]);

      const into = memoryCommandLine();
      const { status, document } = await into.json('import', path);
      expect([status, document]).toMatchObject([0, { services: { created: 1 }, skipped: [], refusals: [] }]);
      const windows = stdout.replaceAll('\n', '\r\n');
      const copies = [
        Buffer.from(`\uFEFF${windows}`, 'utf16le'),
        Buffer.from(`\uFEFF${windows}`),
        Buffer.from(windows),
      ];
      for (const bytes of copies) {
        writeFileSync(join(folder, 'copy.jsonl'), bytes);
        const copied = await memoryCommandLine().json('import', join(folder, 'copy.jsonl'));
        expect(copied).toMatchObject({ status: 0, document: { services: { created: 1 }, refusals: [] } });
      }
      writeFileSync(join(folder, 'other.json'), '{"services":[],"networks":[],"tasks":[]}');
      expect(await into.cli(['import', path, join(folder, 'other.json')])).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('import it by its name, and with no other file'),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
