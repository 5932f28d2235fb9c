/**
 * One simulated world: tables, streams, processes and a clock, to which one choice after another is done. Nothing in it
 * happens by itself: a request waits until it is chosen, and so do its answer, a pause and a batch.
 */

import { setImmediate } from 'node:timers/promises';
import { swarmkitPlan } from '../../lifecycle/swarmkits.ts';
import { readBatchResult } from '../../local/streams/batch-result.ts';
import type { Handler } from '../memory/stream-functions.ts';
import { MemoryTables } from '../memory/tables.ts';
import { type Choice, type Stage, tellChoice } from './choices.ts';
import { Crowd, type Run } from './crowd.ts';
import type { Dials } from './dials.ts';
import { Exercised } from './exercised.ts';
import { hash, Lanes, MAPPING } from './lanes.ts';
import type { Place, Tampering } from './place.ts';
import type { Carried, Process, Request, Role, Surroundings } from './processes.ts';
import { refusal, unanswered } from './refusals.ts';
import type { Action, Scene } from './scene.ts';
import { Watch, type Watcher } from './watch.ts';
import { isWrite, Wire } from './wire.ts';

/** A step of the world takes this long. */
const STEP_MILLIS = 3;
const PAST_MAX = 6;
const START_EPOCH_MILLIS = Date.parse('2026-01-01T00:00:00.000Z');

interface Setting {
  readonly seed: number;
  readonly dials: Dials;
  readonly scene: Scene;
  readonly tampering?: Tampering | undefined;
}

export class SimulatedWorld implements Stage {
  readonly tables: MemoryTables;
  readonly lanes: Lanes;
  readonly watch: Watcher;
  readonly exercised = new Exercised();
  readonly #told: (Choice | string)[] = [];
  /** What should never happen: an error of ours, or a request that DynamoDB would reject. */
  fatal: unknown;
  /** Records that never came to a function. */
  losses = 0;
  /** A sweep died on its way: only the next one ends what it had begun. */
  hasSweepDied = false;
  /** Records that failed once too often. */
  givenUp = 0;
  digest = 0;
  nowMillis = START_EPOCH_MILLIS;
  readonly #crowd: Crowd;
  readonly wire: Wire;
  readonly #scene: Scene;

  constructor(
    { seed, dials, scene, tampering }: Setting,
    size: { readonly lanes: number; readonly pageItemsMax: number },
  ) {
    this.#scene = scene;
    const { rules, choices = {} } = dials;
    const plan = scene.own?.plan ?? swarmkitPlan(choices);
    this.#crowd = new Crowd({
      ...{ seed, skewMillisMax: dials.skewMillisMax },
      ...{ rules, choices, plan, isLearned: dials.learns !== true, tampering },
    });
    this.tables = new MemoryTables(PAST_MAX, plan);
    this.watch = scene.own?.watch ?? new Watch(plan, rules, scene.excuses, scene.isForeign);
    this.lanes = new Lanes({ count: size.lanes, isCrowded: dials.crowded, plan }, (kind, records) => {
      this.losses += records;
      if (kind === 'given up') this.givenUp += records;
      this.exercised.count(kind === 'dropped' ? 'drops' : 'dead letters', records);
    });
    this.wire = new Wire(this, {
      pageItemsMax: size.pageItemsMax,
      isForeign: scene.isForeign === true,
    });
    this.tables.onStep = (before, after) => {
      this.wire.remember(before);
      this.watch.step(before, after, this.nowMillis);
    };
  }

  get processes(): ReadonlyMap<number, Process> {
    return this.#crowd.processes;
  }

  nameOf(process: number): string {
    return this.#crowd.find(process)?.name ?? `process ${process}`;
  }

  requestOf(process: number, request: number): string {
    return this.#crowd.find(process)?.tell(request) ?? `request ${request}`;
  }

  actionOf(action: Action): string {
    return this.#scene.tell(action);
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
    this.wire.forgetOld();
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
        return this.#counted('late requests', this.wire.arrive(choice.process, choice.request));
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
      case 'send':
        return process.settle(request, this.wire.carryOut(request.operation, request.input, choice));
      case 'lose':
        this.wire.carryOut(request.operation, request.input);
        this.exercised.count('answers lost');
        return process.settle(request, { error: unanswered() });
      case 'die':
        this.wire.carryOut(request.operation, request.input);
        this.exercised.count('crashes after a commit');
        return this.#kill(process, false);
      case 'hang':
        this.wire.keepLate(process, request);
        return process.settle(request, { error: unanswered() });
      case 'refuse':
        return process.settle(request, { error: refusal(choice.as, request, this.exercised) });
      default:
        return false;
    }
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
    if (late) for (const request of process.requests.values()) this.wire.keepLate(process, request);
    if (process.role === 'sweep') this.hasSweepDied = true;
    this.#crowd.leave(process);
    process.onKilled?.();
    return true;
  }

  #act({ process, action, atOnce, loses }: Extract<Choice, { readonly do: 'act' }>): boolean {
    let isToLose = loses;
    const carryOutAtOnce = (operation: string, input: Request['input']): Carried => {
      const carried = this.wire.carryOut(operation, input);
      if (!isToLose || !isWrite(operation)) return carried;
      isToLose = false;
      this.exercised.count('answers lost');
      return { error: unanswered() };
    };
    const surroundings = atOnce ? { carryOutAtOnce } : {};
    const work = async (place: Place) => {
      const answer = await this.#scene.perform(place, action, this.exercised);
      if (answer !== 'done') this.exercised.count(`refused: ${answer}`);
      this.digest = hash(answer, this.digest);
    };
    return this.#run(process, 'writer', { work }, surroundings);
  }

  #sweep(number: number, request: { readonly full?: boolean; readonly restart?: boolean }): boolean {
    const work = async (place: Place) => {
      this.exercised.count('sweeps');
      const answer = await place.sweep(request, place.context());
      // A parent that it could not settle is left as it was then, as by a sweep that dies there.
      if (answer.failedCount > 0) this.hasSweepDied = true;
      if (answer.complete && answer.failedCount === 0 && answer.startedAt === undefined) this.wholeSweeps.add(number);
    };
    return this.#run(number, 'sweep', { work });
  }

  /** Sweeps that looked at everything, from the beginning to the end, and failed at nothing. */
  readonly wholeSweeps = new Set<number>();

  #deliver({ process: number, lane, from, records: most }: Extract<Choice, { readonly do: 'deliver' }>): boolean {
    if (this.#crowd.find(number) !== undefined) return false;
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
      (place.handlers[table] as Handler)({ Records: records }, place.context()).then(
        (payload) => end({ payload }),
        (error) => end(failed(error)),
      );
    const onKilled = () => end(failed('killed'));
    return this.#run(number, table, { work, onKilled });
  }

  /** Ends what is left running, so that its places are free for the next world. */
  close(): void {
    this.#crowd.close();
  }

  #run(
    number: number,
    role: Role,
    run: Omit<Run, 'surroundings' | 'onFailed'>,
    special: Partial<Surroundings> = {},
  ): boolean {
    const surroundings = {
      nowEpochMillis: () => this.nowMillis,
      log: (line: string) => this.#read(line),
      onTampering: () => this.exercised.count('mistakes'),
      ...special,
    };
    const onFailed = (error: unknown) => {
      if (role === 'writer') this.fatal ??= error;
      if (role === 'sweep') this.hasSweepDied = true;
    };
    const isNew = this.#crowd.run(number, role, { ...run, surroundings, onFailed });
    return role === 'writer' && isNew ? this.#counted('actions', true) : isNew;
  }

  #counted(what: Parameters<Exercised['count']>[0], isDone: boolean): boolean {
    if (isDone) this.exercised.count(what);
    return isDone;
  }

  #read(line: string): void {
    const decision = this.exercised.readLog(line);
    if (decision !== undefined) this.digest = hash(decision, this.digest);
  }
}
