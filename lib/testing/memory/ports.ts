import { swarmkitPlan } from '../../lifecycle/swarmkits.ts';
import type { Chance } from '../../protocol/chance.ts';
import { DEFAULT_RULES, type Rules } from '../../protocol/rules.ts';
import type { Store } from '../../protocol/store.ts';
import type { FunctionPorts } from '../../streams/ports.ts';

/** What a function has logged, read again. */
export type LogLine = Record<string, unknown> & { readonly decision?: string };

/** A function's ports with a store, a clock and a log that a test owns. */
export function testPorts(
  store: Store,
  chance: Chance,
  log: LogLine[],
  rules: Rules = DEFAULT_RULES,
  functionName = 'test',
  plan = swarmkitPlan(),
): FunctionPorts {
  return {
    openStore: () => store,
    chance,
    plan,
    rules,
    telemetry: {
      functionName,
      namespace: 'Test',
      nowEpochMillis: chance.nowEpochMillis,
      writeLine: (line) => log.push(JSON.parse(line)),
    },
  };
}
