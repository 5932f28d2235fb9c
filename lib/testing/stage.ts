/** Tables in memory with what reads their streams, one batch after another, each to its end. */

import { itemName } from '../lifecycle/keys.ts';
import type { Plan } from '../lifecycle/plan.ts';
import { readBatchResult } from '../local/streams/batch-result.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { checkRest, checkStep, type World } from '../protocol/invariants.ts';
import { tellWorld } from '../protocol/rest.ts';
import type { Rules } from '../protocol/rules.ts';
import type { Store } from '../protocol/store.ts';
import { worldOf } from '../protocol/tables.ts';
import type { Violation } from '../protocol/violations.ts';
import { MAPPING_DEFAULTS } from '../streams/functions.ts';
import type { Context } from '../streams/invocation.ts';
import { type SweepAnswer, type SweepRequest, sweepRequested } from '../streams/sweep-requested.ts';
import { SwitchedFaults } from './faults.ts';
import type { TestChance } from './memory/chance.ts';
import { memoryNames } from './memory/client.ts';
import { MemoryEngine } from './memory/engine.ts';
import { type LogLine, testPorts } from './memory/ports.ts';
import { handlersOf } from './memory/stream-functions.ts';
import { MemoryTables } from './memory/tables.ts';
import { Lanes, MAPPING } from './simulation/lanes.ts';

/** Batches of one drain: a story that isn't done then never will be. */
const BATCHES_MAX = 10_000;
/** The deployment's timeout of a sweep. What runs in memory is done long before. */
const LIFE_MILLIS = 15 * 60_000;
/** Records never grow old here: on AWS they would have been delivered long before a test lets a day pass. */
const AGELESS = 0;

export class Stage {
  readonly tables: MemoryTables;
  readonly engine: MemoryEngine;
  readonly faults: SwitchedFaults;
  readonly #lanes: Lanes;
  readonly #rules: Rules;
  readonly #chance: TestChance;
  readonly #violations: Violation[] = [];
  readonly #deleted: string[] = [];
  #handlers: ReturnType<typeof handlersOf> | undefined;
  #sweep: ReturnType<typeof sweepRequested> | undefined;
  #batches = 0;
  deadLetters = 0;

  constructor(rules: Rules, chance: TestChance, plan: Plan) {
    this.#rules = rules;
    this.#chance = chance;
    this.tables = new MemoryTables(0, plan);
    this.engine = new MemoryEngine({
      tables: this.tables,
      names: memoryNames(plan),
      nowEpochMillis: chance.nowEpochMillis,
    });
    this.#lanes = new Lanes({ count: 1, isCrowded: false, plan }, (kind, records) => {
      if (kind === 'given up') this.deadLetters += records;
    });
    this.faults = new SwitchedFaults(this.#lanes, () => this.#takeIn());
    this.tables.onStep = (before, after) => {
      const nowEpochMillis = chance.nowEpochMillis();
      this.#violations.push(...checkStep(before, after, { plan, rules, nowEpochMillis }));
      this.#deleted.push(...goneOf(this.tables.plan, before, after));
    };
  }

  /** Gives the functions their store. */
  open(store: Store): void {
    const log: LogLine[] = [];
    const ports = testPorts(store, this.#chance, log, this.#rules, 'test', this.tables.plan);
    this.#handlers = handlersOf(ports);
    this.#sweep = sweepRequested(ports);
  }

  /** @returns what went meanwhile */
  async drain(): Promise<string[]> {
    const from = this.#deleted.length;
    this.#takeIn();
    for (let batches = 0; !this.faults.isHeld; batches++) {
      const [lane] = this.#lanes.ready(AGELESS);
      if (lane === undefined) break;
      if (batches === BATCHES_MAX) throw this.#endless();
      await this.#deliver(lane);
      this.#takeIn();
    }
    return this.#deleted.slice(from);
  }

  async sweep(request: SweepRequest = {}): Promise<SweepAnswer> {
    if (this.#sweep === undefined) throw new Error('the functions have no store yet');
    const ended = await endOf(this.#sweep(request, this.#context()));
    if (this.faults.takeDeath())
      throw new Error('the sweep died on its way, as a test told it to; the next one goes on');
    if ('error' in ended) throw ended.error;
    return ended.payload;
  }

  check(): readonly Violation[] {
    this.#takeIn();
    const isAtRest = this.#lanes.ready(AGELESS).length === 0;
    const { plan } = this.tables;
    const circumstances = { plan, rules: this.#rules, nowEpochMillis: this.#chance.nowEpochMillis() };
    return [...this.#violations, ...(isAtRest ? checkRest(this.tables.world(), circumstances) : [])];
  }

  async #deliver(lane: string): Promise<void> {
    const batch = ++this.#batches;
    const records = this.#lanes.begin(lane, batch, { from: 0, most: MAPPING_DEFAULTS.batchSize }, AGELESS) ?? [];
    const handler = this.#handlers?.[this.#lanes.tableOf(lane)];
    if (handler === undefined) throw new Error('the functions have no store yet');
    const ended = await endOf(handler({ Records: records }, this.#context()));
    const hasDied = this.faults.takeDeath();
    const result = hasDied || 'error' in ended ? { error: FAILED } : { payload: ended.payload };
    const sequenceNumbers = records.map(({ dynamodb }) => dynamodb.SequenceNumber);
    this.#lanes.end(lane, batch, readBatchResult(result as never, sequenceNumbers, MAPPING));
  }

  #takeIn(): void {
    this.#lanes.takeIn(this.tables, AGELESS);
  }

  #context(): Context {
    return { awsRequestId: `request-${this.#batches}`, getRemainingTimeInMillis: () => LIFE_MILLIS };
  }

  #endless(): DeallocatorError {
    const left = this.#lanes.waiting().map(({ table, records }) => `${records} of ${table}`);
    return new DeallocatorError(
      'Aborted',
      `records are still waiting after ${BATCHES_MAX} batches (${left.join(', ')}); look for a fault that never ends`,
    );
  }
}

const FAILED = { errorType: 'Error', errorMessage: 'the function failed' };

/** How a promise ended. */
async function endOf<T>(promise: Promise<T>): Promise<{ readonly payload: T } | { readonly error: unknown }> {
  try {
    return { payload: await promise };
  } catch (error) {
    return { error };
  }
}

function goneOf(plan: Plan, before: World, after: World): string[] {
  const told = (world: World) =>
    tellWorld(plan, worldOf(plan, world)).flatMap(({ kind, key }) =>
      key !== undefined && plan.kinds[kind]?.isGuarded ? [key] : [],
    );
  const left = new Set(told(after).map(itemName));
  return told(before)
    .filter((key) => !left.has(itemName(key)))
    .map(({ kind, id }) => `${kind}/${id}`);
}
