/** How counts, marks, holds and forecasts of the reports are put in words and trees. */
import type { Plan } from '../../lib/lifecycle/plan.ts';
import { called, childWords, keyNamed, listed, type Names, planned, spokenWith } from '../../lib/operate/names.ts';
import type { Forecast, StayReason } from '../../lib/operate/reports/foreseen.ts';
import type { Standing } from '../../lib/operate/reports/standing.ts';
import type { CounterView, CountView, MarkView } from '../../lib/operate/reports/view.ts';
import { sequence } from './lists.ts';
import { count, duration, visible } from './text.ts';

/** Why what was asked for can't be done: it is absent. @param isWhole whether all receipts were read */
export function absenceWords(absence: 'gone' | 'not there' = 'not there', isWhole = true): string {
  if (absence === 'gone') return 'it is gone: it was deleted ("deallocator history" tells when)';
  return `it is not there, and ${isWhole ? 'no receipt tells that it was deleted' : NOT_ALL_READ}`;
}

export const NOT_ALL_READ = 'not all receipts were read, so it may have been deleted';

export function countWords(
  children: CountView,
  { singular, plural }: { readonly singular: string; readonly plural: string },
): string {
  return `${children.isExact ? '' : 'at least '}${count(children.count, singular, plural)}`;
}

/** What the children of an object are called. */
export function childOf(plan: Plan, object: string): ReturnType<typeof childWords> {
  const key = keyNamed(plan, object);
  return key === undefined ? { singular: 'user', plural: 'users' } : childWords(plan, key.kind);
}

/** When a child was last counted down. */
export function progressWords(counter: Partial<CounterView> | undefined): string {
  const { progressAgeSeconds } = counter ?? {};
  return progressAgeSeconds === undefined ? '-' : `${duration(progressAgeSeconds)} ago`;
}

export function markWords({ ageSeconds, markedAt, by, reason }: MarkView): string {
  const when =
    ageSeconds === undefined ? `with the mark ${markedAt ?? 'that has no time yet'}` : `${duration(ageSeconds)} ago`;
  return `${when}${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '' : `: ${reason}`}`;
}

export function reasonWords(plan: Plan, reason: StayReason, names?: Names): string {
  switch (reason.because) {
    case 'grace period':
      return `grace period until ${reason.until}`;
    case 'children':
      return countWords(reason, planned(plan, reason.kind).words);
    case 'used':
      return `used by ${listed(reason.by.map((user) => spokenWith(plan, names, user)))}`;
    case 'unreadable counter':
      return COUNTER_OVERWRITTEN;
    case 'learning':
      return `its users are being counted${sinceWords(reason.sinceEpochMillis)}`;
    case 'not all read':
      return 'used by more than was read';
    default:
      return reason.because;
  }
}

const sinceWords = (epochMillis: number | undefined) =>
  epochMillis === undefined ? '' : `, since ${new Date(epochMillis).toISOString()}`;

const COUNTER_OVERWRITTEN = 'its counter was overwritten';

/** What a marked object waits for: `blocked: used by service web (not marked)`. */
export function standingWords(plan: Plan, standing: Standing, hold?: StayReason): string {
  const { state } = standing;
  const why = [...whyWords(plan, standing), ...(hold ? [reasonWords(plan, hold)] : [])];
  return why.length === 0 ? state : `${state}: ${why.join('; ')}`;
}

function whyWords(plan: Plan, standing: Standing): string[] {
  switch (standing.state) {
    case 'unreadable':
      return [COUNTER_OVERWRITTEN];
    case 'blocked': {
      const { blockedBy, usersNotLookedAt } = standing;
      const users = blockedBy.map(({ object, name, because, through }) => {
        const way = through === undefined ? [] : [`by way of ${spokenWith(plan, undefined, through)}`];
        return called(plan, object, name, because, ...way);
      });
      return [`used by ${listed(users, users.length + usersNotLookedAt)}`];
    }
    case 'stalled':
      return [`no progress for ${duration(standing.noProgressSeconds)}`];
    default:
      return [];
  }
}

/** What will happen, numbered in its order; then what stays. */
export function forecastLines(plan: Plan, { steps, stays, isWhole }: Forecast, names: Names): string[] {
  const say = (object: string) => spokenWith(plan, names, object);
  if (steps.length === 0 && stays.length === 0) return [];
  const going = steps.map(({ after, deletions }, index) => {
    const what =
      sequence(
        deletions.map(({ deleted }) => sequence(deleted.map(say), ' with ')),
        ', then ',
      ) || 'nothing more goes';
    return visible(`${index + 1}. ${afterWords(plan, after, say)}: ${what}`);
  });
  const staying = stays.map(({ object, reasons }) =>
    visible(
      `stays: ${spokenWith(plan, names, object, reasons.map((reason) => stayWords(plan, reason, names)).join('; '))}`,
    ),
  );
  return [
    '',
    'What will happen',
    ...[...going, ...staying].map((line) => `  ${line}`),
    ...(isWhole ? [] : ['  (not all was read)']),
  ];
}

function stayWords(plan: Plan, reason: StayReason, names: Names): string {
  return reason.because === 'learning' ? 'being learned' : reasonWords(plan, reason, names);
}

function afterWords(plan: Plan, after: Forecast['steps'][number]['after'], say: (object: string) => string): string {
  if (after === undefined) return 'now';
  if (after.assume === 'children gone') return `when the ${leafWords(plan, after.of)} of ${say(after.of)} are gone`;
  return after.notBefore === undefined ? 'with the next sweep' : `with the first sweep after ${after.notBefore}`;
}

/** What its users delete of an object: `tasks`, `comments`. */
function leafWords(plan: Plan, object: string): string {
  const key = keyNamed(plan, object);
  const kinds = (key === undefined ? [] : planned(plan, key.kind).countedBy).flatMap((source) =>
    source.by === 'key' ? [source.kind] : source.kinds,
  );
  const leaves = kinds.filter((one) => !planned(plan, one).isGuarded);
  return leaves.map((one) => planned(plan, one).words.plural).join(' and ');
}

export interface Branch {
  readonly text: string;
  readonly branches?: readonly Branch[];
}

/** Lines with the branches that lead to them. */
export function tree({ text, branches = [] }: Branch): string {
  const lines = branches.flatMap((branch, index) => {
    const isLast = index === branches.length - 1;
    const [first = '', ...others] = tree(branch).split('\n');
    return [`${isLast ? '└─' : '├─'} ${first}`, ...others.map((line) => `${isLast ? '  ' : '│ '} ${line}`)];
  });
  return [visible(text), ...lines].join('\n');
}
