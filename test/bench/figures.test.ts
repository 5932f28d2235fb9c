/** The figures that people read, held to what the code does now. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ours } from './contenders/ours.ts';
import { measure } from './measure.ts';
import { figure } from './plot.ts';
import { rowOf } from './sections/contenders.ts';
import { type Workload, workloads } from './workloads.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(ROOT, 'docs', 'bench', 'README.md'), 'utf8');
const costs = readFileSync(join(ROOT, 'docs', 'cost.md'), 'utf8');
const cellsOf = (row: string) => row.split('|').map((cell) => cell.trim());

/** The rows of a table in docs/bench by their first cell, each by the head's names. */
function tableOf(title: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const [head = '', , ...rows] = (page.split(`**${title}**\n\n`)[1]?.split('\n\n')[0] ?? '').split('\n');
  const names = cellsOf(head);
  return new Map(
    rows.map((row) => [cellsOf(row)[1] as string, new Map(cellsOf(row).map((cell, n) => [names[n] as string, cell]))]),
  );
}

describe.each(workloads())('$title', (workload) => {
  it('costs us what docs/bench says', async () => {
    const row = rowOf(await measure(ours, workload));
    expect([...(tableOf(workload.title).get('ours')?.values() ?? [])].filter((cell) => cell !== '')).toEqual(row);
  });

  it('costs in docs/cost.md what docs/bench says', () => {
    const shown = costs.split('\n').find((line) => line.startsWith(`| ${workload.title} |`)) ?? '';
    const contenders = ['ours', 'Powertools', 'marker', 'grouped markers'];
    const table = tableOf(workload.title);
    const units = contenders.map((name) => table.get(name)?.get('write units'));
    expect(units.every((one) => one !== undefined && one !== figure(0))).toBe(true);
    expect(cellsOf(shown).slice(2, -1)).toEqual(units);
  });
});

it('the units that are left, each with its reason, are all that a service costs', async () => {
  const { marks, deletes, workload } = await measure(
    ours,
    workloads(0.1).find(({ name }) => name === 'many-services') as Workload,
  );
  const rows = [...tableOf('Write units of one service without networks').values()];
  const sum = (step: string) =>
    rows
      .filter((row) => row.get('what')?.startsWith(`${step}: `))
      .reduce((units, row) => units + Number(row.get('units')), 0);
  expect(sum('mark') * workload.services).toBe(marks.writeUnits);
  expect(sum('deletion') * workload.services).toBe(deletes.writeUnits - deletes.countingWriteUnits);
});

describe('a task’s share', () => {
  const shares = (unit: string) => [...tableOf('A task’s share').values()].map((row) => Number(row.get(unit)));

  it('of write units is the same from a hundred to a million, within a tenth', () => {
    expect(shares('write units')).toHaveLength(5);
    expect(Math.max(...shares('write units')) / Math.min(...shares('write units'))).toBeLessThanOrEqual(1.1);
  });

  it('of read units is the same from a thousand, within a tenth; a hundred also pay for what two invocations read for themselves', () => {
    const [ofHundred = 0, ...others] = shares('read units');
    expect(others).toHaveLength(4);
    expect(Math.max(...others) / Math.min(...others)).toBeLessThanOrEqual(1.1);
    // What is being learned: an item of less than 4 KB, read consistently.
    expect((ofHundred - Math.min(...others)) * 100).toBeLessThanOrEqual(2);
  });
});
