/** Lambda's poller for one mapping: reads the stream's shards, filters, and hands the records to lanes. */
import {
  POLL_INTERVAL_MILLIS,
  POLL_INTERVAL_MILLIS_MIN,
  POLL_REST_SHARE,
  SHARD_BUFFER_RECORDS_MAX,
  SHARD_LIST_INTERVAL_MILLIS,
  STREAM_LAG_MILLIS,
  UNWRITTEN_POLL_INTERVAL_MILLIS,
} from '../ground/limits.ts';
import { Pause } from '../ground/pause.ts';
import type { DeliveryPorts } from './delivery.ts';
import { Lane } from './lane.ts';
import type { MappingProperties } from './mapping-properties.ts';
import type { ArrivedRecord, Shard, StreamReader } from './reader.ts';
import type { StreamRecord } from './record.ts';

export interface MappingPorts extends Omit<DeliveryPorts, 'wait' | 'isStopped'> {
  readonly reader: StreamReader;
  /** When a write to the stream's table was last answered, on the monotonic clock. */
  lastWriteMillis(): number;
  /** In how many milliseconds each copy of the record goes on. Undefined: at once, and once. */
  interceptRecord(record: StreamRecord): readonly number[] | undefined;
}

interface ShardState {
  readonly shard: Shard;
  readonly lanes: readonly Lane[];
  /** Copies of records that an intercept holds up on their way to a lane. */
  held: number;
  /** Whether its last record is done. Its children begin only then. */
  done: boolean;
  /** When the last read began, on the monotonic clock, if it found nothing. Otherwise before all time. */
  emptyReadMillis: number;
}

function countUndelivered(state: ShardState): number {
  return state.lanes.reduce((sum, lane) => sum + lane.undelivered, state.held);
}

/** FNV-1a over the whole key: an item is always in the same lane, and items of one partition may be in different ones. */
function hashKey(keys: Readonly<Record<string, unknown>>): number {
  const entries = Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1));
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(JSON.stringify(entries))) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

export class EventSourceMapping {
  readonly #properties: MappingProperties;
  readonly #ports: MappingPorts;
  readonly #deliveryPorts: DeliveryPorts;
  readonly #shards = new Map<string, ShardState>();
  readonly #list = new Pause();
  readonly #poll = new Pause();
  readonly #retry = new Pause();
  readonly #holdUp = new Pause();
  readonly #pollMillis: number;
  readonly #tasks: Promise<void>[] = [];
  #listing = true;
  #readAgainMillis = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(properties: MappingProperties, ports: MappingPorts) {
    this.#properties = properties;
    this.#ports = ports;
    this.#pollMillis = Math.max(POLL_INTERVAL_MILLIS / ports.clockRate, POLL_INTERVAL_MILLIS_MIN);
    this.#deliveryPorts = {
      ...ports,
      wait: (millis) => this.#retry.wait(millis),
      isStopped: () => this.#stopped,
      fail: (error) => this.#fail(error),
    };
  }

  start(): void {
    this.#spawn(this.#run());
  }

  #spawn(task: Promise<void>): void {
    this.#tasks.push(task.catch((error) => this.#fail(error)));
  }

  /** A failure that stopping has caused is not reported. */
  #fail(error: unknown): void {
    if (!this.#stopped) this.#ports.fail(error);
  }

  /** Starts the shards that can start. Lists them again when one has ended, because it may have got children. */
  async #run(): Promise<void> {
    while (!this.#stopped) {
      await this.#ports.ready();
      this.#listing = true;
      const shards = await this.#ports.reader.listShards();
      const ids = new Set(shards.map(({ shardId }) => shardId));
      for (const shard of shards) {
        if (this.#shards.has(shard.shardId)) continue;
        const { parentShardId } = shard;
        const parentDone = parentShardId === undefined || this.#shards.get(parentShardId)?.done === true;
        if (!parentDone && ids.has(parentShardId)) continue;
        this.#startShard(shard);
      }
      const anyOpen = [...this.#shards.values()].some(({ done }) => !done);
      this.#listing = !anyOpen;
      await this.#list.wait(anyOpen ? SHARD_LIST_INTERVAL_MILLIS : this.#pollMillis);
    }
  }

  #startShard(shard: Shard): void {
    const place = { mapping: this.#properties, ports: this.#deliveryPorts, shardId: shard.shardId };
    const { parallelizationFactor } = this.#properties;
    const lanes = Array.from({ length: parallelizationFactor }, (_, lane) => new Lane({ ...place, lane }));
    const state: ShardState = { shard, lanes, held: 0, done: false, emptyReadMillis: Number.NEGATIVE_INFINITY };
    this.#shards.set(shard.shardId, state);
    this.#spawn(this.#consume(state));
  }

  async #consume(state: ShardState): Promise<void> {
    // Only the first shards obey the starting position; a child's records are all new.
    const isChild = state.shard.parentShardId !== undefined && this.#shards.has(state.shard.parentShardId);
    const position = isChild ? 'TRIM_HORIZON' : this.#properties.startingPosition;
    const reader = this.#ports.reader.openShard(state.shard.shardId, position);
    while (!this.#stopped && !reader.ended) {
      await this.#ports.ready();
      const startedMillis = performance.now();
      const records = await reader.read();
      if (this.#stopped) return;
      for (const record of records) this.#assign(state, record);
      state.emptyReadMillis = records.length === 0 ? startedMillis : Number.NEGATIVE_INFINITY;
      if (!reader.ended) await this.#untilNextRead(state, performance.now() - startedMillis);
    }
    while (!this.#stopped && countUndelivered(state) > 0) await this.#poll.wait(this.#pollMillis);
    this.#listing = true;
    state.done = true;
    this.#list.wake();
  }

  /** Waits for the next poll that can find something and for whose records the lanes have room. */
  async #untilNextRead(state: ShardState, readMillis: number): Promise<void> {
    const restMillis = Math.min(readMillis * POLL_REST_SHARE, POLL_INTERVAL_MILLIS);
    do {
      await this.#poll.wait(Math.max(this.#pollMillis, restMillis));
    } while (!this.#stopped && (countUndelivered(state) >= SHARD_BUFFER_RECORDS_MAX || !this.#mayFind(state)));
  }

  /**
   * Whether a read may find records. After a write one more read begins when its record must be visible. Without a write a read
   * begins from time to time, for records of writes that do not pass the gateway.
   */
  #mayFind({ emptyReadMillis }: ShardState): boolean {
    const writtenMillis = this.#ports.lastWriteMillis();
    if (emptyReadMillis <= writtenMillis) return true;
    const nowMillis = performance.now();
    const visibleMillis = Math.max(writtenMillis + STREAM_LAG_MILLIS, this.#readAgainMillis);
    if (emptyReadMillis <= visibleMillis) return nowMillis > visibleMillis;
    return nowMillis - emptyReadMillis >= UNWRITTEN_POLL_INTERVAL_MILLIS;
  }

  #assign(state: ShardState, arrived: ArrivedRecord): void {
    const { filters } = this.#properties;
    const { record } = arrived;
    if (filters.length > 0 && !filters.some((matches) => matches(record))) return;
    const lane = state.lanes[hashKey(record.dynamodb.Keys) % state.lanes.length];
    for (const afterMillis of this.#ports.interceptRecord(record) ?? [0]) {
      if (afterMillis > 0) void this.#pushLate(state, lane, arrived, afterMillis);
      else lane?.push(arrived);
    }
  }

  async #pushLate(state: ShardState, lane: Lane | undefined, arrived: ArrivedRecord, millis: number): Promise<void> {
    state.held += 1;
    await this.#holdUp.wait(millis);
    state.held -= 1;
    if (!this.#stopped) lane?.push(arrived);
  }

  /** A sentence, unless every record that was written before this moment of the monotonic clock is done. */
  findPending(writtenMillis: number): string | undefined {
    const states = [...this.#shards.values()];
    const undelivered = states.reduce((sum, state) => sum + countUndelivered(state), 0);
    const isRead =
      !this.#listing && states.every(({ done, emptyReadMillis }) => done || emptyReadMillis > writtenMillis);
    if (isRead && undelivered === 0) return undefined;
    return `mapping "${this.#properties.logicalId}": ${undelivered} records undelivered`;
  }

  hurry(readAgainMillis: number): void {
    this.#readAgainMillis = readAgainMillis;
    this.#poll.wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const pause of [this.#list, this.#poll, this.#retry, this.#holdUp]) pause.close();
    this.#ports.reader.close();
    await Promise.all([...this.#shards.values()].flatMap(({ lanes }) => lanes.map((lane) => lane.stop())));
    await Promise.all(this.#tasks);
  }
}
