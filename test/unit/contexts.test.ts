/** Which deployment a command speaks to: what was typed, what the environment says, or the only local cloud that runs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDeployment } from '../../bin/cli/connection.ts';
import type { Io } from '../../bin/cli/io.ts';
import { findRunningCloud, RUNNING_CLOUDS } from '../../bin/cli/running-clouds.ts';
import { accountOfQueue, targetLine, targetOf } from '../../bin/cli/target.ts';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import { removeRunningFile, writeRunningFile } from '../../lib/local/running-file.ts';
import { call } from '../support/command-line.ts';

let folder: string;
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deallocator-contexts-'));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true });
});

/** Something that answers, with a file that says so. */
async function startCloud(): Promise<{ endpoint: string; file: string; server: Server }> {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { endpoint, file: writeRunningFile(join(folder, RUNNING_CLOUDS), { endpoint }), server };
}

describe('local clouds beside each other', () => {
  it('have a file each, and one that ends leaves the other’s alone', async () => {
    const [first, second] = [await startCloud(), await startCloud()];
    expect(first.file).not.toBe(second.file);
    removeRunningFile(first.file);
    expect(await findRunningCloud(folder, undefined)).toMatchObject({ endpoint: second.endpoint, pid: process.pid });
  });

  it('are never mistaken: the command says which run, and how to choose', async () => {
    const [first, second] = [await startCloud(), await startCloud()];
    const asked = findRunningCloud(folder, undefined);
    await expect(asked).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await expect(asked).rejects.toThrow(
      /^2 local clouds run .* choose one with --endpoint URL, --config FILE, or DEALLOCATOR_CONFIG$/,
    );
    for (const { endpoint } of [first, second]) await expect(asked).rejects.toThrow(endpoint);
    expect(await findRunningCloud(folder, first.endpoint)).toMatchObject({ endpoint: first.endpoint });
    const spoken = second.endpoint.replace('127.0.0.1', 'localhost');
    expect(await findRunningCloud(folder, spoken)).toMatchObject({ endpoint: second.endpoint });
    await expect(findRunningCloud(folder, 'http://127.0.0.1:1')).rejects.toThrow('2 local clouds run');
  });

  it('that have ended are passed over: by their port, by their process, and where nobody can read their file', async () => {
    const directory = join(folder, RUNNING_CLOUDS);
    const [alive, ended] = [await startCloud(), await startCloud()];
    await new Promise((resolve) => ended.server.close(resolve));
    // The port has another owner by now.
    const { endpoint } = await startCloud();
    writeFileSync(join(directory, `${new URL(endpoint).port}.json`), JSON.stringify({ endpoint, pid: 2 ** 22 + 1 }));
    writeFileSync(join(directory, 'torn.json'), '{"endpoi');
    expect(await findRunningCloud(folder, undefined)).toMatchObject({ endpoint: alive.endpoint });
    removeRunningFile(alive.file);
    await expect(findRunningCloud(folder, undefined)).rejects.toThrow(
      /^no local cloud runs beside this directory \(.* ran there and ended\); start one/,
    );
  });
});

describe('the environment', () => {
  it('names a stack or a configuration, and what is typed goes before it', async () => {
    mkdirSync(join(folder, 'x'));
    writeFileSync(join(folder, 'mine.json'), '{"tables":{}}');
    const mine = { DEALLOCATOR_CONFIG: 'mine.json' };
    expect((await call(['status'], { directory: folder, environment: mine })).stderr).toContain(
      'mine.json names no table',
    );
    const itself = { DEALLOCATOR_CONFIG: '{"tables":{"services":"S"}}' };
    expect((await call(['status'], { directory: folder, environment: itself })).stderr).toContain(
      'DEALLOCATOR_CONFIG names no table for tasks, networks',
    );
    const typed = await call(['status', '--config', 'none.json'], { directory: folder, environment: mine });
    expect(typed.stderr).toContain("none.json can't be read");
    const environment = { ...mine, DEALLOCATOR_STACK: 'Shop' };
    const both = await call(['status'], { directory: folder, environment });
    expect(both).toMatchObject({ status: 2, stderr: expect.stringContaining('both DEALLOCATOR_STACK (Shop) and') });
    expect((await call(['status', '--config', 'none.json'], { directory: folder, environment })).status).toBe(1);
  });
});

describe('a configuration without a Region', () => {
  const tables = { services: 'S', tasks: 'T', networks: 'N', attachments: 'A', counters: 'C', receipts: 'R' };

  it('has none on AWS, where a guess would be another deployment, and any on this machine', async () => {
    writeFileSync(join(folder, 'tables.json'), JSON.stringify({ tables }));
    const given = (endpoint?: string) => ({
      positionals: [],
      text: (name: string) => ({ config: 'tables.json', endpoint })[name],
      flag: () => false,
      deployment: undefined,
    });
    const io = { directory: folder, environment: {}, chance: systemChance } as unknown as Io;
    const far = await openDeployment(given('https://vpce.example'), io);
    expect(far.connection).toEqual({ endpoint: 'https://vpce.example' });
    const near = await openDeployment(given('http://localhost:1'), io);
    expect(near.connection).toEqual({ region: 'us-east-1', endpoint: 'http://localhost:1' });
    for (const { close } of [far, near]) close();
  });
});

describe('a target', () => {
  it.each([
    [{ stack: 'Shop', region: 'eu-west-1', account: '123456789012' }, 'stack Shop, eu-west-1, account 123456789012'],
    [{ endpoint: 'http://127.0.0.1:4000', region: 'us-east-1' }, 'local cloud at http://127.0.0.1:4000'],
    [{ config: 'a.json', endpoint: 'http://localhost:1' }, 'local cloud at http://localhost:1, by a.json'],
    [{ config: 'a.json', region: 'eu-west-1' }, 'tables, by a.json, eu-west-1'],
    [{ stack: 'Shop', endpoint: 'https://vpce.example' }, 'stack Shop at https://vpce.example, no Region'],
  ])('%j is one line', (target, line) => expect(targetLine(target)).toBe(line));

  it('leaves out what is not known, and takes the account from the queue', () => {
    expect(targetOf({}, {}, undefined)).toEqual({});
    const account = accountOfQueue('https://sqs.eu-west-1.amazonaws.com/123456789012/dead');
    expect(targetOf({ stack: 'S' }, { region: 'r', endpoint: 'e' }, account)).toEqual({
      stack: 'S',
      region: 'r',
      endpoint: 'e',
      account: '123456789012',
    });
    expect(accountOfQueue('http://127.0.0.1:4000/000000000000/dead')).toBeUndefined();
  });
});
