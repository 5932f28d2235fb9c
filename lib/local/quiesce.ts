/** Waits until nothing is left to happen: no write, no undelivered record, no invocation, no retry. */
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import type { Deployment } from './deployment.ts';
import { QUIESCE_POLL_MILLIS, STREAM_LAG_MILLIS } from './ground/limits.ts';
import { LocalError } from './ground/local-error.ts';
import { ANY_TABLE } from './iam/requests.ts';

type Activity = Pick<Deployment, 'gateway' | 'pool' | 'asyncInvocations' | 'mappings'>;

/** Turns of the event loop for which all must stay quiet: a killed process's last request may still be in a socket. */
const QUIET_TURNS = 3;

/**
 * Sound because it is one look at everything, in one turn of the event loop: nothing runs that could write, and each
 * stream was found empty by a read that began after the last write had become visible.
 */
function listPending(
  { gateway, pool, asyncInvocations, mappings }: Activity,
  visibleMillis: number,
): readonly string[] {
  const pending = mappings.pendingSince(visibleMillis);
  if (gateway.writesInFlight > 0) pending.push(`${gateway.writesInFlight} writes in flight`);
  if (pool.runningInvocations > 0) pending.push(`${pool.runningInvocations} invocations running or waiting`);
  if (asyncInvocations.pending > 0) pending.push(`${asyncInvocations.pending} asynchronous events`);
  return pending;
}

/** Throws `cloud.mappingsPaused`, `cloud.stopped`, and `cloud.notQuiet` with what is pending. */
export async function waitForQuiet(activity: Activity, timeoutMillis: number): Promise<void> {
  const { gateway, mappings } = activity;
  if (mappings.isPaused) {
    throw new LocalError('cloud.mappingsPaused', 'the mappings are paused, so nothing gets done; resume them first');
  }
  const startedMillis = performance.now();
  for (let quietTurns = 0; quietTurns < QUIET_TURNS; ) {
    if (mappings.isStopped) throw new LocalError('cloud.stopped', 'the local cloud has been stopped');
    // What does not pass the gateway counts as written before the call.
    const visibleMillis = Math.max(startedMillis, gateway.lastWriteMillis(ANY_TABLE) + STREAM_LAG_MILLIS);
    const pending = listPending(activity, visibleMillis);
    if (pending.length === 0) {
      quietTurns += 1;
      await turn();
      continue;
    }
    quietTurns = 0;
    if (performance.now() > startedMillis + timeoutMillis) {
      throw new LocalError('cloud.notQuiet', `still busy after ${timeoutMillis} ms: ${pending.join('; ')}`);
    }
    mappings.hurry(visibleMillis);
    await pause(QUIESCE_POLL_MILLIS);
  }
}
