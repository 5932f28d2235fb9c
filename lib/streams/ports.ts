/** What a function takes from the world: its tables, time, chance and log. All of it comes from the environment. */
import { connectPlainly } from '../dynamodb/client.ts';
import { databaseOf } from '../dynamodb/database.ts';
import type { RetryObserver } from '../dynamodb/retry.ts';
import { DynamoDBStore } from '../dynamodb/store.ts';
import { systemChance } from '../dynamodb/system-chance.ts';
import type { Plan } from '../lifecycle/plan.ts';
import type { Chance } from '../protocol/chance.ts';
import type { Rules } from '../protocol/rules.ts';
import type { SettleOptions } from '../protocol/settle.ts';
import type { Store } from '../protocol/store.ts';
import type { FunctionEnvironment } from './deployment.ts';
import type { TelemetryOptions } from './telemetry.ts';

export interface FunctionPorts {
  /** A store whose retries one invocation's telemetry hears of. */
  openStore(observer: RetryObserver): Store;
  readonly chance: Chance;
  /** What the deployment's kinds are. */
  readonly plan: Plan;
  readonly rules: Rules;
  readonly telemetry: TelemetryOptions;
}

/** How a function settles: by the deployment's rules, and in its own name. */
export function settling({ rules, telemetry }: FunctionPorts): Pick<SettleOptions, 'rules' | 'trigger'> {
  return { rules, trigger: telemetry.functionName };
}

export function portsFromEnvironment(environment: FunctionEnvironment): FunctionPorts {
  const { plan, tables, rules, functionName, metricsNamespace, logLevel } = environment;
  const db = connectPlainly();
  return {
    openStore: (observer) => {
      const options = { plan, rules, chance: systemChance, isLearned: false, observer };
      return new DynamoDBStore(databaseOf(db, tables, options));
    },
    chance: systemChance,
    plan,
    rules,
    telemetry: {
      functionName,
      namespace: metricsNamespace,
      logLevel,
      nowEpochMillis: systemChance.nowEpochMillis,
      // Not console.log: Lambda puts a prefix before its lines, and CloudWatch then finds no metrics in them.
      writeLine: (line) => process.stdout.write(`${line}\n`),
    },
  };
}
