/** Tables that outlive their stack: what then goes wrong, what names it, and that the runbook's steps set it right. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteResourcePolicyCommand,
  DeleteTableCommand,
  PutResourcePolicyCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { ASSEMBLY_DIRECTORY, readNames, STACK_NAME } from '../../bin/synthesize.ts';
import { startLocalCloud } from '../../lib/local/local-cloud.ts';
import type { Check } from '../../lib/operate/deployed/check.ts';
import { call, writeConfig } from '../support/command-line.ts';
import { connectRaw } from '../support/dynamodb.ts';
import { localBackend } from '../support/local-backend.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'outliving-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const FORMER = 'arn:aws:iam::000000000000:role/former';

describe('a deployment over tables of a former one', () => {
  it('deletes nothing; an audit says what to run; after that it deletes', async () => {
    const backend = await localBackend({}, undefined, ({ Resources }) => {
      for (const { Properties = {} } of Object.values(Resources)) {
        const { ResourcePolicy } = Properties as { ResourcePolicy?: { PolicyDocument: { Statement: unknown[] } } };
        for (const { Condition } of (ResourcePolicy?.PolicyDocument.Statement ?? []) as {
          Condition?: Record<string, Record<string, unknown>>;
        }[]) {
          if (Condition?.ArnNotEquals) Condition.ArnNotEquals = { 'aws:PrincipalArn': [FORMER] };
        }
      }
    });
    const config = join(directory, 'config.json');
    writeConfig(config, backend);
    const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
    const db = connectRaw({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
    try {
      await backend.cloud.pauseMappings();
      await backend.client.createService({ id: 'web' });
      await backend.client.removeService('web');
      await expect(backend.sweep()).rejects.toThrow(/may not do dynamodb:DeleteItem/);
      expect((await backend.world()).services).toHaveLength(1);

      const audit = async (...args: string[]) => {
        const { status, stdout } = await call(['audit', ...args, '--config', config, '--confirm', '0', '--json']);
        const { deployed } = JSON.parse(stdout) as { deployed: Check[] };
        return { status, failed: deployed.filter(({ result }) => result === 'failed') };
      };
      // The tables alone tell that something is wrong, and what tells more.
      const some = (await audit()).failed;
      expect(some.map(({ fault }) => fault)).toEqual(Array(4).fill('roles of another deployment'));
      expect(some[0]?.fix).toMatch(/^run "deallocator audit --deployed"/);
      const { status, failed } = await audit('--deployed');
      expect([status, failed.map(({ fault }) => fault)]).toEqual([1, Array(4).fill('roles of another deployment')]);
      for (const { fix = '' } of failed) {
        const [, ResourceArn, Policy] =
          /^aws dynamodb put-resource-policy --resource-arn (\S+) --policy '(.*)'$/.exec(fix) ?? [];
        await db.send(new PutResourcePolicyCommand({ ResourceArn, Policy }));
      }
      // Of the policies nothing is left to say. The record was never delivered: the sweep makes up for it.
      expect((await audit('--deployed')).failed).toEqual([]);
      expect(await backend.sweep()).toMatchObject({ deleted: ['service#web'], failedCount: 0 });
      expect((await audit()).status).toBe(0);
    } finally {
      db.destroy();
      await backend.close();
    }
  });
});

describe('tables that a failed first deployment has left', () => {
  it('stop the next one by their names, deny their deletion, and go by the steps of the runbook', async () => {
    const options = {
      assemblyDirectory: ASSEMBLY_DIRECTORY,
      stackName: STACK_NAME,
      engine: { port: inject('enginePort') },
      databaseId: `test${randomUUID().replaceAll('-', '')}`,
      schedules: false,
      log: () => {},
    };
    const first = await startLocalCloud(options);
    const { endpoint, region, accessKeyId, secretAccessKey } = first;
    const db = connectRaw({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
    try {
      await expect(startLocalCloud(options)).rejects.toThrow(/preexisting|already exists|ResourceInUse/i);
      const tables = Object.entries(readNames(first.outputs).tables);
      const denied: string[] = [];
      for (const [table, TableName] of tables) {
        const ResourceArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`;
        const remove = () => db.send(new DeleteTableCommand({ TableName }));
        await expect(remove()).rejects.toThrow(/explicit deny|deletion protection/i);
        await db.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
        const left = await remove().catch((error: Error) => error.message);
        if (typeof left !== 'string') continue;
        expect(left).toMatch(/explicit deny/);
        denied.push(table);
        await db.send(new DeleteResourcePolicyCommand({ ResourceArn }));
        await remove();
      }
      expect(denied).toEqual(expect.arrayContaining(['services', 'networks', 'attachments', 'counters']));
    } finally {
      db.destroy();
      await first.stop();
    }
    const second = await startLocalCloud(options);
    await second.stop();
  });
});
