/** What to do about an object, in sentences for a reader who sees the deallocator for the first time. */

import { parseItemName } from '../../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { RECEIPT_DAYS_DEFAULT } from '../../protocol/limits.ts';
import { guardedOf, listed as list, planned, spokenWith } from '../names.ts';
import { deleteWords, runnerWords } from './ending-words.ts';
import type { Facts } from './facts.ts';
import { forecast } from './forecast.ts';
import type { Forecast, ForecastDeletion, ForecastStay, ForecastStep, StayReason } from './foreseen.ts';
import { type Leaves, leavesOf } from './leaves.ts';
import { type Neighbourhood, withMarks } from './neighbourhood.ts';
import { keyOf } from './order.ts';

export function advise(facts: Facts, part: Neighbourhood, circumstances: Circumstances): string[] {
  const sentences = facts.state === 'absent' ? adviseAbsent(facts, part) : adviseThere(facts, part, circumstances);
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

function adviseAbsent({ object, formerLives, names, isWhole }: Facts, { plan }: Neighbourhood): string[] {
  const last = formerLives[0];
  if (last === undefined) {
    if (!isWhole)
      return [`${spokenWith(plan, names, object)} is not there. Not all was read, so it may have been deleted.`];
    return [
      `${spokenWith(plan, names, object)} is not there, and no receipt tells of a deletion: the id may be mistyped. Receipts are kept for ${RECEIPT_DAYS_DEFAULT} days, unless the deployment says otherwise, and only the deallocator leaves one.`,
    ];
  }
  const by = last.markedBy === undefined ? '' : ` by ${last.markedBy}`;
  const why = last.markedReason === undefined ? '' : ` ("${last.markedReason}")`;
  const along = last.wentWith === undefined ? '' : ` together with ${spokenWith(plan, names, last.wentWith)}`;
  return [
    `${spokenWith(plan, names, object)} is gone: it was deleted at ${last.deletedAt}${along}, after it had been marked${by}${why}.`,
  ];
}

function adviseThere(facts: Facts, part: Neighbourhood, circumstances: Circumstances): string[] {
  if (facts.state === 'not marked') return adviseNotMarked(facts, part, circumstances);
  const { object, forecast, standing } = facts;
  return [
    ...(standing?.state === 'stalled' ? [stalledSentence(facts, part, standing.noProgressSeconds)] : []),
    ...forecast.steps.flatMap((step) => sentenceOf(step, part)),
    ...forecast.stays.map((stay) => staySentence(stay, part)),
    ...ringSentence(forecast, part),
    `To keep ${say(object, part)}, undelete it ("deallocator undelete"): that works until its deletion is done.`,
  ];
}

/** Where nothing is in the way, the forecast's own sentence says that a sweep helps. */
function stalledSentence({ object }: Facts, part: Neighbourhood, noProgressSeconds: number): string {
  const since = `${say(object, part)} has made no progress for ${Math.floor(noProgressSeconds / 60)} min`;
  const kinds = leavesOf(part, keyOf(part.plan, object)).map(({ kind }) => kind);
  return kinds.length === 0 ? `${since}.` : `${since}: ${runnerWords(part.plan, kinds)}.`;
}

function adviseNotMarked(facts: Facts, part: Neighbourhood, circumstances: Circumstances): string[] {
  const { object, usedBy, isProtected, hasMalformedMark } = facts;
  const sentences = [
    `${say(object, part)} is not marked: nobody asked for its removal, and the deallocator leaves it alone.`,
  ];
  if (hasMalformedMark) {
    sentences.push(
      `A mark may have been meant: its ${part.plan.attributes.pendingDelete} is neither true nor false, which is no mark; "deallocator rm" makes one.`,
    );
  }
  if (isProtected) {
    sentences.push('It is protected: take that away ("deallocator unprotect") before you remove it.');
  }
  const { restrictedBy } = planned(part.plan, facts.kind);
  const kindOf = (user: string) => parseItemName(part.plan, user)?.kind ?? '';
  const users = usedBy?.filter(({ state }) => state === 'not marked').map((user) => user.object) ?? [];
  const ended = usedBy?.filter(({ state, object: user }) => state === 'there' && restrictedBy.includes(kindOf(user)));
  if (users.length > 0) {
    const isRefused = users.some((user) => restrictedBy.includes(kindOf(user)));
    const way = isRefused
      ? 'to remove it too, remove ("deallocator rm") or update these first'
      : 'if you remove it, it waits for these, until you remove ("deallocator rm") or update them too';
    sentences.push(`It is used by ${list(users.map((one) => say(one, part)))}, which nobody asked to remove: ${way}.`);
  } else if (ended !== undefined && ended.length > 0) {
    const named = list(ended.map((user) => say(user.object, part)));
    sentences.push(
      `It is used by ${named}: its removal is refused until that has ended, unless you say "--even-in-use".`,
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
  if (after.assume === 'children gone') return `after ${childrenOf(after.of, part)}`;
  const sweep = after.notBefore === undefined ? 'with the next sweep' : `with the first sweep after ${after.notBefore}`;
  const drains = steps.some((step) => step.after?.assume === 'children gone' && step.after.of === object);
  return drains ? `${sweep}, if ${childrenOf(object, part)} are gone by then` : sweep;
}

/** Nothing for a sweep that deletes nothing. */
function sentenceOf({ after, deletions }: ForecastStep, part: Neighbourhood): string[] {
  const goes = deletions.map((deletion) => goesText(deletion, part)).join('; then ');
  if (after === undefined) {
    return [`Nothing is in the way: ${goes}. If it is still there in a minute, run a sweep ("deallocator sweep").`];
  }
  if (after.assume === 'children gone') {
    const kinds = leavesOf(part, keyOf(part.plan, after.of)).map(({ kind }) => kind);
    const stop = capitalized(`${deleteWords(part.plan, kinds)} ${childrenOf(after.of, part)}`);
    return [goes === '' ? `${stop}: only then can what follows happen.` : `${stop}: then ${goes}.`];
  }
  if (goes === '') return [];
  if (after.notBefore !== undefined) return [`With the first sweep after ${after.notBefore} ${goes}.`];
  return [`With the next sweep ${goes}; "deallocator sweep" runs one now.`];
}

/** `the tasks 1, 2, … and 7 more of service web`. */
function childrenOf(object: string, part: Neighbourhood): string {
  return `the ${childrenText(leavesOf(part, keyOf(part.plan, object)), part)} of ${say(object, part)}`;
}

/** `task 1`, `tasks 1, 2, … and 7 more`; of several kinds, with an `and` between. */
function childrenText(leaves: readonly Leaves[], { plan }: Neighbourhood): string {
  const texts = leaves.map(({ kind, count, isExact, ids }) => {
    const { singular, plural } = planned(plan, kind).words;
    return `${count === 1 ? singular : plural} ${list(ids, count, isExact)}`;
  });
  return texts.join(' and ');
}

function staySentence({ object, reasons }: ForecastStay, part: Neighbourhood): string {
  const name = say(object, part);
  if (reasons.some(({ because }) => because === 'not marked')) return `${name} stays: nobody asked for its removal.`;
  const key = keyOf(part.plan, object);
  if (reasons.some(({ because }) => because === 'learning')) return `${name} ${learningText(key, part)}`;
  const remedies = reasons.flatMap((reason) => remediesOf(key, reason, part));
  const remedy = remedies.length === 0 ? '' : ` To let it go, ${remedies.join('; and ')}.`;
  return `${name} stays: ${reasons.map((reason) => reasonText(reason, part)).join(', and ')}.${remedy}`;
}

/** What is marked and waits for itself by way of others: that ends only if one of them stays, or lets the next go. */
function ringSentence({ stays }: Forecast, part: Neighbourhood): string[] {
  const waits = stays.filter(({ reasons }) => reasons.every(({ because }) => because !== 'not marked'));
  let ring = new Map(
    waits.map(({ object, reasons }) => [object, reasons.flatMap((one) => (one.because === 'used' ? one.by : []))]),
  );
  // In each round those fall out that wait for nobody left, or for whom nobody left waits.
  for (let size = -1; size !== ring.size; ) {
    size = ring.size;
    const left = new Set(ring.keys());
    const waitedFor = new Set([...ring.values()].flat());
    ring = new Map([...ring].filter(([object, by]) => waitedFor.has(object) && by.some((one) => left.has(one))));
  }
  if (ring.size === 0) return [];
  const named = list([...ring.keys()].map((object) => say(object, part)));
  return [
    `${named} wait for one another in a ring, so none of them ever goes: undelete one ("deallocator undelete"), update it not to use the next, and remove it again.`,
  ];
}

function learningText({ kind }: ItemKey, { plan }: Neighbourhood): string {
  const holders = plan.learning.find((one) => one.kind === kind)?.holders ?? [];
  const named = holders.map((holder) => planned(plan, holder).words.plural).join(' and ');
  const what = `${named} that were there before "${kind}" was declared are being counted`;
  return `stays for now: ${what}. It goes by itself once that has ended and nothing uses it.`;
}

/** What to do about a reason. A user that is marked itself has a sentence of its own. */
function remediesOf(key: ItemKey, reason: StayReason, part: Neighbourhood): string[] {
  if (reason.because === 'protected') return ['take its protection away ("deallocator unprotect")'];
  if (reason.because === 'children') {
    const leaves = leavesOf(part, key).filter(({ kind }) => kind === reason.kind);
    return [`${deleteWords(part.plan, [reason.kind])} its ${childrenText(leaves, part)}`];
  }
  if (reason.because === 'unreadable counter') return ['have its counter reset ("deallocator audit --repair")'];
  return reason.because === 'used' ? usersRemedies(key, reason.by, part) : [];
}

function usersRemedies(key: ItemKey, by: readonly string[], part: Neighbourhood): string[] {
  const { plan, parents } = part;
  const users = by
    .flatMap((name) => parseItemName(plan, name) ?? [])
    .filter((user) => {
      const guarded = guardedOf(plan, user);
      return guarded === undefined || parents.get(itemName(guarded))?.pendingDelete !== true;
    });
  const isGuarded = ({ kind }: ItemKey) => planned(plan, kind).isGuarded;
  const guarded = users.filter(isGuarded);
  const leaves = users.filter((user) => !isGuarded(user));
  const shielded = guarded.filter((user) => parents.get(itemName(user))?.isProtected);
  const named = (some: readonly ItemKey[]) => list(some.map((one) => say(itemName(one), part)));
  const first = shielded.length === 0 ? '' : ` (${named(shielded)} only after "deallocator unprotect")`;
  // What lies under its key can't be given to another.
  const isUnder = guarded.some((user) => planned(plan, user.kind).under.some(({ kind }) => kind === key.kind));
  const update = `, or update ${guarded.length === 1 ? 'it' : 'them'} not to use ${say(itemName(key), part)}`;
  return [
    ...(guarded.length > 0 ? [`remove ${named(guarded)} too ("deallocator rm")${first}${isUnder ? '' : update}`] : []),
    ...(leaves.length > 0
      ? [
          `${deleteWords(
            plan,
            leaves.map(({ kind }) => kind),
          )} ${named(leaves)}`,
        ]
      : []),
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
    case 'learning':
      return 'its users are being counted';
    case 'grace period':
      return `its grace period ends at ${reason.until}`;
    case 'children': {
      const { singular, plural } = planned(part.plan, reason.kind).words;
      return `it has ${reason.isExact ? '' : 'at least '}${reason.count} ${reason.count === 1 ? singular : plural}`;
    }
    case 'used':
      return `${list(reason.by.map((one) => say(one, part)))} ${reason.by.length === 1 ? 'uses' : 'use'} it`;
    case 'unreadable counter':
      return 'its counter was overwritten';
    default:
      return 'more use it than were read';
  }
}

function say(object: string, { plan, names }: Neighbourhood): string {
  return spokenWith(plan, names, object);
}

const capitalized = (text: string) => `${text[0]?.toUpperCase()}${text.slice(1)}`;
