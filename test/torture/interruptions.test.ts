/** The interruptions that a cloud really has, each at its worst moment, on the deployed bundles and Amazon's engine. */
import { setTimeout as pause } from 'node:timers/promises';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, expect, it } from 'vitest';
import { answerLost, type GatewayRequest } from '../../lib/local/dynamodb/faults.ts';
import type { LocalCloudOptions } from '../../lib/local/local-cloud.ts';
import { isDeallocatorError } from '../../lib/protocol/errors.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { rawAccess } from '../support/dynamodb.ts';
import { network, service } from '../support/objects.ts';
import { judge, readHistory } from './history.ts';
import { startTortureCloud, type TortureCloud } from './torture-cloud.ts';

const TIMEOUT_MILLIS = 180_000;

let torture: TortureCloud | undefined;
afterEach(async () => {
  await torture?.close();
  torture = undefined;
});

const start = async (options: Partial<LocalCloudOptions> & { readonly onDisk?: boolean } = {}) => {
  torture = await startTortureCloud(options);
  return torture;
};

/** Nothing is left to happen, and every promise that can be checked then, or at the moment of each deletion, was kept. */
async function atRest(torture: TortureCloud, hasRestarted = false) {
  const { cloud, sweep, world, databaseId, tables, complaints } = torture;
  await cloud.quiesce({ timeoutMillis: TIMEOUT_MILLIS });
  // What outlasted five retries has lost its record, and so may have what an engine forgot.
  if (cloud.deadLetters().length > 0 || hasRestarted) await sweep({ restart: true });
  await cloud.quiesce({ timeoutMillis: TIMEOUT_MILLIS });
  const rest = await world();
  const { violations } = judge(await readHistory(cloud.enginePort, databaseId, tables));
  expect([...violations, ...checkRest(rest)]).toEqual([]);
  expect(complaints).toEqual([]);
  return rest;
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`);

/** Until it is answered: tried again as the error's code advises. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isDeallocatorError(error, 'Unavailable')) throw error;
    }
  }
}

/** Whether a transaction deletes from, updates or puts to the table. */
function touches({ operation, body }: GatewayRequest, action: 'Delete' | 'Update' | 'Put', table: string): boolean {
  if (operation !== 'TransactWriteItems') return false;
  const actions = body.TransactItems as readonly Record<string, { readonly TableName: string } | undefined>[];
  return actions.some((item) => item[action]?.TableName === table);
}

it(
  'L2 an engine that is killed and comes back from disk in the middle of a drain: 200 tasks go, their service too, nothing else',
  async () => {
    const own = await start({ onDisk: true });
    const { client } = own;
    const networks = ['front', 'kept-front'];
    for (const id of networks) await client.createNetwork({ id });
    await client.createService(service('web', networks));
    await client.createService(service('kept', ['kept-front']));
    await client.createTasks(
      'web',
      ids(200).map((id) => ({ id })),
    );
    await client.createTasks(
      'kept',
      ids(3).map((id) => ({ id })),
    );
    await client.removeService('web');
    await client.removeNetwork('front', { whenInUse: 'wait' });

    await insist(() => client.deleteTasks('web', ids(80)));
    const deliveredBefore = own.log.length;
    const restarted = own.restartEngine();
    // Under way while the engine dies, and tried again until it is back.
    await insist(() => client.deleteTasks('web', ids(200)));
    await restarted;

    const rest = await atRest(own, true);
    expect(rest.services.map(({ id }) => id)).toEqual(['kept']);
    expect(rest.networks.map(({ id }) => id)).toEqual(['kept-front']);
    expect(rest.tasks).toHaveLength(3);
    expect(deliveredBefore).toBeGreaterThan(0);
    expect(own.log.length).toBeGreaterThan(deliveredBefore);
  },
  TIMEOUT_MILLIS,
);

it(
  'S6 a function that is killed right after its transaction was committed: the same records again find it done',
  async () => {
    const own = await start();
    const { cloud, client, db, tables } = own;
    const raw = rawAccess(db, tables);
    const kinds: Record<string, (request: GatewayRequest) => boolean> = {
      heal: (request) => touches(request, 'Put', tables.attachments),
      stamp: (request) => touches(request, 'Update', tables.services),
      finalize: (request) => touches(request, 'Delete', tables.services),
    };
    const killed: string[] = [];
    cloud.setIntercept((request) => {
      if (request.principal === 'outside') return undefined;
      const kind = Object.keys(kinds).find((name) => kinds[name]?.(request));
      if (kind === undefined || killed.includes(kind)) return undefined;
      killed.push(kind);
      return {
        ...answerLost(),
        beforeAnswer: () => {
          expect(cloud.killFunctions(request.principal)).toBeGreaterThan(0);
        },
      };
    });
    await raw.put('networks', network('front'));
    await raw.put('services', service('web', ['front']));
    await cloud.quiesce();
    await client.createTask('web', { id: 't' });
    await client.removeNetwork('front', { whenInUse: 'wait' });
    const mark = { UpdateExpression: 'SET pendingDelete = :true', ExpressionAttributeValues: { ':true': true } };
    await db.send(new UpdateCommand({ TableName: tables.services, Key: { id: 'web' }, ...mark }));
    await cloud.quiesce();
    await client.deleteTask('web', 't');

    const rest = await atRest(own);
    expect(killed).toEqual(['heal', 'stamp', 'finalize']);
    expect(cloud.deadLetters()).toEqual([]);
    const { receipts, ...others } = rest;
    expect(others).toEqual({ services: [], networks: [], tasks: [], attachments: [], counters: [] });
    expect(receipts).toMatchObject([{ id: 'service#web', freed: [{ id: 'network#front' }] }]);
  },
  TIMEOUT_MILLIS,
);

it(
  'S5 a frozen function wakes up after others have done its work and its service’s id has a new life: its deletion comes to nothing',
  async () => {
    const sent: unknown[] = [];
    // Short for the one that freezes, not for those who do its work.
    const timeoutMillis = () => (sent.length === 0 ? 3_000 : undefined);
    const own = await start({ timeoutMillis, keepTimedOut: true });
    const { cloud, client, tables } = own;
    await client.createService({ id: 'web' });
    await client.createTask('web', { id: 't' });
    await client.removeService('web');
    await cloud.quiesce();

    const frozen = Promise.withResolvers<number>();
    const newLife = Promise.withResolvers<void>();
    cloud.setIntercept((request) => {
      if (request.principal === 'outside' || !touches(request, 'Delete', tables.services)) return undefined;
      sent.push(request.body.ClientRequestToken);
      if (sent.length > 1) return undefined;
      const [pid] = cloud.functions()[request.principal] ?? [];
      process.kill(pid as number, 'SIGSTOP');
      frozen.resolve(pid as number);
      return { arrives: newLife.promise };
    });
    await client.deleteTask('web', 't');
    const pid = await frozen.promise;
    // Its invocation times out, the records go to another process, and that one deletes the service.
    while ((await own.world()).services.length > 0) await pause(20);
    await client.createService({ id: 'web' });
    await client.createTask('web', { id: 'new' });
    await client.removeService('web');
    newLife.resolve();
    process.kill(pid, 'SIGCONT');

    const rest = await atRest(own);
    expect(sent.filter((token) => token === sent[0]).length, 'the sleeper tries again').toBeGreaterThan(1);
    expect(new Set(sent).size).toBeGreaterThan(1);
    expect(rest.services).toMatchObject([{ id: 'web', pendingDelete: true }]);
    expect(rest.tasks).toEqual([{ serviceId: 'web', id: 'new' }]);
    await client.deleteTask('web', 'new');
    expect((await atRest(own)).services).toEqual([]);
  },
  TIMEOUT_MILLIS,
);

it(
  'S7 the creation of a counter that its sender has given up arrives after that counter has come and gone: it creates none',
  async () => {
    const own = await start();
    const { cloud, client, tables } = own;
    const closed = Promise.withResolvers<void>();
    const creations: unknown[] = [];
    cloud.setIntercept((request) => {
      if (request.principal === 'outside' || !touches(request, 'Update', tables.counters)) return undefined;
      creations.push(request.body.ClientRequestToken);
      return creations.length === 1 ? { arrives: closed.promise } : undefined;
    });
    await client.createService({ id: 'web' });
    await client.createTask('web', { id: 't' });
    await client.removeService('web');
    while ((await own.world()).counters.length === 0) await pause(20);
    await client.undeleteService('web');
    while ((await own.world()).counters.length > 0) await pause(20);
    closed.resolve();

    const rest = await atRest(own);
    expect(rest.services).toEqual([{ id: 'web', unmarkedAt: expect.any(String) }]);
    expect(creations[1], 'it was sent again').toBe(creations[0]);
  },
  TIMEOUT_MILLIS,
);
