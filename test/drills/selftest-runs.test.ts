/** Runs of the selftest that are interrupted, that died, and that go side by side: nothing of them stays. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { idOf, SELFTEST_PREFIX } from '../../lib/operate/selftest/objects.ts';
import { type CallOptions, call, writeConfig } from '../support/command-line.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';

let backend: LocalBackend;
let directory: string;
beforeEach(async () => {
  backend = await localBackend();
  directory = mkdtempSync(join(tmpdir(), 'selftest-'));
  writeConfig(join(directory, 'config.json'), backend);
});
afterEach(async () => {
  await backend.close();
  rmSync(directory, { recursive: true });
});

const ask = (options?: CallOptions) =>
  call(['selftest', '--config', join(directory, 'config.json'), '--within', '20s', '--json'], options);
const everything = async () => {
  await backend.deliver();
  const { receipts: _, ...world } = await backend.world();
  return Object.values(world).flat();
};

it('Ctrl-C in the midst of it leaves nothing behind, and the status says so', async () => {
  const interruption = new AbortController();
  const asked = ask({ signal: interruption.signal });
  await expect.poll(async () => (await backend.world()).services.length, { timeout: 20_000 }).toBeGreaterThan(3);
  interruption.abort(new DOMException('interrupted by Ctrl-C', 'AbortError'));
  const { status, stdout } = await asked;
  expect(status).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject({ isInterrupted: true, isPassed: false, left: [] });
  expect(await everything()).toEqual([]);
});

it('a run that died is cleaned up by the next one, and a run that is at work is left alone', async () => {
  const { client } = backend;
  const [dead, living] = [
    '20200101T000000Z.deadbeef',
    `${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}.1234abcd`,
  ];
  await client.createService({ id: SELFTEST_PREFIX });
  for (const run of [dead, living]) {
    await client.createTask(SELFTEST_PREFIX, { id: run });
    await client.createNetwork({ id: idOf(run, 'shared') });
    await client.createService({ id: idOf(run, 'last-task'), spec: { networks: [{ target: idOf(run, 'shared') }] } });
    await client.createTasks(idOf(run, 'last-task'), [{ id: 'task-1' }, { id: 'task-3' }]);
  }
  const { status, stdout } = await ask();
  expect([status, JSON.parse(stdout).left]).toEqual([0, []]);
  await backend.deliver();
  const { services, networks, tasks } = await backend.world();
  expect(services.map(({ id }) => id).sort()).toEqual([SELFTEST_PREFIX, idOf(living, 'last-task')]);
  expect(networks.map(({ id }) => id)).toEqual([idOf(living, 'shared')]);
  expect(tasks.map(({ id }) => id).sort()).toEqual([living, 'task-1', 'task-3'].sort());
});

it('two runs at the same time both pass, and the last one takes the register along', async () => {
  const both = await Promise.all([ask(), ask()]);
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  expect(await everything()).toEqual([]);
});
