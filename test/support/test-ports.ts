import type { Chance } from '../../lib/protocol/chance.ts';
import { DEFAULT_RULES, type Rules } from '../../lib/protocol/rules.ts';
import type { Store } from '../../lib/protocol/store.ts';
import type { FunctionPorts } from '../../lib/streams/ports.ts';
import type { LogLine } from './backend.ts';

/** A function's ports with a store, a clock and a log that a test owns. */
export function testPorts(store: Store, chance: Chance, log: LogLine[], rules: Rules = DEFAULT_RULES): FunctionPorts {
  return {
    openStore: () => store,
    chance,
    rules,
    telemetry: {
      functionName: 'test',
      namespace: 'Test',
      nowEpochMillis: chance.nowEpochMillis,
      writeLine: (line) => log.push(JSON.parse(line)),
    },
  };
}
