/** A store whose process can die at any request. */
import type { Store } from '../../lib/protocol/store.ts';

export class Crash extends Error {
  override readonly name = 'Crash';
}

export interface CrashPlan {
  /** Which request dies, counted from 0. */
  readonly at: number;
  /** Before it is sent, or after it has been carried out and before its answer comes. */
  readonly when: 'before' | 'after';
}

export interface CrashingStore {
  readonly store: Store;
  /** Requests so far. */
  requests(): number;
  /** Whether the process has died since the last call: the next call finds a new process. */
  takeCrash(): boolean;
}

/** Passes every call through `around`, which decides whether and when it is carried out. */
export function wrapStore(inner: Store, around: <T>(request: string, call: () => Promise<T>) => Promise<T>): Store {
  return new Proxy(inner, {
    get: (target, name) => {
      const method = Reflect.get(target, name);
      if (typeof method !== 'function' || name === 'constructor') return method;
      return (...args: unknown[]) => around(String(name), () => method.apply(target, args));
    },
  });
}

export function crashingStore(inner: Store, plan: CrashPlan | undefined): CrashingStore {
  let requests = 0;
  let isDead = false;
  const die = (): never => {
    isDead = true;
    throw new Crash('the process died');
  };
  const store = wrapStore(inner, async (_, call) => {
    if (isDead) throw new Crash('the process is dead');
    const number = requests++;
    if (number === plan?.at && plan.when === 'before') return die();
    const answer = await call();
    return number === plan?.at && plan.when === 'after' ? die() : answer;
  });
  const takeCrash = () => {
    const wasDead = isDead;
    isDead = false;
    return wasDead;
  };
  return { store, requests: () => requests, takeCrash };
}
