/** The one way around a table's policy: for one principal, while one command runs, and back whatever happens. */
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import { readPolicy } from '../../lib/dynamodb/table-facts.ts';
import { type BreakGlassOptions, breakGlass } from '../../lib/operate/deployed/break-glass.ts';
import { connectRaw } from '../support/dynamodb.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';

/** The local cloud's administrator. */
const PRINCIPAL = 'arn:aws:iam::000000000000:user/outside';

let backend: LocalBackend;
let db: ReturnType<typeof connectRaw>;
let pauses: number[];
let said: string[];
beforeEach(async () => {
  backend = await localBackend();
  const { endpoint, region, accessKeyId, secretAccessKey } = backend.cloud;
  db = connectRaw({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  pauses = [];
  said = [];
});
afterEach(async () => {
  db.destroy();
  await backend.close();
});

const deleteWeb = async () =>
  void (await db.send(new DeleteCommand({ TableName: backend.tables.services, Key: { id: 'web' } })));
const requests = () => openDatabase(db, backend.tables).requests;
const policy = async () => {
  const arn = `arn:aws:dynamodb:us-east-1:000000000000:table/${backend.tables.services}`;
  return (await readPolicy(requests(), arn))?.text ?? '';
};
const chance = {
  ...systemChance,
  pause: async (millis: number) => {
    pauses.push(millis);
  },
};
const around = (options: Partial<BreakGlassOptions> = {}) =>
  breakGlass(requests(), {
    table: backend.tables.services,
    principal: PRINCIPAL,
    keep: async () => 'policy.json',
    act: deleteWeb,
    say: (what) => void said.push(what),
    chance,
    ...options,
  });

it('one principal deletes meanwhile, after the wait, and the policy is as it was before', async () => {
  await backend.client.createService({ id: 'web' });
  await expect(deleteWeb()).rejects.toThrow(/explicit deny/);
  const before = await policy();
  const kept: string[] = [];
  await around({
    keep: async (text) => {
      expect(await policy()).toBe(before);
      kept.push(text);
      return 'policy.json';
    },
  });
  expect(kept).toEqual([before]);
  expect((await backend.world()).services).toEqual([]);
  expect(await policy()).toBe(before);
  expect(pauses.filter((millis) => millis > 15_000)).toHaveLength(1);
  await expect(deleteWeb()).rejects.toThrow(/explicit deny/);
});

it('another principal stays denied meanwhile, and other ways to delete do', async () => {
  const other = around({ principal: 'arn:aws:iam::000000000000:role/Admin' });
  await expect(other).rejects.toThrow(/explicit deny/);
});

it('a command that fails puts the policy back all the same', async () => {
  const before = await policy();
  const act = async () => {
    throw new Error('no');
  };
  await expect(around({ act })).rejects.toThrow('no');
  expect(await policy()).toBe(before);
});

it('a change that is blocked is tried again, and what can’t be put back is said with what to do', async () => {
  let refused = 0;
  const limit = { most: 2 };
  const before = await policy();
  const block = async () => {
    backend.cloud.authorizer.setTablePolicy = async () => {
      refused += 1;
      if (refused <= limit.most) throw new Error('blocked');
      delete (backend.cloud.authorizer as { setTablePolicy?: unknown }).setTablePolicy;
      await backend.cloud.authorizer.setTablePolicy(
        `arn:aws:dynamodb:us-east-1:000000000000:table/${backend.tables.services}`,
        JSON.parse(before).Statement,
      );
    };
  };
  await around({ act: block });
  expect(refused).toBe(3);
  expect(await policy()).toBe(before);
  limit.most = 1000;
  await expect(around({ act: block })).rejects.toThrow(
    /put-resource-policy --resource-arn \S+ --policy file:\/\/policy.json/,
  );
});

it('refuses everybody, a session, a table that denies no deletes, and a second call before the first was put back', async () => {
  for (const principal of [
    '*',
    'arn:aws:sts::000000000000:assumed-role/Admin/ann',
    'arn:aws:iam::000000000000:role/*',
  ]) {
    await expect(around({ principal })).rejects.toMatchObject({ code: 'InvalidArgument' });
  }
  await expect(around({ table: backend.tables.tasks })).rejects.toMatchObject({ code: 'FailedPrecondition' });
  const twice = around({ act: () => around() });
  await expect(twice).rejects.toThrow(/names \S+ already/);
});
