/** Ctrl-C, for whatever does not listen to it by itself. */
import type { Io } from './io.ts';

/** For what ends by itself on Ctrl-C. A request that nobody answers would be tried again for most of a minute. */
const ORDERLY_END_MILLIS = 500;

/** As {@link interruptible}, but lets the work end by itself first, if it does so soon. */
export async function endingSoon<T>(work: Promise<T>, { signal, chance }: Pick<Io, 'signal' | 'chance'>): Promise<T> {
  const late = new AbortController();
  const onAbort = () => void chance.pause(ORDERLY_END_MILLIS).then(() => late.abort(signal.reason));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort);
  return interruptible(work, late).finally(() => signal.removeEventListener('abort', onAbort));
}

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
