/** What an invocation has logged, for `LogType: Tail`. Lambda gives its last 4 KB. */
import type { Log } from '../ground/log.ts';

const TAIL_BYTES_MAX = 4096;
/** Invocations whose tails are kept: a tail is asked for right after its invocation. */
const TAILS_MAX = 200;

export class LogTails {
  readonly #tails = new Map<string, string>();

  /** Passes everything on, and keeps the ends. */
  over(log: Log): Log {
    return (entry) => {
      log(entry);
      const { requestId, line } = entry;
      if (requestId === undefined) return;
      const tail = `${this.#tails.get(requestId) ?? ''}${line}\n`;
      this.#tails.delete(requestId);
      this.#tails.set(requestId, tail.slice(-TAIL_BYTES_MAX));
      const [oldest] = this.#tails.keys();
      if (this.#tails.size > TAILS_MAX && oldest !== undefined) this.#tails.delete(oldest);
    };
  }

  of(requestId: string): string {
    return this.#tails.get(requestId) ?? '';
  }
}
