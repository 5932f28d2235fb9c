/**
 * The end of CI's log: what failed, and `1234 passed, 0 failed`, counted from the reports of the runs that were made. A log of
 * thousands of lines may be cut where it is kept, and its end is what is left.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What Vitest's reporter `json` writes, as far as it is counted here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** A run of tests, with its report if it came so far; or the mutation run, which counts as one test. */
export interface Step {
  readonly name: string;
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

/** Failures told of at most: more than a screen of them has one cause. */
const TOLD_MAX = 20;
/** Lines of a failure's message: what was expected, what was there, and where; for a schedule, what broke and the story of it. */
const MESSAGE_LINES_MAX = 60;

/** A block for each test that failed, for each file that could not be loaded, and for each step that failed without either. */
export function failures(steps: readonly Step[]): string[] {
  const told = steps.flatMap(({ name, isFailed, report }) => {
    const ofFiles = (report?.testResults ?? []).flatMap((file) => {
      const ofTests = file.assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName, failureMessages = [] }) => [`${file.name}: ${fullName}`, ...failureMessages]);
      return file.message === '' ? ofTests : [...ofTests, [file.name, file.message]];
    });
    return ofFiles.length === 0 && isFailed ? [[`${name} failed: what it printed is above`]] : ofFiles;
  });
  const blocks = told.map((lines) => lines.join('\n').split('\n').slice(0, MESSAGE_LINES_MAX).join('\n  '));
  return blocks.length > TOLD_MAX ? [...blocks.slice(0, TOLD_MAX), `and ${blocks.length - TOLD_MAX} more`] : blocks;
}

function read(path: string): Report | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report) : undefined;
}

/** `closing-line.ts REPORTS [STEP [failed]]…`: REPORTS has STEP.json of each run of tests. */
if (import.meta.main) {
  const [reports = '', ...words] = process.argv.slice(2);
  const steps = words.flatMap((word, place): Step[] => {
    if (word === 'failed') return [];
    return [{ name: word, isFailed: words[place + 1] === 'failed', report: read(join(reports, `${word}.json`)) }];
  });
  for (const failure of failures(steps)) console.log(`FAILED ${failure}`);
  console.log(closingLine(steps));
}
