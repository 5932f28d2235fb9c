/** `task-deleted` and `attachment-deleted`: children are gone, so their parent's counter goes down. */
import { PARENT_TABLES, TABLES } from '../dynamodb/schema.ts';
import { KINDS, type ParentKind, parentName } from '../protocol/model.ts';
import { isGoneByState, type Rules } from '../protocol/rules.ts';
import { settle } from '../protocol/settle.ts';
import { type BatchResponse, processBatch, type StreamEvent } from './batch.ts';
import { type Context, invocation } from './invocation.ts';
import { type FunctionPorts, settling } from './ports.ts';
import { readRecord, type StreamRecord } from './records.ts';

/** @param kind whose children are gone */
export function childDeleted(kind: ParentKind, ports: FunctionPorts) {
  const keyAttribute = TABLES[PARENT_TABLES[kind].children].partitionKey;
  // Only an image tells when a task has ended.
  const withImages = KINDS[kind].runsTasks && ports.rules.taskIsGone === 'terminal';
  const read = (record: unknown) => readRecord(record, kind, keyAttribute, withImages);
  return (event: StreamEvent, context: Context): Promise<BatchResponse> =>
    invocation(ports, context, (store, telemetry) =>
      processBatch(event, read, telemetry, async (groups) => {
        const draining = await store.findDraining(groups.map(({ parent }) => parent));
        return async ({ parent, records }) => {
          // The mapping's filter lets little else through; without the filter the others are no news.
          const removed = records.filter((record) => isGone(record, ports.rules)).length;
          if (removed === 0 || !draining.has(parentName(parent))) return;
          const counter = await store.decrement(parent, removed);
          if (counter === undefined) return;
          telemetry.decremented(parent, removed, counter.remaining);
          // Not only when zero is crossed: who crossed it may have crashed since.
          if (counter.remaining > 0) return;
          telemetry.settled(
            await settle(store, ports.chance, parent, { ...settling(ports), opened: counter }),
            removed,
          );
        };
      }),
    );
}

/** Whether the record tells that a child is gone, and is the one that tells so: one that had ended before was counted then. */
function isGone({ eventName, before, after }: StreamRecord, rules: Rules): boolean {
  if (isGoneByState(before?.state, rules)) return false;
  return eventName === 'REMOVE' || (eventName === 'MODIFY' && isGoneByState(after?.state, rules));
}
