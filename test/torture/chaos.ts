/** Everything that goes wrong in a wave, from one seed: requests, records, processes, and the engine itself. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  answerLost,
  type Fault,
  type GatewayRequest,
  hang,
  internalServerError,
  late,
  throttled,
  transactionCanceled,
  transactionConflict,
  unprocessed,
} from '../../lib/local/dynamodb/faults.ts';
import type { Delivery } from '../../lib/local/streams/delivery.ts';
import type { RecordArrival } from '../../lib/local/streams/record-intercept.ts';
import type { BatchResponse } from '../../lib/streams/batch.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { FUNCTION_TIMEOUT_MILLIS, type WaveDials } from './dials.ts';
import type { Journal } from './journal.ts';
import { functionIds, type TortureCloud } from './torture-cloud.ts';

/** Shares of requests that are disturbed. */
const FUNCTION_FAULT_SHARE = 0.2;
const WRITER_FAULT_SHARE = 0.06;
/** Shares of records. */
const DROP_SHARE = 0.03;
const REPEAT_SHARE = 0.1;
const DELAY_SHARE = 0.2;
/** Longer than a delivery, shorter than a story. */
const RECORD_DELAY_MILLIS = 400;
/** Beyond the first retries of its sender. */
const LATE_REQUEST_MILLIS = 600;
/** Blows at processes for each action of a writer: by work, not by time, so that a slow machine gets no more of them. */
const BLOW_SHARE = 0.05;
const FREEZE_MILLIS = 1_000;
const TIMEOUT_FREEZE_MILLIS = FUNCTION_TIMEOUT_MILLIS * 1.2;
/** Batches that are remembered, to be sent once more. */
const REMEMBERED_MAX = 60;

const SINGLE_WRITES = ['UpdateItem', 'DeleteItem', 'PutItem'];
const BATCHES = ['BatchGetItem', 'BatchWriteItem', 'BatchExecuteStatement'];

/** An invocation beside those of the mappings and the schedule. */
interface Extra {
  /** Whether it came to its end, and everything in it succeeded. */
  readonly invoke: () => Promise<boolean>;
  readonly isDone: Promise<boolean>;
}

export class Chaos {
  readonly #torture: TortureCloud;
  readonly #dials: WaveDials;
  readonly #journal: Journal;
  readonly #functions = functionIds();
  readonly #requests: () => number;
  readonly #records: () => number;
  readonly #blows: () => number;
  readonly #remembered: Delivery[] = [];
  readonly #frozen = new Set<number>();
  readonly #lost = new Set<string>();
  readonly #extras: Extra[] = [];
  #isEngineKilled = false;

  constructor(torture: TortureCloud, dials: WaveDials, journal: Journal) {
    this.#torture = torture;
    this.#dials = dials;
    this.#journal = journal;
    this.#requests = testChance(dials.seed * 10 + 1).fraction;
    this.#records = testChance(dials.seed * 10 + 2).fraction;
    this.#blows = testChance(dials.seed * 10 + 3).fraction;
  }

  start(): void {
    const { cloud } = this.#torture;
    cloud.onDelivery((delivery) => this.#remember(delivery));
    this.#torture.setIntercept((request) => this.#disturb(request));
    cloud.setRecordIntercept((arrival) => this.#divert(arrival));
  }

  /** Called after each action of a writer. */
  maybeStrike(): void {
    if (this.#blows() < BLOW_SHARE) this.#strike();
  }

  /** From now on everything works. */
  stop(): void {
    this.#torture.setIntercept(undefined);
    this.#torture.cloud.setRecordIntercept(undefined);
    for (const pid of this.#frozen) signal(pid, 'SIGCONT');
  }

  async restartEngine(): Promise<void> {
    this.#note('', 'engine killed and started again');
    this.#isEngineKilled = true;
    await this.#torture.restartEngine();
    this.#journal.write('', 'engine is back');
  }

  /** Batches of long ago, once more: at least once has no end. */
  async repeatOld(): Promise<void> {
    const old = this.#remembered.filter((_, index) => index % 10 === 0);
    await Promise.all(old.map((delivery) => this.#repeat(delivery)));
  }

  /** What died here is begun anew, as a mapping delivers records again and a sweep follows the last: nothing half done stays. */
  async bringAgain(): Promise<void> {
    for (const { invoke, isDone } of this.#extras.splice(0)) {
      if (await isDone) continue;
      this.#note('', 'invocation brought again');
      if (!(await invoke())) throw new Error('an invocation failed, although nothing goes wrong any more');
    }
  }

  /**
   * Whether a record about this schedule never got to its function, so that only a sweep can tell. An engine that was killed
   * may have told of writes that it forgot, and may use their sequence numbers again, which the mappings then pass over.
   */
  hasLost(prefix: string): boolean {
    return this.#isEngineKilled || this.#lost.has(prefix);
  }

  #note(about: string, kind: string, detail = ''): void {
    this.#journal.count(kind);
    this.#journal.write(about, `— ${kind}${detail && ` ${detail}`}`);
  }

  #remember(delivery: Delivery): void {
    if (delivery.result === 'RetryAttemptsExhausted' || delivery.result === 'RecordAgeExceeded') {
      this.#note('', 'records given up', `${delivery.records.length} of ${functionName(delivery.functionName)}`);
      for (const prefix of prefixesIn(delivery.records)) this.#lost.add(prefix);
    }
    this.#journal.count('deliveries');
    if (delivery.records.length > 1) this.#journal.count('deliveries of several records');
    this.#remembered.push(delivery);
    if (this.#remembered.length > REMEMBERED_MAX) {
      this.#remembered.splice(Math.floor(this.#blows() * this.#remembered.length), 1);
    }
  }

  #pick<T>(items: readonly (readonly [weight: number, item: T])[], fraction: () => number): T | undefined {
    let dice = fraction() * items.reduce((sum, [weight]) => sum + weight, 0);
    return items.find(([weight]) => {
      dice -= weight;
      return dice < 0;
    })?.[1];
  }

  #disturb(request: GatewayRequest): Fault | undefined {
    const { principal, operation } = request;
    const isFunction = principal !== 'outside';
    const fraction = this.#requests;
    if (fraction() >= (isFunction ? FUNCTION_FAULT_SHARE : WRITER_FAULT_SHARE)) return undefined;
    const isTransaction = operation === 'TransactWriteItems';
    const isSingle = SINGLE_WRITES.includes(operation);
    const isBatch = BATCHES.includes(operation);
    // A plain write of a writer's own that arrives late would undo what the same writer does next: its own affair.
    const mayBeLate = isFunction && (isTransaction || isSingle);
    const actions = Array.isArray(request.body.TransactItems) ? request.body.TransactItems.length : 0;
    const chosen = this.#pick<() => [string, Fault]>(
      [
        [2, () => ['request throttled', throttled()]],
        [2, () => ['request answered 500', internalServerError()]],
        [2, () => ['request delayed', { delayMillis: fraction() * LATE_REQUEST_MILLIS * 0.5 }]],
        [3, () => ['answer lost', answerLost()]],
        [isFunction ? 0.1 : 0, () => ['request hung', hang()]],
        [
          isTransaction ? 3 : 0,
          () => ['transaction conflict', transactionCanceled(request, [Math.floor(fraction() * actions)])],
        ],
        [isSingle ? 5 : 0, () => ['write conflict', transactionConflict()]],
        [mayBeLate ? 8 : 0, () => ['request late', late(fraction() * LATE_REQUEST_MILLIS)]],
        [isBatch ? 4 : 0, () => ['batch half processed', unprocessed()]],
        [isFunction && isTransaction ? 2 : 0, () => ['killed after its commit', this.#killAfter(principal)]],
      ],
      fraction,
    );
    if (chosen === undefined) return undefined;
    const [kind, fault] = chosen();
    this.#note(scheduleOf(request.body), kind, `${isFunction ? functionName(principal) : 'writer'} ${operation}`);
    return fault;
  }

  #killAfter(principal: string): Fault {
    return {
      dropAnswer: true,
      beforeAnswer: () => {
        this.#torture.cloud.killFunctions(principal);
      },
    };
  }

  #divert({ record, functionName: name }: RecordArrival): readonly number[] | undefined {
    const fraction = this.#records;
    const about = scheduleOf(record.dynamodb.Keys);
    const what = `${record.eventName} #${Number(record.dynamodb.SequenceNumber)} to ${functionName(name)}`;
    const dice = fraction();
    const afterMillis = fraction() * RECORD_DELAY_MILLIS;
    if (this.#dials.drops && dice < DROP_SHARE) {
      this.#note(about, 'record lost', what);
      this.#lost.add(about);
      return [];
    }
    if (dice < DROP_SHARE + REPEAT_SHARE) {
      this.#note(about, 'record repeated', what);
      return [0, afterMillis];
    }
    if (dice < DROP_SHARE + REPEAT_SHARE + DELAY_SHARE) {
      this.#note(about, 'record delayed', what);
      return [afterMillis];
    }
    return undefined;
  }

  /** The next blow does not wait for what this one begins. */
  #strike(): void {
    const fraction = this.#blows;
    const blow = this.#pick<(id: string, pid: number) => void>(
      [
        [4, (id, pid) => this.#kill(id, pid)],
        [3, (id, pid) => void this.#freeze(id, pid, 'process frozen', fraction() * FREEZE_MILLIS)],
        [0.7, (id, pid) => void this.#freeze(id, pid, 'process frozen until its timeout', TIMEOUT_FREEZE_MILLIS)],
        [3, () => void this.#repeat(this.#remembered[Math.floor(fraction() * this.#remembered.length)])],
        [0.7, () => void this.#sweep()],
      ],
      fraction,
    );
    const processes = Object.entries(this.#torture.cloud.functions())
      .filter(([id]) => this.#functions.streams.includes(id))
      .flatMap(([id, pids]) => pids.map((pid) => [id, pid] as const));
    const [id, pid] = processes[Math.floor(fraction() * processes.length)] ?? [];
    if (id !== undefined && pid !== undefined) blow?.(id, pid);
  }

  #kill(id: string, pid: number): void {
    this.#note('', 'process killed', functionName(id));
    signal(pid, 'SIGKILL');
  }

  async #freeze(id: string, pid: number, kind: string, millis: number): Promise<void> {
    this.#note('', kind, functionName(id));
    signal(pid, 'SIGSTOP');
    this.#frozen.add(pid);
    await pause(millis);
    this.#frozen.delete(pid);
    signal(pid, 'SIGCONT');
  }

  async #repeat(delivery: Delivery | undefined): Promise<void> {
    if (delivery === undefined) return;
    const { functionName: id, records: Records } = delivery;
    this.#note('', 'old batch repeated', `${Records.length} records of ${functionName(id)}`);
    await this.#invoke(async () => {
      const { payload, error } = await this.#torture.cloud.invoke(id, { Records });
      return error === undefined && (payload as BatchResponse).batchItemFailures.length === 0;
    });
  }

  async #sweep(): Promise<void> {
    this.#note('', 'sweep meanwhile');
    await this.#invoke(async () => {
      const { complete, failed } = await this.#torture.sweep({});
      return complete && failed.length === 0;
    });
  }

  async #invoke(invoke: Extra['invoke']): Promise<void> {
    const isDone = invoke().catch(() => false);
    this.#extras.push({ invoke, isDone });
    await isDone;
  }
}

/** A process that has ended meanwhile gets no signal. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}

/** The prefixes of the schedules whose ids are in there. */
function prefixesIn(body: unknown): readonly string[] {
  return [...new Set(JSON.stringify(body).match(/\bs\d+-/g))];
}

/** The one schedule that it concerns; '' if it is several, or none. */
function scheduleOf(body: unknown): string {
  const [first = '', ...others] = prefixesIn(body);
  return others.length === 0 ? first : '';
}

/** As a story calls it: logical ids and names carry the stack's name and a hash. */
function functionName(id: string): string {
  return id.replace(/^(Deallocator-?)+/, '').replace(/Function[0-9A-F]*$/, '');
}
