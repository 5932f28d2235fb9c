/** Proves a deployment with objects of its own: looks at all that is deployed, goes each path, and cleans up. Prints nothing. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { DeallocatorClient } from '../../client/client.ts';
import { openDatabase } from '../../dynamodb/database.ts';
import { deniedBy } from '../../dynamodb/probes.ts';
import { systemChance } from '../../dynamodb/system-chance.ts';
import { itemName } from '../../lifecycle/keys.ts';
import { type Plan, planOf } from '../../lifecycle/plan.ts';
import { swarmkit } from '../../lifecycle/swarmkit.ts';
import { isSwarmkits } from '../../lifecycle/swarmkits.ts';
import type { Chance } from '../../protocol/chance.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { PROMISES } from '../../protocol/promises.ts';
import { isoNow } from '../../protocol/time.ts';
import type { Promised } from '../../protocol/violations.ts';
import type { DeploymentNames } from '../../streams/deployment.ts';
import { type Check, failed, notLookedAt, passed } from '../deployed/check.ts';
import { inspect } from '../deployed/inspect.ts';
import type { Surroundings } from '../deployed/surroundings.ts';
import { isTold, told, wordsOf } from '../deployed/told.ts';
import type { SweepPort } from '../recovery/settle-parents.ts';
import { denials } from './denials.ts';
import { lastTask, protection, sharedNetwork, undeleteInMidDrain } from './drains.ts';
import { giveUp, keysOf, leftOf, newRun, RUN_MILLIS_MAX, register, unregister } from './objects.ts';
import { networkAlone, networkLetGo, rawWrite, swept } from './others.ts';
import { type Stage, until } from './stage.ts';
import { keysOfTrials, leftOfTrials, trialsOf } from './trials.ts';
import { checkAlarms, checkDeadLetters, checkMetrics } from './watch.ts';

/** Longer than a cold start, a poll, a batching window and a few retries take together. */
export const WAIT_MILLIS_DEFAULT = 60_000;
/** How long the end waits after Ctrl-C, or after a fault. */
const LAST_WAIT_MILLIS = 10_000;
/** A path waits up to six times, and the end twice: so a run ends before it counts as dead. */
export const WAIT_MILLIS_MAX = RUN_MILLIS_MAX / 12;

/** What a selftest needs, and how it is done. */
export interface SelftestOptions extends DeploymentNames {
  /** Writes as a program does, with the same rules. */
  readonly client: DeallocatorClient;
  /** The deployment's sweep function: {@link openSweepFunction} opens it. */
  readonly sweep: SweepPort;
  /** What it asks of the services around the tables. */
  readonly around: Surroundings;
  /** How long each single thing may take, in milliseconds, up to 5 minutes. @default 60,000 */
  readonly waitMillis?: number | undefined;
  /** Ends it early: what was made is cleaned up all the same. */
  readonly signal: AbortSignal;
  /** Told as it goes on: how many paths are done, of how many, and what comes now. */
  readonly onProgress?: (done: number, total: number, doing: string) => void;
  /** Time and randomness. @default the system's */
  readonly chance?: Chance;
  /** What the deployment's lifecycle says. @default that of SwarmKit's kinds without any choice */
  readonly plan?: Plan;
}

/** What the checks say of one promise. */
export interface PromiseKept {
  /** Its code, such as `S1`. */
  readonly promise: Promised;
  /** The same in words. */
  readonly promised: string;
  /** `passed`: all checks that are about it have. */
  readonly result: Check['result'];
}

/** What a selftest has shown. Plain data, ready for JSON. */
export interface SelftestResult {
  /** What tells the objects of this run from those of others: it is in their ids. */
  readonly run: string;
  /** When it began, ISO 8601. */
  readonly startedAt: string;
  /** How long it took, in seconds. */
  readonly seconds: number;
  /** Nothing has failed. What was not looked at is among the checks. */
  readonly isPassed: boolean;
  /** Whether `signal` ended it early. */
  readonly isInterrupted: boolean;
  /** All that was looked at: first what is deployed, then what happens. */
  readonly checks: readonly Check[];
  /** Each promise by the checks that are about it: kept if all of these have passed. */
  readonly promises: readonly PromiseKept[];
  /** From the deletion of the last task to that of its service; absent if it was not seen. */
  readonly latencyMillis?: number;
  /** Objects of this run, and of runs that have died, that are still there. */
  readonly left: readonly string[];
}

type Path = (stage: Stage) => Promise<Check[]>;

/** These know SwarmKit's services, tasks and networks by heart. */
const SWARMKIT_PATHS: Readonly<Record<string, Path>> = {
  'the last task': lastTask,
  'an undelete in mid-drain': undeleteInMidDrain,
  'a shared network': sharedNetwork,
  'a protection': protection,
  'a network without users': networkAlone,
  'a network that is let go': networkLetGo,
  'a raw write': rawWrite,
  'a sweep': swept,
};

/** What a deployment is tried by. */
interface Program {
  readonly paths: Readonly<Record<string, Path>>;
  /** The guarded kinds that have a trial each, beside those whose paths are known by heart. */
  readonly tried: readonly string[];
  /** Whether SwarmKit's kinds are there, whose runs are registered as tasks. */
  readonly isSwarmkits: boolean;
}

function programOf(plan: Plan): Program {
  const isOfSwarmkit = isSwarmkits(plan);
  const known: readonly string[] = isOfSwarmkit ? planOf(swarmkit()).sweep : [];
  const tried = plan.sweep.filter((kind) => !known.includes(kind));
  const paths = { ...(isOfSwarmkit && SWARMKIT_PATHS), ...trialsOf(plan, tried), 'denied deletes': denials };
  return { paths, tried, isSwarmkits: isOfSwarmkit };
}

/** Any number of runs may be at work at the same time: each has objects of its own. */
export async function selftest(db: DynamoDBDocumentClient, options: SelftestOptions): Promise<SelftestResult> {
  const { chance = systemChance, waitMillis = WAIT_MILLIS_DEFAULT, tables, rules, signal } = options;
  if (!(waitMillis > 0 && waitMillis <= WAIT_MILLIS_MAX)) {
    throw new DeallocatorError(
      'InvalidArgument',
      `waitMillis is ${waitMillis}, allowed: more than 0, up to ${WAIT_MILLIS_MAX}`,
    );
  }
  const database = openDatabase(db, tables, { rules, chance, plan: options.plan });
  const startEpochMillis = chance.nowEpochMillis();
  const startedAt = isoNow(chance);
  const run = newRun(chance);
  options.onProgress?.(0, 1, 'looking at what is deployed');
  const { checks: deployed, functions } = await inspect(database, options.around, options.sweepFunctionName);
  const stage: Stage = { ...options, database, functions, run, waitMillis };
  const program = programOf(database.plan);
  const checks = [...deployed];
  let runs: readonly string[] = [];
  let left: string[] | undefined;
  try {
    signal.throwIfAborted();
    // Before anything is made, so that the next run finds it if this one dies.
    runs = [run];
    if (program.isSwarmkits) runs = [run, ...(await register(options.client, run, chance))];
    checks.push(...(await goPaths(stage, program, options)));
    left = await cleanUp(stage, program, runs);
  } catch (error) {
    if (!signal.aborted) checks.push(unusable('the writes of a program', error));
    // After Ctrl-C what was made goes all the same.
    const calm = { ...stage, signal: new AbortController().signal, waitMillis: Math.min(waitMillis, LAST_WAIT_MILLIS) };
    const cleaned = await told(() => cleanUp(calm, program, runs.slice(0, 1)));
    left = isTold(cleaned) ? cleaned.told : undefined;
  }
  checks.push(leftCheck(left), ...(signal.aborted ? [] : await watch(stage, options, startEpochMillis)));
  const [first] = Object.keys(program.paths);
  const latencyMillis = checks.find(({ name }) => name === first)?.millis;
  return {
    run,
    startedAt,
    seconds: (chance.nowEpochMillis() - startEpochMillis) / 1000,
    isPassed: !signal.aborted && checks.every(({ result }) => result !== 'failed'),
    isInterrupted: signal.aborted,
    checks,
    promises: promisesOf(checks),
    ...(latencyMillis !== undefined && { latencyMillis }),
    left: left ?? [],
  };
}

/** Side by side: each has objects of its own, and the longest is the length of all. */
async function goPaths(stage: Stage, { paths }: Program, { onProgress, signal }: SelftestOptions): Promise<Check[]> {
  const names = Object.keys(paths);
  let done = 0;
  const all = await Promise.all(
    Object.entries(paths).map(async ([name, path]) => {
      onProgress?.(done, names.length, `${names.length - done} paths on their way`);
      const checks = await path(stage).catch((error: unknown) => [unusable(name, error)]);
      done += 1;
      onProgress?.(done, names.length, name);
      return checks;
    }),
  );
  signal.throwIfAborted();
  return all.flat();
}

/** A path that broke off: because whoever runs it may not do it, or for a fault. */
function unusable(name: string, error: unknown): Check {
  const expected = 'every request is answered';
  const words = wordsOf(error);
  if (deniedBy(error) === undefined) {
    return failed(name, 'broken promise', { expected, seen: words, fix: 'correct it, then run the selftest again' });
  }
  return notLookedAt(
    name,
    expected,
    `${words}; run it as an administrator, or as one that has grantWrite and grantOperate`,
  );
}

/** Marks all that is left, waits for the deallocator, and asks the sweep for what stays. Returns names. */
async function cleanUp(stage: Stage, { tried, isSwarmkits }: Program, all: readonly string[]): Promise<string[]> {
  const { client, sweep } = stage;
  const runs = isSwarmkits ? all : [];
  const left = async () => {
    const ofRuns = await Promise.all(runs.map((run) => leftOf(client, run)));
    return [...ofRuns.flat(), ...(await leftOfTrials(stage, tried))];
  };
  for (const run of runs) await giveUp(client, run);
  const isDone = async () => (await left()).length === 0;
  if ((await until(stage, isDone)) === undefined) {
    // The sweep of these names alone: what others have marked is not ours to settle.
    for (const keys of [...runs.map(keysOf), keysOfTrials(stage, tried)]) {
      if (keys.length === 0) continue;
      await told(() => sweep.invoke({ trigger: 'selftest', parents: keys.map(itemName) }));
    }
  }
  for (const run of runs) if ((await leftOf(client, run)).length === 0) await unregister(client, run);
  return await left();
}

function leftCheck(left: readonly string[] | undefined): Check {
  const name = 'its own objects';
  const expected = 'gone';
  if (left === undefined)
    return notLookedAt(name, expected, 'they could not be read; the next selftest looks after them');
  if (left.length === 0) return { ...passed(name, expected, 'gone'), promises: ['S4', 'L4'] };
  const fix = 'they are marked, and go once the deployment works; the next selftest looks after them in an hour';
  return { ...failed(name, 'left over', { expected, seen: left.join(', '), fix }), promises: ['S4', 'L4'] };
}

async function watch(stage: Stage, { deadLetterQueueUrl, onProgress }: SelftestOptions, startEpochMillis: number) {
  onProgress?.(1, 1, 'looking at alarms and metrics');
  return [
    await checkDeadLetters(stage),
    ...(await checkAlarms(stage, deadLetterQueueUrl)),
    await checkMetrics(stage, startEpochMillis),
  ];
}

function promisesOf(checks: readonly Check[]): PromiseKept[] {
  return (Object.keys(PROMISES) as Promised[]).map((promise) => {
    const about = checks.filter(({ promises }) => promises?.includes(promise)).map(({ result }) => result);
    const isLookedAt = about.length > 0 && !about.includes('not looked at');
    const result = about.includes('failed') ? 'failed' : isLookedAt ? 'passed' : 'not looked at';
    return { promise, promised: PROMISES[promise], result };
  });
}
