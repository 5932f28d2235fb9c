/** How far a long step has come: a bar in a terminal, nothing anywhere else. It goes to stderr, beside the result. */
import cliProgress from 'cli-progress';
import { type Io, isDrawable } from './io.ts';

export interface Progress {
  update(done: number, total: number, text: string): void;
  /** May be called again. */
  close(): void;
}

/** More a second only flicker. */
const REDRAWS_PER_SECOND = 10;
/** The bar's own scale: what it measures may change on its way. */
const WHOLE = 1000;

/** Ends on Ctrl-C too: whatever becomes of the step, the terminal has its cursor back. */
export function openProgress({ err, signal, environment }: Pick<Io, 'err' | 'signal' | 'environment'>): Progress {
  if (!isDrawable(err, environment)) return { update: () => {}, close: () => {} };
  const bars = new cliProgress.MultiBar({
    stream: err as unknown as NodeJS.WritableStream,
    fps: REDRAWS_PER_SECOND,
    format: '{bar}  {text}',
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    linewrap: false,
    emptyOnZero: true,
    forceRedraw: true,
    // Ctrl-C is the command's own business.
    gracefulExit: false,
  });
  let bar: ReturnType<typeof bars.create> | undefined;
  let isOpen = true;
  const progress: Progress = {
    update(done, total, text) {
      if (!isOpen) return;
      bar ??= bars.create(WHOLE, 0, { text: '' });
      // What is left of a longer text would show through.
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
