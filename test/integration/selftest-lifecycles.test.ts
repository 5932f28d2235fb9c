/** The selftest on a deployment of kinds of one's own: each guarded kind is tried, and nothing of it is left. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { App } from 'aws-cdk-lib';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { DeallocatorStack } from '../../lib/infra/index.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { type LocalCloud, startLocalCloud } from '../../lib/local/local-cloud.ts';
import type { SelftestResult } from '../../lib/operate/selftest/selftest.ts';
import { readOutputs, writeNames } from '../../lib/streams/deployment.ts';
import { call } from '../support/command-line.ts';
import { connectRaw } from '../support/dynamodb.ts';

const STACK = 'Sandbox';
/** How many times faster than on AWS polls, windows and back-off go. */
const CLOCK_RATE = 25;

let cloud: LocalCloud;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'selftest-'));
  const app = new App({ outdir: join(directory, 'assembly'), analyticsReporting: false });
  new DeallocatorStack(app, STACK, { lifecycle: SANDBOX });
  app.synth();
  cloud = await startLocalCloud({
    assemblyDirectory: join(directory, 'assembly'),
    stackName: STACK,
    engine: { port: inject('enginePort') },
    databaseId: `test${randomUUID().replaceAll('-', '')}`,
    clockRate: CLOCK_RATE,
    schedules: false,
    log: () => {},
  });
  await cloud.invoke(cloud.outputs.SweepFunctionName as string, { trigger: 'deployment' });
});
afterAll(async () => {
  await cloud.stop();
  rmSync(directory, { recursive: true });
});

it('passes where it is right, tries blueprints and lease templates, and leaves nothing but receipts', async () => {
  const names = readOutputs(STACK, cloud.outputs, planOf(SANDBOX));
  const { endpoint, region, accessKeyId, secretAccessKey } = cloud;
  const config = join(directory, 'config.json');
  writeFileSync(config, JSON.stringify({ endpoint, region, accessKeyId, secretAccessKey, ...writeNames(names) }));
  const lifecycle = join(directory, 'sandbox.json');
  writeFileSync(lifecycle, JSON.stringify(SANDBOX));
  const { status, stdout, stderr } = await call([
    'selftest',
    ...['--config', config, '--lifecycle', lifecycle, '--within', '20s', '--json'],
  ]);
  expect(stderr).toBe('');
  const result = JSON.parse(stdout) as SelftestResult;
  expect(result.checks.filter((check) => check.result === 'failed')).toEqual([]);
  expect(status).toBe(0);
  expect(result.checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['a drain of blueprints', 'a drain of lease templates']),
  );
  expect(result.latencyMillis).toBeGreaterThan(0);
  await cloud.quiesce();
  const db = connectRaw({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  for (const [table, TableName] of Object.entries(names.tables)) {
    const { Items = [] } = await db.send(new ScanCommand({ TableName, ConsistentRead: true }));
    const left = Items.filter((item) => JSON.stringify(item).includes('deallocatorSelftest'));
    expect(table === 'receipts' || left.length === 0, table).toBe(true);
  }
});
