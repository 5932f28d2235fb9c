/** Ctrl-C, for whatever does not listen to it by itself. */
import type { Io } from './io.ts';

/** Rejects with the interruption's reason as soon as there is one; what was begun comes to nothing by itself. */
export async function interruptible<T>(work: Promise<T>, { signal }: Pick<Io, 'signal'>): Promise<T> {
  signal.throwIfAborted();
  let onAbort = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
  });
  return Promise.race([work, interrupted]).finally(() => signal.removeEventListener('abort', onAbort));
}
