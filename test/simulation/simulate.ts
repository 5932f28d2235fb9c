/** `npm run simulate`: as many schedules as wanted, on all cores, with a table of what they exercised. */
import { availableParallelism } from 'node:os';
import cliProgress from 'cli-progress';
import Table from 'cli-table3';
import { COUNTED, type Exercised } from '../../lib/testing/simulation/exercised.ts';
import { type Asked, readArguments, USAGE } from './arguments.ts';
import { runCrew } from './crew.ts';
import { type Failure, tellFailure } from './schedules.ts';

/** Below this a second process costs more than it saves. */
const RUNS_PER_WORKER_MIN = 200;
/** Lines of progress a profile where there is no terminal. */
const PLAIN_LINES = 10;

async function main(args: readonly string[]): Promise<number> {
  let asked: Asked | 'help';
  try {
    asked = readArguments(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}\n`);
    return 2;
  }
  if (asked === 'help') {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const started = performance.now();
  const byProfile: [string, Exercised][] = [];
  let failure: Failure | undefined;
  for (const profile of asked.profiles) {
    const progress = openProgress(profile, asked);
    const workers = Math.max(1, Math.min(availableParallelism(), Math.floor(asked.runs / RUNS_PER_WORKER_MIN)));
    const report = await runCrew(
      { profile, seed: asked.seed, runs: asked.runs },
      { workers, mutant: asked.mutant, onProgress: progress.update },
    ).finally(progress.stop);
    byProfile.push([profile, report.exercised]);
    failure = report.failure;
    if (failure !== undefined) break;
  }
  const seconds = (performance.now() - started) / 1000;
  if (asked.json) {
    const exercised = Object.fromEntries(byProfile.map(([name, { counts }]) => [name, Object.fromEntries(counts)]));
    process.stdout.write(`${JSON.stringify({ seed: asked.seed, runs: asked.runs, seconds, exercised, failure })}\n`);
  } else {
    process.stdout.write(`${table(byProfile)}\n${seconds.toFixed(1)} s, seeds from ${asked.seed} on\n`);
    if (failure !== undefined) process.stdout.write(`${tellFailure(failure, asked.mutant)}\n`);
  }
  return failure === undefined ? 0 : 1;
}

function openProgress(profile: string, { runs, json }: Asked) {
  if (process.stderr.isTTY && !json) {
    const bars = new cliProgress.MultiBar({
      format: `${profile} [{bar}] {value}/{total}, {eta} s left`,
      stream: process.stderr,
    });
    const bar = bars.create(runs, 0);
    return { update: (done: number) => bar.update(done), stop: () => bars.stop() };
  }
  let told = 0;
  const update = (done: number) => {
    const tenth = Math.floor((done / runs) * PLAIN_LINES);
    if (tenth <= told) return;
    told = tenth;
    process.stderr.write(`${profile}: ${done} of ${runs} schedules\n`);
  };
  return { update, stop: () => {} };
}

function table(byProfile: readonly (readonly [string, Exercised])[]): string {
  const rows = new Table({ head: ['', ...byProfile.map(([name]) => name)], style: { head: [], border: [] } });
  const refusals = byProfile.flatMap(([, { counts }]) =>
    [...counts.keys()].filter((name) => name.startsWith('refused')),
  );
  for (const what of [...COUNTED, ...new Set(refusals)]) {
    rows.push([
      what,
      ...byProfile.map(([, { counts }]) => ({ content: counts.get(what) ?? 0, hAlign: 'right' as const })),
    ]);
  }
  return rows.toString();
}

process.exitCode = await main(process.argv.slice(2));
