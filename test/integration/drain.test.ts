/** Draining on the template and the bundles that would be deployed: cost, faults, killed processes, poison. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  answerLost,
  type Fault,
  type GatewayRequest,
  internalServerError,
  throttled,
  transactionCanceled,
  transactionConflict,
} from '../../lib/local/dynamodb/faults.ts';
import type { Delivery } from '../../lib/local/streams/delivery.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';

let backend: LocalBackend;
let deliveries: Delivery[];
beforeEach(async () => {
  backend = await localBackend();
  deliveries = [];
  backend.cloud.onDelivery((delivery) => deliveries.push(delivery));
});
afterEach(async () => {
  expect(checkRest(await backend.world())).toEqual([]);
  await backend.close();
});

const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
const tasks = (count: number) => ids('t', count).map((id) => ({ id }));
const left = async () => {
  const { services, networks } = await backend.world();
  return [...services, ...networks].map(({ id }) => id).sort();
};

describe('cost', () => {
  /** Writes to the counters table, by operation, as the functions send them. */
  const countCounterWrites = () => {
    const writes: Record<string, number> = {};
    backend.cloud.setIntercept(({ principal, operation, body }) => {
      const isWrite = operation === 'UpdateItem' || operation === 'DeleteItem' || operation === 'PutItem';
      if (principal !== 'outside' && isWrite && body.TableName === backend.tables.counters) {
        writes[operation] = (writes[operation] ?? 0) + 1;
      }
      return undefined;
    });
    return writes;
  };

  it('of 1,000 task deletes of one draining service is at most one counter write a delivered batch', async () => {
    await backend.client.createService({ id: 'web' });
    await backend.client.createTasks('web', tasks(1500));
    await backend.client.removeService('web');
    await backend.deliver();
    deliveries.length = 0;
    const writes = countCounterWrites();
    await backend.client.deleteTasks('web', ids('t', 1000));
    await backend.deliver();

    const batches = deliveries.filter(({ records }) => records[0]?.eventName === 'REMOVE').length;
    expect(batches).toBeGreaterThan(0);
    expect(Object.keys(writes)).toEqual(['UpdateItem']);
    expect(writes.UpdateItem).toBeLessThanOrEqual(batches);
    expect((await backend.world()).counters).toMatchObject([{ id: 'service#web', remaining: 500 }]);
  });

  it('of task deletes of services that do not drain is no write at all', async () => {
    for (const id of ids('s', 5)) {
      await backend.client.createService({ id });
      await backend.client.createTasks(id, tasks(20));
    }
    await backend.deliver();
    backend.cloud.meter.start();
    for (const id of ids('s', 5)) await backend.client.deleteTasks(id, ids('t', 20));
    await backend.deliver();
    const { requests } = backend.cloud.meter.stop();
    const functions = Object.entries(requests).filter(([principal]) => principal !== 'outside');
    const operations = functions.flatMap(([, counts]) => Object.keys(counts));
    expect(operations).not.toEqual([]);
    // A delivery that tells of one service only asks for its counter alone.
    expect(operations.filter((operation) => operation !== 'BatchGetItem' && operation !== 'GetItem')).toEqual([]);
  });
});

describe('faults', () => {
  const stacks = async () => {
    await backend.client.createNetwork({ id: 'shared' });
    for (const id of ['a', 'b', 'c']) {
      await backend.client.createNetwork({ id: `${id}-net` });
      const networks = [{ target: 'shared' }, { target: `${id}-net` }];
      await backend.client.createService({ id, spec: { task: { networks } } });
      await backend.client.createTasks(id, tasks(15));
    }
  };
  const removeAll = async () => {
    for (const id of ['a', 'b', 'c']) {
      await backend.client.removeService(id);
      await backend.client.removeNetwork(`${id}-net`, { whenInUse: 'wait' });
    }
    await backend.client.removeNetwork('shared', { whenInUse: 'wait' });
    for (const task of ids('t', 15))
      await Promise.all(['a', 'b', 'c'].map((id) => backend.client.deleteTask(id, task)));
  };

  it('L4 of every kind, at a quarter of all requests and more, only cost time', async () => {
    await stacks();
    const seen: Record<string, number> = {};
    const sent = { transactions: 0, writes: 0, reads: 0 };
    const isWrite = (operation: string) => ['UpdateItem', 'DeleteItem', 'PutItem'].includes(operation);
    const faultsFor = (request: GatewayRequest): Record<string, Fault> => ({
      ...(request.operation === 'TransactWriteItems' && { cancelled: transactionCanceled(request) }),
      ...(isWrite(request.operation) && { conflict: transactionConflict() }),
      throttled: throttled(),
      'error 500': internalServerError(),
      'answer lost': answerLost(),
    });
    backend.cloud.setIntercept((request) => {
      if (request.principal === 'outside') return undefined;
      // Every fourth read, and of the few transactions and writes every other one: how few depends on how batches are cut.
      const isTransaction = request.operation === 'TransactWriteItems';
      const sort = isTransaction ? 'transactions' : isWrite(request.operation) ? 'writes' : 'reads';
      if (sent[sort]++ % (sort === 'reads' ? 4 : 2) > 0) return undefined;
      // In turn, the one that was seen least first.
      const [next] = Object.entries(faultsFor(request)).sort(([a], [b]) => (seen[a] ?? 0) - (seen[b] ?? 0));
      if (next === undefined) return undefined;
      seen[next[0]] = (seen[next[0]] ?? 0) + 1;
      return next[1];
    });
    await removeAll();
    await backend.deliver();
    expect(await left()).toEqual([]);
    expect(backend.cloud.deadLetters()).toEqual([]);
    expect(Object.keys(seen).sort()).toEqual(['answer lost', 'cancelled', 'conflict', 'error 500', 'throttled']);
  });

  it('S6 an answer that is lost after the deletion was committed changes nothing', async () => {
    await stacks();
    let lost = 0;
    backend.cloud.setIntercept(({ principal, operation }) => {
      if (principal === 'outside' || operation !== 'TransactWriteItems' || lost >= 20) return undefined;
      lost++;
      return answerLost();
    });
    await removeAll();
    await backend.deliver();
    expect(lost).toBeGreaterThan(3);
    expect(await left()).toEqual([]);
  });

  it('processes killed at any moment lose nothing and delete nothing wrong', async () => {
    await stacks();
    await backend.client.createService({ id: 'kept', spec: { task: { networks: [{ target: 'shared' }] } } });
    await backend.client.createTasks('kept', tasks(3));
    const random = testChance(3);
    let killed = 0;
    backend.cloud.setIntercept(({ principal }) => {
      // A SIGKILL while a request is on its way: it may or may not be carried out.
      if (principal !== 'outside' && killed < 40 && random.fraction() < 0.15) killed += backend.cloud.killFunctions();
      return undefined;
    });
    await removeAll();
    await backend.deliver();
    backend.cloud.setIntercept(undefined);
    expect(killed).toBeGreaterThan(10);
    // What used up its retries is in the dead-letter queue, and needs no record to be finished.
    if (backend.cloud.deadLetters().length > 0) await backend.sweep();
    await backend.deliver();
    expect(await left()).toEqual(['kept', 'shared']);
    expect((await backend.world()).tasks).toHaveLength(3);
  });
});

describe('poison', () => {
  it('holds up nobody else, ends in the dead-letter queue, and the sweep finishes once its cause is mended', async () => {
    for (const id of ['sick', 'well']) {
      await backend.client.createService({ id });
      await backend.client.createTasks(id, tasks(2));
      await backend.client.removeService(id);
    }
    await backend.deliver();
    await backend.put('counters', { id: 'service#sick', remaining: 'many', epoch: 'e' });
    await backend.client.deleteTasks('sick', ['t0', 't1']);
    await backend.client.deleteTasks('well', ['t0', 't1']);
    await backend.deliver();
    expect(await left()).toEqual(['sick']);
    expect(backend.cloud.deadLetters()).not.toEqual([]);
    expect(backend.log.find(({ decision }) => decision === 'failed')).toMatchObject({
      level: 'ERROR',
      subject: 'service#sick',
      code: 'InvalidArgument',
    });

    const swept = await backend.sweep();
    expect(swept.failed).toEqual([
      {
        parent: 'service#sick',
        error: expect.stringContaining('"deallocator audit --repair" resets it'),
      },
    ]);
    expect((await backend.sweep({ parents: ['service#sick'] })).deleted).toEqual(['service#sick']);
    await backend.deliver();
  });
});

describe('undelete', () => {
  it('S3 works until the deletion commits, and not after', async () => {
    await backend.client.createService({ id: 'web' });
    await backend.client.createTasks('web', tasks(2));
    await backend.client.removeService('web');
    await backend.client.deleteTask('web', 't0');
    await backend.deliver();
    expect(await backend.client.undeleteService('web')).toEqual({ id: 'web', wasMarked: true });
    await backend.client.deleteTask('web', 't1');
    await backend.deliver();
    expect(await left()).toEqual(['web']);
    await backend.client.removeService('web');
    await backend.deliver();
    expect(await left()).toEqual([]);
    await expect(backend.client.undeleteService('web')).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('S3 races with the last task: one of the two wins, whole', async () => {
    const services = ids('s', 30);
    for (const id of services) {
      await backend.client.createService({ id });
      await backend.client.createTask(id, { id: 't0' });
      await backend.client.removeService(id);
    }
    await backend.deliver();
    const undeleted: string[] = [];
    await Promise.all(
      services.map(async (id) => {
        await backend.client.deleteTask(id, 't0');
        const won = await backend.client.undeleteService(id).then(
          ({ wasMarked }) => wasMarked,
          () => false,
        );
        if (won) undeleted.push(id);
      }),
    );
    await backend.deliver();
    expect(await left()).toEqual(undeleted.sort());
  });
});
