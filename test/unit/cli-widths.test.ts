/** Every report in terminals of several widths, with ids of any length, ideograms and emoji. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../bin/cli/commands.ts';
import { cellsOf, fitted } from '../../bin/cli/terminal.ts';
import { memoryCommandLine } from '../support/memory-command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'deallocator-widths-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LONG = `l-${'x'.repeat(200)}-tail`;
const CJK = '网络服务一二三四五六七八九十网络服务一二三四五六七八九十';
const EMOJI = '🐳👩‍💻🇩🇪';

async function world() {
  const made = memoryCommandLine();
  const { client, backend, tables } = made;
  for (const id of [LONG, CJK, EMOJI]) {
    await client.createNetwork({ id });
    const spec = { annotations: { name: `name-of-${id}`, labels: { env: id } }, networks: [{ target: id }] };
    await client.createService({ id, spec });
    await client.createTask(id, { id: `1-${id}` });
    await client.removeNetwork(id, { by: 'ann', reason: `because of ${id}`, whenInUse: 'wait' });
  }
  await client.removeService(CJK, { by: 'ann' });
  await client.createService({ id: 'gone', spec: { annotations: { name: LONG } } });
  await client.removeService('gone', { reason: 'no use '.repeat(30) });
  await backend.deliver();
  tables.put('counters', { id: `service#${CJK}`, remaining: 'abc', epoch: 'e' });
  writeFileSync(
    join(folder, 'in.json'),
    JSON.stringify([
      { Id: 'n1', Name: LONG, Created: '2026-01-01T00:00:00Z', Driver: 'overlay', Scope: 'local' },
      { ID: 's1', Spec: { Name: CJK, TaskTemplate: {} } },
    ]),
  );
  return made;
}

const LINES: readonly (readonly string[])[] = [
  ['status'],
  ['ls'],
  ['ls', '-o', 'wide'],
  ['explain', 'network', LONG],
  ['explain', 'service', CJK],
  ['describe', 'service', EMOJI],
  ['history'],
  ['wait', 'network', LONG, CJK, '--timeout', '0'],
  ['rm', 'service', LONG, EMOJI, '--dry-run'],
  ['rm', 'service', LONG],
  ['rm', 'service', `${LONG}x`, CJK],
  ['undelete', 'network', LONG, CJK],
  ['protect', 'service', LONG],
  ['audit', '--confirm', '0'],
  ['sweep'],
  ['import', 'in.json', '--partial', '--skip-unusable'],
  ['export', 'out.json', '--force'],
];

describe.each([40, 60, 80, 160])('in %d columns', (columns) => {
  it.each(LINES)('deallocator %s fits', async (...line) => {
    const { cli } = await world();
    const { stdout, stderr } = await cli(line.filter(Boolean), { columns, directory: folder });
    for (const text of stderr.split('\n')) expect(cellsOf(text), text).toBeLessThanOrEqual(columns);
    expect(stdout, stderr).not.toBe('');
    for (const text of stdout.split('\n')) expect(cellsOf(text), text).toBeLessThanOrEqual(columns);
  });
});

const NARROW = [40, 60, 80, 120].flatMap((columns) =>
  [['status'], ['ls', '-o', 'wide']].map((line) => ({ columns, line })),
);
it.each(NARROW)('$line says by whom it is blocked in $columns columns too', async ({ columns, line }) => {
  const { cli, client } = memoryCommandLine();
  const id = '1x8j8qh6o6dfce6j8zo85sv0b';
  await client.createNetwork({ id, spec: { annotations: { name: 'a_network_of_a_long_name' } } });
  await client.createService({ id: '3cfdpfawafp5di0e7jv9lbr82', spec: { networks: [{ target: id }] } });
  await client.removeNetwork(id, { whenInUse: 'wait', by: 'ann', reason: 'moved to another Region' });
  const { stdout } = await cli(line, { columns });
  for (const word of ['blocked:', 'used', '3cfdpfawafp5di0e', 'marked)']) expect(stdout).toContain(word);
  for (const one of stdout.split('\n')) expect(cellsOf(stripVTControlCharacters(one))).toBeLessThanOrEqual(columns);
});

it.each(NARROW.filter(({ line }) => line[0] === 'status'))(
  'status --watch cuts nothing off in $columns columns',
  async ({ columns }) => {
    const { cli } = await world();
    const seen = new AbortController();
    const { stdout } = await cli(['status', '--watch'], {
      columns,
      environment: { TERM: 'xterm' },
      signal: seen.signal,
      onOutput: () => seen.abort(),
    });
    expect(stdout).toContain('\x1b[31mblocked');
    for (const one of stripVTControlCharacters(stdout).split('\n')) {
      expect(one.startsWith('… and') ? '' : one).not.toMatch(/…$/);
    }
  },
);

it('colours what matters on a terminal, and nothing where it is asked not to, or is dumb', async () => {
  const { cli } = await world();
  const told = (environment: Record<string, string>) => cli(['status'], { columns: 160, environment });
  const { stdout: coloured } = await told({ TERM: 'xterm' });
  const { stdout: plain } = await told({ TERM: 'xterm', NO_COLOR: '1' });
  expect(coloured).toContain('\x1b[31mblocked');
  expect(plain).toBe(stripVTControlCharacters(coloured));
  expect((await told({ TERM: 'dumb' })).stdout).toBe(plain);
});

it('draws the branches of a tree on where a line is wrapped', () => {
  expect(fitted('a\n├─ one two three\n│  └─ four five six\n└─ seven eight nine', { width: 13 })).toBe(
    [
      'a',
      '├─ one two',
      '│    three',
      '│  └─ four',
      '│       five',
      '│       six',
      '└─ seven',
      '     eight',
      '     nine',
    ].join('\n'),
  );
  expect(fitted('as long as it is', {})).toBe('as long as it is');
});

it.each([60, 80, 160])('the help fits into %d columns, but for examples that are to be copied', async (columns) => {
  const { cli } = memoryCommandLine();
  for (const { name, examples } of COMMANDS) {
    const { stdout } = await cli([name, '--help'], { columns });
    const copied = new Set(examples.map(([line]) => `  ${line}`));
    for (const line of stdout.split('\n'))
      if (!copied.has(line)) expect(cellsOf(line), line).toBeLessThanOrEqual(columns);
  }
  for (const line of (await cli(['--help'], { columns })).stdout.split('\n'))
    expect(cellsOf(line)).toBeLessThanOrEqual(columns);
});
