/** How counts, marks, holds and forecasts of the reports are put in words and trees. */
import { called, listed, type Names, spokenWith } from '../../lib/operate/names.ts';
import type { Forecast, StayReason } from '../../lib/operate/reports/forecast.ts';
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

export function countWords(children: CountView, singular: string): string {
  return `${children.isExact ? '' : 'at least '}${count(children.count, singular)}`;
}

/** What the children of an object are called. */
export function childOf(object: string): string {
  return object.startsWith('service#') ? 'task' : 'user';
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

export function reasonWords(reason: StayReason, names?: Names): string {
  switch (reason.because) {
    case 'grace period':
      return `grace period until ${reason.until}`;
    case 'tasks':
      return countWords({ count: reason.tasks, isExact: reason.isExact }, 'task');
    case 'used':
      return `used by ${listed(reason.by.map((user) => spokenWith(names, user)))}`;
    case 'unreadable counter':
      return COUNTER_OVERWRITTEN;
    case 'not all read':
      return 'used by more than was read';
    default:
      return reason.because;
  }
}

const COUNTER_OVERWRITTEN = 'its counter was overwritten';

/** What a marked object waits for: `blocked: used by service web (not marked)`. */
export function standingWords(standing: Standing, hold?: StayReason): string {
  const { state } = standing;
  const why = [...whyWords(standing), ...(hold ? [reasonWords(hold)] : [])];
  return why.length === 0 ? state : `${state}: ${why.join('; ')}`;
}

function whyWords(standing: Standing): string[] {
  switch (standing.state) {
    case 'unreadable':
      return [COUNTER_OVERWRITTEN];
    case 'blocked': {
      const { blockedBy, usersNotLookedAt } = standing;
      const users = blockedBy.map(({ object, name, because }) => called(object, name, because));
      return [`used by ${listed(users, users.length + usersNotLookedAt)}`];
    }
    case 'stalled':
      return [`no progress for ${duration(standing.noProgressSeconds)}`];
    default:
      return [];
  }
}

/** What will happen, numbered in its order; then what stays. */
export function forecastLines({ steps, stays, isWhole }: Forecast, names: Names): string[] {
  const say = (object: string) => spokenWith(names, object);
  if (steps.length === 0 && stays.length === 0) return [];
  const going = steps.map(({ after, deletions }, index) => {
    const what =
      sequence(
        deletions.map(({ deleted }) => sequence(deleted.map(say), ' with ')),
        ', then ',
      ) || 'nothing more goes';
    return visible(`${index + 1}. ${afterWords(after, say)}: ${what}`);
  });
  const staying = stays.map(({ object, reasons }) =>
    visible(`stays: ${spokenWith(names, object, reasons.map((reason) => reasonWords(reason, names)).join('; '))}`),
  );
  return [
    '',
    'What will happen',
    ...[...going, ...staying].map((line) => `  ${line}`),
    ...(isWhole ? [] : ['  (not all was read)']),
  ];
}

function afterWords(after: Forecast['steps'][number]['after'], say: (object: string) => string): string {
  if (after === undefined) return 'now';
  if (after.assume === 'tasks gone') return `when the tasks of ${say(after.service)} are gone`;
  return after.notBefore === undefined ? 'with the next sweep' : `with the first sweep after ${after.notBefore}`;
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
