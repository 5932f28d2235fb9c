/** Rejects with the signal's reason as soon as there is one. What was begun goes on, and its end is passed over. */
export async function interruptible<T>(
  work: Promise<T>,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<T> {
  signal?.throwIfAborted();
  let onAbort = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort);
  });
  return Promise.race([work, interrupted]).finally(() => signal?.removeEventListener('abort', onAbort));
}
