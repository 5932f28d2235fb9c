/** What the command is asked, checked before anything starts. */
import { parseArgs } from 'node:util';
import { PROFILE_NAMES, type ProfileName } from './dials.ts';
import { MUTANTS } from './mutants.ts';

export const USAGE = `npm run simulate -- [--runs N] [--seed S] [--profile NAME] [--mutant NAME] [--json]

  --runs N        schedules of each profile (default 1000)
  --seed S        the first schedule's seed (default 1)
  --profile NAME  one of: ${PROFILE_NAMES.join(', ')} (default: all, one after another)
  --mutant NAME   with a mistake in the product's code; in its own profile unless told otherwise
  --json          one line of JSON instead of a table

Exit code: 0 all promises kept, 1 one was broken, 2 wrong usage.`;

export interface Asked {
  readonly runs: number;
  readonly seed: number;
  readonly profiles: readonly ProfileName[];
  readonly mutant: string | undefined;
  readonly json: boolean;
}

/** Throws an error whose message says what was wrong. */
export function readArguments(args: readonly string[]): Asked | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      profile: { type: 'string' },
      mutant: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { profile, mutant, json } = values;
  const found = MUTANTS.find(({ name }) => name === mutant);
  if (mutant !== undefined && found === undefined) {
    throw new Error(`there is no mutant "${mutant}"; there are: ${MUTANTS.map(({ name }) => name).join('; ')}`);
  }
  if (profile !== undefined && !PROFILE_NAMES.includes(profile as ProfileName)) {
    throw new Error(`there is no profile "${profile}"; there are: ${PROFILE_NAMES.join(', ')}`);
  }
  const own = profile === undefined ? found && [found.profile] : [profile as ProfileName];
  return {
    runs: wholeNumber('runs', values.runs),
    seed: wholeNumber('seed', values.seed),
    profiles: own ?? PROFILE_NAMES,
    mutant,
    json,
  };
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && Number.isSafeInteger(number)) return number;
  throw new Error(`--${name} is ${text}; it must be a whole number from 1 on`);
}
