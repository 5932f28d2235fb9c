/**
 * The peers' failures once more where delivery, retries and the fence are real: the template and the bundles that would be
 * deployed, with faults at the gateway.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerLost, type GatewayRequest, throttled, unprocessed } from '../../lib/local/dynamodb/faults.ts';
import type { Delivery } from '../../lib/local/streams/delivery.ts';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { REQUEST_TRIES_MAX } from '../../lib/protocol/limits.ts';
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
  expect(backend.cloud.deadLetters()).toEqual([]);
  await backend.close();
});

const left = async () => {
  const { services, networks } = await backend.world();
  return [...services, ...networks].map(({ id }) => id).sort();
};
const failed = () => backend.log.filter(({ decision }) => decision === 'failed');

/** Requests of the functions that the test lets happen, and what to do at each. */
function atFunctions(
  operation: string,
  fault: (request: GatewayRequest, nth: number) => ReturnType<typeof throttled> | undefined | Promise<undefined>,
) {
  let seen = 0;
  backend.cloud.setIntercept((request) => {
    if (request.principal === 'outside' || request.operation !== operation) return undefined;
    return fault(request, ++seen);
  });
}

const drain = async (id: string, tasks: number) => {
  await backend.client.createService({ id });
  await backend.client.createTasks(
    id,
    Array.from({ length: tasks }, (_, n) => ({ id: `t${n + 1}` })),
  );
  await backend.client.removeService(id);
  await backend.deliver();
};
const isDecrement = ({ body }: GatewayRequest) => String(body.UpdateExpression).includes('- :by');

it('L1 a failed write is reported, not swallowed: Lambda gives the record again, and the service goes', async () => {
  await drain('web', 1);
  atFunctions('UpdateItem', (_, nth) => (nth <= REQUEST_TRIES_MAX ? throttled() : undefined));
  await backend.client.deleteTask('web', 't1');
  await backend.deliver();
  expect(failed()).toMatchObject([{ subject: 'service#web', code: 'Unavailable' }]);
  expect(deliveries.map(({ result }) => result)).toContain('partlyFailed');
  expect(await left()).toEqual([]);
});

it('S1 a function that dies right after its write runs again: the write counts twice, the tasks once', async () => {
  await drain('web', 3);
  let died = 0;
  atFunctions('UpdateItem', (request) => {
    if (!isDecrement(request) || died > 0) return undefined;
    died++;
    // The write is done; nobody is left to hear so.
    setImmediate(() => backend.cloud.killFunctions());
    return answerLost();
  });
  await backend.client.deleteTask('web', 't1');
  await backend.deliver();
  expect(died).toBe(1);
  expect(await left()).toEqual(['web']);
  await backend.client.deleteTask('web', 't2');
  await backend.deliver();
  expect(await left()).toEqual(['web']);
  await backend.client.deleteTask('web', 't3');
  await backend.deliver();
  expect(await left()).toEqual([]);
});

it('S1 a write that is repeated since its answer was lost counts twice, the tasks once', async () => {
  await drain('web', 3);
  let lost = 0;
  atFunctions('UpdateItem', (request) => (isDecrement(request) && ++lost <= 3 ? answerLost() : undefined));
  await backend.client.deleteTask('web', 't1');
  await backend.deliver();
  expect(lost).toBeGreaterThan(3);
  expect(await left()).toEqual(['web']);
  expect((await backend.world()).counters).toMatchObject([{ id: 'service#web', remaining: 2 }]);
  await backend.client.deleteTasks('web', ['t2', 't3']);
  await backend.deliver();
  expect(await left()).toEqual([]);
});

it('records after a failed one are not lost, and the failed one comes again', async () => {
  const ids = ['s1', 's2', 's3', 's4', 's5'];
  for (const id of ids) await drain(id, 1);
  const isOfFourth = ({ body }: GatewayRequest) => JSON.stringify(body.Key) === '{"id":{"S":"service#s4"}}';
  let refused = 0;
  backend.cloud.setIntercept((request) => {
    // The counters of all five in one request. The second half of its statements are throttled, and then sent alone.
    if (request.operation === 'BatchExecuteStatement') return unprocessed();
    if (request.operation !== 'UpdateItem' || !isOfFourth(request) || ++refused > REQUEST_TRIES_MAX) return undefined;
    return throttled();
  });
  await backend.cloud.pauseMappings();
  for (const id of ids) await backend.client.deleteTask(id, 't1');
  backend.cloud.resumeMappings();
  await backend.deliver();
  expect(failed()).toMatchObject([{ subject: 'service#s4', code: 'Unavailable' }]);
  expect(await left()).toEqual([]);
});

it('S6 a cascade whose one delete is throttled goes whole, or not yet', async () => {
  const networks = ['a', 'b', 'c'];
  for (const id of networks) await backend.client.createNetwork({ id });
  await backend.client.createService({ id: 'web', spec: { networks: networks.map((target) => ({ target })) } });
  await backend.client.createTask('web', { id: 't1' });
  await backend.client.removeService('web');
  for (const id of networks) await backend.client.removeNetwork(id, { whenInUse: 'wait' });
  await backend.deliver();
  const seen: string[][] = [];
  atFunctions('TransactWriteItems', async (_, nth) => {
    seen.push(await left());
    return nth <= REQUEST_TRIES_MAX ? (throttled() as never) : undefined;
  });
  await backend.client.deleteTask('web', 't1');
  await backend.deliver();
  expect(seen.slice(0, REQUEST_TRIES_MAX + 1)).toEqual(
    Array.from({ length: REQUEST_TRIES_MAX + 1 }, () => ['a', 'b', 'c', 'web']),
  );
  expect(await left()).toEqual([]);
});

describe('between the check and the deletion', () => {
  /** Once, right before the transaction that deletes `name`. */
  const beforeDeletion = (name: string, event: () => Promise<void>) => {
    let happened = 0;
    atFunctions('TransactWriteItems', async ({ body }) => {
      const deletes = (body.TransactItems as { Delete?: { Key: { id?: { S: string } } } }[]).some(
        ({ Delete }) => Delete?.Key.id?.S === name,
      );
      if (deletes && happened++ === 0) await event();
      return undefined;
    });
    return () => happened;
  };

  it('S1 no task is created: the fence refuses it, and none is orphaned', async () => {
    await drain('web', 1);
    const refusals: unknown[] = [];
    const happened = beforeDeletion('web', () =>
      backend.client.createTask('web', { id: 't2' }).catch((error: unknown) => {
        refusals.push(error);
      }),
    );
    await backend.client.deleteTask('web', 't1');
    await backend.deliver();
    expect(happened()).toBeGreaterThan(0);
    expect(refusals).toMatchObject([{ code: 'FailedPrecondition', blockers: ['service#web'] }]);
    expect(await left()).toEqual([]);
    expect((await backend.world()).tasks).toEqual([]);
  });

  it('S1 S3 an undelete and a new task win: both stay', async () => {
    await drain('web', 1);
    const happened = beforeDeletion('web', async () => {
      await backend.client.undeleteService('web');
      await backend.client.createTask('web', { id: 't2' });
    });
    await backend.client.deleteTask('web', 't1');
    await backend.deliver();
    expect(happened()).toBe(1);
    expect(await left()).toEqual(['web']);
    expect((await backend.world()).tasks).toEqual([{ serviceId: 'web', id: 't2' }]);
    expect((await backend.world()).counters).toEqual([]);
  });

  it('S1 an undelete, a new task and a second mark: the service waits for the new task', async () => {
    await drain('web', 1);
    const happened = beforeDeletion('web', async () => {
      await backend.client.undeleteService('web');
      await backend.client.createTask('web', { id: 't2' });
      await backend.client.removeService('web');
    });
    await backend.client.deleteTask('web', 't1');
    await backend.deliver();
    expect(happened()).toBe(1);
    expect(await left()).toEqual(['web']);
    await backend.client.deleteTask('web', 't2');
    await backend.deliver();
    expect(await left()).toEqual([]);
  });

  it('S2 no reference is made to a network that goes: the fence refuses it', async () => {
    await backend.client.createNetwork({ id: 'front' });
    const refusals: unknown[] = [];
    const happened = beforeDeletion('front', () =>
      backend.client.createService({ id: 'web', spec: { networks: [{ target: 'front' }] } }).catch((error: unknown) => {
        refusals.push(error);
      }),
    );
    await backend.client.removeNetwork('front');
    await backend.deliver();
    expect(happened()).toBeGreaterThan(0);
    expect(refusals).toMatchObject([{ code: 'FailedPrecondition', blockers: ['network#front'] }]);
    expect(await left()).toEqual([]);
  });
});

it('S2 a new reference that lands between count zero and mark keeps the network, which waits for it', async () => {
  await backend.client.createNetwork({ id: 'front' });
  let landed = 0;
  backend.cloud.setIntercept(async ({ principal, operation, body }) => {
    // The client has found that nobody uses the network, and is about to mark it.
    const marks = operation === 'TransactWriteItems' && JSON.stringify(body).includes('SET #pendingDelete');
    if (principal !== 'outside' || !marks || landed++ > 0) return undefined;
    await backend.client.createService({ id: 'web', spec: { networks: [{ target: 'front' }] } });
    return undefined;
  });
  expect(await backend.client.removeNetwork('front')).toMatchObject({ alreadyMarked: false });
  await backend.deliver();
  expect(landed).toBe(1);
  expect(await left()).toEqual(['front', 'web']);
  await backend.sweep();
  await backend.deliver();
  expect(await left()).toEqual(['front', 'web']);
  await backend.client.removeService('web');
  await backend.deliver();
  expect(await left()).toEqual([]);
});
