/** rm and undelete: the plan, then the marks, and for rm, with --wait, the wait. */

import { interruptible } from '../../../lib/operate/interruptible.ts';
import { spoken } from '../../../lib/operate/names.ts';
import {
  type Applied,
  applyRemoval,
  applyUndelete,
  type PlanRefusal,
  planRemoval,
  planUndelete,
  type RemovalPlan,
  type UndeletePlan,
} from '../../../lib/operate/reports/plan.ts';
import type { Awaited, WaitResult } from '../../../lib/operate/reports/wait.ts';
import { checkDeclared } from '../../../lib/protocol/arguments.ts';
import { type ParentKey, parseParentName } from '../../../lib/protocol/model.ts';
import { asTyped, type Given, readParents, readTime, refuseMore } from '../arguments.ts';
import { BLOCKED, type Command, DONE, FAILED, type Option, type Session } from '../command.ts';
import { UsageError } from '../errors.ts';
import { visible } from '../text.ts';
import { forecastLines, markWords } from '../words.ts';
import { printOutcomes, TIMEOUT, waitFor } from './wait.ts';

const DECLARED: Readonly<Record<string, Option>> = {
  by: { value: 'NAME', says: 'who asks (default: the name you are signed in by)' },
  reason: { value: 'TEXT', says: 'why; kept with the object, and in its receipt' },
};
const CASCADE: Option = { value: 'STACK', says: 'all services and networks of a stack, instead of KIND ID…' };
const DRY_RUN: Option = { says: 'prints the plan, and writes nothing' };

export const rm: Command = {
  name: 'rm',
  takes: 'KIND ID…',
  says: 'asks for the removal of services or networks: they go when nothing uses them any more',
  options: {
    'dry-run': DRY_RUN,
    cascade: CASCADE,
    'even-in-use': { says: 'also marks networks that other services use; they go once those no longer use them' },
    wait: { says: 'waits until all of them are gone; status 3 if they stay' },
    timeout: TIMEOUT,
    ...DECLARED,
  },
  examples: [
    ['deallocator rm service web --dry-run', 'what would go, in which order, and what would stay'],
    ['deallocator rm service web api --reason "moved to eu-1"', 'two, and why'],
    ['deallocator rm --cascade shop --wait --timeout 10m', 'a whole stack; status 3 if it is not gone by then'],
  ],
  async run(session, given) {
    const request = readRequest(given);
    const declared = declaredOf(session, given);
    const timeoutMillis = readTime(given, 'timeout');
    if (timeoutMillis !== undefined && !given.flag('wait')) throw new UsageError('--timeout goes with --wait');
    const deployment = await session.open();
    const whenInUse = given.flag('even-in-use') ? 'wait' : 'refuse';
    const plan = await interruptible(planRemoval(deployment.cluster, { ...request, whenInUse }), session.io);
    const apply = () => applyRemoval(deployment.client, plan, declared);
    const applied = await carryOut(session, given, plan, describeRemoval(plan), apply);
    if (applied === undefined) return DONE;
    let waited: WaitResult | undefined;
    if (given.flag('wait')) {
      waited = await waitFor(session, deployment, awaitedOf(plan, applied), timeoutMillis);
      if (!session.isJson) printOutcomes(session, waited);
    }
    if (session.isJson) session.printJson({ plan, applied, ...(waited && { waited }) });
    return statusOf(plan.refused, applied, waited);
  },
};

export const undelete: Command = {
  name: 'undelete',
  takes: 'KIND ID…',
  says: 'takes marks back; works until the deletion commits',
  options: { 'dry-run': DRY_RUN, cascade: CASCADE, ...DECLARED },
  examples: [
    ['deallocator undelete service web', 'web stays'],
    ['deallocator undelete --cascade shop --reason "wrong stack"', 'all of a stack that is still there, and why'],
  ],
  async run(session, given) {
    const request = readRequest(given);
    const declared = declaredOf(session, given);
    const { cluster, client } = await session.open();
    const plan = await interruptible(planUndelete(cluster, request), session.io);
    const apply = () => applyUndelete(client, plan, declared);
    const applied = await carryOut(session, given, plan, describeUndelete(plan), apply);
    if (applied === undefined) return DONE;
    if (session.isJson) session.printJson({ plan, applied });
    return statusOf(plan.refused, applied, undefined);
  },
};

/** Prints the plan, and applies it; undefined for a dry run. */
async function carryOut(
  { io, isJson, print, printJson }: Session,
  given: Given,
  plan: unknown,
  description: string,
  apply: () => Promise<Applied[]>,
): Promise<Applied[] | undefined> {
  if (!isJson) print(description);
  if (given.flag('dry-run')) {
    if (isJson) printJson({ plan });
    return undefined;
  }
  io.signal.throwIfAborted();
  const applied = await apply();
  if (!isJson) {
    for (const { object, outcome, error } of applied) {
      print(visible(`${spoken(object)}: ${error === undefined ? outcome : `${error.message} [${error.code}]`}`));
    }
  }
  return applied;
}

function readRequest(given: Given): { objects: ParentKey[] } | { stack: string } {
  const stack = given.text('cascade');
  if (stack === undefined) return { objects: readParents(given) };
  refuseMore(given, 0);
  if (stack === '') throw new UsageError('--cascade is "", allowed: the name of a stack');
  return { stack };
}

function declaredOf({ io }: Session, given: Given): { by?: string; reason?: string } {
  const by = given.text('by') ?? io.userName;
  const reason = given.text('reason');
  const declared = { ...(by && { by }), ...(reason !== undefined && { reason }) };
  asTyped(() => checkDeclared(declared));
  return declared;
}

function describeRemoval({ marks, alreadyMarked, refused, forecast }: RemovalPlan): string {
  return [
    'Plan',
    ...marks.map(({ object, waitsFor }) => {
      const why = waitsFor.length === 0 ? '' : `; waits for ${waitsFor.map(spoken).join(', ')}`;
      return `  mark ${visible(spoken(object) + why)}`;
    }),
    ...alreadyMarked.map(({ object, mark }) => `  leave ${visible(`${spoken(object)}: marked ${markWords(mark)}`)}`),
    ...refused.map(refusalLine),
    ...forecastLines(forecast),
    '',
  ].join('\n');
}

function describeUndelete({ undeletes, notMarked, refused }: UndeletePlan): string {
  return [
    'Plan',
    ...undeletes.map(({ object, mark }) => `  undelete ${visible(`${spoken(object)}: marked ${markWords(mark)}`)}`),
    ...notMarked.map((object) => `  leave ${visible(spoken(object))}: not marked`),
    ...refused.map(refusalLine),
    '',
  ].join('\n');
}

const REFUSALS: Readonly<Record<PlanRefusal['because'], string>> = {
  'not found': 'is not there; "deallocator history" tells whether it was deleted',
  protected: 'is protected; take that away first ("deallocator unprotect")',
  'in use':
    'is in use by services that are not to be removed; remove or update them, or let it wait for them ("--even-in-use")',
};

function refusalLine({ object, because, blockers }: PlanRefusal): string {
  const named = blockers.length > 0 ? `: ${blockers.map(spoken).join(', ')}` : '';
  return `  refuse ${visible(`${spoken(object)} ${REFUSALS[because]}${named}`)}`;
}

/** What is marked now, each under the mark that it has. */
function awaitedOf({ alreadyMarked }: RemovalPlan, applied: readonly Applied[]): Awaited[] {
  const marks = [
    ...alreadyMarked.map(({ object, mark }) => ({ object, markedAt: mark.markedAt })),
    ...applied.filter(({ error }) => error === undefined),
  ];
  return marks.flatMap(({ object, markedAt }) => {
    const key = parseParentName(object);
    return key === undefined ? [] : [{ ...key, ...(markedAt !== undefined && { markedAt }) }];
  });
}

function statusOf(
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
  return refused.length > 0 || applied.some(({ error }) => error !== undefined) ? FAILED : DONE;
}
