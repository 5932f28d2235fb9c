/** Time that passes only when nothing is left to do: an hour of waiting takes as long as the work in it. */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';

export class VirtualTime {
  #nowMillis = 0;
  readonly #sleepers = new Map<number, (() => void)[]>();

  get nowMillis(): number {
    return this.#nowMillis;
  }

  async wait(millis: number): Promise<void> {
    const at = this.#nowMillis + millis;
    await new Promise<void>((wake) => {
      const others = this.#sleepers.get(at);
      if (others === undefined) this.#sleepers.set(at, [wake]);
      else others.push(wake);
    });
  }

  /** Lets time pass until the work is done. Nothing but `wait` may be waited for meanwhile. */
  async run<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    void work.then(done, done);
    for (;;) {
      await turnOfTheLoop();
      if (isDone) return await work;
      const next = Math.min(...this.#sleepers.keys());
      if (next === Number.POSITIVE_INFINITY) throw new Error('the work waits for something else than time');
      this.#nowMillis = next;
      const awake = this.#sleepers.get(next) ?? [];
      this.#sleepers.delete(next);
      for (const wake of awake) wake();
    }
  }
}

/** At most so many at a time; the others wait in the order in which they came. */
export class Sockets {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((go) => this.#queue.push(go));
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
