/** What each function does. Those that streams wake do what the records of their table ask for, whatever its kinds. */
import { type BatchResponse, processBatch, type StreamEvent } from './batch.ts';
import { childGone } from './child-gone.ts';
import { type Context, invocation } from './invocation.ts';
import { itemChanged } from './item-changed.ts';
import type { FunctionPorts } from './ports.ts';
import { recordReader } from './records.ts';
import { sweepRequested } from './sweep-requested.ts';

/** @param name one of the plan's functions, or `sweep` */
export function handlerOf(name: string, ports: FunctionPorts) {
  const planned = ports.plan.functions[name];
  return planned === undefined ? sweepRequested(ports) : streamHandlerOf(planned.table, ports);
}

/** The order is a rule: first what changed items hold is set right, then their going is counted. */
const TURNS = [itemChanged, childGone];

export function streamHandlerOf(table: string, ports: FunctionPorts) {
  const read = recordReader(ports.plan, table);
  return (event: StreamEvent, context: Context): Promise<BatchResponse> =>
    invocation(ports, context, (store, telemetry, learning) =>
      processBatch(event, read, { store, telemetry, ports, learning }, TURNS),
    );
}
