/** The functions in memory: what reads each table's stream, and which records its mapping lets through. */
import type { Plan } from '../../lifecycle/plan.ts';
import { compilePattern } from '../../local/events/pattern.ts';
import type { BatchResponse, StreamEvent } from '../../streams/batch.ts';
import { streamHandlerOf } from '../../streams/handlers.ts';
import type { Context } from '../../streams/invocation.ts';
import type { FunctionPorts } from '../../streams/ports.ts';

export type Handler = (event: StreamEvent, context: Context) => Promise<BatchResponse>;

/** The tables whose streams wake a function, those of leaves first. */
export function streamedTables(plan: Plan): readonly string[] {
  const tables = Object.values(plan.functions).map(({ table }) => table);
  return [...tables.filter((table) => !isGuarded(plan, table)), ...tables.filter((table) => isGuarded(plan, table))];
}

function isGuarded({ kinds, tables }: Plan, table: string): boolean {
  return tables[table]?.kinds.some((kind) => kinds[kind]?.isGuarded) === true;
}

/**
 * By their tables.
 *
 * @param count counts children in place of the deployed function: a contender of the bench
 */
export function handlersOf<Ports extends FunctionPorts>(
  ports: Ports,
  count?: (table: string, ports: Ports) => Handler,
): Readonly<Record<string, Handler>> {
  const { plan } = ports;
  const handlers = streamedTables(plan).map((table) => [
    table,
    count !== undefined && !isGuarded(plan, table) ? count(table, ports) : streamHandlerOf(table, ports),
  ]);
  return Object.fromEntries(handlers);
}

/** Whether the mapping of a table's stream lets a record through. */
export function mappingFilter({ functions }: Plan): (table: string, record: unknown) => boolean {
  const all = new Map(Object.values(functions).map(({ table, filters }) => [table, filters.map(compilePattern)]));
  return (table, record) => {
    const patterns = all.get(table) ?? [];
    return patterns.length === 0 || patterns.some((matches) => matches(record));
  };
}
