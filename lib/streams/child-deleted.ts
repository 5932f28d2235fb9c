/** `task-deleted` and `attachment-deleted`: children are gone, so their parent's counter goes down. */
import { PARENT_TABLES, TABLES } from '../dynamodb/schema.ts';
import { type ParentKind, parentName } from '../protocol/model.ts';
import { settle } from '../protocol/settle.ts';
import { type BatchResponse, processBatch, type StreamEvent } from './batch.ts';
import { type Context, invocation } from './invocation.ts';
import type { FunctionPorts } from './ports.ts';
import { readRecord } from './records.ts';

/** @param kind whose children are gone */
export function childDeleted(kind: ParentKind, ports: FunctionPorts) {
  const keyAttribute = TABLES[PARENT_TABLES[kind].children].partitionKey;
  const read = (record: unknown) => readRecord(record, kind, keyAttribute, false);
  return (event: StreamEvent, context: Context): Promise<BatchResponse> =>
    invocation(ports, context, (store, telemetry) =>
      processBatch(event, read, telemetry, async (groups) => {
        const draining = await store.findDraining(groups.map(({ parent }) => parent));
        return async ({ parent, records }) => {
          // The mapping's filter lets only removals through; without the filter the others are no news.
          const removed = records.filter(({ eventName }) => eventName === 'REMOVE').length;
          if (removed === 0 || !draining.has(parentName(parent))) return;
          const counter = await store.decrement(parent, removed);
          if (counter === undefined) return;
          telemetry.decremented(parent, removed, counter.remaining);
          // Not only when zero is crossed: who crossed it may have crashed since.
          if (counter.remaining > 0) return;
          telemetry.settled(await settle(store, ports.chance, parent, { opened: counter }), removed);
        };
      }),
    );
}
