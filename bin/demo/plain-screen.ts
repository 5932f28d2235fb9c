/** For files, pipes and CI: a line for each event, and the progress now and then. */
import { PLAIN_PROGRESS_EVERY_MILLIS } from './limits.ts';
import type { Screen } from './screen.ts';
import { COLUMNS_DEFAULT, stepLine } from './text.ts';

export function plainScreen(output: NodeJS.WritableStream): Screen {
  let lastProgressMillis = Number.NEGATIVE_INFINITY;
  const line = (text = '') => void output.write(`${text}\n`);
  return {
    columns: COLUMNS_DEFAULT,
    line,
    begin() {},
    stopStep() {},
    end: (title, outcome, millis) => line(`  ${stepLine(title, outcome, millis)}`),
    openDrains() {
      lastProgressMillis = performance.now();
    },
    event: (text) => line(`  ${text}`),
    update(drains, counters) {
      if (performance.now() - lastProgressMillis < PLAIN_PROGRESS_EVERY_MILLIS) return;
      lastProgressMillis = performance.now();
      const draining = drains.filter(({ isGone }) => !isGone).map(({ name, left }) => `${name} ${left}`);
      line(`          tasks left: ${draining.join(', ') || 'none'} · ${counters}`);
    },
    closeDrains() {},
  };
}
