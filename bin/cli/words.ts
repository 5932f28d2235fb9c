/** How counts, marks, holds and trees of the reports are put in words. */
import { spoken } from '../../lib/operate/names.ts';
import type { StayReason } from '../../lib/operate/reports/forecast.ts';
import type { CounterView, CountView, MarkView } from '../../lib/operate/reports/view.ts';
import { count, duration, visible } from './text.ts';

export function countWords(children: CountView, singular: string): string {
  return `${children.isExact ? '' : 'at least '}${count(children.count, singular)}`;
}

/** What the children of an object are called: services use a network, and tasks where they hold it by themselves. */
export function childOf(object: string): string {
  return object.startsWith('service#') ? 'task' : 'user';
}

/** When something of an object's children was last seen to go. */
export function progressWords(counter: Partial<CounterView> | undefined): string {
  const { progressAgeSeconds } = counter ?? {};
  return progressAgeSeconds === undefined ? '-' : `${duration(progressAgeSeconds)} ago`;
}

export function markWords({ ageSeconds, markedAt, by, reason }: MarkView): string {
  const when =
    ageSeconds === undefined ? `with the mark ${markedAt ?? 'that has no time yet'}` : `${duration(ageSeconds)} ago`;
  return `${when}${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '' : `: ${reason}`}`;
}

export function reasonWords(reason: StayReason): string {
  switch (reason.because) {
    case 'grace period':
      return `grace period until ${reason.until}`;
    case 'tasks':
      return countWords({ count: reason.tasks, isExact: reason.isExact }, 'task');
    case 'used':
      return `used by ${reason.by.map(spoken).join(', ')}`;
    case 'not all read':
      return 'used by more than was read';
    default:
      return reason.because;
  }
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
