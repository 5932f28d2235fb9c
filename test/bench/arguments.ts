/** What the bench is asked, checked before anything starts. */
import { parseArgs } from 'node:util';

export const SECTION_NAMES = ['contenders', 'growth', 'code', 'operators', 'imports', 'defaults', 'scale'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export const USAGE = `npm run bench -- [--quick] [--only SECTION]

  --quick         small sizes, in seconds; writes nothing
  --only SECTION  one of: ${SECTION_NAMES.join(', ')}; only its part of the page is written anew

Without either, everything is measured at full size, in some minutes, and docs/bench is written anew.

Exit code: 0 done, 1 a contender did not do its work, 2 wrong usage.`;

export interface Asked {
  readonly quick: boolean;
  readonly only: SectionName | undefined;
}

/** Throws an error whose message says what was wrong. */
export function readArguments(args: readonly string[]): Asked | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) return 'help';
  const only = SECTION_NAMES.find((name) => name === values.only);
  if (values.only !== undefined && only === undefined) {
    throw new Error(`there is no section "${values.only}"; there are: ${SECTION_NAMES.join(', ')}`);
  }
  return { quick: values.quick, only };
}
