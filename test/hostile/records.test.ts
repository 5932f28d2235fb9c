/**
 * Batches in which hostile records stand among good ones, for each stream's function: the good ones are done, exactly the
 * unreadable ones are answered as failed, each is named once with its reason, and nothing goes that was not proven free.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkStep, type World } from '../../lib/protocol/invariants.ts';
import { amountOf } from '../support/amount.ts';
import { MARKED, network, service, task } from '../support/objects.ts';
import { badRecord, namelessRecord, ODD_IDS, oddId, oddRecord, recordOf } from './arbitraries.ts';
import { engineHouse, failuresSaid, type House, memoryHouse, STREAMED, type Streamed } from './house.ts';

/** Each run is a world and a batch of its own. */
const RUNS_IN_MEMORY = amountOf('hostile records');
const RUNS_ON_THE_ENGINE = amountOf('hostile records on the engine');

/** What must be there after any batch: unmarked, marked by no mark, or still in use. */
const BYSTANDERS = ['unmarked', 'text', 'number', 'busy', 'used'];
/** What the good records free. */
const FREE = ['free1', 'free2'];

async function settle(house: House): Promise<void> {
  const marked = { ...MARKED, markedAt: 'm1' };
  await house.put('networks', network('used', marked));
  await house.put('services', service('unmarked', ['used']));
  await house.put('attachments', { held: 'network#used', holder: 'service#unmarked' });
  await house.put('services', service('busy', [], marked));
  await house.put('tasks', task('busy', 't1'));
  await house.put('counters', { id: 'service#busy', remaining: 1, epoch: 'e' });
  await house.put('networks', network('unmarked'));
  await house.put('attachments', { held: 'network#busy', holder: 'service#unmarked' });
  await house.put('networks', network('busy', marked));
  await house.put('services', service('unmarked', ['used', 'busy']));
  await house.put('services', service('used', ['used']));
  await house.put('attachments', { held: 'network#used', holder: 'service#used' });
  for (const [id, pendingDelete] of [['text', 'true'] as const, ['number', 1] as const]) {
    await house.put('services', service(id, [], { pendingDelete }));
    await house.put('networks', network(id, { pendingDelete, markedAt: 'm1' }));
  }
  for (const id of FREE) {
    await house.put('services', service(id, [], marked));
    await house.put('networks', network(id, marked));
    await house.put('counters', { id: `service#${id}`, remaining: 1, epoch: 'e' });
    await house.put('counters', { id: `network#${id}`, remaining: 1, epoch: 'e' });
  }
}

/** A record that frees one of {@link FREE}, as the stream would have it. */
function goodRecord(table: Streamed, id: string) {
  return (sequenceNumber: string) => {
    if (table === 'tasks' || table === 'attachments') return recordOf(table, sequenceNumber, id);
    const image = { id: { S: id } };
    const marked = { ...image, pendingDelete: { BOOL: true }, markedAt: { S: 'm1' } };
    return recordOf(table, sequenceNumber, id, { eventName: 'MODIFY', OldImage: image, NewImage: marked });
  };
}

interface Made {
  readonly kind: 'good' | 'odd' | 'bad' | 'nameless';
  readonly make: (sequenceNumber: string) => unknown;
}

const ids = fc.oneof(fc.constantFrom(...BYSTANDERS), oddId);
const records = (table: Streamed): fc.Arbitrary<Made[]> => {
  const good = FREE.map((id): Made => ({ kind: 'good', make: goodRecord(table, id) }));
  const odd = oddRecord(table, ids).map((make): Made => ({ kind: 'odd', make }));
  const bad = badRecord(table).map((make): Made => ({ kind: 'bad', make }));
  return fc
    .array(fc.oneof(odd, bad), { minLength: 1, maxLength: 12 })
    .chain((hostile) => fc.shuffledSubarray([...good, ...hostile], { minLength: good.length + hostile.length }));
};

/** Up to 21 digits, rising: as DynamoDB numbers them. */
const sequenceNumberOf = (place: number) => String(900 + place * 7).padStart(21, '0');

function parentsOf({ services, networks }: World): string[] {
  return [...services.map(({ id }) => `service#${id}`), ...networks.map(({ id }) => `network#${id}`)].sort();
}

async function expectMixedBatch(house: House, table: Streamed, made: readonly Made[]): Promise<void> {
  await settle(house);
  const before = await house.world();
  const numbers = made.map((_, place) => sequenceNumberOf(place));
  const failed = await house.batch(
    table,
    made.map(({ make }, place) => make(numbers[place] as string)),
  );
  const bad = numbers.filter((_, place) => made[place]?.kind === 'bad');
  const tooLong = numbers.filter((_, place) => isTooLong(made[place], numbers[place] as string));
  // Readable, but about what no table can hold: it may fail as well, for the store refuses to look.
  expect(failed.filter((number) => !tooLong.includes(number))).toEqual(bad);
  const said = failuresSaid(house.log);
  for (const number of bad) {
    expect(said.filter(({ subject }) => subject === `record ${number}`)).toEqual([
      { subject: `record ${number}`, code: 'InvalidArgument' },
    ]);
  }
  for (const { code } of said) expect(code).toBe('InvalidArgument');

  const after = await house.world();
  expect(checkStep(before, after)).toEqual([]);
  const kind = table === 'tasks' || table === 'services' ? 'service' : 'network';
  expect(parentsOf(after)).toEqual(
    parentsOf(before).filter((name) => !FREE.map((id) => `${kind}#${id}`).includes(name)),
  );
  expect(after.tasks).toEqual(before.tasks);
}

function isTooLong(made: Made | undefined, number: string): boolean {
  const record = made?.kind === 'odd' ? (made.make(number) as { dynamodb: { Keys: object } }) : undefined;
  const [key] = Object.values(record?.dynamodb.Keys ?? {}) as { S: string }[];
  return new TextEncoder().encode(key?.S ?? '').length > 2040;
}

describe.each(STREAMED)('hostile records of %s among good ones', (table) => {
  it('S1 S2 S3 fail alone and by name, and the good ones are done', async () => {
    await fc.assert(
      fc.asyncProperty(records(table), async (made) => {
        const house = await memoryHouse();
        await expectMixedBatch(house, table, made);
        expect(house.violations).toEqual([]);
      }),
      { numRuns: RUNS_IN_MEMORY },
    );
  });

  it('S1 S2 S3 fail alone and by name on DynamoDB Local as well', async () => {
    await fc.assert(
      fc.asyncProperty(records(table), async (made) => expectMixedBatch(await engineHouse(), table, made)),
      { numRuns: RUNS_ON_THE_ENGINE },
    );
  });

  it('that have no sequence number fail the batch after all others are done', async () => {
    const batch = fc.tuple(fc.array(namelessRecord, { minLength: 1, maxLength: 4 }), fc.nat({ max: 100 }));
    await fc.assert(
      fc.asyncProperty(batch, async ([nameless, place]) => {
        const house = await memoryHouse();
        await settle(house);
        const before = await house.world();
        const all: unknown[] = FREE.map((id, n) => goodRecord(table, id)(sequenceNumberOf(n)));
        all.splice(place % (FREE.length + 1), 0, ...nameless);
        await expect(house.batch(table, all)).rejects.toMatchObject({
          name: 'DeallocatorError',
          code: 'InvalidArgument',
        });
        const said = failuresSaid(house.log);
        expect(said).toEqual(
          nameless.map(() => ({ subject: 'record without a sequence number', code: 'InvalidArgument' })),
        );
        expect(parentsOf(await house.world())).toHaveLength(parentsOf(before).length - FREE.length);
        expect(house.violations).toEqual([]);
      }),
      { numRuns: Math.ceil(RUNS_IN_MEMORY / 3) },
    );
  });

  it('about ids that trip others fail nobody but themselves', async () => {
    const house = await engineHouse();
    await settle(house);
    const all = [...ODD_IDS.map((id) => goodRecord(table, id)), ...FREE.map((id) => goodRecord(table, id))];
    const failed = await house.batch(
      table,
      all.map((make, place) => make(sequenceNumberOf(place))),
    );
    const places = failed.map((number) => all.findIndex((_, place) => sequenceNumberOf(place) === number));
    // 2,041 bytes of a parent's id leave no room for its counter's key.
    for (const place of places) expect(new TextEncoder().encode(ODD_IDS[place]).length).toBeGreaterThan(2040);
    for (const id of FREE) {
      const kind = table === 'tasks' || table === 'services' ? 'services' : 'networks';
      expect(await house.get(kind, { id })).toBeUndefined();
    }
  });

  it('S3 of a foreign table decide nothing: what they name is read before anything goes', async () => {
    for (const other of STREAMED) {
      for (const id of BYSTANDERS) {
        const house = await memoryHouse();
        await settle(house);
        const before = await house.world();
        const marked = { pendingDelete: { BOOL: true }, markedAt: { S: 'm1' } };
        const record = recordOf(other, '7', id, { eventName: 'REMOVE', OldImage: marked });
        await house.batch(table, [record]).catch(() => undefined);
        expect(parentsOf(await house.world())).toEqual(parentsOf(before));
      }
    }
  });
});

describe.each(STREAMED)('an event of the function of %s', (table) => {
  it('that is no list of records is refused by its code, and nothing is done', async () => {
    const noRecords = fc.oneof(
      fc.anything().filter((event) => !Array.isArray((event as { Records?: unknown } | null | undefined)?.Records)),
      fc.constantFrom<unknown>(undefined, null, [], {}, { records: [] }, { Records: null }, { Records: { length: 1 } }),
    );
    await fc.assert(
      fc.asyncProperty(noRecords, async (event) => {
        const house = await memoryHouse();
        await expect(house.call(table, event)).rejects.toMatchObject({
          name: 'DeallocatorError',
          code: 'InvalidArgument',
        });
      }),
    );
  });

  it('that is empty, or of another source, is done or refused as a whole', async () => {
    const house = await memoryHouse();
    expect(await house.batch(table, [])).toEqual([]);
    const sqs = { messageId: 'm1', receiptHandle: 'h', body: '{"Records":[]}', eventSource: 'aws:sqs' };
    const s3 = { eventName: 'ObjectRemoved:Delete', eventSource: 'aws:s3', s3: { object: { key: 'web' } } };
    for (const record of [sqs, s3]) {
      await expect(house.batch(table, [record])).rejects.toMatchObject({ code: 'InvalidArgument' });
    }
  });
});
