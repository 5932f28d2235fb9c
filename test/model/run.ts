/**
 * `npm run model`: explores the protocol's model to its end in each configuration, then shows that each mutant is caught.
 *
 *   npm run model -- [--large] [--json] [--trace NAME] [--help]
 *
 * Exit codes: 0 all promises hold and all mutants are caught; 1 not so, or not explored to the end; 2 wrong arguments.
 */
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import { CONFIGURATIONS, LARGE_CONFIGURATIONS } from './configurations.ts';
import { MUTANTS } from './mutants.ts';
import { judge, judgeMutant, LARGE_STATES_MAX, STATES_MAX, type Verdict } from './verdict.ts';

const USAGE = `usage: npm run model -- [--large] [--json] [--trace NAME] [--help]
  --large       also the configurations that take hours
  --json        one JSON document instead of tables
  --trace NAME  explores one mutant only, and tells its counterexample`;

process.exitCode = main();

function main(): number {
  const options = readOptions();
  if (options === undefined) return 2;
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (options.trace !== undefined) return tellMutant(options.trace);
  const worlds = [
    ...CONFIGURATIONS.map((world) => ({ world, statesMax: STATES_MAX })),
    ...(options.large ? LARGE_CONFIGURATIONS.map((world) => ({ world, statesMax: LARGE_STATES_MAX })) : []),
  ];
  const isTold = !options.json;
  const columns = (verdict: Verdict) => [
    verdict.name.padEnd(50),
    String(verdict.states).padStart(10),
    String(verdict.transitions).padStart(11),
    verdict.seconds.toFixed(1).padStart(7),
    `  ${verdict.result}${verdict.steps > 0 ? `, in ${verdict.steps} steps` : ''}${verdict.passed ? '' : '   <- FAILED'}`,
  ];
  const all: Verdict[] = [];
  const add = (verdict: Verdict) => {
    all.push(verdict);
    if (isTold) process.stdout.write(`${columns(verdict).join('')}\n`);
  };
  const head = (title: string, last: string) =>
    isTold && process.stdout.write(`\n${title.padEnd(50)}    states  transitions   sec  ${last}\n`);
  head('configuration', 'promises');
  for (const { world, statesMax } of worlds)
    add(withProgress(world.name, (onProgress) => judge(world, statesMax, onProgress)));
  head('mutant', 'breaks');
  for (const mutant of MUTANTS) add(withProgress(mutant.name, (onProgress) => judgeMutant(mutant, onProgress)));
  const failed = all.filter(({ passed }) => !passed);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ passed: failed.length === 0, verdicts: all }, undefined, 2)}\n`);
  } else {
    for (const { name, story } of failed) process.stdout.write(`\n${name}\n${story.join('\n')}\n`);
    const states = all.reduce((sum, verdict) => sum + verdict.states, 0);
    const seconds = all.reduce((sum, verdict) => sum + verdict.seconds, 0);
    process.stdout.write(
      `\n${worlds.length} configurations, ${MUTANTS.length} mutants, ${states} states in ${seconds.toFixed(0)} seconds: ${failed.length === 0 ? 'all as promised' : `${failed.length} failed`}\n`,
    );
  }
  return failed.length === 0 ? 0 : 1;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        large: { type: 'boolean' },
        json: { type: 'boolean' },
        trace: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    return undefined;
  }
}

function tellMutant(name: string): number {
  const mutant = MUTANTS.find((known) => known.name === name);
  if (mutant === undefined) {
    const names = MUTANTS.map((known) => `  ${known.name}`).join('\n');
    process.stderr.write(`no mutant is called "${name}"; there are:\n${names}\n`);
    return 2;
  }
  const verdict = judgeMutant(mutant);
  process.stdout.write(`${name}: ${verdict.about} (${mutant.source})\n${verdict.story.join('\n')}\n`);
  return verdict.passed ? 0 : 1;
}

/** States found so far, on a terminal; a file gets only the tables. */
function withProgress(name: string, run: (onProgress: (states: number) => void) => Verdict): Verdict {
  if (!process.stderr.isTTY) return run(() => {});
  const bars = new cliProgress.MultiBar({ format: '{name} {states} states', stream: process.stderr, hideCursor: true });
  const bar = bars.create(1, 0, { name, states: 0 });
  const verdict = run((states) => {
    bar.update(0, { name, states });
    bars.update();
  });
  bars.stop();
  process.stderr.write('\x1b[1A\x1b[K');
  return verdict;
}
