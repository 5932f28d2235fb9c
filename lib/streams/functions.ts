/**
 * The functions as data: which stream wakes each, and with which records, is in the plan of the kinds. Beside them there is always
 * the sweep. The construct and the handlers read the plan, in memory as when deployed.
 */
import type { Plan } from '../lifecycle/plan.ts';

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

/** How Lambda reads each stream, unless the deployment says otherwise; the props tell why. */
export const MAPPING_DEFAULTS = {
  batchSize: 4000,
  parallelizationFactor: 1,
  retryAttempts: 5,
  maxRecordAgeSeconds: 60 * 60,
} as const;

/** Memory of a function, unless the deployment says otherwise; the prop tells why. */
export const MEMORY_MEGABYTES_DEFAULT = 1769;
