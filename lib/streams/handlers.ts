/** What each function does, by its row in the table of functions. */
import { childDeleted } from './child-deleted.ts';
import { FUNCTIONS, type FunctionName, type StreamFunctionName } from './functions.ts';
import { parentUpdated } from './parent-updated.ts';
import type { FunctionPorts } from './ports.ts';
import { sweepRequested } from './sweep-requested.ts';

export function handlerOf(name: FunctionName, ports: FunctionPorts) {
  return name === 'sweep' ? sweepRequested(ports) : streamHandlerOf(name, ports);
}

export function streamHandlerOf(name: StreamFunctionName, ports: FunctionPorts) {
  const { role, table } = FUNCTIONS[name];
  return { 'child-deleted': childDeleted, 'parent-updated': parentUpdated }[role](table, ports);
}
