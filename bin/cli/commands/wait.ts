import { spoken } from '../../../lib/operate/names.ts';
import { type Awaited, type WaitProgress, type WaitResult, waitUntilGone } from '../../../lib/operate/reports/wait.ts';
import { readParents, readTime } from '../arguments.ts';
import { BLOCKED, type Command, DONE, type Session } from '../command.ts';
import type { Deployment } from '../connection.ts';
import { isDrawable } from '../io.ts';
import { openProgress } from '../progress.ts';
import { visible } from '../text.ts';
import { childOf, countWords, reasonWords } from '../words.ts';

/** Objects that one line of progress names. */
const NAMED_MAX = 3;

export const TIMEOUT = { value: 'TIME', says: 'how long to wait, such as 90s or 10m (default: as long as it takes)' };

export const wait: Command = {
  name: 'wait',
  takes: 'KIND ID…',
  says: 'waits until marked services or networks are gone; status 3 if they stay',
  options: { timeout: TIMEOUT },
  examples: [
    ['deallocator wait service web --timeout 10m', 'status 3 if web is still there then, or was undeleted'],
    ['deallocator rm service web && deallocator wait service web', 'the same as rm --wait'],
  ],
  async run(session, given) {
    const parents = readParents(given);
    const timeoutMillis = readTime(given, 'timeout');
    const result = await waitFor(session, await session.open(), parents, timeoutMillis);
    if (session.isJson) session.printJson(result);
    else printOutcomes(session, result);
    return result.isDone ? DONE : BLOCKED;
  },
};

export function printOutcomes({ print }: Session, { outcomes }: WaitResult): void {
  for (const { object, outcome } of outcomes) print(visible(`${spoken(object)}: ${outcome}`));
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
      const text = wordsOf(look.value);
      progress.update(most - left, most, text);
      if (!isDrawable(io.err, io.environment) && text !== last && text !== '') io.err.write(`${text}\n`);
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

function wordsOf({ waitingFor }: WaitProgress): string {
  if (waitingFor.length === 0) return '';
  const named = waitingFor.slice(0, NAMED_MAX).map(({ object, children, hold }) => {
    const why = [
      ...(children.count > 0 ? [countWords(children, childOf(object))] : []),
      ...(hold ? [reasonWords(hold)] : []),
    ];
    return `${spoken(object)} (${why.join(', ') || 'about to go'})`;
  });
  const more = waitingFor.length > NAMED_MAX ? ` and ${waitingFor.length - NAMED_MAX} more` : '';
  return visible(`waiting for ${named.join(', ')}${more}`);
}
