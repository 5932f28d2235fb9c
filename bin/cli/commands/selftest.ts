import type { Check } from '../../../lib/operate/deployed/check.ts';
import type { SelftestResult } from '../../../lib/operate/selftest/selftest.ts';
import { DeallocatorError } from '../../../lib/protocol/errors.ts';
import { readTime, refuseMore } from '../arguments.ts';
import { blocks } from '../blocks.ts';
import { type Command, DONE, FAILED, INTERRUPTED } from '../command.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { openProgress } from '../progress.ts';
import { count, facts } from '../text.ts';

/** Requests that are on their way end, and what was made is marked. */
const ORDERLY_END_MILLIS = 30_000;

export const selftest: Command = {
  name: 'selftest',
  group: 'Check and repair',
  takes: '',
  says: 'proves a deployment with objects of its own: goes every path, looks at all that is deployed, and cleans up',
  options: {
    within: { value: 'TIME', says: 'how long each single thing may take (default: 1m, at most 5m)' },
    verbose: { says: 'also what has passed, each with what was expected and what was seen' },
  },
  examples: [
    ['deallocator selftest --deployment Shop', 'after a deployment; status 1 names what is wrong, and what to do'],
    ['deallocator selftest --json | jq -r ".checks[] | select(.fault) | .fault"', 'what is wrong, for a script'],
  ],
  orderlyEndMillis: ORDERLY_END_MILLIS,
  async run({ io, open, isJson, report, printJson }, given) {
    refuseMore(given, 0);
    // Late: nobody else needs it.
    const { selftest: testDeployment, WAIT_MILLIS_MAX } = await import('../../../lib/operate/selftest/selftest.ts');
    const waitMillis = readTime(given, 'within');
    if (waitMillis !== undefined && !(waitMillis > 0 && waitMillis <= WAIT_MILLIS_MAX)) {
      throw new UsageError(`--within is "${given.text('within')}", allowed: up to ${WAIT_MILLIS_MAX / 60_000}m`);
    }
    const { db, around, cluster, ...deployment } = await open();
    if (around === undefined)
      throw new DeallocatorError('FailedPrecondition', 'there are tables only, and no deployment to test');
    const progress = openProgress(io);
    try {
      const { signal, chance } = io;
      const onProgress = (done: number, total: number, doing: string) => progress.update(done, total, doing);
      const result = await testDeployment(db, {
        ...deployment,
        plan: cluster.plan,
        around,
        waitMillis,
        signal,
        chance,
        onProgress,
      });
      progress.close();
      if (isJson) printJson(result);
      else describe(result, given.flag('verbose'), report, io);
      if (result.isInterrupted) return INTERRUPTED;
      return result.isPassed ? DONE : FAILED;
    } finally {
      progress.close();
    }
  },
};

function describe(result: SelftestResult, isVerbose: boolean, report: (text: string) => void, io: Io): void {
  const { checks, promises, latencyMillis, seconds, run } = result;
  const of = (wanted: Check['result']) => checks.filter((check) => check.result === wanted);
  const [passed, wrong, unseen] = [of('passed'), of('failed'), of('not looked at')];
  const shown = [...(isVerbose ? passed : []), ...unseen, ...wrong];
  if (shown.length > 0) report(`${checkBlocks(shown, io)}\n`);
  const told = (one: Check['result']) => promises.flatMap(({ promise, result }) => (result === one ? promise : []));
  const list = (one: Check['result']) => told(one).join(' ') || 'none';
  report(
    facts([
      ['run', run],
      ['checks', `${passed.length} passed, ${wrong.length} failed, ${unseen.length} not looked at`],
      ['promises', `kept: ${list('passed')}; broken: ${list('failed')}; not looked at: ${list('not looked at')}`],
      [
        'last task',
        latencyMillis === undefined ? 'not measured' : `its service went ${(latencyMillis / 1000).toFixed(1)} s later`,
      ],
      ['took', `${seconds.toFixed(1)} s`],
    ]),
  );
  if (result.isInterrupted) report(`interrupted: ${count(result.left.length, 'object')} of its own left, marked`);
}

/** Each check as a block: what was expected, what was seen, what to do. */
export function checkBlocks(checks: readonly Check[], { out }: Pick<Io, 'out'>): string {
  return blocks(
    checks.map(({ name, result, fault, expected, seen, fix, promises }) => ({
      title: `${result}: ${name}${fault === undefined ? '' : `: ${fault}`}`,
      parts: [
        ['expected', expected],
        ['seen', seen],
        ...(promises === undefined ? [] : [['promises', promises.join(' ')] as const]),
        ...(fix === undefined ? [] : [['fix', fix] as const]),
      ],
    })),
    out,
  );
}
