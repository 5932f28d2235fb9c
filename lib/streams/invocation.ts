/** What each invocation of a function has: a store of its own, and telemetry that is written at its end. */
import { readLearning } from '../protocol/learn.ts';
import type { Learning } from '../protocol/learning.ts';
import type { Store } from '../protocol/store.ts';
import type { FunctionPorts } from './ports.ts';
import { Telemetry } from './telemetry.ts';

export interface Context {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

export async function invocation<T>(
  ports: FunctionPorts,
  context: Context,
  run: (store: Store, telemetry: Telemetry, learning: () => Promise<Learning>) => Promise<T>,
): Promise<T> {
  const telemetry = new Telemetry(ports.telemetry, context.awsRequestId);
  const store = ports.openStore({ onRetry: (failure) => telemetry.retried(failure) });
  try {
    let learning: Promise<Learning> | undefined;
    const readOnce = () => {
      learning ??= readLearning(store);
      return learning;
    };
    return await run(store, telemetry, readOnce);
  } finally {
    telemetry.flush();
  }
}
