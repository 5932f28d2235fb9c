/** What to do about an object, in sentences for a reader who sees the deallocator for the first time. */

import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { RECEIPT_DAYS_DEFAULT } from '../../protocol/limits.ts';
import { parseUserName, serviceOf } from '../../protocol/model.ts';
import { listed as list, spokenWith } from '../names.ts';
import { keyOf } from './cluster.ts';
import type { Facts } from './facts.ts';
import {
  type Forecast,
  type ForecastDeletion,
  type ForecastStay,
  type ForecastStep,
  forecast,
  type StayReason,
} from './forecast.ts';
import { type Neighbourhood, withMarks } from './neighbourhood.ts';

export function advise(facts: Facts, part: Neighbourhood, circumstances: Circumstances): string[] {
  const sentences = facts.state === 'absent' ? adviseAbsent(facts) : adviseThere(facts, part, circumstances);
  const { agreement } = facts.counter ?? {};
  if (agreement === 'too high' || agreement === 'missing' || agreement === 'left over') {
    const what = {
      'too high': 'counts more than there is',
      missing: 'is not there yet',
      'left over': 'is left over',
    }[agreement];
    sentences.push(
      `Its counter ${what}. If that is still so in a minute, run a sweep ("deallocator sweep"), which sets it right.`,
    );
  }
  if (agreement === 'unreadable') {
    sentences.push(
      `Its counter holds what the deallocator never writes, so ${say(facts.object, part)} can't be settled: "deallocator audit --repair" resets the counter, and then it goes on.`,
    );
  }
  if (!facts.isWhole && facts.state !== 'absent')
    sentences.push('Not everything around it was read, so more may be in the way than is told here.');
  return sentences;
}

function adviseAbsent({ object, formerLives, names, isWhole }: Facts): string[] {
  const last = formerLives[0];
  if (last === undefined) {
    if (!isWhole) return [`${spokenWith(names, object)} is not there. Not all was read, so it may have been deleted.`];
    return [
      `${spokenWith(names, object)} is not there, and no receipt tells of a deletion: the id may be mistyped. Receipts are kept for ${RECEIPT_DAYS_DEFAULT} days, unless the deployment says otherwise, and only the deallocator leaves one.`,
    ];
  }
  const by = last.markedBy === undefined ? '' : ` by ${last.markedBy}`;
  const why = last.markedReason === undefined ? '' : ` ("${last.markedReason}")`;
  const along = last.wentWith === undefined ? '' : ` together with ${spokenWith(names, last.wentWith)}`;
  return [
    `${spokenWith(names, object)} is gone: it was deleted at ${last.deletedAt}${along}, after it had been marked${by}${why}.`,
  ];
}

function adviseThere(facts: Facts, part: Neighbourhood, circumstances: Circumstances): string[] {
  if (facts.state === 'not marked') return adviseNotMarked(facts, part, circumstances);
  const { object, forecast, standing } = facts;
  return [
    ...(standing?.state === 'stalled' ? [stalledSentence(facts, part, standing.noProgressSeconds)] : []),
    ...forecast.steps.flatMap((step) => sentenceOf(step, part)),
    ...forecast.stays.map((stay) => staySentence(stay, part)),
    `To keep ${say(object, part)}, undelete it ("deallocator undelete"): that works until its deletion is done.`,
  ];
}

/** Where nothing is in the way, the forecast's own sentence says that a sweep helps. */
function stalledSentence({ object, tasks }: Facts, part: Neighbourhood, noProgressSeconds: number): string {
  const since = `${say(object, part)} has made no progress for ${Math.floor(noProgressSeconds / 60)} min`;
  if (tasks === undefined || tasks.count === 0) return `${since}.`;
  return `${since}: see whether what runs its tasks still does, and deletes them once they have stopped.`;
}

function adviseNotMarked(facts: Facts, part: Neighbourhood, circumstances: Circumstances): string[] {
  const { object, usedBy, isProtected, hasMalformedMark } = facts;
  const sentences = [
    `${say(object, part)} is not marked: nobody asked for its removal, and the deallocator leaves it alone.`,
  ];
  if (hasMalformedMark) {
    sentences.push(
      'A mark may have been meant: its pendingDelete is neither true nor false, which is no mark; "deallocator rm" makes one.',
    );
  }
  if (isProtected) {
    sentences.push('It is protected: take that away ("deallocator unprotect") before you remove it.');
  }
  const users = usedBy?.filter(({ state }) => state === 'not marked').map((user) => user.object) ?? [];
  if (users.length > 0) {
    sentences.push(
      `It is used by ${list(users.map((one) => say(one, part)))}, which nobody asked to remove: to remove it too, remove ("deallocator rm") or update these first.`,
    );
  } else if (!isProtected) {
    // What a removal would plan: nothing that is told of it here may be contradicted there.
    const ifRemoved = forecast(withMarks(part, new Set([object]), facts.readAt), circumstances);
    sentences.push(...ifRemovedSentence(object, part, ifRemoved));
  }
  return sentences;
}

function ifRemovedSentence(object: string, part: Neighbourhood, { steps, stays }: Forecast): string[] {
  const step = steps.find(({ deletions }) => deletions.some(({ deleted }) => deleted.includes(object)));
  if (step !== undefined) return [`If you remove it, it goes ${whenText(step, steps, object, part)}.`];
  const stay = stays.find((one) => one.object === object);
  return stay === undefined
    ? []
    : [`If you remove it, it stays for now: ${stay.reasons.map((reason) => reasonText(reason, part)).join(', and ')}.`];
}

function whenText(
  { after }: ForecastStep,
  steps: readonly ForecastStep[],
  object: string,
  part: Neighbourhood,
): string {
  if (after === undefined) return 'at once';
  if (after.assume === 'tasks gone') return `after ${tasksOf(after.service, part)}`;
  const sweep = after.notBefore === undefined ? 'with the next sweep' : `with the first sweep after ${after.notBefore}`;
  const drains = steps.some((step) => step.after?.assume === 'tasks gone' && step.after.service === object);
  return drains ? `${sweep}, if ${tasksOf(object, part)} are gone by then` : sweep;
}

/** Nothing for a sweep that deletes nothing. */
function sentenceOf({ after, deletions }: ForecastStep, part: Neighbourhood): string[] {
  const goes = deletions.map((deletion) => goesText(deletion, part)).join('; then ');
  if (after === undefined) {
    return [`Nothing is in the way: ${goes}. If it is still there in a minute, run a sweep ("deallocator sweep").`];
  }
  if (after.assume === 'tasks gone') {
    const stop = `Stop and delete ${tasksOf(after.service, part)}`;
    return [goes === '' ? `${stop}: only then can what follows happen.` : `${stop}: then ${goes}.`];
  }
  if (goes === '') return [];
  if (after.notBefore !== undefined) return [`With the first sweep after ${after.notBefore} ${goes}.`];
  return [`With the next sweep ${goes}; "deallocator sweep" runs one now.`];
}

/** `the tasks 1, 2, … and 7 more of service web`. */
function tasksOf(service: string, part: Neighbourhood): string {
  return `the ${tasksText(keyOf(service).id, part)} of ${say(service, part)}`;
}

/** `task 1`, `tasks 1, 2, … and 7 more`. */
function tasksText(serviceId: string, part: Neighbourhood): string {
  const { count = 0, isExact = true, named = [] } = part.tasks.get(serviceId) ?? {};
  const ids = named.map(({ id }) => id);
  return `${count === 1 ? 'task' : 'tasks'} ${list(ids, count, isExact)}`;
}

function staySentence({ object, reasons }: ForecastStay, part: Neighbourhood): string {
  const name = say(object, part);
  if (reasons.some(({ because }) => because === 'not marked')) return `${name} stays: nobody asked for its removal.`;
  const remedies = reasons.flatMap((reason) => remediesOf(keyOf(object), reason, part));
  const remedy = remedies.length === 0 ? '' : ` To let it go, ${remedies.join('; and ')}.`;
  return `${name} stays: ${reasons.map((reason) => reasonText(reason, part)).join(', and ')}.${remedy}`;
}

/** What to do about a reason. A service that is marked itself has a sentence of its own. */
function remediesOf({ kind, id }: ItemKey, reason: StayReason, part: Neighbourhood): string[] {
  if (reason.because === 'protected') return ['take its protection away ("deallocator unprotect")'];
  if (reason.because === 'tasks') return [`stop and delete its ${tasksText(id, part)}`];
  if (reason.because === 'unreadable counter') return ['have its counter reset ("deallocator audit --repair")'];
  if (reason.because !== 'used') return [];
  const users = reason.by
    .map(userOf)
    .filter((user) => part.parents.get(itemName(serviceOf(user)))?.pendingDelete !== true);
  const services = users.filter((user) => user.kind === 'service');
  const tasks = users.filter((user) => user.kind === 'task').map(itemName);
  const shielded = services.filter((service) => part.parents.get(itemName(service))?.isProtected);
  const named = (some: readonly ItemKey[]) => list(some.map((one) => say(itemName(one), part)));
  const first = shielded.length === 0 ? '' : ` (${named(shielded)} only after "deallocator unprotect")`;
  const update = `update ${services.length === 1 ? 'it' : 'them'} not to use ${say(itemName({ kind, id }), part)}`;
  return [
    ...(services.length > 0 ? [`remove ${named(services)} too ("deallocator rm")${first}, or ${update}`] : []),
    ...(tasks.length > 0 ? [`stop and delete ${list(tasks.map((one) => say(one, part)))}`] : []),
  ];
}

function goesText({ deleted: [first = '', ...along] }: ForecastDeletion, part: Neighbourhood): string {
  return `${say(first, part)} goes${along.length === 0 ? '' : `, and with it ${list(along.map((one) => say(one, part)))}`}`;
}

function reasonText(reason: StayReason, part: Neighbourhood): string {
  switch (reason.because) {
    case 'not marked':
      return 'nobody asked for its removal';
    case 'protected':
      return 'it is protected';
    case 'grace period':
      return `its grace period ends at ${reason.until}`;
    case 'tasks':
      return `it has ${reason.isExact ? '' : 'at least '}${reason.tasks} ${reason.tasks === 1 ? 'task' : 'tasks'}`;
    case 'used':
      return `${list(reason.by.map((one) => say(one, part)))} ${reason.by.length === 1 ? 'uses' : 'use'} it`;
    case 'unreadable counter':
      return 'its counter was overwritten';
    default:
      return 'more services use it than were read';
  }
}

function say(object: string, { names }: Neighbourhood): string {
  return spokenWith(names, object);
}

/** From a name such as `service#web`, or `task#3#web#1`. */
function userOf(name: string): ItemKey {
  return parseUserName(name) ?? keyOf(name);
}
