/** Children are gone, by their key or with their attachment: their parent's counter goes down. */
import type { ItemKey } from '../lifecycle/keys.ts';
import { itemName } from '../lifecycle/keys.ts';
import { settle } from '../protocol/settle.ts';
import { isoNow } from '../protocol/time.ts';
import type { Turn, Work } from './batch.ts';
import { settling } from './ports.ts';
import { type StreamRecord, tellsOfEnd } from './records.ts';

/** A mapping's filter lets little else through. Without the filter, other records change nothing here. */
export const childGone: Turn = {
  subjectsOf: (record) => (tellsOfEnd(record) ? record.parents : []),
  process: countDown,
};

async function countDown(
  { store, telemetry, ports, learning }: Work,
  parent: ItemKey,
  { length: gone }: readonly StreamRecord[],
) {
  if (!(await store.findDraining([parent])).has(itemName(parent))) return;
  const counter = await store.decrement(parent, gone, isoNow(ports.chance));
  if (counter === undefined) return;
  telemetry.decremented(parent, gone, counter.remaining);
  // Not only when zero is crossed: the handler that crossed it may have died since (docs/design.md §4.3 R30).
  if (counter.remaining > 0) return;
  telemetry.settled(await settle(store, ports.chance, parent, { ...settling(ports), learning, opened: counter }), gone);
}
