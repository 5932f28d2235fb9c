/** The memory of the operator's commands: a million objects, in processes that may hold 400 MB and must end well. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { measureOperator, worldOf } from './operator-cost.ts';

const OBJECTS = 1_000_000;
const MEGABYTES_MAX = 400;
const folder = mkdtempSync(join(tmpdir(), 'operators-'));
// A million objects take half a minute where nothing else runs.
vi.setConfig({ testTimeout: 600_000 });
afterAll(() => rmSync(folder, { recursive: true }));

it('an audit of a million objects holds at most 400 MB, and asks for a page at a time', async () => {
  const { stdout, status, requests, megabytes } = await measureOperator(worldOf(OBJECTS), ['audit', '--confirm', '0s']);
  expect([status, stdout]).toEqual([0, expect.stringContaining('read 1,000,000 items, found 0 faults')]);
  expect(requests).toBeLessThanOrEqual(OBJECTS / 1000 + 5);
  expect(megabytes).toBeLessThanOrEqual(MEGABYTES_MAX);
});

it('an audit that finds 20,000 faults among them does too, and counts those that it does not look at again', async () => {
  const world = worldOf(OBJECTS, { faults: 20_000 });
  const { stdout, status, requests, megabytes } = await measureOperator(world, ['audit', '--confirm', '0s', '--json']);
  const { findings, unchecked, uncheckedOf } = JSON.parse(stdout);
  expect([status, findings.length, unchecked]).toEqual([1, 10_000, 10_000]);
  expect(uncheckedOf).toEqual({ 'missing attachment': 10_000 });
  // Two looks at services, networks and attachments, by hundreds.
  expect(requests).toBeLessThanOrEqual(OBJECTS / 1000 + 5 + 2 * 3 * 100);
  expect(megabytes).toBeLessThanOrEqual(MEGABYTES_MAX);
});

it('an export of a million objects holds at most 400 MB', async () => {
  const args = ['export', '--lines', join(folder, 'cluster.jsonl')];
  const { status, requests, megabytes } = await measureOperator(worldOf(OBJECTS), args);
  expect(status).toBe(0);
  expect(requests).toBeLessThanOrEqual((4 * OBJECTS) / 5 / 1000 + 3);
  expect(megabytes).toBeLessThanOrEqual(MEGABYTES_MAX);
});

it('what was exported is imported in as little', async () => {
  const file = join(folder, 'part.jsonl');
  const world = worldOf(OBJECTS / 20);
  expect(await measureOperator(world, ['export', '--lines', file])).toMatchObject({ status: 0 });
  const { status, megabytes } = await measureOperator({ ...world, isEmpty: true }, ['import', file]);
  expect(status).toBe(0);
  expect(megabytes).toBeLessThanOrEqual(MEGABYTES_MAX);
});

it('a status of 10,000 marked objects takes at most 500 requests, and a history of a million receipts 400 MB', async () => {
  const status = await measureOperator(worldOf(OBJECTS / 10, { marked: 10_000 }), [
    'status',
    '--limit',
    '10000',
    '--json',
  ]);
  expect(JSON.parse(status.stdout).marked).toHaveLength(10_000);
  expect(status.requests).toBeLessThanOrEqual(500);
  expect(status.megabytes).toBeLessThanOrEqual(MEGABYTES_MAX);
  const history = await measureOperator(worldOf(1000, { receipts: OBJECTS }), ['history', '--json']);
  expect([history.status, history.requests]).toEqual([0, 100]);
  expect(history.megabytes).toBeLessThanOrEqual(MEGABYTES_MAX);
});
