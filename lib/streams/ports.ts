/** What a function takes from the world: its tables, time, chance and log. All of it comes from the environment. */
import { connect } from '../dynamodb/client.ts';
import { openDatabase } from '../dynamodb/database.ts';
import type { RetryObserver } from '../dynamodb/retry.ts';
import { type PhysicalNames, TABLES, type TableName } from '../dynamodb/schema.ts';
import { DynamoDBStore } from '../dynamodb/store.ts';
import { systemChance } from '../dynamodb/system-chance.ts';
import type { Chance } from '../protocol/chance.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import type { Rules } from '../protocol/rules.ts';
import type { SettleOptions } from '../protocol/settle.ts';
import type { Store } from '../protocol/store.ts';
import { LOG_LEVELS, type TelemetryOptions } from './telemetry.ts';

export interface FunctionPorts {
  /** A store whose retries one invocation's telemetry hears of. */
  openStore(observer: RetryObserver): Store;
  readonly chance: Chance;
  readonly rules: Rules;
  readonly telemetry: TelemetryOptions;
}

/** How a function settles: by the deployment's rules, and in its own name. */
export function settling({ rules, telemetry }: FunctionPorts): Pick<SettleOptions, 'rules' | 'trigger'> {
  return { rules, trigger: telemetry.functionName };
}

/** Fails with `FailedPrecondition` when a variable that the construct sets is missing. */
export function portsFromEnvironment(environment: Readonly<Record<string, string | undefined>>): FunctionPorts {
  const read = (variable: string): string => {
    const value = environment[variable];
    if (value) return value;
    throw new DeallocatorError(
      'FailedPrecondition',
      `the environment variable ${variable} is not set; the construct sets it on each of its functions, so deploy with the construct or set it as the construct does`,
    );
  };
  const names = Object.entries(TABLES).map(([table, { variable }]) => [table as TableName, read(variable)] as const);
  const tables = Object.fromEntries(names) as PhysicalNames;
  const rules = rulesFromEnvironment(read);
  const logLevel = readOneOf(read, 'LOG_LEVEL', LOG_LEVELS);
  const db = connect();
  return {
    openStore: (observer) => new DynamoDBStore(openDatabase(db, tables, { rules, observer })),
    chance: systemChance,
    rules,
    telemetry: {
      functionName: read('DEALLOCATOR_FUNCTION'),
      namespace: read('METRICS_NAMESPACE'),
      logLevel,
      nowEpochMillis: systemChance.nowEpochMillis,
      // Not console.log: Lambda puts a prefix before its lines, and CloudWatch then finds no metrics in them.
      writeLine: (line) => process.stdout.write(`${line}\n`),
    },
  };
}

/** The construct writes these from its props, which it has checked; anything else must not pass for a rule. */
function rulesFromEnvironment(read: (variable: string) => string): Rules {
  const readWhole = (variable: string): number => {
    const value = read(variable);
    if (/^\d{1,9}$/.test(value)) return Number(value);
    throw misset(variable, value, 'a whole number');
  };
  return {
    taskIsGone: readOneOf(read, 'TASK_IS_GONE', ['deleted', 'terminal']),
    gracePeriodMillis: readWhole('GRACE_PERIOD_SECONDS') * 1000,
    stopTasks: readOneOf(read, 'STOP_TASKS', ['yes', 'no']) === 'yes',
    taskNetworks: readOneOf(read, 'TASK_NETWORKS', ['yes', 'no']) === 'yes',
    receiptDays: readWhole('RECEIPT_DAYS'),
  };
}

function readOneOf<T extends string>(read: (variable: string) => string, variable: string, allowed: readonly T[]): T {
  const value = read(variable);
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw misset(variable, value, allowed.join(' or '));
}

function misset(variable: string, value: string, allowed: string): DeallocatorError {
  return new DeallocatorError(
    'FailedPrecondition',
    `the environment variable ${variable} is "${value}", allowed: ${allowed}; set it as the construct does`,
  );
}
