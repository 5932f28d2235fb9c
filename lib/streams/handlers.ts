/** What each function does. Those that streams wake do what the items of their table ask for, as parents or as children. */
import { type BatchResponse, processBatch, type StreamEvent } from './batch.ts';
import { childDeleted } from './child-deleted.ts';
import { FUNCTIONS, type StreamedTable, type StreamFunctionName } from './functions.ts';
import { type Context, invocation } from './invocation.ts';
import { parentUpdated } from './parent-updated.ts';
import type { FunctionPorts } from './ports.ts';
import { readRecord, recordSource } from './records.ts';
import { sweepRequested } from './sweep-requested.ts';

export function handlerOf(name: string, ports: FunctionPorts) {
  return name === 'sweep' ? sweepRequested(ports) : streamHandlerOf(FUNCTIONS[name as StreamFunctionName].table, ports);
}

export function streamHandlerOf(table: StreamedTable, ports: FunctionPorts) {
  const source = recordSource(table, ports.rules);
  const read = (record: unknown) => readRecord(record, source);
  const process = { children: childDeleted, parents: parentUpdated }[source.of];
  return (event: StreamEvent, context: Context): Promise<BatchResponse> =>
    invocation(ports, context, (store, telemetry) =>
      processBatch(event, read, telemetry, (group) => process({ store, telemetry, ports, source }, group)),
    );
}
