/** `service-updated` and `network-updated`: a mark was set or cleared, or a raw write changed references. */
import { heal } from '../protocol/heal.ts';
import { kindRules } from '../protocol/model.ts';
import { settle } from '../protocol/settle.ts';
import { tell } from '../protocol/tell.ts';
import { newMarkedAt } from '../protocol/time.ts';
import type { ParentRecords, RecordWork } from './batch.ts';
import { settling } from './ports.ts';
import { networksToHeal, type StreamRecord } from './records.ts';

export async function parentUpdated({ store, telemetry, ports }: RecordWork, group: ParentRecords): Promise<void> {
  const { parent, records } = group;
  const odd = records.findLast(hasNewMalformedMark)?.after?.malformedMark;
  if (odd !== undefined) telemetry.malformedMark(parent, odd);
  // Before anything else that could fail: from here on the sweep finds the mark without a record.
  if (records.some(isUnstamped)) await store.stampMark(parent, newMarkedAt(ports.chance));
  // Before settling, so that what is finalized is whole.
  const networks = kindRules(parent.kind).refersTo === undefined ? [] : networksToHeal(parent, records, ports.rules);
  if (networks.length > 0) telemetry.healed(await heal(store, ports.chance, parent, networks));
  const isConcerned =
    records.some(needsSettle) || (records.some(clearsMark) && (await store.findDraining([parent])).size > 0);
  if (!isConcerned) return;
  const settled = await settle(store, ports.chance, parent, settling(ports));
  telemetry.settled(settled, records.length);
  if (settled.outcome !== 'draining' && settled.outcome !== 'yielded') return;
  telemetry.stopped(parent, await tell(store, ports.chance, parent, ports.rules));
}

/** For each write that brings or changes it, and not for later writes of the item. */
function hasNewMalformedMark({ before, after }: StreamRecord): boolean {
  return after?.malformedMark !== undefined && before?.malformedMark !== after.malformedMark;
}

/** A mark that was written without its time. */
function isUnstamped({ after }: StreamRecord): boolean {
  return after?.pendingDelete === true && after.markedAt === undefined;
}

/** A mark appears, another takes its place, or its protection is gone; or `markedAt` outlived its mark, and must go. */
function needsSettle({ before, after }: StreamRecord): boolean {
  if (after === undefined) return false;
  if (!after.pendingDelete) return after.markedAt !== undefined;
  return !before?.pendingDelete || before.markedAt !== after.markedAt || (before.isProtected && !after.isProtected);
}

/**
 * A mark disappears, with its parent or without. Its counter must go, and settle sees to that. If there is no counter, there
 * is nothing to do: to open one only to delete it again would cost two writes for each deletion of ours. Nothing is missed:
 * a settle that opens a counter after this look reads the parent after it too.
 */
function clearsMark({ before, after }: StreamRecord): boolean {
  return before?.pendingDelete === true && !after?.pendingDelete;
}
