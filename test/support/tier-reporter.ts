/** Says at the end of a run what it did, what it did by halves, and what it left to `npm run test:all`. */
import { relative } from 'node:path';
import type { Reporter, TestModule, Vitest } from 'vitest/node';
import { AMOUNTS, LEFT_OUT, LEFT_TO_REST, type Tier } from './tiers.ts';

export default class TierReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const vitest = this.#vitest;
    if (vitest === undefined || vitest.config.testNamePattern !== undefined) return;
    const tiers = new Set(modules.map(({ project }) => project.name));
    if (!tiers.has('main') && !tiers.has('rest')) return;
    // A run of a file or two is no tier.
    if (modules.length < (await vitest.globTestSpecifications()).length) return;
    const files = new Set(modules.map(({ moduleId }) => relative(vitest.config.root, moduleId)));
    process.stdout.write(`\n${tellTier(tiers.has('rest') ? 'rest' : 'main', files).join('\n')}\n`);
  }
}

/** @param files that were run */
export function tellTier(tier: Tier, files: ReadonlySet<string>): string[] {
  const isRun = (entry: { readonly files: readonly string[] }) => entry.files.some((file) => files.has(file));
  const amounts = Object.values(AMOUNTS).filter(isRun);
  if (tier === 'rest') {
    return ['The rest was done, in full:', ...amounts.map(({ of, rest }) => `  ${number(rest)} ${of}`)];
  }
  return [
    'Some of it was done in part; `npm run test:all` does all of it, and then changes the code to see that tests notice:',
    ...amounts.map(({ of, main, rest }) => `  ${number(main)} of ${number(rest)} ${of}`),
    ...Object.values(LEFT_OUT)
      .filter(isRun)
      .map(({ of, names, why }) => `  all but ${names.length} ${of}: ${why}`),
    'Left to it:',
    ...Object.entries(LEFT_TO_REST).map(([file, why]) => `  ${file}: ${why}`),
  ];
}

function number(count: number): string {
  return count.toLocaleString('en');
}
