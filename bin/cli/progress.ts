/** How far a long step has come: a bar on stderr if that is a terminal, else nothing. */
import cliProgress from 'cli-progress';
import { type Io, isDrawable } from './io.ts';

export interface Progress {
  update(done: number, total: number, text: string): void;
  /** May be called again. */
  close(): void;
}

/** How all of our bars are drawn. */
export const BAR_STYLE = {
  // More often flickers on slow terminals.
  fps: 8,
  barsize: 24,
  barCompleteChar: '█',
  barIncompleteChar: '░',
  hideCursor: true,
  linewrap: false,
  // Else a bar that has not changed is left where it was, and a logged line pushes the others away from it.
  forceRedraw: true,
  // Ctrl-C is the program's own business.
  gracefulExit: false,
} as const;

/** The bar's own scale, since the total may change meanwhile. */
const WHOLE = 1000;

/** Ctrl-C closes it too, so the terminal has its cursor back whatever becomes of the step. */
export function openProgress({ err, signal, environment }: Pick<Io, 'err' | 'signal' | 'environment'>): Progress {
  if (!isDrawable(err, environment)) return { update: () => {}, close: () => {} };
  const bars = new cliProgress.MultiBar({
    ...BAR_STYLE,
    stream: err as unknown as NodeJS.WritableStream,
    format: '{bar}  {text}',
    emptyOnZero: true,
    // What is done needs no bar: the result says it.
    clearOnComplete: true,
  });
  let bar: ReturnType<typeof bars.create> | undefined;
  let isOpen = true;
  const progress: Progress = {
    update(done, total, text) {
      if (!isOpen) return;
      bar ??= bars.create(WHOLE, 0, { text: '' });
      // Clears the rest of the line, where a longer text stood.
      bar.update(total > 0 ? Math.floor((WHOLE * done) / total) : 0, { text: `${text}\x1b[K` });
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      signal.removeEventListener('abort', progress.close);
      bars.update();
      bars.stop();
    },
  };
  signal.addEventListener('abort', progress.close);
  if (signal.aborted) progress.close();
  return progress;
}
