/** Waits until nothing is left to happen: no write, no undelivered record, no invocation, no retry. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Gateway } from './dynamodb/gateway.ts';
import { QUIESCE_POLL_MILLIS, STREAM_LAG_MILLIS } from './ground/limits.ts';
import { LocalError } from './ground/local-error.ts';
import type { Pause } from './ground/pause.ts';
import { ANY_TABLE } from './iam/requests.ts';
import type { AsyncInvocations } from './lambda/async-invocation.ts';
import type { FunctionPool } from './lambda/pool.ts';
import type { EventSourceMapping } from './streams/mapping.ts';

export interface Activity {
  readonly gateway: Gateway;
  readonly pool: FunctionPool;
  readonly asyncInvocations: AsyncInvocations;
  readonly mappings: readonly EventSourceMapping[];
}

/** Turns of the event loop for which all must stay quiet: a killed process's last request may still be in a socket. */
const QUIET_TURNS = 3;

/**
 * Sound because it is one look at everything, in one turn of the event loop: nobody runs who could write, and each
 * stream was found empty by a read that began after the last write had become visible.
 */
function listPending(
  { gateway, pool, asyncInvocations, mappings }: Activity,
  visibleMillis: number,
): readonly string[] {
  const pending = mappings.filter((mapping) => !mapping.isQuietSince(visibleMillis)).map((m) => m.describePending());
  if (gateway.writesInFlight > 0) pending.push(`${gateway.writesInFlight} writes in flight`);
  if (pool.runningInvocations > 0) pending.push(`${pool.runningInvocations} invocations running or waiting`);
  if (asyncInvocations.pending > 0) pending.push(`${asyncInvocations.pending} asynchronous events`);
  return pending;
}

/** Throws `cloud.notQuiet` with what is pending. */
export async function waitForQuiet(activity: Activity, timeoutMillis: number, pause: Pause): Promise<void> {
  const startedMillis = performance.now();
  for (let quietTurns = 0; quietTurns < QUIET_TURNS; ) {
    // What never passed the gateway was written before we were called.
    const visibleMillis = Math.max(startedMillis, activity.gateway.lastWriteMillis(ANY_TABLE) + STREAM_LAG_MILLIS);
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
    for (const mapping of activity.mappings) mapping.hurry(visibleMillis);
    await pause.wait(QUIESCE_POLL_MILLIS);
  }
}
