/**
 * One simulated world: tables, streams, processes and a clock, to which one choice after another is done. Nothing in it
 * happens by itself: a request waits until it is chosen, and so do its answer, a pause and a batch.
 */
import { setImmediate } from 'node:timers/promises';
import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { readBatchResult } from '../../lib/local/streams/batch-result.ts';
import type { World } from '../../lib/protocol/invariants.ts';
import type { Rules } from '../../lib/protocol/rules.ts';
import { MEMORY_NAMES } from '../support/memory-client.ts';
import { cancelled, exception, type Luck, MemoryEngine, type StatementFault } from '../support/memory-engine.ts';
import { MemoryTables } from '../support/memory-tables.ts';
import { type Choice, type Refusal, type Stage, tellChoice } from './choices.ts';
import type { Dials } from './dials.ts';
import { Exercised } from './exercised.ts';
import { hash, Lanes, MAPPING } from './lanes.ts';
import type { Mistake } from './mistakes.ts';
import { type Carried, Place, Process, type Request, type Role, type Surroundings } from './processes.ts';
import { Watch } from './watch.ts';
import { perform } from './writers.ts';

/** A step of the world takes this long. */
const STEP_MILLIS = 3;
/** The functions' timeout, and the sweep's, as the construct sets them. */
const FUNCTION_LIFE_MILLIS = 60_000;
const SWEEP_LIFE_MILLIS = 15 * 60_000;
/**
 * A program that calls the client. Less than the ten minutes that a transaction's token lives: one that sleeps for longer
 * between two tries is outside of what can be promised.
 */
const WRITER_LIFE_MILLIS = 5 * 60_000;
/** A request that arrives later than this is refused by DynamoDB, or lost. */
const LATE_MILLIS_MAX = 60_000;
const PAST_MAX = 6;
const START_EPOCH_MILLIS = Date.parse('2026-01-01T00:00:00.000Z');

/** How the last statement of a batch may fail by itself. */
export const STATEMENT_FAULTS: readonly StatementFault[] = [
  { code: 'ThrottlingError', isDone: false },
  { code: 'TransactionConflict', isDone: false },
  { code: 'InternalServerError', isDone: false },
  { code: 'InternalServerError', isDone: true },
  { code: undefined, isDone: true },
];
/** A read of several partitions may end before the first row, or behind it, or behind the second. */
export const PAGE_ROWS_MAX = 3;

export interface LateRequest {
  readonly process: number;
  readonly request: number;
  readonly sentMillis: number;
  readonly operation: string;
  readonly input: Request['input'];
}

interface Run {
  readonly lifeMillis: number;
  readonly work: (place: Place) => Promise<void>;
  readonly onKilled?: () => void;
  readonly surroundings?: Partial<Surroundings>;
}

/** Made once, and used by one world after another under the same rules and with the same mutant. */
const freePlaces = new Map<Mistake | undefined, Map<Rules, Place[]>>();

function freePlacesOf(rules: Rules, mistake: Mistake | undefined): Place[] {
  const byRules = freePlaces.get(mistake) ?? new Map<Rules, Place[]>();
  const places = byRules.get(rules) ?? [];
  freePlaces.set(mistake, byRules);
  byRules.set(rules, places);
  return places;
}

export class SimulatedWorld implements Stage {
  readonly tables: MemoryTables;
  readonly lanes: Lanes;
  readonly watch: Watch;
  readonly exercised = new Exercised();
  readonly processes = new Map<number, Process>();
  /** Requests whose sender has given up waiting. */
  readonly late: LateRequest[] = [];
  readonly #told: (Choice | string)[] = [];
  /** What should never happen: an error of ours, or a request that DynamoDB would reject. */
  fatal: unknown;
  /** Records that never came to a function. */
  losses = 0;
  /** A sweep died on its way: only the next one ends what it had begun. */
  hasSweepDied = false;
  /**
   * Counters that a request has opened after its sender had failed or died, such as `service#web 12.1`. The sender's record may
   * have been handled anew by then, and the parent be gone: nobody but a sweep looks at such a counter.
   */
  readonly #stranded = new Set<string>();
  /**
   * Counters that were there before the last write. One that comes back with the epoch that it had is no late creation: a
   * repeat has created it twice, which the token of its transaction must not allow.
   */
  readonly #past = new Set<string>();
  /** Records that failed once too often. */
  givenUp = 0;
  digest = 0;
  nowMillis = START_EPOCH_MILLIS;
  readonly #places = new Map<Process, Place>();
  readonly #engine: MemoryEngine;
  readonly #dials: Dials;
  readonly #mistake: Mistake | undefined;
  readonly #free: Place[];
  readonly #seed: number;
  readonly #names = new Map<number, Process>();

  constructor(
    { seed, dials, mistake }: { readonly seed: number; readonly dials: Dials; readonly mistake?: Mistake | undefined },
    size: { readonly lanes: number; readonly pageItemsMax: number },
  ) {
    this.#seed = seed;
    this.#dials = dials;
    this.#mistake = mistake;
    const { rules } = dials;
    this.#free = freePlacesOf(rules, mistake);
    this.tables = new MemoryTables(PAST_MAX, rules);
    this.watch = new Watch(dials.raw, rules);
    this.lanes = new Lanes({ count: size.lanes, isCrowded: dials.crowded, rules }, (kind, records) => {
      this.losses += records;
      if (kind === 'given up') this.givenUp += records;
      this.exercised.count(kind === 'dropped' ? 'drops' : 'dead letters', records);
    });
    this.#engine = new MemoryEngine({
      tables: this.tables,
      names: MEMORY_NAMES,
      nowEpochMillis: () => this.nowMillis,
      ...(size.pageItemsMax > 0 && { pageItemsMax: size.pageItemsMax }),
    });
    this.tables.onStep = (before, after) => {
      for (const counter of before.counters) this.#past.add(lifeOf(counter));
      this.watch.step(before, after, this.nowMillis);
    };
  }

  nameOf(process: number): string {
    return this.#names.get(process)?.name ?? `process ${process}`;
  }

  requestOf(process: number, request: number): string {
    return this.#names.get(process)?.tell(request) ?? `request ${request}`;
  }

  say(line: string): void {
    this.#told.push(line);
  }

  /** The story so far, one line a choice. Told only when it is asked for. */
  story(): string[] {
    return this.#told.map((told) => (typeof told === 'string' ? told : tellChoice(told, this)));
  }

  /** Does what was chosen, and lets each process that can go on do so. False: it can't be done here, and nothing happened. */
  async do(choice: Choice): Promise<boolean> {
    if (!this.#start(choice)) return false;
    this.exercised.count('steps');
    this.#told.push(choice);
    this.nowMillis += STEP_MILLIS;
    await setImmediate();
    this.#afterStep();
    this.digest = hash(JSON.stringify(choice), this.digest);
    return true;
  }

  #afterStep(): void {
    this.lanes.takeIn(this.tables, this.nowMillis);
    for (const process of [...this.processes.values()]) {
      if (this.nowMillis >= process.deadlineEpochMillis) {
        this.exercised.count('timeouts');
        this.say(`${process.name} is killed at its timeout`);
        this.#kill(process, false);
      }
    }
    const tooOld = this.late.findIndex(({ sentMillis }) => this.nowMillis - sentMillis <= LATE_MILLIS_MAX);
    this.late.splice(0, tooOld < 0 ? this.late.length : tooOld);
    if (this.losses === 0) this.watch.always(this.tables.world(), (parent) => this.lanes.unprocessed(parent));
  }

  #start(choice: Choice): boolean {
    switch (choice.do) {
      case 'act':
        return this.#act(choice);
      case 'sweep':
        return this.#sweep(choice.process, { full: choice.full, restart: choice.restart === true });
      case 'deliver':
        return this.#deliver(choice);
      case 'duplicate':
        return this.#counted('duplicates', this.lanes.duplicate(choice.lane, choice.record, choice.at, this.nowMillis));
      case 'reorder':
        return this.#counted('reorders', this.lanes.moveToFront(choice.lane, choice.record));
      case 'drop':
        return this.lanes.drop(choice.lane, choice.record);
      case 'expire':
        return this.#counted('expired streams', this.lanes.expire(choice.table));
      case 'delay':
        return this.#counted('delays', this.lanes.delay(choice.lane, this.nowMillis + choice.millis));
      case 'jump':
        this.nowMillis += choice.millis;
        return this.#counted('clock jumps', true);
      case 'arrive':
        return this.#arrive(choice.process, choice.request);
      default: {
        const process = this.processes.get(choice.process);
        if (process === undefined) return false;
        if ('late' in choice) return this.#end(process, choice);
        if ('timer' in choice) return this.#wake(process, choice.timer);
        const request = process.requests.get(choice.request);
        return request !== undefined && this.#goOn(process, request, choice);
      }
    }
  }

  #goOn(process: Process, request: Request, choice: Extract<Choice, { readonly request: number }>): boolean {
    switch (choice.do) {
      case 'send': {
        const carried = this.#carryOut(request.operation, request.input, choice);
        process.requests.delete(request.number);
        if ('error' in carried) request.reject(carried.error);
        else request.resolve(carried.answer);
        return true;
      }
      case 'lose':
        this.#carryOut(request.operation, request.input);
        this.exercised.count('answers lost');
        return this.#giveUp(process, request);
      case 'die':
        this.#carryOut(request.operation, request.input);
        this.exercised.count('crashes after a commit');
        return this.#kill(process, false);
      case 'hang':
        this.#keepLate(process, request);
        return this.#giveUp(process, request);
      case 'refuse':
        process.requests.delete(request.number);
        request.reject(this.#refusal(choice.as, request));
        return true;
      default:
        return false;
    }
  }

  #giveUp(process: Process, request: Request): boolean {
    process.requests.delete(request.number);
    request.reject(unanswered());
    return true;
  }

  #refusal(as: Refusal, { number, operation, input }: Request): Error {
    if (as === 'throttled') {
      this.exercised.count('throttles');
      return exception('ThrottlingException', 'Throughput exceeds the current throughput limit');
    }
    if (as === 'server error') {
      this.exercised.count('server errors');
      return exception('InternalServerError', 'Internal server error', 500);
    }
    if (as === 'denied') {
      this.exercised.count('denials');
      return exception('AccessDeniedException', 'User is not authorized to perform this action');
    }
    const message = 'Transaction is ongoing for the item';
    if (operation !== 'TransactWriteItems') {
      this.exercised.count('conflicts');
      return exception('TransactionConflictException', message);
    }
    this.exercised.count('conflicts in transactions');
    const actions = input.TransactItems as unknown as readonly unknown[];
    // Of several services in one transaction, now the first is in conflict and now the last.
    const met = number % 2 === 0 ? 0 : actions.length - 1;
    return cancelled(
      actions.map((_, place) => (place === met ? { Code: 'TransactionConflict', Message: message } : { Code: 'None' })),
    );
  }

  #carryOut(
    operation: string,
    input: Request['input'],
    luck: { age: number; unprocessed: number } = { age: 0, unprocessed: 0 },
  ): Carried {
    this.exercised.count('requests');
    if (luck.age > 0 && (input.ConsistentRead as unknown) !== true) this.exercised.count('reads of the past');
    try {
      const answer = this.#engine.carryOut(operation, input, luckOf(operation, luck));
      this.#countTogether(operation, input, luck.unprocessed);
      return { answer };
    } catch (error) {
      const isExpected =
        error instanceof DynamoDBServiceException &&
        ['ConditionalCheckFailedException', 'TransactionCanceledException'].includes(error.name);
      if (!isExpected) this.fatal ??= error;
      return { error };
    }
  }

  #countTogether(operation: string, input: Request['input'], unprocessed: number): void {
    if (isStamp(operation, input)) this.exercised.count('stamps');
    if (operation === 'BatchExecuteStatement') {
      this.exercised.count('statements together');
      if (unprocessed > 0) this.exercised.count('statements that fail alone');
    } else if (operation === 'ExecuteStatement') {
      this.exercised.count('counts together');
      if (unprocessed > 0) this.exercised.count('counts cut short');
    } else if (unprocessed > 0 && operation.startsWith('Batch')) this.exercised.count('unprocessed parts');
    if (operation === 'TransactWriteItems' && receiptsIn(input) > 1) this.exercised.count('deletions together');
  }

  #keepLate(process: Process, { number, operation, input }: Request): void {
    this.late.push({ process: process.number, request: number, sentMillis: this.nowMillis, operation, input });
  }

  #arrive(process: number, request: number): boolean {
    const index = this.late.findIndex((one) => one.process === process && one.request === request);
    const [found] = index < 0 ? [] : this.late.splice(index, 1);
    if (found === undefined) return false;
    const before = new Set(this.tables.world().counters.map(({ id }) => id));
    this.#carryOut(found.operation, found.input);
    const opened = this.tables.world().counters.filter(({ id }) => !before.has(id));
    const stranded = opened.map(lifeOf).filter((life) => !this.#past.has(life));
    if (!this.processes.has(process)) for (const life of stranded) this.#stranded.add(life);
    return this.#counted('late requests', true);
  }

  /** Those that are still as that request has left them, by id. */
  strandedCounters(): string[] {
    const { counters } = this.tables.world();
    return counters.filter((counter) => this.#stranded.has(lifeOf(counter))).map(({ id }) => id);
  }

  #wake(process: Process, number: number): boolean {
    const timer = process.timers.get(number);
    if (timer === undefined) return false;
    process.timers.delete(number);
    this.nowMillis = Math.max(this.nowMillis, timer.dueMillis);
    timer.wake();
    return true;
  }

  #end(process: Process, choice: Extract<Choice, { readonly late: boolean }>): boolean {
    this.exercised.count(choice.do === 'time out' ? 'timeouts' : 'crashes before a request');
    return this.#kill(process, choice.late);
  }

  /** Nothing of it goes on: its promises stay open for ever, as after SIGKILL. */
  #kill(process: Process, late: boolean): true {
    if (late) for (const request of process.requests.values()) this.#keepLate(process, request);
    if (process.role === 'sweep') this.hasSweepDied = true;
    this.#leave(process);
    process.onKilled?.();
    return true;
  }

  #act({ process, action, atOnce, loses }: Extract<Choice, { readonly do: 'act' }>): boolean {
    let isToLose = loses;
    const carryOutAtOnce = (operation: string, input: Request['input']): Carried => {
      const carried = this.#carryOut(operation, input);
      if (!isToLose || !isWrite(operation)) return carried;
      isToLose = false;
      this.exercised.count('answers lost');
      return { error: unanswered() };
    };
    const surroundings = atOnce ? { carryOutAtOnce } : {};
    const work = async (place: Place) => {
      const answer = await perform(place.writer, place.db, MEMORY_NAMES, action);
      if (answer !== 'done') this.exercised.count(`refused: ${answer}`);
      else if (action.do === 'undelete') this.exercised.count('undeletes');
      this.digest = hash(answer, this.digest);
    };
    return this.#run(process, 'writer', { lifeMillis: WRITER_LIFE_MILLIS, work, surroundings });
  }

  #sweep(number: number, request: { readonly full?: boolean; readonly restart?: boolean }): boolean {
    const work = async (place: Place) => {
      this.exercised.count('sweeps');
      const answer = await place.sweep(request, place.context());
      // A parent that it could not settle is left as it was then, as by a sweep that dies there.
      if (answer.failedCount > 0) this.hasSweepDied = true;
      if (answer.complete && answer.failedCount === 0 && answer.startedAt === undefined) this.wholeSweeps.add(number);
    };
    return this.#run(number, 'sweep', { lifeMillis: SWEEP_LIFE_MILLIS, work });
  }

  /** Sweeps that looked at everything, from the beginning to the end, and failed at nothing. */
  readonly wholeSweeps = new Set<number>();

  #deliver({ process: number, lane, from, records: most }: Extract<Choice, { readonly do: 'deliver' }>): boolean {
    if (this.#names.has(number)) return false;
    const records = this.lanes.begin(lane, number, { from, most }, this.nowMillis);
    if (records === undefined) return false;
    if (records.length === 0) return true; // all of them too old
    const table = this.lanes.tableOf(lane);
    const sequenceNumbers = records.map(({ dynamodb }) => dynamodb.SequenceNumber);
    const end = (result: { payload?: unknown; error?: { errorType: string; errorMessage: string } }) =>
      this.lanes.end(lane, number, readBatchResult(result as never, sequenceNumbers, MAPPING));
    const failed = (error: unknown) => ({ error: { errorType: 'Error', errorMessage: String(error) } });
    this.exercised.count('invocations');
    const work = (place: Place) =>
      place.handlers[table]({ Records: records }, place.context()).then(
        (payload) => end({ payload }),
        (error) => end(failed(error)),
      );
    const onKilled = () => end(failed('killed'));
    return this.#run(number, table, { lifeMillis: FUNCTION_LIFE_MILLIS, work, onKilled });
  }

  #run(number: number, role: Role, { lifeMillis, work, onKilled, surroundings: special }: Run): boolean {
    if (this.#names.has(number)) return false;
    const { skewMillisMax } = this.#dials;
    const surroundings = {
      nowEpochMillis: () => this.nowMillis,
      log: (line: string) => this.#read(line),
      onMistake: () => this.exercised.count('mistakes'),
      ...special,
    };
    const process = new Process(number, role, surroundings, { seed: this.#seed, skewMillisMax, lifeMillis });
    process.onKilled = onKilled;
    const place = this.#free.pop() ?? new Place(this.#dials.rules, this.#mistake);
    place.process = process;
    this.processes.set(number, process);
    this.#names.set(number, process);
    this.#places.set(process, place);
    if (role === 'writer') this.exercised.count('actions');
    work(place)
      .catch((error: unknown) => {
        if (role === 'writer') this.fatal ??= error;
        if (role === 'sweep') this.hasSweepDied = true;
      })
      .finally(() => this.#leave(process));
    return true;
  }

  #leave(process: Process): void {
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
    for (const process of [...this.processes.values()]) this.#leave(process);
  }

  #counted(what: Parameters<Exercised['count']>[0], isDone: boolean): boolean {
    if (isDone) this.exercised.count(what);
    return isDone;
  }

  #read(line: string): void {
    const { decision, recounts, put, removed } = JSON.parse(line) as Record<string, unknown>;
    if (decision === undefined) return;
    this.digest = hash(String(decision), this.digest);
    if (recounts !== undefined) this.exercised.count('settles');
    this.exercised.count('recounts', Number(recounts ?? 0));
    if (decision === 'yielded') this.exercised.count('yields');
    if (decision === 'healed') this.exercised.count('heals', Number(put) + Number(removed));
    if (decision === 'held') this.exercised.count('holds');
    if (decision === 'decremented') this.exercised.count('decrements');
  }
}

/** Its epoch is another one after each recount, and in each life. */
function lifeOf(counter: World['counters'][number]): string {
  return `${counter.id} ${(counter as { epoch?: unknown }).epoch}`;
}

/** What is left to chance, in the engine's words. */
function luckOf(operation: string, { age, unprocessed }: { age: number; unprocessed: number }): Luck {
  if (unprocessed === 0) return { age };
  const statement = operation === 'BatchExecuteStatement' ? STATEMENT_FAULTS[unprocessed - 1] : undefined;
  if (statement !== undefined) return { age, statement };
  return operation === 'ExecuteStatement' ? { age, rows: unprocessed - 1 } : { age, unprocessed };
}

function receiptsIn(input: Request['input']): number {
  const actions = input.TransactItems as unknown as readonly { readonly Put?: { readonly TableName: string } }[];
  return actions.filter(({ Put }) => Put?.TableName === MEMORY_NAMES.receipts).length;
}

export function isWrite(operation: string): boolean {
  return /Write|Put|Update|Delete|BatchExecute/.test(operation);
}

/** As the SDK tells that no answer came in time. */
function unanswered(): Error {
  return Object.assign(new Error('Connection timed out'), { name: 'TimeoutError' });
}

/** A mark without a time gets one. */
function isStamp(operation: string, input: Request['input']): boolean {
  if (operation !== 'TransactWriteItems') return false;
  const [action] = input.TransactItems as unknown as readonly {
    readonly Update?: { readonly UpdateExpression?: string };
  }[];
  return action?.Update?.UpdateExpression?.startsWith('SET #markedAt') === true;
}
