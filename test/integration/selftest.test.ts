/** The selftest on a deployment that is right: everything passes, nothing of it is left, and what can't be seen is said. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SELFTEST_PREFIX } from '../../lib/operate/selftest/objects.ts';
import type { SelftestResult } from '../../lib/operate/selftest/selftest.ts';
import { call, writeConfig } from '../support/command-line.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';

let backend: LocalBackend;
let directory: string;
let config: string;
beforeAll(async () => {
  backend = await localBackend();
  directory = mkdtempSync(join(tmpdir(), 'selftest-'));
  config = join(directory, 'config.json');
  writeConfig(config, backend);
});
afterAll(async () => {
  await backend.close();
  rmSync(directory, { recursive: true });
});

const ask = (...args: string[]) => call(['selftest', '--config', config, '--within', '20s', ...args]);
const ownOf = (world: Awaited<ReturnType<LocalBackend['world']>>) =>
  [...world.services, ...world.networks, ...world.tasks].filter((item) =>
    JSON.stringify(item).includes(SELFTEST_PREFIX),
  );

describe('a selftest', () => {
  it('passes on a deployment that is right, says what it could not see, and leaves nothing but receipts', async () => {
    await backend.client.createService({ id: 'theirs' });
    const { status, stdout, stderr } = await ask('--json');
    expect(stderr).toBe('');
    const result = JSON.parse(stdout) as SelftestResult;
    expect(result.checks.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(status).toBe(0);
    const unseen = result.checks
      .filter(({ result }) => result === 'not looked at')
      .map(({ name, seen }) => `${name}: ${seen}`);
    expect(unseen).toEqual(['alarms: the local cloud has no CloudWatch', 'metrics: the local cloud has no CloudWatch']);
    expect(result.promises.map(({ result }) => result)).toEqual(result.promises.map(() => 'passed'));
    expect(result.latencyMillis).toBeGreaterThan(0);
    await backend.deliver();
    const world = await backend.world();
    expect(ownOf(world)).toEqual([]);
    expect(world.services.map(({ id }) => id)).toEqual(['theirs']);
    expect([world.attachments, world.counters]).toEqual([[], []]);
  });
});
