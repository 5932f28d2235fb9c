/** An item came, changed or went: what it holds is set right, and what was marked, freed or undeleted is settled. */
import type { ItemKey } from '../lifecycle/keys.ts';
import { heal } from '../protocol/heal.ts';
import { settle } from '../protocol/settle.ts';
import { tell } from '../protocol/tell.ts';
import { newMarkedAt } from '../protocol/time.ts';
import type { Turn, Work } from './batch.ts';
import { settling } from './ports.ts';
import { namesToHeal, type StreamRecord } from './records.ts';

export const itemChanged: Turn = {
  subjectsOf: ({ item }) => (item === undefined ? [] : [item]),
  process: follow,
};

async function follow({ store, telemetry, ports, learning }: Work, item: ItemKey, records: readonly StreamRecord[]) {
  const malformed = records.findLast(hasNewMalformedMark)?.after?.malformedMark;
  if (malformed !== undefined) telemetry.malformedMark(item, malformed);
  // Before anything that could fail: from here on the sweep finds the mark without a record.
  if (records.some(isUnstamped)) await store.stampMark(item, newMarkedAt(ports.chance));
  // Before settling, so that what is finalized is whole; and before what it lies under counts it as gone.
  const names = namesToHeal(records);
  if (names.length > 0) telemetry.healed(await heal(store, ports.chance, item, names));
  const isConcerned =
    records.some(needsSettle) || (records.some(clearsMark) && (await store.findDraining([item])).size > 0);
  if (!isConcerned) return;
  const settled = await settle(store, ports.chance, item, { ...settling(ports), learning });
  telemetry.settled(settled, records.length);
  if (settled.outcome !== 'draining' && settled.outcome !== 'yielded') return;
  telemetry.stopped(item, await tell(store, ports.chance, item, ports.rules));
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
 * A mark disappears, with its item or without. Its counter must go, and settle sees to that. If there is no counter, there
 * is nothing to do: to open one only to delete it again would cost two writes for each deletion of ours. Nothing is missed:
 * a settle that opens a counter after this look reads the item after it too.
 */
function clearsMark({ before, after }: StreamRecord): boolean {
  return before?.pendingDelete === true && !after?.pendingDelete;
}
