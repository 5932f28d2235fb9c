/** A torture kit: write code of others under the simulation's scheduler and faults, with every promise checked after each step. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DeallocatorClient } from '../client/client.ts';
import type { Swarmkit } from '../client/kind-types.ts';
import type { PhysicalNames } from '../dynamodb/schema.ts';
import type { Lifecycle } from '../lifecycle/declaration.ts';
import { type Plan, planOf } from '../lifecycle/plan.ts';
import type { Chance } from '../protocol/chance.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { DEFAULT_RULES, type Rules } from '../protocol/rules.ts';
import { BrokenPromiseError } from './broken-promise.ts';
import { NotInMemoryError } from './memory/not-in-memory.ts';
import { PlanWatch } from './plan-watch.ts';
import { CALM, CRASHES, type Dials, LOSSES, NETWORK, SWEEPS } from './simulation/dials.ts';
import { Exercised } from './simulation/exercised.ts';
import type { Place } from './simulation/place.ts';
import type { Process } from './simulation/processes.ts';
import type { Play } from './simulation/scene.ts';
import { shrink } from './simulation/shrink.ts';
import { type Outcome, type Schedule, simulate } from './simulation/simulation.ts';

const SCHEDULES_DEFAULT = 200;
/** An hour of one core, and more than any mistake of ours took. */
const SCHEDULES_MAX = 1_000_000;

/** What a writer has to write with. Whatever it waits for, it waits for with these: else the schedule could not decide when. */
export interface WriterTools<L extends Lifecycle = Swarmkit> {
  /** The typed client, as a program uses it. */
  readonly client: DeallocatorClient<L>;
  /** The SDK's document client, with the SDK's own retries, for raw writes. */
  readonly documentClient: DynamoDBDocumentClient;
  /** The names of the six tables, for requests of your own. */
  readonly tables: PhysicalNames;
  /** One of these, by the schedule's dice: the same again when the seed is the same. */
  pick<T>(choices: readonly [T, ...T[]]): T;
  /** Lets others go on. */
  pause(millis: number): Promise<void>;
  /** The writer's clock, ISO 8601. */
  now(): string;
}

/**
 * Code that writes, as one call of it. It may run many times in a schedule, and side by side with itself. An error that it
 * throws is counted, and is no failure of the check.
 */
export type Writer<L extends Lifecycle = Swarmkit> = (tools: WriterTools<L>) => Promise<unknown>;

/** How long and how hard writers are tried. */
export interface CheckWritersOptions<L extends Lifecycle = Swarmkit> {
  /** By what a story calls them, such as `starts a task`. */
  readonly writers: Readonly<Record<string, Writer<L>>>;
  /** What is there at the beginning of each schedule: done at once, and without faults. Here an error fails the check. */
  readonly begin?: Writer<L>;
  /** How many schedules, 1 to 1,000,000. @default 200: about a second */
  readonly schedules?: number;
  /** Of the first schedule, a whole number; each further one has the next. @default 1 */
  readonly seed?: number;
  /**
   * Whether every second schedule has faults too: throttling, lost answers, late requests, processes that die, records that
   * come twice, out of order, or never. Those without faults are run first. @default true
   */
  readonly faults?: boolean;
  /** What the deployment chooses. @default nothing */
  readonly rules?: Partial<Rules>;
}

/** What was tried, where every promise was kept. */
export interface CheckedWriters {
  /** Schedules that were run to their ends. */
  readonly schedules: number;
  /** Steps of all of them together: requests, deliveries, pauses, starts and ends. */
  readonly steps: number;
  /** Services and networks that went. */
  readonly deletions: number;
  /** How often each writer ended how: `done`, or the code or name of its error. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/**
 * Runs writers of yours beside the deallocator, in schedules that dice make: who goes on next is decided at each request, each
 * delivery and each pause. After each step, and when all is at rest in the end, every promise is checked.
 *
 * ```ts
 * await checkWriters({
 *   begin: async ({ client }) => client.createService({ id: 'web', spec: {} }),
 *   writers: {
 *     'starts a task': async ({ client }) => client.createTask('web', { id: '1' }),
 *     'ends a task': async ({ client }) => client.deleteTask('web', '1'),
 *     'removes the service': async ({ client }) => client.removeService('web'),
 *   },
 * });
 * ```
 *
 * @throws BrokenPromiseError with the shortest story that was found
 * @throws NotInMemoryError where a writer sends what DynamoDB in memory does not know
 * @throws DeallocatorError `FailedPrecondition` where nothing was proved: nothing was deleted, or a writer never came to its end
 */
export async function checkWriters(options: CheckWritersOptions): Promise<CheckedWriters>;
/** The same for kinds of your own, by their lifecycle: the writers' client is that of these. */
export async function checkWriters<L extends Lifecycle>(
  options: CheckWritersOptions<L> & {
    /** The kinds. */
    readonly lifecycle: L;
  },
): Promise<CheckedWriters>;
export async function checkWriters(
  options: CheckWritersOptions & { readonly lifecycle?: Lifecycle },
): Promise<CheckedWriters> {
  const { seed = 1, faults = true } = options;
  const schedules = checkedOptions(options);
  const outcomes = new Outcomes(Object.keys(options.writers));
  const rules = { ...DEFAULT_RULES, ...options.rules };
  const play = playOf(options, rules, outcomes);
  const dials = dialsOf(rules);
  const exercised = new Exercised();
  // Those without faults first: where the order of things is enough, its story is the shorter one.
  for (const hasFaults of faults ? [false, true] : [false]) {
    for (let run = 0; run < schedules; run++) {
      const isRough = faults && (seed + run) % 2 === 0;
      if (isRough !== hasFaults) continue;
      const schedule = { seed: seed + run, play, dials: isRough ? dials.rough : dials.calm };
      const found = await attempt(schedule);
      exercised.add(found.exercised.counts);
      if (found.violations.length === 0) continue;
      const { outcome } = await shrink(schedule, found);
      throw new BrokenPromiseError(schedule.seed, outcome);
    }
  }
  const deletions = exercised.of('deletions');
  outcomes.refuseIdle(schedules, deletions);
  return { schedules, steps: exercised.of('steps'), deletions, outcomes: outcomes.counts };
}

async function attempt(schedule: Schedule): Promise<Outcome> {
  try {
    return await simulate(schedule);
  } catch (error) {
    const { cause } = error as Error;
    throw cause instanceof NotInMemoryError || cause instanceof BeginError ? cause : error;
  }
}

/** Without faults, the order of things alone; a sweep is full, since any raw write may have been made. */
function dialsOf(rules: Rules): { readonly calm: Dials; readonly rough: Dials } {
  const calm: Dials = { ...CALM, rules, raw: true, stalls: 0.15, stepsMin: 40, stepsMax: 160 };
  return { calm, rough: { ...calm, ...CRASHES, ...NETWORK, ...SWEEPS, ...LOSSES } };
}

class BeginError extends Error {
  override readonly name = 'BeginError';
}

/** How often each writer ended how. */
class Outcomes {
  readonly counts: Record<string, Record<string, number>>;
  readonly #last = new Map<string, unknown>();

  constructor(writers: readonly string[]) {
    this.counts = Object.fromEntries(writers.map((name) => [name, {}]));
  }

  count(writer: string, outcome: string, error?: unknown): void {
    const counts = this.counts[writer] ?? {};
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    if (error !== undefined) this.#last.set(writer, error);
  }

  refuseIdle(schedules: number, deletions: number): void {
    for (const [writer, counts] of Object.entries(this.counts)) {
      if (counts.done !== undefined) continue;
      const cause = this.#last.get(writer);
      throw new DeallocatorError(
        'FailedPrecondition',
        `nothing was proved: in ${schedules} schedules the writer "${writer}" never came to its end${cause === undefined ? '' : `; its last error: ${cause}`}; mend it, begin with what it needs, or try more schedules`,
        { cause },
      );
    }
    if (deletions > 0) return;
    throw new DeallocatorError(
      'FailedPrecondition',
      `nothing was proved: in ${schedules} schedules nothing was deleted; let a writer mark something, and another delete what uses it`,
    );
  }
}

const BEGIN = 'begins';

function playOf(
  { writers, begin, lifecycle }: CheckWritersOptions & { readonly lifecycle?: Lifecycle },
  rules: Rules,
  outcomes: Outcomes,
): Play {
  const plan: Plan | undefined = lifecycle && planOf(lifecycle);
  const clients = new WeakMap<Place, DeallocatorClient>();
  const clientOf = (place: Place) => {
    if (lifecycle === undefined) return place.writer;
    const known = clients.get(place) ?? openClient(place, lifecycle);
    clients.set(place, known);
    return known;
  };
  const names = Object.keys(writers);
  const nameIn = (action: unknown) => (action as { readonly writer: string }).writer;
  return () => ({
    populate: () => {},
    ...(begin && { first: { writer: BEGIN } }),
    draw: (_, fraction) => ({ writer: names[Math.floor(fraction() * names.length)] }),
    perform: async (place, action) => {
      const name = nameIn(action);
      const isFirst = place.process?.number === 0;
      const writer = isFirst ? begin : writers[name];
      try {
        await writer?.(toolsOf(place, clientOf(place)));
        if (!isFirst) outcomes.count(name, 'done');
        return 'done';
      } catch (error) {
        if (isFirst) throw new BeginError(`"begin" failed: ${error}; it must always come to its end`, { cause: error });
        const outcome = nameOfError(error);
        outcomes.count(name, outcome, error);
        return outcome;
      }
    },
    tell: nameIn,
    mayLose: () => false,
    isSpared: () => false,
    isForeign: true,
    ...(plan && { own: { plan, watch: new PlanWatch(plan, rules) } }),
  });
}

/** Of the process that is there now: a place is used by one after another. */
function openClient(place: Place, lifecycle: Lifecycle): DeallocatorClient {
  const own = () => place.process as Process;
  const chance: Chance = {
    nowEpochMillis: () => own().clockEpochMillis(),
    pause: (millis) => own().pause(millis),
    fraction: () => own().fraction(),
    fresh: () => own().fresh(),
  };
  return new DeallocatorClient({ lifecycle, tables: place.tables, client: place.db, chance }) as DeallocatorClient;
}

function toolsOf({ raw, process, tables }: Place, client: DeallocatorClient): WriterTools {
  const own = process as Process;
  return {
    client,
    documentClient: raw,
    tables,
    pick: (choices) => choices[Math.floor(own.fraction() * choices.length)] ?? choices[0],
    pause: (millis) => own.pause(millis),
    now: () => new Date(own.clockEpochMillis()).toISOString(),
  };
}

function nameOfError(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return String(typeof code === 'string' ? code : (name ?? error));
}

function checkedOptions({ writers, schedules = SCHEDULES_DEFAULT, seed = 1 }: CheckWritersOptions): number {
  if (Object.keys(writers).length === 0) throw new RangeError('writers is empty; allowed: one writer or more, by name');
  if (!Number.isSafeInteger(schedules) || schedules < 1 || schedules > SCHEDULES_MAX) {
    throw new RangeError(`schedules is ${schedules}; allowed: a whole number from 1 to ${SCHEDULES_MAX}`);
  }
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed is ${seed}; allowed: a whole number`);
  return schedules;
}
