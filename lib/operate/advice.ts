/** What an explanation comes to, in sentences for somebody who sees the deallocator for the first time. */
import { BLOCKERS_NAMED_MAX } from '../protocol/limits.ts';
import { parseAttachmentName } from '../protocol/model.ts';
import { keyOf } from './cluster.ts';
import type { Explanation } from './explain.ts';
import type { ForecastDeletion, ForecastStep, StayReason } from './forecast.ts';
import type { Neighbourhood } from './neighbourhood.ts';

type Facts = Omit<Explanation, 'advice'>;

export function advise(facts: Facts, part: Neighbourhood): string[] {
  const sentences = facts.state === 'absent' ? adviseAbsent(facts) : adviseThere(facts, part);
  const { agreement } = facts.counter ?? {};
  if (agreement === 'too high' || agreement === 'missing' || agreement === 'left over') {
    const what = {
      'too high': 'counts more than there is',
      missing: 'is not there yet',
      'left over': 'is left over',
    }[agreement];
    sentences.push(`Its counter ${what}. If that is still so in a minute, run a sweep, which sets it right.`);
  }
  if (!facts.isWhole) sentences.push('Not everything around it was read, so more may be in the way than is told here.');
  return sentences;
}

function adviseAbsent({ object, formerLives }: Facts): string[] {
  const last = formerLives[0];
  if (last === undefined) {
    return [
      `${spoken(object)} is not there, and no receipt tells of it: it never was, or was deleted long ago, or not by the deallocator.`,
    ];
  }
  const by = last.markedBy === undefined ? '' : ` by ${last.markedBy}`;
  const why = last.markedReason === undefined ? '' : ` ("${last.markedReason}")`;
  const along = last.wentWith === undefined ? '' : ` together with ${spoken(last.wentWith)}`;
  return [
    `${spoken(object)} is not there: it was deleted at ${last.deletedAt}${along}, after it had been marked${by}${why}.`,
  ];
}

function adviseThere(facts: Facts, part: Neighbourhood): string[] {
  if (facts.state === 'not marked') return adviseNotMarked(facts);
  const { object, forecast, isProtected } = facts;
  const sentences = forecast.steps
    .filter(({ deletions }) => deletions.length > 0)
    .map((step) => sentenceOf(step, part));
  for (const { object: name, reasons } of forecast.stays) {
    sentences.push(...reasons.map((reason) => `${spoken(name)} stays: ${reasonText(reason)}.`));
  }
  if (isProtected) sentences.push(`Take the protection of ${spoken(object)} away to let it go.`);
  sentences.push(`To keep ${spoken(object)}, undelete it: that works until its deletion is done.`);
  return sentences;
}

function adviseNotMarked({ object, usedBy, isProtected, tasks }: Facts): string[] {
  const sentences = [
    `${spoken(object)} is not marked: nobody asked for its removal, and the deallocator leaves it alone.`,
  ];
  if (isProtected) sentences.push('It is protected: take that away before you remove it.');
  const users = usedBy?.filter(({ state }) => state === 'not marked').map((user) => user.object) ?? [];
  if (users.length > 0) {
    sentences.push(
      `It is used by ${list(users.map(spoken))}, which nobody asked to remove: to remove it too, remove or update these first.`,
    );
  } else if (tasks !== undefined && tasks.count > 0) {
    sentences.push(`If you remove it, it goes after its ${tasks.isExact ? '' : 'at least '}${tasks.count} tasks.`);
  } else sentences.push('If you remove it, it goes at once.');
  return sentences;
}

function sentenceOf({ after, deletions }: ForecastStep, part: Neighbourhood): string {
  const goes = deletions.map(goesText).join('; then ');
  if (after === undefined) return `Nothing is in the way: ${goes}. If it is still there in a minute, run a sweep.`;
  if (after.assume === 'sweep') {
    return after.notBefore === undefined
      ? `With the next sweep ${goes}.`
      : `With the first sweep after ${after.notBefore} ${goes}.`;
  }
  const { id } = keyOf(after.service);
  const { count = 0, isExact = true, named = [] } = part.tasks.get(id) ?? {};
  const tasks = list(
    named.map((task) => task.id),
    count,
    isExact,
  );
  return `Stop and delete the ${count === 1 ? 'task' : 'tasks'} ${tasks} of ${spoken(after.service)}: then ${goes}.`;
}

function goesText({ deleted: [first = '', ...along] }: ForecastDeletion): string {
  return `${spoken(first)} goes${along.length === 0 ? '' : `, and with it ${list(along.map(spoken))}`}`;
}

function reasonText(reason: StayReason): string {
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
      return `${list(reason.by.map(spoken))} ${reason.by.length === 1 ? 'uses' : 'use'} it`;
    default:
      return 'more services use it than were read';
  }
}

/** The first few, and how many there are beside. @param count of all of them, exact or at least */
function list(texts: readonly string[], count = texts.length, isExact = true): string {
  const shown = texts.slice(0, BLOCKERS_NAMED_MAX);
  const more = count - shown.length;
  const rest = more > 0 || !isExact ? ` and ${isExact ? '' : 'at least '}${more} more` : '';
  return `${shown.join(', ')}${rest}`;
}

/** `service web` of `service#web`, `task 1 of service web` of `task#3#web#1`. */
export function spoken(name: string): string {
  const user = parseAttachmentName(name, { taskNetworks: true });
  return user.kind === 'task' ? `task ${user.id} of service ${user.serviceId}` : name.replace('#', ' ');
}
