/**
 * The processes of a simulated world: function invocations, sweeps and writers, all of them the real code over the real
 * client, whose requests and pauses wait until the scheduler takes them up. A process that dies is never taken up again.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { random } from './random.ts';

/** The functions' timeout, and the sweep's, as the construct sets them. */
const FUNCTION_LIFE_MILLIS = 60_000;
const SWEEP_LIFE_MILLIS = 15 * 60_000;
/**
 * A program that calls the client. Less than the ten minutes that a transaction's token lives: one that sleeps for longer
 * between two tries is outside of what can be promised.
 */
const WRITER_LIFE_MILLIS = 5 * 60_000;
const LIVES_MILLIS: ReadonlyMap<string, number> = new Map([
  ['sweep', SWEEP_LIFE_MILLIS],
  ['writer', WRITER_LIFE_MILLIS],
]);

export type Input = Record<string, AttributeValue>;

export interface Request {
  readonly number: number;
  readonly operation: string;
  readonly input: Input;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Timer {
  readonly dueMillis: number;
  readonly wake: () => void;
}

/** Of a function that a stream wakes, the table. */
export type Role = string;

export type Carried = { readonly answer: unknown } | { readonly error: unknown };

/** What a process is told by its world. */
export interface Surroundings {
  nowEpochMillis(): number;
  /** For a process that does all at once: carries its request out instead of letting it wait for a turn. */
  readonly carryOutAtOnce?: ((operation: string, input: Input) => Carried) | undefined;
  /** One line of a function's log. */
  log(line: string): void;
  /** Something was tampered with just now. */
  onTampering(): void;
}

export class Process {
  readonly number: number;
  readonly role: Role;
  readonly skewMillis: number;
  readonly deadlineEpochMillis: number;
  readonly fraction: () => number;
  readonly requests = new Map<number, Request>();
  readonly timers = new Map<number, Timer>();
  readonly surroundings: Surroundings;
  /** All requests so far, for the story. */
  readonly sent: { readonly operation: string; readonly input: Input }[] = [];
  isAlive = true;
  onKilled: (() => void) | undefined;
  #freshCount = 0;
  #timerCount = 0;

  constructor(
    number: number,
    role: Role,
    surroundings: Surroundings,
    options: { readonly seed: number; readonly skewMillisMax: number },
  ) {
    this.number = number;
    this.role = role;
    this.surroundings = surroundings;
    // A row of dice of its own, so that what other processes do changes nothing here.
    this.fraction = random(options.seed * 31 + number);
    this.skewMillis = Math.round((this.fraction() * 2 - 1) * options.skewMillisMax);
    this.deadlineEpochMillis = surroundings.nowEpochMillis() + (LIVES_MILLIS.get(role) ?? FUNCTION_LIFE_MILLIS);
  }

  get name(): string {
    return `${NAMES[this.role] ?? this.role} ${this.number}`;
  }

  send(operation: string, input: Input): Promise<unknown> {
    const number = this.sent.push({ operation, input }) - 1;
    const carried = this.surroundings.carryOutAtOnce?.(operation, input);
    if (carried !== undefined)
      return 'error' in carried ? Promise.reject(carried.error) : Promise.resolve(carried.answer);
    return new Promise((resolve, reject) => {
      this.requests.set(number, { number, operation, input, resolve, reject });
    });
  }

  /** Gives a request of its own what became of it. */
  settle({ number, resolve, reject }: Request, carried: Carried): true {
    this.requests.delete(number);
    if ('error' in carried) reject(carried.error);
    else resolve(carried.answer);
    return true;
  }

  tell(request: number): string {
    const { operation, input } = this.sent[request] ?? {};
    return operation === undefined ? `request ${request}` : `${operation} ${subjectsOf(input as Input)}`;
  }

  pause(millis: number): Promise<void> {
    return new Promise((wake) => {
      this.timers.set(++this.#timerCount, { dueMillis: this.surroundings.nowEpochMillis() + millis, wake });
    });
  }

  fresh(): string {
    return `${this.number}.${++this.#freshCount}`;
  }

  clockEpochMillis(): number {
    return this.surroundings.nowEpochMillis() + this.skewMillis;
  }
}

const NAMES: Readonly<Record<string, string>> = {
  tasks: 'task-deleted',
  attachments: 'attachment-deleted',
  services: 'service-updated',
  networks: 'network-updated',
  counters: 'no function',
  receipts: 'no function',
  sweep: 'sweep',
  writer: 'writer',
};

/** The keys that a request is about. */
function subjectsOf(input: Input): string {
  const texts = [...JSON.stringify(input).matchAll(/"(?:id|serviceId|held|holder|:parent)":\{"S":"([^"]+)"/g)];
  return [...new Set(texts.map(([, text]) => text))].join(', ');
}
