import { TIMER_MILLIS_MAX } from './limits.ts';

/** A wait that can be cut short. */
export class Pause {
  readonly #wakes = new Set<() => void>();
  #closed = false;

  async wait(millis: number): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wakes.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(Math.max(0, millis), TIMER_MILLIS_MAX));
      this.#wakes.add(wake);
    });
  }

  /** Ends every wait that is under way. */
  wake(): void {
    for (const wake of [...this.#wakes]) wake();
  }

  /** From now on every wait ends at once. */
  close(): void {
    this.#closed = true;
    this.wake();
  }
}

/** While it is shut, `pass` waits. */
export class Gate {
  #waiting: (() => void)[] = [];
  #isOpen = true;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  shut(): void {
    this.#isOpen = false;
  }

  open(): void {
    this.#isOpen = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  async pass(): Promise<void> {
    while (!this.#isOpen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
