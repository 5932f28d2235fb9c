/** A wave: many schedules at a time on one cloud under chaos; then quiet, and the world is compared with what was promised. */
import { checkRest, type World } from '../../lib/protocol/invariants.ts';
import type { Violation } from '../../lib/protocol/violations.ts';
import type { Action } from '../simulation/writers.ts';
import { Chaos } from './chaos.ts';
import { FUNCTION_TIMEOUT_MILLIS, type WaveDials } from './dials.ts';
import { type Happening, judge, readHistory, subjectOf, tellHappening } from './history.ts';
import { Journal } from './journal.ts';
import { planSchedule, type Schedule, tellSchedule } from './schedule.ts';
import { functionIds, startTortureCloud, type TortureCloud } from './torture-cloud.ts';

/** Records that wait behind a frozen process, five retries and a busy machine. */
const QUIET_TIMEOUT_MILLIS = 240_000;

export interface WaveResult {
  readonly counts: ReadonlyMap<string, number>;
  /** One text for each schedule that went wrong: what, and its story. */
  readonly failures: readonly string[];
}

export async function runWave(dials: WaveDials): Promise<WaveResult> {
  const { streams } = functionIds();
  let isStormy = true;
  const timeoutMillis = (id: string) => (isStormy && streams.includes(id) ? FUNCTION_TIMEOUT_MILLIS : undefined);
  const torture = await startTortureCloud({ onDisk: dials.engineRestarts > 0, timeoutMillis, keepTimedOut: true });
  try {
    const journal = new Journal();
    const schedules = Array.from({ length: dials.schedules }, (_, number) =>
      planSchedule(number, dials.seed, dials.raw),
    );
    const chaos = new Chaos(torture, dials, journal);
    await storm(torture, schedules, chaos, dials, journal);
    isStormy = false;
    const unswept = await calm(torture, chaos, dials, journal);
    return await compare({ torture, schedules, chaos, dials, journal, unswept });
  } finally {
    await torture.close();
  }
}

async function storm(
  torture: TortureCloud,
  schedules: readonly Schedule[],
  chaos: Chaos,
  dials: WaveDials,
  journal: Journal,
): Promise<void> {
  chaos.start();
  const all = schedules.reduce((sum, { actions }) => sum + actions.length, 0);
  const restarts = restartsAt(dials.engineRestarts, all);
  let done = 0;
  let restarting: Promise<void> = Promise.resolve();
  const onAction = () => {
    done += 1;
    chaos.maybeStrike();
    if (restarts.includes(done)) restarting = restarting.then(() => chaos.restartEngine());
  };
  await Promise.all(schedules.map((schedule) => tellSchedule(torture, schedule, journal, onAction)));
  await restarting;
  chaos.stop();
}

/** After which actions the engine is restarted: spread evenly, never at an end. */
function restartsAt(count: number, actions: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => Math.floor(((index + 1) * actions) / (count + 1)));
}

/**
 * Faults have stopped: what the records owe gets done, and a sweep does what only lost records could have told. Returns the
 * world before that sweep: nothing is left for it by a schedule that has lost no record.
 */
async function calm(torture: TortureCloud, chaos: Chaos, dials: WaveDials, journal: Journal): Promise<World> {
  await torture.cloud.quiesce({ timeoutMillis: QUIET_TIMEOUT_MILLIS });
  await chaos.repeatOld();
  await chaos.bringAgain();
  await torture.cloud.quiesce({ timeoutMillis: QUIET_TIMEOUT_MILLIS });
  const deadLetters = torture.cloud.deadLetters().length;
  journal.count('dead letters', deadLetters);
  const unswept = await torture.world();
  if (!dials.drops && dials.engineRestarts === 0 && deadLetters === 0) return unswept;
  const { complete, failed } = await torture.sweep({ restart: true, full: true });
  if (!complete || failed.length > 0) throw new Error(`the sweep did not finish: ${JSON.stringify(failed)}`);
  await torture.cloud.quiesce({ timeoutMillis: QUIET_TIMEOUT_MILLIS });
  return unswept;
}

interface Outcome {
  readonly torture: TortureCloud;
  readonly schedules: readonly Schedule[];
  readonly chaos: Chaos;
  readonly dials: WaveDials;
  readonly journal: Journal;
  readonly unswept: World;
}

async function compare({ torture, schedules, chaos, dials, journal, unswept }: Outcome): Promise<WaveResult> {
  const world = await torture.world();
  const history = await readHistory(torture.cloud.enginePort, torture.databaseId, torture.tables);
  const failures: string[] = [];
  for (const schedule of schedules) {
    const own = history.filter((happening) => subjectOf(happening).startsWith(schedule.prefix));
    const hasLost = chaos.hasLost(schedule.prefix);
    const { violations, servicesDeleted, networksDeleted } = judge(own);
    journal.count('services deleted', servicesDeleted);
    journal.count('networks deleted', networksDeleted);
    const rest = [world, ...(hasLost ? [] : [unswept])].flatMap((one) => checkRest(partOf(one, schedule)));
    const unexcused = [...violations, ...rest].filter((one) => !isExcused(one, schedule, hasLost));
    const wrong = [...unexcused.map(tellViolation), ...schedule.beliefs.disagreements(partOf(world, schedule))];
    if (wrong.length > 0) failures.push(tellFailure([...new Set(wrong)], schedule, own, dials, journal));
  }
  for (const { decision, recounts } of torture.log) {
    if (decision !== undefined) journal.count(`decision ${decision}`);
    if (typeof recounts === 'number') journal.count('recounts', recounts);
  }
  for (const complaint of torture.complaints) failures.push(`the local cloud says: ${complaint}`);
  journal.count('schedules', schedules.length);
  journal.count('records', history.length);
  return { counts: journal.counts, failures };
}

function partOf(world: World, { prefix }: Schedule): World {
  return {
    services: world.services.filter(({ id }) => id.startsWith(prefix)),
    networks: world.networks.filter(({ id }) => id.startsWith(prefix)),
    tasks: world.tasks.filter(({ serviceId }) => serviceId.startsWith(prefix)),
    attachments: world.attachments.filter(({ holder }) => holder.startsWith(`service#${prefix}`)),
    counters: world.counters.filter(({ id }) => id.includes(`#${prefix}`)),
  };
}

/**
 * What raw writers bring upon themselves, by the README's contract: a service on a network that is not there, or that goes
 * before the service's record arrives; one whose record never arrives, which no sweep looks for; and a second mark under the
 * time of the first, which a service's new task is not safe from.
 */
function isExcused({ promise, message }: Violation, { actions }: Schedule, hasLost: boolean): boolean {
  const did = (name: Action['do']) => actions.some((action) => action.do === name);
  if (promise === 'S2' && did('rawCreateService')) return hasLost || !message.includes('without an attachment');
  return promise === 'S1' && did('rawClearMark') && did('rawMark');
}

function tellViolation({ promise, message }: Violation): string {
  return `${promise} ${message}`;
}

function tellFailure(
  wrong: readonly string[],
  { prefix }: Schedule,
  history: readonly Happening[],
  { number, again }: WaveDials,
  journal: Journal,
): string {
  return [
    `wave ${number}, schedule ${prefix} (seed and wave: ${again}):`,
    ...wrong.map((line) => `  ${line}`),
    'what was done, and done to it:',
    ...journal.story(prefix).map((line) => `  ${line}`),
    'what the streams say:',
    ...history.map((happening) => `  ${tellHappening(happening)}`),
    `again: ${again} npx vitest run test/torture/stories.test.ts`,
  ].join('\n');
}
