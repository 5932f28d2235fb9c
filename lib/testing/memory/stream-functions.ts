/** The table of functions in memory: what reads each table's stream, and which records its mapping lets through. */
import { sideOf, type TableName } from '../../dynamodb/schema.ts';
import { compilePattern } from '../../local/events/pattern.ts';
import type { Rules } from '../../protocol/rules.ts';
import type { BatchResponse, StreamEvent } from '../../streams/batch.ts';
import { FUNCTIONS, STREAM_FUNCTION_NAMES, type StreamedTable } from '../../streams/functions.ts';
import { streamHandlerOf } from '../../streams/handlers.ts';
import type { Context } from '../../streams/invocation.ts';
import type { FunctionPorts } from '../../streams/ports.ts';

export type Handler = (event: StreamEvent, context: Context) => Promise<BatchResponse>;

const ROWS = STREAM_FUNCTION_NAMES.map((name) => FUNCTIONS[name]);

export const STREAMED: readonly StreamedTable[] = ROWS.map(({ table }) => table);

/** @param count counts children in place of the deployed function: a contender of the bench */
export function handlersOf<Ports extends FunctionPorts>(
  ports: Ports,
  count?: (table: StreamedTable, ports: Ports) => Handler,
): Readonly<Record<StreamedTable, Handler>> {
  const handlers = STREAM_FUNCTION_NAMES.map((name) => {
    const { table } = FUNCTIONS[name];
    const isReplaced = count !== undefined && sideOf(table).of === 'children';
    return [table, isReplaced ? count(table, ports) : streamHandlerOf(table, ports)];
  });
  return Object.fromEntries(handlers) as Record<StreamedTable, Handler>;
}

/** Whether the mapping of a table's stream lets a record through. */
export function mappingFilter(rules: Rules): (table: TableName, record: unknown) => boolean {
  const all = new Map<TableName, ReturnType<typeof compilePattern>[]>(
    ROWS.map(({ table, filters }) => [table, filters(rules).map(compilePattern)]),
  );
  return (table, record) => {
    const patterns = all.get(table) ?? [];
    return patterns.length === 0 || patterns.some((matches) => matches(record));
  };
}
