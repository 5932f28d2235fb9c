/** Workers side by side on one row of seeds: the first failure ends them all. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { Exercised } from '../../lib/testing/simulation/exercised.ts';
import { findMutant } from './mutants.ts';
import { type Failure, type Job, runSchedules } from './schedules.ts';
import type { News, Order } from './worker.ts';

const WORKER = join(import.meta.dirname, 'worker.ts');

export interface CrewReport {
  readonly exercised: Exercised;
  readonly failure: Failure | undefined;
}

export interface CrewOptions {
  readonly workers: number;
  readonly mutant?: string | undefined;
  /** Told how many schedules are done in all. */
  onProgress?(done: number): void;
}

export async function runCrew(job: Omit<Job, 'stride' | 'mistake'>, options: CrewOptions): Promise<CrewReport> {
  const workers = Math.min(options.workers, job.runs);
  // To start a worker takes longer than some hundred schedules.
  if (workers === 1) return runAlone(job, options);
  const exercised = new Exercised();
  const done = new Array<number>(workers).fill(0);
  const children: ChildProcess[] = [];
  let failure: Failure | undefined;
  const work = (index: number) =>
    new Promise<void>((resolve, reject) => {
      const child = fork(WORKER, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      children.push(child);
      let isReported = false;
      child.on('message', (news: News) => {
        if ('error' in news) return reject(new Error(news.error));
        if ('done' in news) {
          done[index] = news.done;
          return options.onProgress?.(done.reduce((a, b) => a + b));
        }
        isReported = true;
        exercised.add(news.report.counts);
        if (news.report.failure !== undefined) {
          failure ??= news.report.failure;
          for (const other of children) if (other !== child) other.kill();
        }
      });
      child.on('error', reject);
      child.on('exit', (code) => {
        if (isReported || failure !== undefined) resolve();
        else reject(new Error(`a worker ended with ${code} and said nothing`));
      });
      const order: Order = {
        job: {
          profile: job.profile,
          seed: job.seed + index,
          runs: Math.ceil((job.runs - index) / workers),
          stride: workers,
        },
        mutant: options.mutant,
      };
      child.send(order);
    });
  try {
    await Promise.all(Array.from({ length: workers }, (_, index) => work(index)));
  } finally {
    for (const child of children) child.kill();
  }
  return { exercised, failure };
}

async function runAlone(
  job: Omit<Job, 'stride' | 'mistake'>,
  { mutant, onProgress }: CrewOptions,
): Promise<CrewReport> {
  const exercised = new Exercised();
  const { counts, failure } = await runSchedules({ ...job, stride: 1, mistake: findMutant(mutant) }, onProgress);
  exercised.add(counts);
  return { exercised, failure };
}
