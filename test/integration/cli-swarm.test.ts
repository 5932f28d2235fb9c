/** A real swarm by the command line alone, with others at work beside: what Docker tells of it is imported, removed and gone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { call, callUntold, writeConfig } from '../support/command-line.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';

const SWARM = join(import.meta.dirname, '..', 'fixtures', 'swarm');
const FILES = ['services.json', 'tasks.json', 'networks.json'].map((name) => join(SWARM, name));
const folder = mkdtempSync(join(tmpdir(), 'deallocator-cli-'));
const config = join(folder, 'cloud.json');
let backend: LocalBackend;

beforeAll(async () => {
  backend = await localBackend();
  writeConfig(config, backend);
});
afterAll(async () => {
  await backend.close();
  rmSync(folder, { recursive: true });
});

const cli = (name: string, ...args: string[]) => callUntold([name, '--config', config, ...args]);
const json = async (name: string, ...args: string[]) => {
  const { status, stdout } = await cli(name, '--json', ...args);
  return { status, document: JSON.parse(stdout) };
};

it('two imports at once, after one that was interrupted, load each object once between them', async () => {
  const interruption = new AbortController();
  let writes = 0;
  backend.cloud.setIntercept(({ principal, operation }) => {
    if (principal === 'outside' && operation === 'TransactWriteItems' && ++writes === 2) interruption.abort();
    return undefined;
  });
  const broken = await call(['import', '--config', config, ...FILES], { signal: interruption.signal });
  backend.cloud.setIntercept(undefined);
  expect(broken).toEqual({ status: 130, stdout: '', stderr: 'deallocator import: interrupted\n' });
  const { networks, services, tasks } = await backend.world();
  const before = { networks: networks.length, services: services.length, tasks: tasks.length };
  expect(before.networks).toBeGreaterThan(0);
  expect(before.tasks).toBe(0);

  const both = await Promise.all([json('import', ...FILES), json('import', ...FILES)]);
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  for (const [phase, total] of [['networks', 5] as const, ['services', 9] as const, ['tasks', 21] as const]) {
    const [one, other] = both.map(({ document }) => document[phase]);
    expect(one.created + other.created, phase).toBe(total - before[phase]);
    expect(one.alreadyThere + other.alreadyThere, phase).toBe(total + before[phase]);
  }
});

it('a removal and an undelete at once end well, whichever comes last, and so do two sweeps', async () => {
  const [{ id = '' } = {}] = (await backend.world()).services;
  const [removed, undeleted] = await Promise.all([cli('rm', 'service', id), cli('undelete', 'service', id)]);
  expect(removed).toMatchObject({ status: 0, stderr: '' });
  expect(undeleted).toMatchObject({ status: 0, stderr: '' });
  expect((await cli('undelete', 'service', id)).status).toBe(0);
  const sweeps = await Promise.all([json('sweep'), json('sweep')]);
  expect(sweeps).toMatchObject([
    { status: 0, document: { deletedCount: 0 } },
    { status: 0, document: { deletedCount: 0 } },
  ]);
});

it('a real swarm drains to its protected ingress network', async () => {
  const { services, networks, tasks } = await backend.world();
  const ids = services.map(({ id }) => id);
  expect((await cli('rm', 'service', ...ids)).status).toBe(0);
  const removed = await json('rm', 'network', ...networks.map(({ id }) => id));
  expect(removed.status).toBe(3);
  expect(removed.document.plan.refused).toMatchObject([{ because: 'protected' }]);
  expect(removed.document.applied).toHaveLength(4);
  await backend.deliver();
  // What has no tasks any more is gone, finished tasks hold their services too.
  const held = new Set(tasks.map(({ serviceId }) => serviceId));
  expect((await backend.world()).services.map(({ id }) => id).sort()).toEqual([...held].sort());

  for (const { serviceId, id } of tasks) await backend.client.deleteTask(serviceId, id);
  const waited = await json('wait', 'service', ...held, '--timeout', '2m');
  expect(waited).toMatchObject({ status: 0, document: { isDone: true } });
  await backend.deliver();
  const { networks: kept, receipts: _, ...left } = await backend.world();
  expect(kept).toMatchObject([{ spec: { ingress: true } }]);
  expect(left).toEqual({ services: [], tasks: [], attachments: [], counters: [] });
  expect(await cli('audit', '--confirm', '0')).toMatchObject({ status: 0 });
});
