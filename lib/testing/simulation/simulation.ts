/**
 * A whole schedule: a small world, faults and interleavings by seed or by a recorded story; then faults stop, everything is
 * delivered, and the world must be at rest as promised (L1; or L2 with one sweep where records were lost).
 */
import type { Promised, Violation } from '../../protocol/violations.ts';
import type { Choice } from './choices.ts';
import type { Dials } from './dials.ts';
import type { Exercised } from './exercised.ts';
import type { Tampering } from './place.ts';
import { random } from './random.ts';
import type { Action, Play } from './scene.ts';
import { nextAtRest, Scheduler, sweepAtRest } from './scheduler.ts';
import { SimulatedWorld } from './simulated-world.ts';

/** A world that isn't at rest after so many steps without a fault never will be: the longest seen took 400. */
export const STEPS_TO_REST_MAX = 5_000;
/** Another row of dice for the time after the faults, so that it doesn't depend on how many were cast before. */
const REST = 0x5eed;

export interface Schedule {
  readonly seed: number;
  readonly dials: Dials;
  /** A recorded story instead of the seed's own; what can't be done is passed over. */
  readonly choices?: readonly Choice[];
  readonly play: Play;
  readonly tampering?: Tampering | undefined;
}

export interface Outcome {
  readonly violations: readonly Violation[];
  /** What was done, to be told again. */
  readonly choices: readonly Choice[];
  story(): readonly string[];
  readonly exercised: Exercised;
  /** The same for the same schedule. */
  readonly digest: number;
}

export async function simulate({ seed, dials, play, choices, tampering }: Schedule): Promise<Outcome> {
  const draw = random(seed);
  const below = (count: number) => Math.floor(draw() * count);
  const scene = play(draw);
  // Two items of 400 KB always fit into the 1 MB of a page.
  const pageItemsMax = dials.pageItemsMax > 0 && draw() < 0.7 ? 2 + below(dials.pageItemsMax - 1) : 0;
  const world = new SimulatedWorld(
    { seed, dials, scene, tampering },
    { lanes: 1 + below(dials.lanesMax), pageItemsMax },
  );
  scene.populate(world.tables, draw);
  world.lanes.takeIn(world.tables, world.nowMillis);
  if (scene.first !== undefined) await begin(world, scene.first);
  const steps = dials.stepsMin + below(dials.stepsMax - dials.stepsMin + 1);
  const done: Choice[] = [];
  const isOver = () => world.watch.violations.length > 0 || world.fatal !== undefined;

  if (choices === undefined) {
    const scheduler = new Scheduler(world, { dials, scene }, draw);
    for (let drawn = 0; drawn < steps && !isOver(); drawn++) {
      const choice = scheduler.choose();
      if (choice !== undefined && (await world.do(choice))) done.push(choice);
    }
  } else {
    for (const choice of choices) {
      if (isOver()) break;
      if (await world.do(choice)) done.push(choice);
    }
  }
  if (!isOver()) await comeToRest(world, dials, random(seed ^ REST));
  world.close();
  if (world.fatal !== undefined) {
    const told = numbered(world.story());
    throw new Error(`seed ${seed} met what should never happen: ${String(world.fatal)}\n${told}`, {
      cause: world.fatal,
    });
  }
  world.exercised.count('schedules');
  world.exercised.count('deletions', world.watch.deletions);
  world.exercised.count('networks freed', world.watch.freed);
  world.exercised.count('excused', world.watch.excused);
  world.exercised.count('tasks stopped', world.watch.stopped);
  const { violations } = world.watch;
  const { exercised, digest } = world;
  return { violations, choices: done, story: () => world.story(), exercised, digest };
}

/** No number that a scheduler gives. */
const FIRST_PROCESS = 0;

async function begin(world: SimulatedWorld, action: Action): Promise<void> {
  await world.do({ do: 'act', process: FIRST_PROCESS, action, atOnce: true, loses: false });
  if (world.processes.has(FIRST_PROCESS)) world.fatal ??= waitsElsewhere(world, FIRST_PROCESS);
}

function waitsElsewhere(world: SimulatedWorld, process: number): Error {
  return new Error(`${world.nameOf(process)} waits for something that is neither a request of its own nor a pause`);
}

export function numbered(story: readonly string[]): string {
  return story.map((line, index) => `${String(index + 1).padStart(3)}. ${line}`).join('\n');
}

async function comeToRest(world: SimulatedWorld, dials: Dials, draw: () => number): Promise<void> {
  const { violations } = world.watch;
  world.say('— faults stop, and everything is delivered —');
  world.lanes.hurry();
  const givenUp = world.givenUp;
  const needsSweep = () => world.losses > 0 || world.hasSweepDied || dials.learns === true;
  let sweeps = 0;
  let lossesSeen = -1;
  const sweep = async (restart: boolean) => {
    const died = world.hasSweepDied ? 'a sweep has died' : 'a request has outlived its sender';
    world.say(`— ${world.losses > 0 ? 'records were lost' : died}: one sweep —`);
    lossesSeen = world.losses;
    await world.do({ do: 'sweep', process: sweepAtRest(++sweeps), full: dials.raw, restart });
  };
  // One that begins after the last fault must do, though others are still at work.
  if (needsSweep() && draw() < 0.5) {
    if (!(await drain(world, draw, () => world.wire.late.length === 0))) return;
    await sweep(true);
  }
  if (!(await drain(world, draw))) return;
  const stranded = world.wire.strandedCounters();
  if ((needsSweep() || stranded.length > 0) && lossesSeen !== world.losses) {
    if (world.losses === 0 && !dials.learns) {
      const left = world.hasSweepDied ? world.tables.world().counters.map(({ id }) => id) : stranded;
      world.watch.restBeforeSweep(world.tables.world(), left, Number.NEGATIVE_INFINITY);
    }
    await sweep(false);
    if (!(await drain(world, draw))) return;
    // It went on where one that died had stopped: the next begins at the beginning, and is the one that must do.
    if (!world.wholeSweeps.has(sweepAtRest(sweeps))) await sweep(false);
    if (!(await drain(world, draw))) return;
  }
  if (sweeps > 0 && !world.wholeSweeps.has(sweepAtRest(sweeps))) {
    violations.push({ promise: 'L2', subject: 'sweep', message: 'the sweep did not finish, though nothing failed' });
  }
  if (world.givenUp > givenUp) {
    violations.push({ promise: 'L4', subject: 'batch', message: 'records were given up, though nothing failed' });
  }
  const { gracePeriodMillis } = dials.rules;
  // When a grace period ends, only the next sweep notices.
  const isSwept = gracePeriodMillis === 0;
  world.watch.rest(world.tables.world(), world.losses > 0, isSwept ? world.nowMillis : Number.NEGATIVE_INFINITY);
  if (!isSwept && violations.length === 0) {
    world.say('— all grace is over: one sweep —');
    await world.do({ do: 'jump', millis: gracePeriodMillis });
    await world.do({ do: 'sweep', process: sweepAtRest(++sweeps), full: dials.raw, restart: true });
    if (!(await drain(world, draw))) return;
    world.watch.rest(world.tables.world(), world.losses > 0, world.nowMillis);
  }
  if (world.losses === 0) return;
  for (const [index, violation] of violations.entries()) {
    if (violation.promise === 'L1') violations[index] = { ...violation, promise: 'L2' };
  }
}

/** Goes on until nothing is left, or it is enough. False when a promise was broken on the way. */
async function drain(world: SimulatedWorld, draw: () => number, isEnough = () => false): Promise<boolean> {
  const { violations } = world.watch;
  for (let steps = 0; steps < STEPS_TO_REST_MAX; steps++) {
    if (violations.length > 0 || world.fatal !== undefined) return false;
    const choice = isEnough() ? undefined : nextAtRest(world, draw);
    if (choice === undefined) {
      const [waiting] = isEnough() ? [] : world.processes.keys();
      if (waiting === undefined) return true;
      world.fatal = waitsElsewhere(world, waiting);
      return false;
    }
    if (!(await world.do(choice))) throw new Error(`can't be done: ${JSON.stringify(choice)}`);
  }
  violations.push({
    promise: 'L4' satisfies Promised,
    subject: 'world',
    message: `it is not at rest after ${STEPS_TO_REST_MAX} steps without a fault`,
  });
  return false;
}
