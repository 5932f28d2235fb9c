/** What can go wrong around a deallocator in memory: a test switches it on, and says how often. */
import { exception } from './memory/answers.ts';
import type { Lanes } from './simulation/lanes.ts';
import { unanswered } from './simulation/refusals.ts';
import { isWrite } from './simulation/wire.ts';

/** Whose requests a fault hits: those of the test's clients, or those of the deallocator's functions. */
export type Whose = 'client' | 'functions';

/** Faults that are switched on happen to the very next requests, records or invocations. */
export interface Faults {
  /**
   * DynamoDB refuses the next requests for now, and carries none of them out. The deallocator tries each again, up to 8 times in all.
   * @param requests how many @default 1
   * @param whose @default everybody's
   */
  throttle(requests?: number, whose?: Whose): void;
  /**
   * The next writes are carried out, and their answers are lost: who sent them can't know.
   * @param writes how many @default 1
   * @param whose @default everybody's
   */
  loseAnswers(writes?: number, whose?: Whose): void;
  /**
   * A function's process dies right after its next write was carried out; the whole batch then comes again, as on Lambda.
   * @param invocations how many die so @default 1
   */
  crash(invocations?: number): void;
  /** Every record that a function has been given so far comes once more, as Lambda may do. @returns how many */
  repeatRecords(): number;
  /** Records are late from now on: they wait until {@link releaseRecords}. */
  holdRecords(): void;
  /** Records are no longer late. */
  releaseRecords(): void;
  /** Records that wait are lost, as after 24 hours or too many failures: only a sweep helps. @returns how many */
  loseRecords(): number;
}

interface Pending {
  readonly kind: 'throttle' | 'lose';
  readonly whose: Whose | undefined;
  left: number;
}

/** One list of what is to happen, and a wire that looks it up at each request. */
export class SwitchedFaults implements Faults {
  readonly #pending: Pending[] = [];
  readonly #lanes: Lanes;
  readonly #takeIn: () => void;
  #crashes = 0;
  #isDead = false;
  isHeld = false;

  /** @param takeIn brings the tables' new records into the lanes */
  constructor(lanes: Lanes, takeIn: () => void) {
    this.#lanes = lanes;
    this.#takeIn = takeIn;
  }

  throttle(requests = 1, whose?: Whose): void {
    this.#add('throttle', requests, whose);
  }

  loseAnswers(writes = 1, whose?: Whose): void {
    this.#add('lose', writes, whose);
  }

  crash(invocations = 1): void {
    this.#crashes += checkedCount('crash', invocations);
  }

  repeatRecords(): number {
    this.#takeIn();
    return this.#lanes.repeatAll();
  }

  holdRecords(): void {
    this.isHeld = true;
  }

  releaseRecords(): void {
    this.isHeld = false;
  }

  loseRecords(): number {
    this.#takeIn();
    return this.#lanes
      .waiting()
      .reduce((lost, { table, records }) => (this.#lanes.expire(table) ? lost + records : lost), 0);
  }

  /** Carries a request out as far as the faults let it. */
  pass(whose: Whose, operation: string, carryOut: () => unknown): unknown {
    if (whose === 'functions' && this.#isDead) throw new Error('the process is dead');
    if (this.#take('throttle', whose)) {
      throw exception('ThrottlingException', 'Throughput exceeds the current throughput limit');
    }
    const answer = carryOut();
    if (!isWrite(operation)) return answer;
    if (whose === 'functions' && this.#crashes > 0) {
      this.#crashes--;
      this.#isDead = true;
      throw new Error('the process died');
    }
    if (this.#take('lose', whose)) throw unanswered();
    return answer;
  }

  /** Whether the function's process has died in the invocation that has just ended; the next one has a new process. */
  takeDeath(): boolean {
    const wasDead = this.#isDead;
    this.#isDead = false;
    return wasDead;
  }

  #add(kind: Pending['kind'], count: number, whose: Whose | undefined): void {
    this.#pending.push({ kind, whose, left: checkedCount(kind, count) });
  }

  #take(kind: Pending['kind'], whose: Whose): boolean {
    const found = this.#pending.find((one) => one.kind === kind && one.left > 0 && (one.whose ?? whose) === whose);
    if (found === undefined) return false;
    found.left--;
    return true;
  }
}

function checkedCount(what: string, count: number): number {
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new RangeError(`${what} was told "${count}" times; allowed: a whole number from 1 on`);
}
