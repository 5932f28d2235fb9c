import { interruptible } from '../../../lib/operate/interruptible.ts';
import { readStatus, STATUS_OBJECTS_MAX, type Status, type StatusEntry } from '../../../lib/operate/reports/status.ts';
import { readNumber, readTime, refuseMore } from '../arguments.ts';
import { type Command, DONE, type Session } from '../command.ts';
import { UsageError } from '../errors.ts';
import { isDrawable } from '../io.ts';
import { columns, count, duration, emphasis, shortened } from '../text.ts';
import { childOf, countWords, progressWords, reasonWords } from '../words.ts';

/** The pause between two looks. Each costs a read of the index, and two for each object that is shown. */
const INTERVAL_MILLIS_DEFAULT = 2000;
const INTERVAL_MILLIS_MIN = 500;

const CLEAR_SCREEN = '\x1b[H\x1b[2J';

export const status: Command = {
  name: 'status',
  takes: '',
  says: 'shows what is marked and still there, the oldest first: how long, how many are left, what holds it',
  options: {
    watch: { says: 'again and again, until Ctrl-C' },
    interval: { value: 'TIME', says: 'between two looks of --watch (default: 2s)' },
    limit: { value: 'N', says: 'how many are shown (default: 100)' },
    full: { says: 'also finds marks without markedAt that no function has seen; reads two tables whole' },
  },
  examples: [
    ['deallocator status', 'what is going on'],
    ['deallocator status --watch', 'the same, drawn anew every two seconds'],
    ['deallocator status --json | jq -r ".marked[].object"', 'names alone'],
  ],
  async run(session, given) {
    refuseMore(given, 0);
    const { io, open, isJson, printJson } = session;
    const pauseMillis = readTime(given, 'interval') ?? INTERVAL_MILLIS_DEFAULT;
    if (pauseMillis < INTERVAL_MILLIS_MIN) {
      throw new UsageError(`--interval is "${given.text('interval')}", allowed: 500ms or more`);
    }
    const options = { limit: readNumber(given, 'limit', STATUS_OBJECTS_MAX), full: given.flag('full') };
    const { cluster } = await open();
    const isWatch = given.flag('watch');
    try {
      do {
        const found = await interruptible(readStatus(cluster, options), io);
        if (isJson) printJson(found);
        else draw(session, found, isWatch);
        if (isWatch) await interruptible(io.chance.pause(pauseMillis), io);
      } while (isWatch && !io.isReaderGone());
    } catch (error) {
      // Ctrl-C is how a watch ends, not a failure.
      if (!isWatch || !io.signal.aborted) throw error;
    }
    return DONE;
  },
};

function draw({ io: { out, environment }, print }: Session, found: Status, isWatch: boolean): void {
  if (!isWatch) {
    print(describe(found));
    return;
  }
  const lines = [found.readAt, ...describe(found).split('\n')];
  if (!isDrawable(out, environment)) {
    print(`${lines.join('\n')}\n`);
    return;
  }
  // Only what fits: a screen that scrolls would lose the first lines. The last row is the cursor's. Some terminals tell a size
  // of 0.
  const [rows, width] = [Math.max(3, (out.rows || 24) - 1), (out.columns || 80) - 1];
  const rest = lines.length - rows + 1;
  const shown = rest <= 1 ? lines : [...lines.slice(0, rows - 1), `… and ${rest} more lines`];
  const [time = '', ...others] = shown.map((line) => line.slice(0, width));
  out.write(`${CLEAR_SCREEN}${[emphasis(time, out), ...others].join('\n')}\n`);
}

function describe({ marked, more, isWhole }: Status): string {
  if (marked.length === 0) return 'Nothing is marked for deletion.';
  const rows = marked.map(({ kind, id, object, mark, children, counter, ...entry }) => [
    kind,
    shortened(id),
    mark.ageSeconds === undefined ? 'unknown' : duration(mark.ageSeconds),
    countWords(children, childOf(object)),
    counter === undefined ? '-' : (counter.remaining ?? 'unreadable'),
    progressWords(counter),
    stateOf(entry),
    [mark.by, mark.reason].filter(Boolean).join(': ') || '-',
  ]);
  return [
    `${count(marked.length + more, 'object')} marked for deletion`,
    '',
    columns(['KIND', 'ID', 'AGE', 'LEFT', 'COUNTER', 'PROGRESS', 'STATE', 'WHO: WHY'], rows),
    ...(more > 0 ? [`… and ${more} more, all newer; --limit shows them`] : []),
    ...(isWhole ? [] : ['There are more marks than were looked through.']),
  ].join('\n');
}

function stateOf({ state, hold }: Pick<StatusEntry, 'state' | 'hold'>): string {
  return hold === undefined ? state : `${state}, ${reasonWords(hold)}`;
}
