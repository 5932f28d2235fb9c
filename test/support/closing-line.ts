/** The line at the end of CI's log: `1234 passed, 0 failed`, counted from the reports of the runs that were made. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What Vitest's reporter `json` writes, as far as it is counted here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
}

/** A run of tests, with its report if it came so far; or the mutation run, which counts as one test. */
export interface Step {
  readonly isFailed: boolean;
  readonly report?: Report | undefined;
}

export function closingLine(steps: readonly Step[]): string {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const { isFailed, report } of steps) {
    const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = report ?? {};
    passed += report === undefined && !isFailed ? 1 : numPassedTests;
    // A run may fail without a test that did: by its format, its types, or a file that can't be loaded.
    failed += isFailed ? Math.max(1, numFailedTests) : numFailedTests;
    skipped += numPendingTests;
  }
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function read(path: string): Report | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report) : undefined;
}

/** `closing-line.ts REPORTS [STEP [failed]]…`: REPORTS has STEP.json of each run of tests. */
if (import.meta.main) {
  const [reports = '', ...words] = process.argv.slice(2);
  const steps = words.flatMap((word, place): Step[] => {
    if (word === 'failed') return [];
    return [{ isFailed: words[place + 1] === 'failed', report: read(join(reports, `${word}.json`)) }];
  });
  console.log(closingLine(steps));
}
