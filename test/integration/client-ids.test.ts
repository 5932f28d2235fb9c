/** Ids that the typed client takes and refuses, and names of tables that are wrong. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeallocatorClient } from '../../lib/client/index.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { settle } from '../../lib/protocol/settle.ts';
import { PHYSICAL_NAMES, TABLE_NAMES } from '../support/dynamodb.ts';
import { service } from '../support/objects.ts';
import {
  caught,
  chance,
  client,
  connection,
  expectInvalid,
  expectRefusal,
  openStore,
  raw,
  to,
  useClient,
} from './client-on-engine.ts';

useClient();

describe('ids', () => {
  const odd = [
    '😀',
    'a#b',
    '#',
    '\u0000',
    'a\u0000b',
    ' ',
    ' a ',
    '"',
    "'",
    '`',
    '../',
    '/etc',
    '__proto__',
    'constructor',
    'toString',
    'a\nb',
    '\u2028',
    '\ufeff',
    'e\u0301',
    '\u00e9',
    '%00',
    '$x',
    ':a',
    'null',
    'true',
    '0',
    'service#web',
  ];

  it.each(odd.map((id) => [id]))('may be %j everywhere', async (id) => {
    await client.createNetwork({ id });
    await client.createService({ id, spec: { task: { networks: to(id) } } });
    await client.createTasks(id, [{ id }, { id: `${id}2` }]);
    expect((await client.getService(id)).id).toBe(id);
    expect((await client.getNetwork(id)).id).toBe(id);
    expect((await client.listTasks(id)).items).toEqual([
      { serviceId: id, id },
      { serviceId: id, id: `${id}2` },
    ]);
    expect((await raw.world()).attachments).toEqual([{ held: `network#${id}`, holder: `service#${id}` }]);
    expect(await caught(client.removeNetwork(id))).toMatchObject({ blockers: [`service#${id}`] });
    await client.deleteTask(id, id);
    await client.removeService(id);
    await client.removeNetwork(id);
    expect((await client.listMarkedServices()).items).toMatchObject([{ id }]);
    expect((await client.listMarkedNetworks()).items).toMatchObject([{ id }]);
    await client.undeleteService(id);
    expect(checkRest(await raw.world()).filter(({ promise }) => promise !== 'L1')).toEqual([]);
  });

  it('that look alike are different', async () => {
    await client.createService({ id: '\u00e9' });
    await client.createService({ id: 'e\u0301' });
    expect((await client.listServices()).items).toHaveLength(2);
  });

  it.each<[string, string, string, string]>([
    ['one-byte characters', 's'.repeat(1016), 't'.repeat(1024), 'n'.repeat(2040)],
    ['four-byte characters', '😀'.repeat(254), '😎'.repeat(256), '🌍'.repeat(510)],
  ])('may be as long as the keys allow, from end to end, in %s', async (_, serviceId, taskId, networkId) => {
    await client.createNetwork({ id: networkId });
    await client.createService({ id: serviceId, spec: { networks: to(networkId) } });
    await client.createTask(serviceId, { id: taskId });
    await client.removeService(serviceId);
    await client.removeNetwork(networkId);
    const store = openStore();
    const waiting = await settle(store, chance, { kind: 'service', id: serviceId });
    expect(waiting).toMatchObject({ outcome: 'draining', remaining: 1 });
    expect(await settle(store, chance, { kind: 'network', id: networkId })).toMatchObject({ outcome: 'draining' });
    await client.deleteTask(serviceId, taskId);
    const gone = await settle(store, chance, { kind: 'service', id: serviceId });
    expect(gone).toMatchObject({ outcome: 'deleted', freed: [{ kind: 'network', id: networkId }] });
    const { services, networks, tasks, attachments: left, counters } = await raw.world();
    expect([services, networks, tasks, left, counters].flat()).toEqual([]);
  });

  const unfit: [string, unknown, string][] = [
    ['empty', '', 'empty'],
    ['undefined', undefined, 'missing'],
    ['null', null, 'null'],
    ['a number', 7, '7'],
    ['a list', ['web'], 'must be a string'],
    ['an object', { S: 'web' }, 'must be a string'],
    ['an object without a prototype', Object.create(null), 'must be a string'],
    ['a symbol', Symbol('web'), 'must be a string'],
    ['a high half of a character', 'a\ud83d', 'half a character'],
    ['a low half of a character', '\ude00a', 'half a character'],
  ];
  it.each<[string, unknown, string]>(unfit)('that are %s are refused before anything is sent', async (_, id, word) => {
    const bad = id as string;
    for (const attempt of [
      () => client.createService({ id: bad }),
      () => client.updateService(bad, (spec) => spec),
      () => client.removeService(bad),
      () => client.undeleteService(bad),
      () => client.getService(bad),
      () => client.createNetwork({ id: bad }),
      () => client.updateNetwork(bad, (spec) => spec),
      () => client.removeNetwork(bad),
      () => client.removeNetwork(bad, { whenInUse: 'wait' }),
      () => client.undeleteNetwork(bad),
      () => client.getNetwork(bad),
      () => client.createTask(bad, { id: 't1' }),
      () => client.createTask('web', { id: bad }),
      () => client.deleteTask(bad, 't1'),
      () => client.deleteTask('web', bad),
      () => client.listTasks(bad),
    ]) {
      await expectInvalid(attempt, word);
    }
    await expectInvalid(() => client.createService({ id: 'web', spec: { networks: to(bad) } }));
  });

  it.each([
    ['service', 1016],
    ['task', 1024],
    ['network', 2040],
  ] as const)('of a %s with more than %i bytes are refused before anything is sent', async (kind, bytes) => {
    for (const id of ['x'.repeat(bytes + 1), `${'😀'.repeat(bytes / 4)}x`]) {
      const attempts = {
        service: [
          () => client.createService({ id }),
          () => client.createTask(id, { id: 't' }),
          () => client.removeService(id),
        ],
        task: [() => client.createTask('web', { id }), () => client.deleteTask('web', id)],
        network: [
          () => client.createNetwork({ id }),
          () => client.createService({ id: 'web', spec: { networks: to(id) } }),
        ],
      }[kind];
      for (const attempt of attempts) await expectInvalid(attempt, `${bytes + 1} bytes; at most ${bytes}`);
    }
  });

  it('of any kind come back as they went', async () => {
    const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 });
    const created = new Set<string>();
    await fc.assert(
      fc.asyncProperty(id, id, async (serviceId, taskId) => {
        if (!created.has(serviceId)) await client.createService({ id: serviceId, name: serviceId });
        if (!created.has(serviceId)) await client.createTask(serviceId, { id: taskId, name: taskId });
        else return;
        created.add(serviceId);
        expect(await client.getService(serviceId)).toEqual({ id: serviceId, name: serviceId });
        expect((await client.listTasks(serviceId)).items).toEqual([{ serviceId, id: taskId, name: taskId }]);
        await client.deleteTask(serviceId, taskId);
        expect((await client.listTasks(serviceId)).items).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect((await client.listServices({ limit: 1000 })).items.map((item) => item.id).sort()).toEqual(
      [...created].sort(),
    );
  });
});

describe('names of tables', () => {
  it.each(TABLE_NAMES.filter((name) => name !== 'counters' && name !== 'receipts'))(
    'that are wrong are said to be: %s',
    async (table) => {
      await client.createNetwork({ id: 'front' });
      await client.createService({ id: 'used', spec: { networks: to('front') } });
      const wrong = new DeallocatorClient({ tables: { ...PHYSICAL_NAMES, [table]: 'Nowhere' }, connection });
      const attempts = {
        services: [
          () => wrong.createService({ id: 'web' }),
          () => wrong.getService('web'),
          () => wrong.removeService('web'),
        ],
        networks: [
          () => wrong.createNetwork({ id: 'x' }),
          () => wrong.listNetworks(),
          () => wrong.listMarkedNetworks(),
        ],
        tasks: [
          () => wrong.createTask('used', { id: 't1' }),
          () => wrong.deleteTask('used', 't1'),
          () => wrong.listTasks('used'),
        ],
        attachments: [() => wrong.createService(service('web', ['front'])), () => wrong.removeNetwork('front')],
      }[table as 'services'];
      for (const attempt of attempts) {
        await expectRefusal(attempt, 'FailedPrecondition', 'Nowhere', 'is not there at http');
      }
    },
  );
});
