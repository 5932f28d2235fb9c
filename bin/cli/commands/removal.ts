/** rm and undelete: the plan, the question, then the marks, and for rm, with --wait, the wait. */

import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { interruptible } from '../../../lib/operate/interruptible.ts';
import type { Names } from '../../../lib/operate/names.ts';
import { type Applied, type ApplyOptions, applyRemoval, applyUndelete } from '../../../lib/operate/reports/apply.ts';
import { keyOf } from '../../../lib/operate/reports/order.ts';
import {
  type PlanRefusal,
  planRemoval,
  planUndelete,
  type RemovalPlan,
  type Selection,
} from '../../../lib/operate/reports/plan.ts';
import type { Awaited, WaitResult } from '../../../lib/operate/reports/wait.ts';
import { checkDeclared } from '../../../lib/protocol/arguments.ts';
import {
  asTyped,
  type Given,
  isFromInput,
  readLabel,
  readParentLines,
  readParents,
  readTime,
  refuseMore,
} from '../arguments.ts';
import { BLOCKED, type Command, DONE, FAILED, type Option, type Session } from '../command.ts';
import type { Deployment } from '../connection.ts';
import { UsageError } from '../errors.ts';
import { ask, isTerminal, mustAsk, readWholeInput } from '../input.ts';
import { findTyped, openTyped } from '../objects.ts';
import { openProgress } from '../progress.ts';
import { sayBeside } from '../terminal.ts';
import {
  describeApplied,
  describeRemoval,
  describeUndelete,
  removalQuestion,
  stopWords,
  undeleteQuestion,
} from './plans.ts';
import { printOutcomes, TIMEOUT, waitFor } from './wait.ts';

const DECLARED: Readonly<Record<string, Option>> = {
  by: { value: 'NAME', says: 'who asks (default: the name you are signed in by)' },
  reason: { value: 'TEXT', says: 'why; kept with the object, and in its receipt' },
};
const SELECTING: Readonly<Record<string, Option>> = {
  stack: { value: 'STACK', says: 'all services and networks of a stack, instead of KIND ID…' },
  cascade: { value: 'STACK', says: 'the same as --stack' },
  label: { value: 'NAME[=VALUE]', says: 'all services and networks with that label, instead of KIND ID…' },
  'ignore-missing': { says: 'goes on without what is not there (default: nothing is done then)' },
};
const CARRYING_OUT: Readonly<Record<string, Option>> = {
  'dry-run': { says: 'prints the plan, and writes nothing' },
  yes: { says: 'does not ask; without a terminal nothing is asked anyway' },
};

export const rm: Command = {
  name: 'rm',
  aliases: ['delete', 'remove'],
  group: 'Remove and keep',
  takes: 'KIND ID…',
  says: 'asks for the removal of services or networks: they go when nothing uses them any more',
  options: {
    ...CARRYING_OUT,
    ...SELECTING,
    'even-in-use': { says: 'also marks networks that other services use; they go once those no longer use them' },
    wait: { says: 'waits until all of them are gone; status 3 if they stay' },
    timeout: TIMEOUT,
    ...DECLARED,
  },
  examples: [
    ['deallocator rm service web --dry-run', 'what would go, in which order, and what would stay'],
    ['deallocator rm service/web network/front --reason "moved to eu-1"', 'two, and why'],
    ['deallocator rm --stack shop --wait --timeout 10m', 'a whole stack; status 3 if it is not gone by then'],
    ['deallocator ls --label env=test -o name | deallocator rm - --yes', 'many; run it again to go on after Ctrl-C'],
  ],
  async run(session, given) {
    checkSelection(given);
    const declared = declaredOf(session, given);
    const timeoutMillis = readTime(given, 'timeout');
    if (timeoutMillis !== undefined && !given.flag('wait')) throw new UsageError('--timeout goes with --wait');
    const selected = await select(session, given);
    const { deployment } = selected;
    const { plan: kinds } = deployment.cluster;
    const whenInUse = given.flag('even-in-use') ? 'wait' : 'refuse';
    const plan = await planned(session, planRemoval(deployment.cluster, { ...selected.selection, whenInUse }));
    const { target } = deployment;
    const end = await carryOut(session, given, {
      document: { plan },
      kinds,
      plan,
      planned: plan.marks.length,
      leftAlone: plan.alreadyMarked.length,
      text: describeRemoval(kinds, plan, target),
      question: selected.isAsked ? removalQuestion(kinds, plan, target) : undefined,
      done: 'marked',
      apply: (options) => applyRemoval(deployment.client, plan, declared, { ...options, plan: kinds }),
    });
    if (!('applied' in end)) return end.status;
    let waited: WaitResult | undefined;
    if (given.flag('wait')) {
      waited = await waitFor(session, deployment, awaitedOf(kinds, plan, end.applied), timeoutMillis);
      if (!session.isJson) printOutcomes(kinds, session.say, waited);
    }
    if (session.isJson) session.printJson({ plan, applied: end.applied, ...(waited && { waited }) });
    return statusOf(given, plan.refused, end.applied, waited);
  },
};

export const undelete: Command = {
  name: 'undelete',
  group: 'Remove and keep',
  takes: 'KIND ID…',
  says: 'takes marks back; works until the deletion commits',
  options: { ...CARRYING_OUT, ...SELECTING, ...DECLARED },
  examples: [
    ['deallocator undelete service web', 'web stays'],
    ['deallocator undelete --stack shop --reason "wrong stack"', 'all of a stack that is still there, and why'],
  ],
  async run(session, given) {
    checkSelection(given);
    const declared = declaredOf(session, given);
    const { deployment, selection, isAsked } = await select(session, given);
    const { plan: kinds } = deployment.cluster;
    const plan = await planned(session, planUndelete(deployment.cluster, selection));
    const { target } = deployment;
    const end = await carryOut(session, given, {
      document: { plan },
      kinds,
      plan,
      planned: plan.undeletes.length,
      leftAlone: plan.notMarked.length,
      text: describeUndelete(kinds, plan, target),
      question: isAsked ? undeleteQuestion(plan, target) : undefined,
      done: 'undeleted',
      apply: (options) => applyUndelete(deployment.client, plan, declared, { ...options, plan: kinds }),
    });
    if (!('applied' in end)) return end.status;
    if (session.isJson) session.printJson({ plan, applied: end.applied });
    return statusOf(given, plan.refused, end.applied, undefined);
  },
};

interface Selected {
  readonly deployment: Deployment;
  readonly selection: Selection;
  readonly isAsked: boolean;
}

/** Before anything is read or opened. */
function checkSelection(given: Given): void {
  const [stack, cascade] = [given.text('stack'), given.text('cascade')];
  if (stack !== undefined && cascade !== undefined) {
    throw new UsageError('--stack and --cascade are the same; the deployed stack is named by --deployment');
  }
  const option = stack !== undefined ? '--stack' : '--cascade';
  if ((stack ?? cascade) === '') throw new UsageError(`${option} is "", allowed: the name of a stack`);
  if (stack !== undefined && given.positionals.length > 0) {
    throw new UsageError(
      `"${given.positionals[0]}" is one argument too many: --stack names objects by their stack here, and --deployment the deployed stack`,
    );
  }
  if ((stack ?? cascade ?? readLabel(given)) !== undefined) refuseMore(given, 0);
}

async function select(session: Session, given: Given): Promise<Selected> {
  const { io } = session;
  const stack = given.text('stack') ?? given.text('cascade');
  const label = readLabel(given);
  const isInputTaken = isFromInput(given);
  const isAsked = mustAsk(io, given, isInputTaken);
  if (stack !== undefined || label !== undefined) {
    const deployment = await session.open();
    return { deployment, selection: { stack, labels: label === undefined ? [] : [label] }, isAsked };
  }
  const input = isInputTaken ? await readWholeInput(io) : undefined;
  const { deployment, typed } = await openTyped(session, (plan) =>
    input === undefined ? readParents(plan, given) : readParentLines(plan, given, input),
  );
  if (typed.length === 0) sayBeside(io, 'Standard input names no object, so there is nothing to do.');
  // Without a person who reads what was found, only whole ids and names count.
  const beginnings = isTerminal(io) && !given.flag('yes') ? 'any' : 'made ids';
  const objects = await findTyped(session, deployment, typed, { beginnings });
  return { deployment, selection: { objects }, isAsked };
}

async function planned<P>({ io }: Session, planning: Promise<P>): Promise<P> {
  const progress = openProgress(io);
  progress.update(0, 0, 'reading what the plan is about');
  return interruptible(planning, io).finally(() => progress.close());
}

interface Work {
  readonly kinds: Plan;
  readonly document: object;
  readonly plan: { readonly refused: readonly PlanRefusal[]; readonly names: Names };
  /** Objects to write, and objects that are as they should be. */
  readonly planned: number;
  readonly leftAlone: number;
  readonly text: string;
  readonly question: string | undefined;
  readonly done: 'marked' | 'undeleted';
  apply(options: ApplyOptions): Promise<Applied[]>;
}

/** Prints the plan, and applies it. A status where it is not applied. */
async function carryOut(
  { io, isJson, say, printJson }: Session,
  given: Given,
  { kinds, document, plan, planned, leftAlone, text, question, done, apply }: Work,
): Promise<{ applied: Applied[] } | { status: number }> {
  if (!isJson) say(text);
  const { refused } = plan;
  const isStopped = !given.flag('ignore-missing') && refused.some(({ because }) => because === 'not found');
  if (given.flag('dry-run')) {
    if (isJson) printJson(document);
    const isAllRefused = planned + leftAlone === 0;
    return { status: isStopped ? FAILED : isAllRefused ? statusOf(given, refused, [], undefined) : DONE };
  }
  if (isStopped) {
    if (isJson) printJson({ ...document, applied: [] });
    else sayBeside(io, stopWords(kinds, plan, done));
    return { status: FAILED };
  }
  io.signal.throwIfAborted();
  const isAsked = question !== undefined && planned > 0;
  const nothing = `Nothing was ${done}.\n`;
  const isMeant =
    !isAsked ||
    (await ask(io, question).catch((error) => {
      io.err.write(`\n${nothing}`);
      throw error;
    }));
  if (!isMeant) {
    io.err.write(nothing);
    if (isJson) printJson({ ...document, applied: [] });
    return { status: FAILED };
  }
  const progress = openProgress(io);
  let written = 0;
  const onProgress: ApplyOptions['onProgress'] = (at) => {
    written = at.done;
    progress.update(at.done, at.total, `${done} ${at.done} of ${at.total}`);
  };
  try {
    const applied = await apply({ signal: io.signal, onProgress });
    progress.close();
    if (!isJson) for (const line of describeApplied(kinds, applied, plan.names)) say(line);
    return { applied };
  } catch (error) {
    if (io.signal.aborted) io.err.write(`${done} ${written} of ${planned}; run the same again to go on\n`);
    throw error;
  } finally {
    progress.close();
  }
}

function declaredOf({ io }: Session, given: Given): { by?: string; reason?: string } {
  const by = given.text('by') ?? io.userName;
  const reason = given.text('reason');
  const declared = { ...(by && { by }), ...(reason !== undefined && { reason }) };
  asTyped(() => checkDeclared(declared));
  return declared;
}

/** What is marked now, each under the mark that it has. */
function awaitedOf(plan: Plan, { alreadyMarked }: RemovalPlan, applied: readonly Applied[]): Awaited[] {
  const marks = [
    ...alreadyMarked.map(({ object, mark }) => ({ object, markedAt: mark.markedAt })),
    ...applied.filter(({ error }) => error === undefined),
  ];
  return marks.map(({ object, markedAt }) => ({
    ...keyOf(plan, object),
    ...(markedAt !== undefined && { markedAt }),
  }));
}

function statusOf(
  given: Given,
  refused: readonly PlanRefusal[],
  applied: readonly Applied[],
  waited: WaitResult | undefined,
): number {
  const isBlocked =
    refused.some(({ because }) => because !== 'not found') ||
    // Without blockers it is about grants or table names.
    applied.some(({ error }) => error?.code === 'FailedPrecondition' && error.blockers.length > 0) ||
    waited?.isDone === false;
  if (isBlocked) return BLOCKED;
  const isMissed = refused.length > 0 && !given.flag('ignore-missing');
  return isMissed || applied.some(({ error }) => error !== undefined) ? FAILED : DONE;
}
