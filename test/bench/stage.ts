/** Where a contender meets a workload: tables, streams and functions in memory, in virtual time, every unit counted. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { documentClient } from '../../lib/dynamodb/client.ts';
import { Requests } from '../../lib/dynamodb/requests.ts';
import type { TableName } from '../../lib/dynamodb/schema.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { filtersOf, STREAMS, type StreamFunctionName } from '../../lib/infra/mappings.ts';
import { compilePattern } from '../../lib/local/filter-pattern.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import type { Chance } from '../../lib/protocol/store.ts';
import type { BatchResponse, StreamEvent } from '../../lib/streams/batch.ts';
import type { Context } from '../../lib/streams/invocation.ts';
import { parentUpdated } from '../../lib/streams/parent-updated.ts';
import type { FunctionPorts } from '../../lib/streams/ports.ts';
import { compareSequenceNumbers } from '../../lib/streams/records.ts';
import { type SweepAnswer, type SweepRequest, sweepFunction } from '../../lib/streams/sweep.ts';
import type { StoredItem } from '../support/attribute-values.ts';
import { testChance } from '../support/chance.ts';
import { MEMORY_NAMES, memoryClient } from '../support/memory-client.ts';
import { MemoryEngine, type Touched } from '../support/memory-engine.ts';
import { type LambdaRecord, MemoryTables, type StoredWrite } from '../support/memory-tables.ts';
import { burstBatchRecords } from './burst.ts';
import { cpuMillis, latencyMillis } from './latency.ts';
import { countWritesTo, isDeletion, NOTHING, plus, type Usage, unitsOf } from './usage.ts';
import { Sockets, VirtualTime } from './virtual-time.ts';

/** The one table that Powertools brings along. Its schema is the Counters table's: one key, called `id`. */
export const IDEMPOTENCY_TABLE = 'Memory-idempotency';

export type Handler = (event: StreamEvent, context: Context) => Promise<BatchResponse>;

export interface ContenderPorts extends FunctionPorts {
  /** The plain SDK client, for contenders that bring their own requests. */
  readonly client: DynamoDBClient;
}

/** How children's removals are counted. All else, marks, proof and deletion, is the same for all. */
export interface Contender {
  readonly name: string;
  /** Of its SDK client: the SDK's default is 50. */
  readonly sockets: number;
  childDeleted(kind: 'service' | 'network', ports: ContenderPorts): Handler;
}

/** Batches of one table in a row. Who needs more fails again and again, or wakes itself. */
const BATCHES_MAX = 100_000;
const TIMEOUT_MILLIS = 60_000;

export interface StageOptions {
  /** @default what the task mapping gathers in a burst */
  readonly batchRecords?: number;
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

export class Stage {
  readonly tables = new MemoryTables();
  readonly time = new VirtualTime();
  readonly chance = testChance();
  readonly #idempotency = new MemoryTables();
  readonly #batchRecords: number;
  readonly #handlers: Partial<Record<TableName, Handler>>;
  readonly #filters: ReadonlyMap<TableName, readonly ((record: LambdaRecord) => boolean)[]>;
  readonly #ports: ContenderPorts;
  readonly #onWrite: StageOptions['onWrite'];
  #usage: Usage = NOTHING;

  constructor({ sockets: socketCount, childDeleted }: Contender, options: StageOptions = {}) {
    this.#batchRecords = options.batchRecords ?? burstBatchRecords();
    this.#onWrite = options.onWrite;
    const engine = new MemoryEngine({
      tables: this.tables,
      names: MEMORY_NAMES,
      observe: (touched) => this.#add(touched, countWritesTo('counters', touched)),
    });
    const names = { ...MEMORY_NAMES, counters: IDEMPOTENCY_TABLE };
    const observe = (touched: Touched) => this.#add(touched, 0);
    const idempotency = new MemoryEngine({ tables: this.#idempotency, names, observe });
    const carryOut = (operation: string, input: Record<string, unknown>) => {
      const before = this.#usage;
      try {
        return (input.TableName === IDEMPOTENCY_TABLE ? idempotency : engine).carryOut(operation, input);
      } finally {
        const { readUnits, writeUnits } = this.#usage;
        options.onSent?.({
          operation,
          input,
          readUnits: readUnits - before.readUnits,
          writeUnits: writeUnits - before.writeUnits,
        });
      }
    };
    const sockets = new Sockets(socketCount);
    const client = memoryClient((operation, input) =>
      sockets.use(async () => {
        await this.time.wait(latencyMillis(operation));
        return carryOut(operation, input);
      }),
    );
    const chance: Chance = {
      ...this.chance,
      nowEpochMillis: () => this.chance.nowEpochMillis() + this.time.nowMillis,
      pause: (millis) => this.time.wait(millis),
    };
    const db = documentClient(client);
    this.#ports = {
      client,
      chance,
      rules: DEFAULT_RULES,
      openStore: (observer) => new DynamoDBStore(new Requests(db, chance, observer), MEMORY_NAMES, DEFAULT_RULES),
      telemetry: {
        functionName: 'bench',
        namespace: 'Bench',
        nowEpochMillis: chance.nowEpochMillis,
        writeLine: () => {},
      },
    };
    this.#handlers = {
      tasks: childDeleted('service', this.#ports),
      attachments: childDeleted('network', this.#ports),
      services: parentUpdated('service', this.#ports),
      networks: parentUpdated('network', this.#ports),
    };
    this.#filters = new Map(
      (Object.keys(STREAMS) as StreamFunctionName[]).map((name) => [
        STREAMS[name].table,
        filtersOf(name, DEFAULT_RULES).map(({ pattern }) => compilePattern(pattern)),
      ]),
    );
  }

  #add(touched: Touched, counterWrites: number): void {
    const units = unitsOf(touched);
    const isCounting = !isDeletion(touched);
    const counting = isCounting && { countingWriteUnits: units.writeUnits, counterWrites };
    this.#usage = plus(this.#usage, { requests: 1, ...units, ...counting });
  }

  /** As other hands write: not the contender's cost. */
  write(table: TableName, keys: StoredItem, item: StoredItem | undefined): void {
    this.#onWrite?.({ table, keys, item });
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
      const table = (['tasks', 'attachments', 'services', 'networks'] as const).find(
        (name) => this.tables.streams[name].length > 0,
      );
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
    const filters = this.#filters.get(table) ?? [];
    const stream = this.tables.streams[table];
    const batch: LambdaRecord[] = [];
    while (batch.length < this.#batchRecords && stream.length > 0) {
      const next = stream.splice(0, this.#batchRecords - batch.length);
      batch.push(...next.filter((record) => filters.length === 0 || filters.some((matches) => matches(record))));
    }
    return batch;
  }

  /** Hands a batch to the table's function; the records that Lambda would deliver again. */
  async invoke(table: TableName, batch: readonly LambdaRecord[]): Promise<readonly LambdaRecord[]> {
    const handler = this.#handlers[table];
    if (handler === undefined) throw new Error(`no function reads the stream of ${table}`);
    const Records = batch.map((record) => ({ ...record, eventID: record.dynamodb.SequenceNumber }));
    const { batchItemFailures } = await this.#invocation(batch.length, (context) => handler({ Records }, context));
    const checkpoint = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort(compareSequenceNumbers)[0];
    if (checkpoint === undefined) return [];
    return batch.filter(({ dynamodb }) => compareSequenceNumbers(dynamodb.SequenceNumber, checkpoint) >= 0);
  }

  async sweep(request: SweepRequest): Promise<SweepAnswer> {
    return await this.#invocation(0, (context) => sweepFunction(this.#ports)(request, context));
  }

  async #invocation<T>(records: number, work: (context: Context) => Promise<T>): Promise<T> {
    const [startedMillis, before] = [this.time.nowMillis, this.#usage.requests];
    const context = {
      awsRequestId: 'bench',
      getRemainingTimeInMillis: () => TIMEOUT_MILLIS - (this.time.nowMillis - startedMillis),
    };
    const answer = await this.time.run(work(context));
    const waitedMillis = this.time.nowMillis - startedMillis;
    const billedMillis = Math.ceil(waitedMillis + cpuMillis(records, this.#usage.requests - before));
    this.#usage = plus(this.#usage, { invocations: 1, records, billedMillis });
    return answer;
  }
}
