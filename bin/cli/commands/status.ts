import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { typedId } from '../../../lib/lifecycle/told.ts';
import { interruptible } from '../../../lib/operate/interruptible.ts';
import { keyGiven, planned } from '../../../lib/operate/names.ts';
import { MARKED_STATES } from '../../../lib/operate/reports/standing.ts';
import {
  type LearningView,
  readStatus,
  STATUS_OBJECTS_MAX,
  type Status,
  type StatusEntry,
} from '../../../lib/operate/reports/status.ts';
import { isoNow } from '../../../lib/protocol/time.ts';
import { readNumber, readTime, refuseMore } from '../arguments.ts';
import { type Command, DONE, type Session } from '../command.ts';
import { UsageError } from '../errors.ts';
import { isDrawable } from '../io.ts';
import { openScreen, type Screen } from '../screen.ts';
import { type Target, targetLine } from '../target.ts';
import { fitted, type Terminal, terminalOf } from '../terminal.ts';
import { columns, count, duration, emphasis, shortened, visible } from '../text.ts';
import { childOf, countWords, progressWords, standingWords } from '../words.ts';

/** The pause between two looks. Each costs a read of the index, and two for each object that is shown. */
const INTERVAL_MILLIS_DEFAULT = 2000;
const INTERVAL_MILLIS_MIN = 500;

/** What a narrow terminal does without, the least important first. */
const LEFT_OUT = ['COUNTER', 'PROGRESS', 'WHO: WHY', 'LEFT'];

export const status: Command = {
  name: 'status',
  group: 'Look',
  takes: '',
  says: 'shows what is marked and still there, the worst first: what is in its way, how many are left, since when',
  options: {
    watch: { says: 'again and again, until Ctrl-C' },
    interval: { value: 'TIME', says: 'between two looks of --watch (default: 2s)' },
    blocked: { says: 'only what stays until somebody acts: unreadable, blocked, stalled, or protected' },
    'stalled-after': { value: 'TIME', says: 'without progress for so long, it counts as stalled (default: 15m)' },
    limit: { value: 'N', says: 'how many are shown (default: 100)' },
    full: { says: 'also finds marks without markedAt that no function has seen; reads whole tables' },
  },
  examples: [
    ['deallocator status', 'what is going on'],
    ['deallocator status --watch', 'the same, drawn anew every two seconds'],
    ['deallocator status --blocked', 'what needs you'],
    ['deallocator status --json | jq -r ".marked[].object"', 'names alone'],
  ],
  async run(session, given) {
    refuseMore(given, 0);
    const { io, open, isJson, printJson } = session;
    const pauseMillis = readTime(given, 'interval') ?? INTERVAL_MILLIS_DEFAULT;
    if (pauseMillis < INTERVAL_MILLIS_MIN) {
      throw new UsageError(`--interval is "${given.text('interval')}", allowed: 500ms or more`);
    }
    const options = {
      limit: readNumber(given, 'limit', STATUS_OBJECTS_MAX),
      full: given.flag('full'),
      blocked: given.flag('blocked'),
      stalledAfterMillis: readTime(given, 'stalled-after'),
    };
    const { cluster, target } = await open();
    const isWatch = given.flag('watch');
    const screen = isDrawable(io.out, io.environment) ? openScreen(io.out) : undefined;
    try {
      do {
        const found = await interruptible(readStatus(cluster, options), io);
        if (isJson) printJson(found);
        else
          draw(
            session,
            (terminal) => describe(cluster.plan, found, options.blocked, terminal),
            isWatch && target,
            screen,
          );
        if (isWatch) await interruptible(io.chance.pause(pauseMillis), io);
      } while (isWatch && !io.isReaderGone());
    } catch (error) {
      // Ctrl-C is how a watch ends, not a failure.
      if (!isWatch || !io.signal.aborted) throw error;
    }
    return DONE;
  },
};

function draw(
  { io: { out, environment, chance }, print, report }: Session,
  describeIn: (terminal: Terminal) => string,
  watched: Target | false,
  screen: Screen | undefined,
): void {
  const { width = 0, ...terminal } = terminalOf(out, environment);
  // A line as wide as the screen itself may begin another one there.
  const within = width > 0 ? { width: watched && screen ? width - 1 : width } : {};
  const text = describeIn({ ...terminal, ...within });
  if (!watched) {
    report(text);
    return;
  }
  const lines = [isoNow(chance), ...fitted(`${visible(`On ${targetLine(watched)}`)}\n${text}`, within).split('\n')];
  if (screen === undefined) print(`${lines.join('\n')}\n`);
  else screen.draw(lines, (line, row) => (row === 0 ? emphasis(line, out, environment) : line));
}

function describe(plan: Plan, found: Status, isFiltered: boolean, terminal: Terminal): string {
  const [head = '', ...notes] = summaryLines(plan, found, isFiltered);
  return [head, ...(found.marked.length > 0 ? ['', tableOf(plan, found.marked, terminal)] : []), ...notes].join('\n');
}

/** How many there are of each state; then what is not among the objects that are shown, if anything. */
export function summaryLines(plan: Plan, found: Status, isFiltered: boolean): string[] {
  const { marked, counts, more, notLookedAt, isWhole, learning = [] } = found;
  const learned = learning.map((one) => learningWords(plan, one));
  const all = Object.values(counts).reduce((sum, number) => sum + number, 0) + notLookedAt;
  if (all === 0) return ['Nothing is marked for deletion.', ...learned];
  const states = [
    ...MARKED_STATES.filter((state) => counts[state] > 0).map((state) => `${counts[state]} ${state}`),
    ...(notLookedAt > 0 ? [`${notLookedAt} not looked at`] : []),
  ];
  return [
    `${count(all, 'object')} marked for deletion: ${states.join(', ')}`,
    ...(isFiltered && marked.length === 0 ? ['None of them needs you.'] : []),
    ...(more > notLookedAt ? [`… and ${more - notLookedAt} more; --limit shows them`] : []),
    ...(notLookedAt > 0 ? [`${notLookedAt} newer ones were not looked at; --limit looks further`] : []),
    ...(isWhole ? [] : ['There are more marks than were looked through.']),
    ...learned,
  ];
}

/** What a held kind waits for after a deployment: the users that were there before. */
function learningWords(plan: Plan, { kind, since }: LearningView): string {
  const { plural } = planned(plan, kind).words;
  return since === undefined
    ? `${plural} are declared, and not seen by a sweep yet: nothing of them is deleted until one has`
    : `learning ${plural} since ${since}: nothing of them is deleted until it ends`;
}

/** What matters most is on the left. */
function tableOf(plan: Plan, marked: readonly StatusEntry[], terminal: Terminal): string {
  // Most people choose their ids, and need no names.
  const isNamed = marked.some(({ id, name }) => name !== undefined && name !== id);
  const rows = marked.map((entry) => {
    const { kind, name = '-', object, mark, children, counter, hold } = entry;
    const state = standingWords(plan, entry, hold);
    return [
      kind,
      shortened(typedId(plan, keyGiven(plan, entry))),
      ...(isNamed ? [shortened(name)] : []),
      terminal.width === undefined ? shortened(state) : state,
      countWords(children, childOf(plan, object)),
      mark.ageSeconds === undefined ? 'unknown' : duration(mark.ageSeconds),
      progressWords(counter),
      counter === undefined ? '-' : (counter.remaining ?? 'unreadable'),
      [mark.by, mark.reason].filter(Boolean).join(': ') || '-',
    ];
  });
  return columns(
    ['KIND', 'ID', ...(isNamed ? ['NAME'] : []), 'STATE', 'LEFT', 'AGE', 'PROGRESS', 'COUNTER', 'WHO: WHY'],
    rows,
    {
      terminal,
      optional: LEFT_OUT,
      wrapped: 'STATE',
    },
  );
}
