/** Steps that turn into ticks, and a bar for each service that drains, with what happened above them. */
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import cliProgress from 'cli-progress';
import { BARS_MAX, REDRAWS_PER_SECOND } from './limits.ts';
import type { Drain, Screen } from './screen.ts';
import { stepLine } from './text.ts';

/** cli-progress clears nothing behind a logged line, so that a longer bar would show through. */
const CLEAR_REST = '\x1b[K';
const BAR_COLUMNS = 24;
const NAME_COLUMNS_MAX = 24;
/** What the lines around the bars need: events, counters, and the cursor's own. */
const OTHER_ROWS = 8;

export function terminalScreen(output: WriteStream): Screen {
  // Leaves the colours out by itself where NO_COLOR or the terminal says so.
  const style = (format: 'green' | 'dim', text: string) => styleText(format, text, { stream: output });
  const line = (text = '') => void output.write(`${text}\n`);
  // A line that wraps is two, and a redraw would then start too low. cli-progress turns wrapping off; not all listen.
  const oneLine = (text: string) => cut(text, (output.columns ?? 80) - 4);
  let bars: Bars | undefined;
  return {
    line,
    begin: (title) => void output.write(style('dim', `  … ${title}`)),
    end: (title, outcome, millis) =>
      line(`\r${CLEAR_REST}  ${style('green', '✓')} ${stepLine(title, outcome, millis)}`),
    openDrains(drains) {
      bars = openBars(output, drains);
    },
    event: (text) => bars?.multiBar.log(`  ${oneLine(text)}${CLEAR_REST}\n`),
    update(drains, counters) {
      for (const [index, bar] of bars?.services.entries() ?? []) {
        const drain = drains[index];
        if (drain !== undefined) bar.update(drain.tasks - drain.left, payloadOf(drain));
      }
      bars?.counters.update(0, { counters: oneLine(bars.more + counters) });
    },
    closeDrains() {
      bars?.multiBar.update();
      bars?.multiBar.stop();
      bars = undefined;
    },
  };
}

type MultiBar = InstanceType<typeof cliProgress.MultiBar>;
type Bar = ReturnType<MultiBar['create']>;

interface Bars {
  readonly multiBar: MultiBar;
  readonly services: readonly Bar[];
  readonly counters: Bar;
  /** About the drains that have no bar. */
  readonly more: string;
}

function openBars(output: WriteStream, drains: readonly Drain[]): Bars {
  const room = Math.max(1, Math.min(BARS_MAX, (output.rows ?? 24) - OTHER_ROWS));
  const drawn = drains.slice(0, room);
  const nameColumns = Math.min(NAME_COLUMNS_MAX, Math.max(...drawn.map(({ name }) => name.length)));
  const multiBar = new cliProgress.MultiBar({
    stream: output,
    fps: REDRAWS_PER_SECOND,
    format: `  {name}  {bar}  {state}`,
    barsize: BAR_COLUMNS,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    linewrap: false,
    emptyOnZero: false,
    // Else a bar that has not changed is left where it was, and a logged line pushes the others away from it.
    forceRedraw: true,
    // Ctrl-C is the program's own business: it stops the cloud, and then this.
    gracefulExit: false,
  });
  const services = drawn.map((drain) =>
    multiBar.create(drain.tasks, 0, { name: cut(drain.name, nameColumns).padEnd(nameColumns), ...payloadOf(drain) }),
  );
  const more = drains.length > drawn.length ? `and ${drains.length - drawn.length} more services · ` : '';
  // No colour: cli-progress cuts the last drawing to the terminal's width, and the end of a colour with it.
  const format = '  {counters}';
  return { multiBar, services, counters: multiBar.create(1, 0, { counters: '' }, { format }), more };
}

function payloadOf({ tasks, left, isGone }: Drain): Record<string, unknown> {
  const state = left > 0 ? `${String(left).padStart(String(tasks).length)} of ${tasks} tasks left` : 'no task left';
  return { state: (isGone ? 'deleted' : state).padEnd(24) };
}

function cut(text: string, columns: number): string {
  return text.length > columns ? `${text.slice(0, columns - 1)}…` : text;
}
