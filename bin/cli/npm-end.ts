/** npm does not always pass a signal on: what it has started then lives on, under another parent. */

/** How often we look whether npm is still there. */
const PARENT_POLL_MILLIS = 500;

/** Calls back once npm, which has started this process, has ended before it. A process without npm is never called back. */
export function onNpmEnd(environment: Readonly<Record<string, string | undefined>>, stop: () => void): void {
  if (environment.npm_lifecycle_event === undefined) return;
  const parentPid = process.ppid;
  const poll = setInterval(() => {
    if (process.ppid === parentPid) return;
    clearInterval(poll);
    stop();
  }, PARENT_POLL_MILLIS);
  poll.unref();
}
