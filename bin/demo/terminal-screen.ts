/** Steps that turn into ticks; then a bar for each service that drains, below a log of what happened. */
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import cliProgress from 'cli-progress';
import { BAR_STYLE } from '../cli/progress.ts';
import { BARS_MAX, SPIN_EVERY_MILLIS } from './limits.ts';
import type { Drain, Screen } from './screen.ts';
import { COLUMNS_DEFAULT, stepLine } from './text.ts';

/** cli-progress does not clear the rest of a logged line, where a longer bar stood. */
const CLEAR_REST = '\x1b[K';
/** Of a line: what is left is the bar's, and its state's. */
const NAME_SHARE_MAX = 0.3;
/** A bar's state, and the spaces between. */
const STATE_COLUMNS = 32;
const BAR_COLUMNS_MIN = 10;
const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
/** Rows that the bars leave to events, counters and the cursor. */
const OTHER_ROWS = 8;

export function terminalScreen(output: WriteStream): Screen {
  // styleText leaves the colours out where NO_COLOR or the terminal says so.
  const style = (format: 'green' | 'dim', text: string) => styleText(format, text, { stream: output });
  const line = (text = '') => void output.write(`${text}\n`);
  // A line that wraps takes two rows, so a redraw would start too low. Not all terminals let cli-progress turn wrapping off.
  const oneLine = (text: string) => cut(text, (output.columns ?? 80) - 4);
  let bars: Bars | undefined;
  let spinner: NodeJS.Timeout | undefined;
  return {
    line,
    get columns() {
      return Math.max(COLUMNS_DEFAULT, (output.columns ?? 0) - 2);
    },
    begin(title, making) {
      const startMillis = performance.now();
      let turn = 0;
      const draw = () => {
        const mark = SPINNER[turn++ % SPINNER.length];
        const text = oneLine(`${mark} ${stepLine(title, making, performance.now() - startMillis)}`);
        output.write(`\r${style('dim', `  ${text}`)}${CLEAR_REST}`);
      };
      draw();
      spinner = setInterval(draw, SPIN_EVERY_MILLIS);
    },
    end: (title, outcome, millis) =>
      line(`\r${CLEAR_REST}  ${style('green', '✓')} ${stepLine(title, outcome, millis)}`),
    stopStep: () => clearInterval(spinner),
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
  const columns = output.columns || COLUMNS_DEFAULT;
  const nameColumns = Math.min(Math.floor(columns * NAME_SHARE_MAX), Math.max(...drawn.map(({ name }) => name.length)));
  const multiBar = new cliProgress.MultiBar({
    ...BAR_STYLE,
    barsize: Math.max(BAR_COLUMNS_MIN, columns - nameColumns - STATE_COLUMNS),
    stream: output,
    format: `  {name}  {bar}  {state}`,
    emptyOnZero: false,
  });
  const services = drawn.map((drain) =>
    multiBar.create(drain.tasks, 0, { name: cut(drain.name, nameColumns).padEnd(nameColumns), ...payloadOf(drain) }),
  );
  const more = drains.length > drawn.length ? `and ${drains.length - drawn.length} more services · ` : '';
  // No colour: cli-progress cuts the last drawing to the terminal's width, and would cut off the end of the colour.
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
