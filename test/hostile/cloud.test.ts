/**
 * Hostile items written raw into the tables of the local cloud, and hostile events sent to its functions: the template and
 * the bundles that would be deployed, with real streams, filters and retries.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkRest } from '../../lib/protocol/invariants.ts';
import { amountOf } from '../support/amount.ts';
import { type LocalBackend, localBackend } from '../support/local-backend.ts';
import { MARKED, network, service, task } from '../support/objects.ts';
import { attributeValue, ODD_IDS, oddSpec, recordOf } from './arbitraries.ts';
import { STREAMED, type Streamed } from './house.ts';

/** Two worlds of many items rather than many of a few: a cloud takes longer to start than to digest an item. */
const WORLDS = amountOf('hostile worlds');
const ITEMS_MIN = 40;
const ITEMS_MAX = 60;

let backend: LocalBackend;
beforeEach(async () => {
  backend = await localBackend();
});
afterEach(() => backend.close());

/** As it stands in a request's JSON, whatever the AWS SDK would make of it. False: DynamoDB can't hold it. */
async function putRaw(table: Streamed, item: Record<string, unknown>): Promise<boolean> {
  const { endpoint, accessKeyId } = backend.cloud;
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.PutItem',
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify({ TableName: backend.tables[table], Item: item }),
  });
  if (!answer.ok) expect(await answer.text()).toContain('ValidationException');
  return answer.ok;
}

const parents = async () => {
  const { services, networks } = await backend.world();
  return [...services.map(({ id }) => `service#${id}`), ...networks.map(({ id }) => `network#${id}`)].sort();
};

interface OddItem {
  readonly table: 'services' | 'networks';
  readonly suffix: string;
  readonly mark: 'stamped' | 'unstamped' | 'none';
  readonly pendingDelete: unknown;
  readonly spec: unknown;
  readonly other: unknown;
  readonly isBusy: boolean;
}

/** Of what DynamoDB can hold: in a table there is no other. */
const noMark = fc.oneof(
  fc.constantFrom<unknown>({ S: 'true' }, { N: '1' }, { NULL: true }, { M: { BOOL: { BOOL: true } } }),
  attributeValue.filter((value) => (value as { BOOL?: unknown }).BOOL !== true),
);

const oddItem: fc.Arbitrary<OddItem> = fc.record({
  table: fc.constantFrom('services', 'networks'),
  suffix: fc.constantFrom(...ODD_IDS.filter((id) => id.length < 1000)),
  mark: fc.constantFrom('stamped', 'unstamped', 'none'),
  pendingDelete: noMark,
  spec: oddSpec,
  other: attributeValue,
  isBusy: fc.boolean(),
});

function stored(
  { mark, pendingDelete, spec, other, suffix }: OddItem,
  place: number,
): [string, Record<string, unknown>] {
  const id = `${place}${suffix}`;
  const time = mark === 'stamped' ? { markedAt: { S: `raw ${place}` } } : {};
  return [
    id,
    {
      id: { S: id },
      spec,
      other,
      ...time,
      pendingDelete: mark === 'none' ? pendingDelete : { BOOL: true },
    },
  ];
}

describe('hostile items', () => {
  it('S1 S2 S3 go if they are marked and free, and stay if not, beside a story that goes its way', async () => {
    const items = fc.array(oddItem, { minLength: ITEMS_MIN, maxLength: ITEMS_MAX });
    await fc.assert(
      fc.asyncProperty(items, async (odd) => {
        await backend.client.createNetwork({ id: 'front' });
        await backend.client.createService(service('story', ['front']));
        await backend.client.createTasks('story', [{ id: 't1' }, { id: 't2' }]);
        await backend.client.removeNetwork('front', { whenInUse: 'wait' });
        await backend.client.removeService('story');

        const stay: string[] = [];
        let accepted = 0;
        for (const [place, item] of odd.entries()) {
          const [id, whole] = stored(item, place);
          const isService = item.table === 'services';
          const keys: Record<string, string> = isService
            ? { serviceId: id, id: 't1' }
            : { held: `network#${id}`, holder: 'service#keeper' };
          const children = isService ? 'tasks' : 'attachments';
          // Before the mark, which may go at once if there is nothing.
          if (item.isBusy) await backend.put(children, keys);
          // What the whole item can't be, since DynamoDB does not hold it, its mark alone still is.
          const isWhole = await putRaw(item.table, whole);
          const isThere = isWhole || (await putRaw(item.table, { id: { S: id }, pendingDelete: whole.pendingDelete }));
          if (isThere) accepted++;
          else if (item.isBusy) await backend.delete(children, keys);
          // Half a character is in no id: the engine here takes it, and DynamoDB does not. It is no item of ours, and nobody settles it.
          const isOurs = id.isWellFormed();
          if (isThere && (item.isBusy || item.mark === 'none' || !isOurs))
            stay.push(`${isService ? 'service' : 'network'}#${id}`);
        }
        expect(accepted).toBeGreaterThan(ITEMS_MIN / 2);
        await backend.client.deleteTasks('story', ['t1', 't2']);
        await backend.deliver();
        expect(await parents()).toEqual(stay.sort());

        await backend.sweep({ full: true });
        await backend.deliver();
        // The networks' keeper is no service: a sweep finds that out.
        const inUse = stay.filter(
          (name) => name.startsWith('service#') || !name.isWellFormed() || !isBusyMarkedNetwork(odd, name),
        );
        expect(await parents()).toEqual(inUse);
        expect(backend.cloud.deadLetters()).toEqual([]);
        expect(checkRest(await backend.world()).filter(({ promise }) => promise !== 'S2' && promise !== 'S4')).toEqual(
          [],
        );
        await backend.close();
        backend = await localBackend();
      }),
      { numRuns: WORLDS, endOnFailure: true },
    );
  }, 180_000);
});

function isBusyMarkedNetwork(odd: readonly OddItem[], name: string): boolean {
  return odd.some((item, place) => item.mark !== 'none' && item.isBusy && name === `network#${stored(item, place)[0]}`);
}

describe('an attribute called __proto__', () => {
  it.each([
    ['of the item', '"__proto__":{"M":{"pendingDelete":{"BOOL":true}}}'],
    ['of its spec', '"spec":{"M":{"__proto__":{"M":{"networks":{"L":[]}}}}}'],
    ['of a reference', '"spec":{"M":{"networks":{"L":[{"M":{"target":{"S":"n"},"__proto__":{"S":"x"}}}]}}}'],
  ])('S3 %s marks nothing, and hides no mark', async (_, odd) => {
    for (const table of ['services', 'networks'] as const) {
      await putRaw(table, JSON.parse(`{"id":{"S":"unmarked"},${odd}}`));
      await putRaw(table, JSON.parse(`{"id":{"S":"marked"},"pendingDelete":{"BOOL":true},${odd}}`));
    }
    await backend.deliver();
    expect(await parents()).toEqual(['network#unmarked', 'service#unmarked']);
  });
});

describe('large items', () => {
  it('S2 S4 of 10,000 references and almost 400 KB drain, detach and go, and nothing is left of them', async () => {
    const ids = Array.from({ length: 200 }, (_, n) => `n${n}`);
    const networks = Array.from({ length: 10_000 }, (_, n) => ({ target: ids[n % ids.length] }));
    const large = { id: 'web', spec: { networks }, blob: 'x'.repeat(160_000) };
    await backend.put('tasks', task('web', 't1'));
    await backend.put('services', large);
    await backend.deliver();
    expect((await backend.world()).attachments).toHaveLength(ids.length);
    for (const id of ['n0', 'n32', 'n199']) await backend.put('networks', network(id, MARKED));
    await backend.put('services', { ...large, ...MARKED });
    await backend.deliver();
    expect(await parents()).toEqual(['network#n0', 'network#n199', 'network#n32', 'service#web']);
    await backend.delete('tasks', { serviceId: 'web', id: 't1' });
    await backend.deliver();
    expect(await parents()).toEqual([]);
    const { attachments, counters } = await backend.world();
    expect([attachments, counters]).toEqual([[], []]);
    expect(backend.cloud.deadLetters()).toEqual([]);
  }, 120_000);
});

describe('an event that no stream would send', () => {
  const functionOf = (table: Streamed) => {
    const name = {
      tasks: 'TaskDeleted',
      attachments: 'AttachmentDeleted',
      services: 'ServiceUpdated',
      networks: 'NetworkUpdated',
    };
    const found = Object.keys(backend.cloud.functions()).find((id) => id.includes(name[table]));
    return found ?? expect.fail(`no function reads ${table}`);
  };

  it('is refused whole by its code, or answered record by record, by the functions that were deployed', async () => {
    await backend.client.createService({ id: 'unmarked' });
    await backend.client.createNetwork({ id: 'unmarked' });
    for (const table of STREAMED) {
      for (const event of [{}, { Records: null }, { Records: [null] }, { Records: [{ dynamodb: {} }] }, null, 'x']) {
        const { error } = await backend.cloud.invoke(functionOf(table), event);
        expect(JSON.stringify(error)).toContain('DeallocatorError');
      }
      const marked = { pendingDelete: { BOOL: true }, markedAt: { S: 'm1' } };
      const records = [
        recordOf(table, '3', 'unmarked', { eventName: 'TRUNCATE' }),
        recordOf(table, '1', 'unmarked', { OldImage: marked }),
        recordOf(table, '2', 'unmarked', { Keys: JSON.parse('{"__proto__":{"id":{"S":"unmarked"}}}') }),
      ];
      const { payload } = await backend.cloud.invoke(functionOf(table), { Records: records });
      expect(payload).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }, { itemIdentifier: '3' }] });
      expect(await backend.cloud.invoke(functionOf(table), { Records: [] })).toMatchObject({
        payload: { batchItemFailures: [] },
      });
    }
    expect(await parents()).toEqual(['network#unmarked', 'service#unmarked']);
    const said = backend.log.filter(({ decision }) => decision === 'failed');
    expect(said.map(({ subject }) => subject)).toEqual(
      STREAMED.flatMap(() => [
        ...Array.from({ length: 2 }, () => 'record without a sequence number'),
        'record 3',
        'record 2',
      ]),
    );
    expect(new Set(said.map(({ code }) => code))).toEqual(new Set(['InvalidArgument']));
  });
});
