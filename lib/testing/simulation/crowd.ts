/** Who is at work in a simulated world, and where. */
import { type Deployed, freePlacesOf, Place, type Tampering } from './place.ts';
import { Process, type Role, type Surroundings } from './processes.ts';

export interface Run {
  readonly work: (place: Place) => Promise<void>;
  readonly onKilled?: () => void;
  readonly onFailed: (error: unknown) => void;
  readonly surroundings: Surroundings;
}

interface Kind extends Deployed {
  readonly seed: number;
  readonly skewMillisMax: number;
  readonly tampering: Tampering | undefined;
}

export class Crowd {
  /** Those that are alive. */
  readonly processes = new Map<number, Process>();
  readonly #all = new Map<number, Process>();
  readonly #places = new Map<Process, Place>();
  readonly #kind: Kind;
  readonly #free: Place[];

  constructor(kind: Kind) {
    this.#kind = kind;
    this.#free = freePlacesOf(kind, kind.tampering);
  }

  /** Dead or alive. */
  find(number: number): Process | undefined {
    return this.#all.get(number);
  }

  /** False: there has been a process of that number. */
  run(number: number, role: Role, { work, onKilled, onFailed, surroundings }: Run): boolean {
    if (this.#all.has(number)) return false;
    const { seed, skewMillisMax, tampering } = this.#kind;
    const process = new Process(number, role, surroundings, { seed, skewMillisMax });
    process.onKilled = onKilled;
    const place = this.#free.pop() ?? new Place(this.#kind, tampering);
    place.process = process;
    this.processes.set(number, process);
    this.#all.set(number, process);
    this.#places.set(process, place);
    work(place)
      .catch(onFailed)
      .finally(() => this.leave(process));
    return true;
  }

  leave(process: Process): void {
    const place = this.#places.get(process);
    if (place === undefined) return;
    this.#places.delete(process);
    this.processes.delete(process.number);
    process.isAlive = false;
    place.process = undefined;
    this.#free.push(place);
  }

  /** Ends what is left running, so that its places are free for the next world. */
  close(): void {
    for (const process of [...this.processes.values()]) this.leave(process);
  }
}
