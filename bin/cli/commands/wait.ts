import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { called, listed, spoken } from '../../../lib/operate/names.ts';
import {
  type Awaited,
  type WaitOutcome,
  type WaitProgress,
  type WaitResult,
  waitUntilGone,
} from '../../../lib/operate/reports/wait.ts';
import { RECEIPT_DAYS_DEFAULT } from '../../../lib/protocol/limits.ts';
import { readParents, readTime } from '../arguments.ts';
import { BLOCKED, type Command, DONE, FAILED, type Session } from '../command.ts';
import type { Deployment } from '../connection.ts';
import { isDrawable } from '../io.ts';
import { shortOutcomes } from '../lists.ts';
import { findTyped, openTyped } from '../objects.ts';
import { openProgress } from '../progress.ts';
import { sayBeside } from '../terminal.ts';
import { visible } from '../text.ts';
import { childOf, countWords, NOT_ALL_READ, reasonWords, standingWords } from '../words.ts';

/** Objects that one line of progress names. */
const NAMED_MAX = 3;

/** Why what is not there is not called gone. */
const NO_RECEIPT = `, and no receipt tells that it was deleted (receipts are kept for ${RECEIPT_DAYS_DEFAULT} days by default)`;

export const TIMEOUT = { value: 'TIME', says: 'how long to wait, such as 90s or 10m (default: as long as it takes)' };

export const wait: Command = {
  name: 'wait',
  group: 'Look',
  takes: 'KIND ID…',
  says: 'waits until marked services or networks are gone; status 3 if they stay, 1 if they are not there',
  options: { timeout: TIMEOUT },
  examples: [
    ['deallocator wait service web --timeout 10m', 'status 3 if web is still there then, or was undeleted'],
    ['deallocator rm service web && deallocator wait service web', 'the same as rm --wait'],
  ],
  async run(session, given) {
    const timeoutMillis = readTime(given, 'timeout');
    const { deployment, typed } = await openTyped(session, (plan) => readParents(plan, given));
    const found = await findTyped(session, deployment, typed);
    const result = await waitFor(session, deployment, found, timeoutMillis);
    if (session.isJson) session.printJson(result);
    else printOutcomes(deployment.cluster.plan, session.report, result);
    return statusOf(result);
  },
};

/** What is not there can't be waited for; but what stays needs more attention. */
function statusOf({ outcomes, isDone }: WaitResult): number {
  if (isDone) return DONE;
  return outcomes.every(({ outcome }) => outcome === 'gone' || outcome === 'not there') ? FAILED : BLOCKED;
}

export function printOutcomes(plan: Plan, print: Session['print'], { outcomes }: WaitResult): void {
  const words = outcomes.map((one) => outcomeWords(plan, one));
  for (const line of shortOutcomes(outcomes, words, ({ outcome }) => outcome !== 'gone')) print(line);
}

function outcomeWords(plan: Plan, { object, name, outcome, isWhole, waitsFor }: WaitOutcome): string {
  const why = waitsFor === undefined ? '' : `, ${standingWords(plan, waitsFor, waitsFor.hold)}`;
  const absence = isWhole === false ? `, and ${NOT_ALL_READ}` : NO_RECEIPT;
  return visible(`${called(plan, object, name)}: ${outcome}${why}${outcome === 'not there' ? absence : ''}`);
}

/** Shows on stderr what is still waited for: a bar in a terminal, else a line for each change. */
export async function waitFor(
  { io }: Session,
  { cluster }: Deployment,
  awaited: readonly Awaited[],
  timeoutMillis: number | undefined,
): Promise<WaitResult> {
  const looks = waitUntilGone(cluster, awaited, { signal: io.signal, timeoutMillis });
  const progress = openProgress(io);
  let most = 0;
  let last = '';
  try {
    for (;;) {
      const look = await looks.next();
      if (look.done) return look.value;
      const left = leftOf(look.value);
      most = Math.max(most, left);
      const text = wordsOf(cluster.plan, look.value);
      progress.update(most - left, most, text);
      if (!isDrawable(io.err, io.environment) && text !== last && text !== '') sayBeside(io, text);
      last = text;
    }
  } finally {
    progress.close();
  }
}

/** Children and the objects themselves, so that the bar is full only when all are gone. */
function leftOf({ waitingFor }: WaitProgress): number {
  return waitingFor.reduce((sum, { children }) => sum + children.count + 1, 0);
}

/** A typo among others is told at once, and not when these are gone. */
function wordsOf(plan: Plan, { waitingFor, ended }: WaitProgress): string {
  if (waitingFor.length === 0) return '';
  const named = waitingFor.slice(0, NAMED_MAX).map((entry) => {
    const { object, name, children, hold, state } = entry;
    const isUsual = state === 'draining' || state === 'ready' || state === 'held';
    const why = [
      ...(children.count > 0 ? [countWords(children, childOf(plan, object))] : []),
      ...(isUsual ? [] : [standingWords(plan, entry)]),
      ...(hold ? [reasonWords(plan, hold)] : []),
    ];
    return called(plan, object, name, why.join(', ') || 'about to go');
  });
  const more = waitingFor.length > NAMED_MAX ? ` and ${waitingFor.length - NAMED_MAX} more` : '';
  const absent = ended.filter(({ outcome }) => outcome === 'not there').map(({ object }) => spoken(plan, object));
  const missing = absent.length > 0 ? `; not there: ${listed(absent)}` : '';
  return visible(`waiting for ${named.join(', ')}${more}${missing}`);
}
