import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PhysicalNames } from '../../lib/dynamodb/schema.ts';
import { connectRaw } from '../support/dynamodb.ts';
import { MARKED, network, service, task } from '../support/objects.ts';
import { type Program, runProgram } from '../support/program.ts';

/** Building, the engine and two Node processes, beside other tests. */
const TIMEOUT_MILLIS = 120_000;

interface Connection {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly tables: PhysicalNames;
}

describe('npm run sweep', { timeout: TIMEOUT_MILLIS }, () => {
  let cloud: Program;
  let connection: Connection;
  beforeAll(async () => {
    // What the setup has built. Such a cloud is not found without --endpoint, so that other tests don't meet it.
    cloud = runProgram('bin/local.ts', ['--assembly', 'cdk.out']);
    await cloud.waitFor('stdout', '\n');
    connection = JSON.parse(cloud.stdout());
    // The sweep after the deployment: from here on, only ours.
    await cloud.waitFor('stderr', '"decision":"swept"');
  }, TIMEOUT_MILLIS);
  afterAll(async () => {
    cloud.child.kill('SIGTERM');
    await cloud.ended;
  }, TIMEOUT_MILLIS);

  const sweep = (...args: string[]) => runProgram('bin/sweep.ts', ['--endpoint', connection.endpoint, ...args]).ended;

  it('deletes what lost its counter, and then finds nothing more to do', async () => {
    const { endpoint, region, accessKeyId, secretAccessKey, tables } = connection;
    const db = connectRaw({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
    const put = (TableName: string, Item: Record<string, unknown>) => db.send(new PutCommand({ TableName, Item }));
    const isThere = async (TableName: string, id: string) =>
      (await db.send(new GetCommand({ TableName, Key: { id }, ConsistentRead: true }))).Item !== undefined;

    await put(tables.networks, network('front'));
    await put(tables.tasks, task('web', 'web.1'));
    await put(tables.attachments, { networkId: 'front', serviceId: 'web' });
    // With a time: a function that has to set it wakes another one.
    await put(tables.services, service('web', ['front'], { ...MARKED, markedAt: 'by hand' }));
    await put(tables.networks, network('front', { ...MARKED, markedAt: 'by hand too' }));
    // Both are seen, and drain: their settles are over, or they would make the counters again. Whoever takes these away has
    // made sure that no record wakes anybody.
    for (const id of ['service#web', 'network#front']) {
      await expect.poll(cloud.stderr, { timeout: TIMEOUT_MILLIS }).toContain(`"decision":"draining","parent":"${id}"`);
      await db.send(new DeleteCommand({ TableName: tables.counters, Key: { id } }));
    }
    await db.send(new DeleteCommand({ TableName: tables.tasks, Key: { serviceId: 'web', id: 'web.1' } }));

    const first = await sweep('--json');
    expect({ status: first.status, ...JSON.parse(first.stdout) }).toMatchObject({
      status: 0,
      complete: true,
      invocations: 1,
      deleted: ['service#web', 'network#front'],
      failed: [],
      oldestMarkSeconds: 0,
    });
    expect(first.stdout.trim().split('\n')).toHaveLength(1);
    expect(first.stderr).toContain('"decision":"swept"');
    expect(await isThere(tables.services, 'web')).toBe(false);
    expect(await isThere(tables.networks, 'front')).toBe(false);

    const second = await sweep('--full');
    expect(second.status).toBe(0);
    expect(second.stdout).toMatch(/^deleted +0$/m);
    expect(second.stdout).toMatch(/^still marked +0$/m);
    expect(second.stdout).not.toContain('\x1b');
    db.destroy();
  });

  it('fails where no local cloud answers, and says how to start one', async () => {
    const { status, stdout, stderr } = await runProgram('bin/sweep.ts', ['--endpoint', 'http://127.0.0.1:9', '--json'])
      .ended;
    expect(stderr).toMatch(/no local cloud answers at http:\/\/127\.0\.0\.1:9 .*"npm run local"/);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(status).toBe(1);
  });

  it.each([['--unknown'], ['--endpoint=nowhere']])('refuses %s', async (option) => {
    const { status, stderr } = await runProgram('bin/sweep.ts', [option]).ended;
    expect(stderr).toMatch(/^sweep: .*\nTry "npm run sweep -- --help"\.\n$/);
    expect(status).toBe(2);
  });
});
