/**
 * Counting in a transaction, beside a marker item that remembers the event: exact, whatever comes twice. One transaction for
 * each record (b), or one for as many of a parent's records as fit (c). AWS describes the pattern:
 * https://aws.amazon.com/blogs/database/implement-resource-counters-with-amazon-dynamodb/
 */
import type { DynamoDBRecord } from 'aws-lambda';
import { documentClient } from '../../../lib/dynamodb/document-client.ts';
import { type Action, Requests } from '../../../lib/dynamodb/requests.ts';
import { type ItemKey, itemName } from '../../../lib/lifecycle/keys.ts';
import { PARENTS_IN_PARALLEL, TRANSACTION_ACTIONS_MAX } from '../../../lib/protocol/limits.ts';
import { chunks, mapInParallel } from '../../../lib/protocol/parallel.ts';
import { MEMORY_NAMES } from '../../../lib/testing/memory/client.ts';
import type { Contender, ContenderPorts } from '../environment.ts';
import { eventIdOf, parentOf, REMEMBERED_SECONDS, settleAtZero } from './reading.ts';

interface Group {
  readonly parent: ItemKey;
  readonly events: readonly string[];
}

const TableName = MEMORY_NAMES.counters;
/** All of a transaction's actions but the counter's. */
const MARKERS_PER_TRANSACTION = TRANSACTION_ACTIONS_MAX - 1;

/** The markers of events that are new, and the counter less by as many; the events that were known are left out and the rest is tried again. */
async function countEvents(requests: Requests, parent: ItemKey, events: readonly string[], expiresAt: number) {
  const putMarker = (event: string): Action => ({
    Put: {
      TableName,
      Item: { id: `event#${event}`, expiresAt },
      ConditionExpression: 'attribute_not_exists(#id)',
      ExpressionAttributeNames: { '#id': 'id' },
    },
  });
  for (let fresh = events; fresh.length > 0; ) {
    const tried = fresh;
    const done = await requests.transact([
      ...tried.map(putMarker),
      {
        Update: {
          TableName,
          Key: { id: itemName(parent) },
          UpdateExpression: 'SET #remaining = #remaining - :by',
          ConditionExpression: 'attribute_exists(#id)',
          ExpressionAttributeNames: { '#id': 'id', '#remaining': 'remaining' },
          ExpressionAttributeValues: { ':by': tried.length },
        },
      },
    ]);
    const places = done.status === 'committed' ? [] : done.places.map(({ place }) => place);
    // Committed, or not draining.
    if (places.length === 0 || places.includes(tried.length)) return;
    fresh = tried.filter((_, place) => !places.includes(place));
  }
}

/** A transaction returns no new value: the counter is read once more, also after what was known, whose reader may have died. */
async function settleEach(requests: Requests, ports: ContenderPorts, parents: readonly ItemKey[]): Promise<void> {
  const store = ports.openStore({ onRetry: () => {} });
  await mapInParallel(parents, PARENTS_IN_PARALLEL, async (parent) => {
    const counter = await requests.get({ TableName, Key: { id: itemName(parent) } });
    if (counter === undefined) return;
    await settleAtZero(store, ports, parent, { remaining: counter.remaining, epoch: counter.epoch });
  });
}

function groupsOf(parents: readonly ItemKey[], records: readonly DynamoDBRecord[]): Group[] {
  const groups = new Map<string, { parent: ItemKey; events: string[] }>();
  for (const [index, parent] of parents.entries()) {
    const group = groups.get(itemName(parent)) ?? { parent, events: [] };
    group.events.push(eventIdOf(records[index] as DynamoDBRecord));
    groups.set(itemName(parent), group);
  }
  return [...groups.values()];
}

function contender(
  name: string,
  count: (requests: Requests, groups: readonly Group[], expiresAt: number) => Promise<readonly ItemKey[]>,
): Contender {
  return {
    name,
    sockets: 50,
    childDeleted(table, ports) {
      const requests = new Requests(documentClient(ports.client), ports.chance, { onRetry: () => {} });
      return async ({ Records }) => {
        const records = Records as readonly DynamoDBRecord[];
        const groups = groupsOf(
          records.map((record) => parentOf(table, record)),
          records,
        );
        const expiresAt = Math.floor(ports.chance.nowEpochMillis() / 1000) + REMEMBERED_SECONDS;
        await settleEach(requests, ports, await count(requests, groups, expiresAt));
        return { batchItemFailures: [] };
      };
    },
  };
}

export const markers = contender('marker', async (requests, groups, expiresAt) => {
  const records = groups.flatMap(({ parent, events }) => events.map((event) => ({ parent, event })));
  await mapInParallel(records, PARENTS_IN_PARALLEL, ({ parent, event }) =>
    countEvents(requests, parent, [event], expiresAt),
  );
  return groups.map(({ parent }) => parent);
});

/** It groups anyway, so it also looks first who drains, as we do. */
export const groupedMarkers = contender('grouped markers', async (requests, groups, expiresAt) => {
  const keys = groups.map(({ parent }) => ({ id: itemName(parent) }));
  const draining = new Set((await requests.batchGet(TableName, keys, ['id'])).map(({ id }) => id));
  const concerned = groups.filter(({ parent }) => draining.has(itemName(parent)));
  await mapInParallel(concerned, PARENTS_IN_PARALLEL, async ({ parent, events }) => {
    for (const some of chunks(events, MARKERS_PER_TRANSACTION)) await countEvents(requests, parent, some, expiresAt);
  });
  return concerned.map(({ parent }) => parent);
});
