/** Where a contender meets a workload: tables, streams and functions in memory, in virtual time, every unit counted. */
import type { TableName } from '../../lib/dynamodb/schema.ts';
import { MEMORY_MEGABYTES_DEFAULT } from '../../lib/streams/functions.ts';
import type { Context } from '../../lib/streams/invocation.ts';
import { compareSequenceNumbers } from '../../lib/streams/records.ts';
import type { SweepAnswer, SweepRequest } from '../../lib/streams/sweep-requested.ts';
import type { StoredItem } from '../../lib/testing/memory/attribute-values.ts';
import { testChance } from '../../lib/testing/memory/chance.ts';
import { type CarryOut, MEMORY_NAMES } from '../../lib/testing/memory/client.ts';
import { MemoryEngine } from '../../lib/testing/memory/engine.ts';
import { mappingFilter } from '../../lib/testing/memory/stream-functions.ts';
import { type LambdaRecord, MemoryTables, type StoredWrite } from '../../lib/testing/memory/tables.ts';
import type { Touched } from '../../lib/testing/memory/touched.ts';
import { learnedItem } from '../support/learned.ts';
import { burstBatchRecords } from './burst.ts';
import { type Contender, type Environment, openEnvironment } from './environment.ts';
import { countWritesTo, isDeletion, NOTHING, plus, type Usage, unitsOf } from './usage.ts';
import { VirtualTime } from './virtual-time.ts';

/** The one table that Powertools brings along. Its schema is the Counters table's: one key, called `id`. */
export const IDEMPOTENCY_TABLE = 'Memory-idempotency';

/** Batches of one table in a row. Who needs more fails again and again, or wakes itself. */
const BATCHES_MAX = 100_000;
const TIMEOUT_MILLIS = 60_000;

export interface StageOptions {
  /** @default what the task mapping gathers in a burst */
  readonly batchRecords?: number;
  /** For each function. @default the construct's */
  readonly megabytes?: number;
  /** Told of each request once it is carried out or refused, in that order. */
  readonly onSent?: (sent: Sent) => void;
  /** Told of what the workload itself writes. */
  readonly onWrite?: (write: StoredWrite) => void;
}

export interface Sent {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly readUnits: number;
  readonly writeUnits: number;
}

const STREAMED = ['tasks', 'attachments', 'services', 'networks'] as const;

export class Stage {
  readonly tables = new MemoryTables();
  readonly time = new VirtualTime();
  readonly chance = testChance();
  readonly #idempotency = new MemoryTables();
  readonly #contender: Contender;
  readonly #options: StageOptions;
  readonly #carryOut: CarryOut;
  readonly #batchRecords: number;
  readonly #isWanted = mappingFilter(this.tables.plan);
  readonly #environment: Environment;
  #usage: Usage = NOTHING;

  constructor(contender: Contender, options: StageOptions = {}) {
    this.#contender = contender;
    this.#options = options;
    this.#batchRecords = options.batchRecords ?? burstBatchRecords();
    // What is held by value is learned, and each invocation that settles it reads so.
    this.tables.put('counters', learnedItem(this.tables.plan, MEMORY_NAMES));
    const engine = new MemoryEngine({
      tables: this.tables,
      names: MEMORY_NAMES,
      observe: (touched) => this.#add(touched, countWritesTo('counters', touched)),
    });
    const names = { ...MEMORY_NAMES, counters: IDEMPOTENCY_TABLE };
    const observe = (touched: Touched) => this.#add(touched, 0);
    const idempotency = new MemoryEngine({ tables: this.#idempotency, names, observe });
    this.#carryOut = (operation, input) => {
      const before = this.#usage;
      const isTheirs = (input as { readonly TableName?: unknown }).TableName === IDEMPOTENCY_TABLE;
      try {
        return (isTheirs ? idempotency : engine).carryOut(operation, input);
      } finally {
        const readUnits = this.#usage.readUnits - before.readUnits;
        const writeUnits = this.#usage.writeUnits - before.writeUnits;
        options.onSent?.({ operation, input, readUnits, writeUnits });
      }
    };
    this.#environment = this.openEnvironment();
  }

  /** One more, for a caller that lets several invocations run at a time. */
  openEnvironment(): Environment {
    const { megabytes = MEMORY_MEGABYTES_DEFAULT } = this.#options;
    return openEnvironment(this.#contender, this.time, this.chance, this.#carryOut, megabytes);
  }

  #add(touched: Touched, counterWrites: number): void {
    const units = unitsOf(touched);
    const isCounting = !isDeletion(touched);
    const counting = isCounting && { countingWriteUnits: units.writeUnits, counterWrites };
    this.#usage = plus(this.#usage, { requests: 1, ...units, ...counting });
  }

  /** A raw write: not the contender's cost. */
  write(table: TableName, keys: StoredItem, item: StoredItem | undefined): void {
    this.#options.onWrite?.({ table, keys, item });
    this.tables.write([{ table, keys, item }]);
  }

  /** What was set up is no news. */
  forgetRecords(): void {
    for (const records of Object.values(this.tables.streams)) records.length = 0;
  }

  /** What has been used since the last call. */
  takeUsage(): Usage {
    const used = this.#usage;
    this.#usage = NOTHING;
    return used;
  }

  /** Until no stream has a record left. Tasks first, then what their services' deletions set going. */
  async deliver(again: (batch: readonly LambdaRecord[]) => readonly LambdaRecord[] = () => []): Promise<void> {
    for (let batches = 0; batches < BATCHES_MAX; batches++) {
      const table = STREAMED.find((name) => this.tables.streams[name].length > 0);
      if (table === undefined) return;
      const batch = this.#take(table);
      if (batch.length === 0) continue;
      const failed = await this.invoke(table, batch);
      this.tables.streams[table].unshift(...(failed.length > 0 ? failed : again(batch)));
    }
    throw new Error(`records are still waiting after ${BATCHES_MAX} batches`);
  }

  /** The next batch, of what the mapping's filter lets through. */
  #take(table: TableName): readonly LambdaRecord[] {
    const stream = this.tables.streams[table];
    const batch: LambdaRecord[] = [];
    while (batch.length < this.#batchRecords && stream.length > 0) {
      const next = stream.splice(0, this.#batchRecords - batch.length);
      batch.push(...next.filter((record) => this.#isWanted(table, record)));
    }
    return batch;
  }

  /** Hands a batch to the table's function, and lets time pass; the records that Lambda would deliver again. */
  async invoke(table: TableName, batch: readonly LambdaRecord[]): Promise<readonly LambdaRecord[]> {
    return await this.time.run(this.invokeIn(this.#environment, table, batch));
  }

  /** The same within work for which time passes already. */
  async invokeIn(
    environment: Environment,
    table: TableName,
    batch: readonly LambdaRecord[],
  ): Promise<readonly LambdaRecord[]> {
    const handler = environment.handlers[table];
    if (handler === undefined) throw new Error(`no function reads the stream of ${table}`);
    const Records = batch.map((record) => ({ ...record, eventID: record.dynamodb.SequenceNumber }));
    const { batchItemFailures } = await this.#invocation(batch.length, async (context) => {
      await environment.readRecords(batch.length);
      return await handler({ Records }, context);
    });
    const checkpoint = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort(compareSequenceNumbers)[0];
    if (checkpoint === undefined) return [];
    return batch.filter(({ dynamodb }) => compareSequenceNumbers(dynamodb.SequenceNumber, checkpoint) >= 0);
  }

  async sweep(request: SweepRequest): Promise<SweepAnswer> {
    return await this.time.run(this.#invocation(0, (context) => this.#environment.sweep(request, context)));
  }

  async #invocation<T>(records: number, work: (context: Context) => Promise<T>): Promise<T> {
    const startedMillis = this.time.nowMillis;
    const answer = await work({
      awsRequestId: 'bench',
      getRemainingTimeInMillis: () => TIMEOUT_MILLIS - (this.time.nowMillis - startedMillis),
    });
    const billedMillis = Math.ceil(this.time.nowMillis - startedMillis);
    this.#usage = plus(this.#usage, { invocations: 1, records, billedMillis });
    return answer;
  }
}
