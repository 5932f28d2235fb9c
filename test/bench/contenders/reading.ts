/** What the contenders share, so that they differ in nothing but how they count. */
import type { DynamoDBRecord } from 'aws-lambda';
import type { ItemKey } from '../../../lib/lifecycle/keys.ts';
import { readLearning } from '../../../lib/protocol/learn.ts';
import type { Learning } from '../../../lib/protocol/learning.ts';
import type { Counter } from '../../../lib/protocol/model.ts';
import { parseHeldName } from '../../../lib/protocol/rest.ts';
import { settle } from '../../../lib/protocol/settle.ts';
import type { Store } from '../../../lib/protocol/store.ts';
import { settling } from '../../../lib/streams/ports.ts';
import { PLAN } from '../../support/swarmkit.ts';
import type { ContenderPorts } from '../environment.ts';

/** As Powertools' documentation has it: a stream keeps its records for 24 hours, and may deliver again until then. */
export const REMEMBERED_SECONDS = 25 * 60 * 60;

export function parentOf(table: string, record: DynamoDBRecord): ItemKey {
  const keys = record.dynamodb?.Keys;
  return table === 'attachments'
    ? (parseHeldName(PLAN, keys?.held?.S as string) as ItemKey)
    : { kind: 'service', id: keys?.serviceId?.S as string };
}

export function eventIdOf(record: DynamoDBRecord): string {
  return record.eventID as string;
}

/** At zero, our own end of a drain: proof and deletion. */
export async function settleAtZero(
  store: Store,
  ports: ContenderPorts,
  parent: ItemKey,
  counter: Counter,
): Promise<void> {
  const learning = () => {
    const known = learned.get(store) ?? readLearning(store);
    learned.set(store, known);
    return known;
  };
  if (counter.remaining <= 0) {
    await settle(store, ports.chance, parent, { ...settling(ports), opened: counter, learning });
  }
}

/** Read once by each invocation, which has a store of its own. */
const learned = new WeakMap<Store, Promise<Learning>>();
