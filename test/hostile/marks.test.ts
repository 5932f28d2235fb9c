/**
 * What a malformed mark means: nothing. Only the BOOL `true` is a mark, for everything that reads one: the functions, the
 * mappings' filters, the sweeps, the typed client and the audit. But whoever wrote it is told once, by a line in the log.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { DeallocatorClient } from '../../lib/client/index.ts';
import { compilePattern } from '../../lib/local/events/pattern.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { PLAN } from '../support/swarmkit.ts';
import { recordOf } from './arbitraries.ts';
import { type EngineHouse, engineHouse } from './house.ts';

const MALFORMED: [string, AttributeValue][] = [
  ['the text "true"', { S: 'true' }],
  ['the text "True"', { S: 'True' }],
  ['1', { N: '1' }],
  ['a map that looks like DynamoDB’s BOOL', { M: { BOOL: { BOOL: true } } }],
  ['a map with the text "true"', { M: { BOOL: { S: 'true' } } }],
  ['a list of true', { L: [{ BOOL: true }] }],
  ['a set of texts', { SS: ['true'] }],
  ['null', { NULL: true }],
  ['a date', { S: '2026-01-01T00:00:00.000Z' }],
  ['bytes', { B: new Uint8Array([1]) }],
  ['false', { BOOL: false }],
];
const KINDS = [
  ['services', 'service'],
  ['networks', 'network'],
] as const;
const TIMES: [string, Record<string, AttributeValue>][] = [
  ['without a time', {}],
  ['with a time', { markedAt: { S: '2026-01-01T00:00:00.000Z#raw' } }],
];

let house: EngineHouse;
let client: DeallocatorClient;
beforeEach(async () => {
  house = await engineHouse();
  client = new DeallocatorClient({ tables: PHYSICAL_NAMES, client: house.sdk, chance: testChance() });
});

const wire = (value: AttributeValue) =>
  value.B === undefined ? value : { B: Buffer.from(value.B).toString('base64') };

describe.each(KINDS)('in %s', (table, kind) => {
  describe.each(MALFORMED)('a mark that is %s', (_, pendingDelete) => {
    const put = (id: string, time: Record<string, AttributeValue>) =>
      house.db.send(
        new PutItemCommand({
          TableName: PHYSICAL_NAMES[table],
          Item: { id: { S: id }, owner: { S: 'me' }, pendingDelete, ...time },
        }),
      );

    it.each(TIMES)('S3 is no mark for the functions and the sweeps, %s', async (_time, time) => {
      await put('web', time);
      const untouched = { ...(await house.get(table, { id: 'web' })) };
      const before = { id: { S: 'web' } };
      const after = { ...before, pendingDelete: wire(pendingDelete), ...time };
      for (const [n, more] of [
        { eventName: 'INSERT', NewImage: after },
        { eventName: 'MODIFY', OldImage: before, NewImage: after },
        { eventName: 'MODIFY', OldImage: { ...before, pendingDelete: { BOOL: true } }, NewImage: after },
      ].entries()) {
        expect(await house.batch(table, [recordOf(table, String(n + 1), 'web', more)])).toEqual([]);
      }
      const children = kind === 'service' ? 'tasks' : 'attachments';
      expect(await house.batch(children, [recordOf(children, '7', 'web')])).toEqual([]);
      expect((await house.sweep()).deleted).toEqual([]);
      expect((await house.sweep({ full: true })).deleted).toEqual([]);
      // A time that is left without a mark is taken away; nothing else of the item is changed.
      delete untouched.markedAt;
      expect(await house.get(table, { id: 'web' })).toEqual(untouched);
      expect((await house.world()).counters).toEqual([]);
    });

    it.each(TIMES)('is no mark for the typed client, %s', async (_time, time) => {
      await put('web', time);
      const stored = await house.get(table, { id: 'web' });
      const [remove, undelete] = {
        service: [() => client.removeService('web'), () => client.undeleteService('web')] as const,
        network: [() => client.removeNetwork('web'), () => client.undeleteNetwork('web')] as const,
      }[kind];
      expect(await undelete()).toEqual({ id: 'web', wasMarked: false });
      expect(await house.get(table, { id: 'web' })).toEqual(stored);

      // The fence lets children in, and an update through.
      if (kind === 'service') {
        await client.createTask('web', { id: 't1' });
        await client.updateService('web', (spec) => spec);
      } else {
        await client.createService({ id: 'user', spec: { networks: [{ target: 'web' }] } });
        await expect(client.removeNetwork('web')).rejects.toMatchObject({ blockers: ['service#user'] });
        await client.updateService('user', () => ({}));
      }
      const create = kind === 'service' ? client.createService({ id: 'web' }) : client.createNetwork({ id: 'web' });
      await expect(create).rejects.toMatchObject({
        code: 'AlreadyExists',
        message: expect.stringContaining('not marked for deletion'),
      });

      const { markedAt } = await remove();
      expect(markedAt).not.toBe(time.markedAt?.S);
      expect(await house.get(table, { id: 'web' })).toMatchObject({ owner: 'me', pendingDelete: true, markedAt });
      expect(await undelete()).toEqual({ id: 'web', wasMarked: true });
    });

    it('is told once, with the value seen', async () => {
      const image = { id: { S: 'web' }, pendingDelete: wire(pendingDelete) };
      await house.batch(table, [recordOf(table, '1', 'web', { eventName: 'INSERT', NewImage: image })]);
      await house.batch(table, [
        recordOf(table, '2', 'web', { eventName: 'MODIFY', OldImage: image, NewImage: image }),
      ]);
      const told = house.log.filter(({ decision }) => decision === 'malformed mark');
      // False and null say that there is no mark, and mean it.
      const isMeant = 'BOOL' in pendingDelete || 'NULL' in pendingDelete;
      const [[type, value] = []] = Object.entries(wire(pendingDelete));
      const seen = `${type} ${typeof value === 'string' ? JSON.stringify(value) : '…'}`;
      expect(told).toMatchObject(isMeant ? [] : [{ level: 'WARN', parent: `${kind}#web`, seen }]);
    });

    it('wakes the function of a network only where it reads like a mark, and keeps no audit busy', async () => {
      await put('web', {});
      const patterns = (PLAN.functions['network-updated']?.filters ?? []).map(compilePattern);
      const passes = (dynamodb: object) => patterns.some((pattern) => pattern({ eventName: 'MODIFY', dynamodb }));
      const image = { pendingDelete: wire(pendingDelete) };
      expect(passes({ OldImage: image })).toBe(false);
      // A text or a number: whoever wrote it waits for something, and is told.
      expect(passes({ NewImage: image })).toBe('S' in pendingDelete || 'N' in pendingDelete);
      expect(checkRest(await house.world())).toEqual([]);
      await house.put('counters', { id: `${kind}#web`, remaining: 0, epoch: 'e' });
      expect(checkRest(await house.world())).toMatchObject([{ promise: 'S4', subject: `${kind}#web` }]);
    });
  });
});

describe('a time beside a malformed mark', () => {
  const item = { id: 'web', pendingDelete: 'true', markedAt: '2026-01-01T00:00:00.000Z#raw' };
  const image = { id: { S: 'web' }, pendingDelete: { S: 'true' }, markedAt: { S: item.markedAt } };

  it("is listed as a mark only until the service's own record takes it away", async () => {
    await house.put('services', item);
    expect((await client.listMarkedServices()).items).toHaveLength(1);
    await house.batch('services', [recordOf('services', '7', 'web', { eventName: 'INSERT', NewImage: image })]);
    expect((await client.listMarkedServices()).items).toEqual([]);
  });

  it('is listed as a mark only until the next sweep takes it away from a network, whose record nobody reads', async () => {
    await house.put('networks', item);
    expect((await client.listMarkedNetworks()).items).toHaveLength(1);
    await house.sweep();
    expect((await client.listMarkedNetworks()).items).toEqual([]);
    expect(await house.get('networks', { id: 'web' })).toEqual({ id: 'web', pendingDelete: 'true' });
  });
});
