/**
 * The functions as data: which stream wakes each, and with which records, is in the plan of the kinds. Beside them there is always
 * the sweep. The construct and the handlers read the plan, in memory as when deployed.
 */
import { type Plan, planOf } from '../lifecycle/plan.ts';
import { swarmkit } from '../lifecycle/swarmkit.ts';
import type { Pattern, StreamFunctionPlan } from '../lifecycle/tables.ts';
import { DEFAULT_RULES, type Rules } from '../protocol/rules.ts';

export type { Pattern } from '../lifecycle/tables.ts';

/** The one function that no stream wakes. */
const SWEEP = { name: 'sweep', constructId: 'Sweep' } as const;

/** All functions of a deployment: those that streams wake, and the sweep. */
export function functionNamesOf({ functions }: Pick<Plan, 'functions'>): readonly string[] {
  return [...Object.keys(functions), SWEEP.name];
}

/** The construct's id. A deployment knows the function by it: with another id it gets another function. */
export function functionConstructId({ functions }: Pick<Plan, 'functions'>, name: string): string {
  return functions[name]?.constructId ?? SWEEP.constructId;
}

/** The functions that the streams of SwarmKit's kinds wake, for those who know these alone. */
export const STREAM_FUNCTION_NAMES = [
  'task-deleted',
  'attachment-deleted',
  'service-updated',
  'network-updated',
] as const;
export type StreamFunctionName = (typeof STREAM_FUNCTION_NAMES)[number];
/** The functions that SwarmKit's kinds have. */
export type FunctionName = StreamFunctionName | typeof SWEEP.name;
export const FUNCTION_NAMES: readonly FunctionName[] = [...STREAM_FUNCTION_NAMES, SWEEP.name];
export type StreamedTable = 'tasks' | 'attachments' | 'services' | 'networks';

export interface StreamFunction {
  readonly table: StreamedTable;
  readonly batchingWindowSeconds: number;
  /** ORed; without any, every record comes through. Lambda does not charge for what they leave out. */
  readonly filters: (rules: Rules) => readonly Pattern[];
}

/** One for each of the eight choices: a plan takes a millisecond, and a simulation asks for thousands. */
const planned = new Map<string, Plan>();

const swarmkitFunction = (name: StreamFunctionName, { taskIsGone, stopTasks, taskNetworks }: Rules = DEFAULT_RULES) => {
  const choice = [taskIsGone, stopTasks, taskNetworks].join();
  const plan: Plan = planned.get(choice) ?? planOf(swarmkit({ taskIsGone, stopTasks, taskNetworks }));
  planned.set(choice, plan);
  return plan.functions[name] as StreamFunctionPlan;
};

/** Marked as pure, so that the functions' bundle, which has no use for it, does without SwarmKit's kinds and the checks of them. */
export const FUNCTIONS = /* @__PURE__ */ swarmkitFunctions();

function swarmkitFunctions(): Readonly<Record<StreamFunctionName, StreamFunction>> {
  return Object.fromEntries(
    STREAM_FUNCTION_NAMES.map((name): [StreamFunctionName, StreamFunction] => {
      const { table, batchingWindowSeconds } = swarmkitFunction(name);
      const filters = (rules: Rules) => swarmkitFunction(name, rules).filters;
      return [name, { table: table as StreamedTable, batchingWindowSeconds, filters }];
    }),
  ) as Record<StreamFunctionName, StreamFunction>;
}

/** How Lambda reads each stream, unless the deployment says otherwise; the props tell why. */
export const MAPPING_DEFAULTS = {
  batchSize: 4000,
  parallelizationFactor: 1,
  retryAttempts: 5,
  maxRecordAgeSeconds: 60 * 60,
} as const;

/** Memory of a function, unless the deployment says otherwise; the prop tells why. */
export const MEMORY_MEGABYTES_DEFAULT = 1769;
