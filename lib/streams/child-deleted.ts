/**
 * `task-deleted` and `attachment-deleted`: children are gone, so their parent's counter goes down. Where tasks hold
 * networks, the attachments of tasks that came, changed or went are set right first.
 */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { heal } from '../protocol/heal.ts';
import { TASKS_IN_PARALLEL } from '../protocol/limits.ts';
import { taskKey } from '../protocol/model.ts';
import { groupBy, mapInParallel } from '../protocol/parallel.ts';
import { isGoneByState, type Rules } from '../protocol/rules.ts';
import { settle } from '../protocol/settle.ts';
import { isoNow } from '../protocol/time.ts';
import type { ParentRecords, RecordWork } from './batch.ts';
import { settling } from './ports.ts';
import { networksToHeal, type StreamRecord } from './records.ts';

export async function childDeleted(
  { store, telemetry, ports, source }: RecordWork,
  group: ParentRecords,
): Promise<void> {
  const { parent, records } = group;
  const draining = await store.findDraining([parent]);
  // Before counting: a record that fails here comes again, and must not have been counted by then.
  if (source.childAttribute !== undefined) {
    await mapInParallel(tasksToHeal(parent.id, records, ports.rules), TASKS_IN_PARALLEL, async ([task, networks]) =>
      telemetry.healed(await heal(store, ports.chance, task, networks)),
    );
  }
  // The mapping's filter lets little else through. Without the filter, other records change nothing here.
  const removed = records.filter((record) => isGone(record, ports.rules)).length;
  if (removed === 0 || !draining.has(itemName(parent))) return;
  const counter = await store.decrement(parent, removed, isoNow(ports.chance));
  if (counter === undefined) return;
  telemetry.decremented(parent, removed, counter.remaining);
  // Not only when zero is crossed: the handler that crossed it may have died since (docs/design.md §4.3 R30).
  if (counter.remaining > 0) return;
  telemetry.settled(await settle(store, ports.chance, parent, { ...settling(ports), opened: counter }), removed);
}

/** The tasks whose networks the records change, each with these networks. */
function tasksToHeal(serviceId: string, records: readonly StreamRecord[], rules: Rules): [ItemKey, ItemKey[]][] {
  const byTask = groupBy(records, ({ child }) => child as string);
  return [...byTask].flatMap(([id, ofTask]): [ItemKey, ItemKey[]][] => {
    const task = taskKey(serviceId, id);
    const networks = networksToHeal(task, ofTask, rules);
    return networks.length > 0 ? [[task, networks]] : [];
  });
}

/** Whether this very record tells that a child is gone: the end of a task counts, and its later removal does not. */
function isGone({ eventName, before, after }: StreamRecord, rules: Rules): boolean {
  if (isGoneByState(before?.state, rules)) return false;
  return eventName === 'REMOVE' || (eventName === 'MODIFY' && isGoneByState(after?.state, rules));
}
