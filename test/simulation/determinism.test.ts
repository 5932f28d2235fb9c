/** The simulator itself: the same seed tells the same story, a failure is shrunk, and what a person is told replays it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { simulate } from '../../lib/testing/simulation/simulation.ts';
import { amountOf } from '../support/amount.ts';
import { runCrew } from './crew.ts';
import { PROFILE_NAMES, PROFILES } from './dials.ts';
import { story } from './story.ts';

const PROGRAM = join(import.meta.dirname, 'simulate.ts');

describe('one seed', () => {
  it.each(PROFILE_NAMES)('tells one story, however often it is told: %s', async (profile) => {
    for (let seed = 1; seed <= amountOf('retold schedules'); seed++) {
      const dials = PROFILES[profile];
      const [first, second] = [await simulate(story(seed, dials)), await simulate(story(seed, dials))];
      expect(second.digest).toBe(first.digest);
      expect(second.story()).toEqual(first.story());
      const retold = await simulate({ ...story(seed, dials), choices: first.choices });
      expect(retold.digest).toBe(first.digest);
    }
  });

  it('tells another story than its neighbour', async () => {
    const digests = new Set<number>();
    for (let seed = 1; seed <= 50; seed++) digests.add((await simulate(story(seed, PROFILES.everything))).digest);
    expect(digests.size).toBe(50);
  });
});

describe('a failure', () => {
  it('is shrunk to the steps that it takes, and breaks the same promise', { timeout: 300_000 }, async () => {
    const job = { profile: 'calm', seed: 1, runs: 2_000 } as const;
    const { failure } = await runCrew(job, { workers: 1, mutant: 'the counter stays behind' });
    expect(failure?.violations[0]?.promise).toBe('S6');
    expect(failure?.shrunkSteps).toBeLessThan(failure?.steps ?? 0);
    expect(failure?.shrunkSteps).toBeLessThanOrEqual(10);
    const lines = failure?.story.split('\n') ?? [];
    expect(lines[0]).toMatch(/^ +1\. /);
    expect(lines.at(-1)).toContain('TransactWriteItems');
  });
});

describe('the command', () => {
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [PROGRAM, ...args]).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );

  it('ends with 0 and says what it exercised', { timeout: 300_000 }, async () => {
    const { code, stdout } = await run('--runs', '20', '--json');
    expect(code).toBe(0);
    const { exercised, failure } = JSON.parse(stdout);
    expect(Object.keys(exercised)).toEqual(PROFILE_NAMES);
    expect(exercised.calm.schedules).toBe(20);
    expect(failure).toBeUndefined();
  });

  it('ends with 1 and tells the story, its seed and dials, and how to replay it', { timeout: 300_000 }, async () => {
    const mutant = 'the counter stays behind';
    const { code, stdout } = await run('--runs', '500', '--mutant', mutant);
    expect(code).toBe(1);
    expect(stdout).toContain('S6: ');
    const [, seed, profile] = /replay: npm run simulate -- --runs 1 --seed (\d+) --profile '(\w+)'/.exec(stdout) ?? [];
    const replayed = await run(
      '--runs',
      '1',
      '--seed',
      seed as string,
      '--profile',
      profile as string,
      '--mutant',
      mutant,
    );
    expect(replayed.code).toBe(1);
    expect(replayed.stdout).toContain('S6: ');
  });

  it.each([[['--runs', 'many']], [['--profile', 'nowhere']], [['--mutant', 'nobody']], [['--what']]])(
    'ends with 2 when asked %j, and says what may be asked',
    async (args) => {
      const { code, stderr } = await run(...args);
      expect(code).toBe(2);
      expect(stderr).toContain('npm run simulate --');
    },
  );
});
