/** Reads a stream shard by shard, from the oldest record on. */

import { DynamoDBStreams, type ShardIteratorType } from '@aws-sdk/client-dynamodb-streams';
import { engineClientOptions, toEngineArns } from '../dynamodb/tables.ts';
import {
  DESCRIBE_STREAM_PAGES_MAX,
  DESCRIBE_STREAM_SHARDS_MAX,
  GET_RECORDS_ITEMS_MAX,
  POLL_INTERVAL_MILLIS,
  STREAM_READ_FAILURES_MAX,
} from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
import { Pause } from '../ground/pause.ts';
import { type StreamRecord, toStreamRecord } from './record.ts';

export interface Shard {
  readonly shardId: string;
  readonly parentShardId: string | undefined;
}

export type StartingPosition = 'TRIM_HORIZON' | 'LATEST';

export interface ArrivedRecord {
  readonly record: StreamRecord;
  readonly shardId: string;
  readonly arrivedEpochMillis: number;
  readonly bytes: number;
}

type Persist = <T>(read: () => Promise<T>) => Promise<T>;

export class StreamReader {
  readonly #client: DynamoDBStreams;
  /** As functions see it. */
  readonly #streamArn: string;
  readonly #engineStreamArn: string;
  readonly #retry = new Pause();
  #closed = false;

  constructor(port: number, databaseId: string, streamArn: string) {
    this.#client = new DynamoDBStreams(engineClientOptions(port, databaseId));
    this.#streamArn = streamArn;
    this.#engineStreamArn = toEngineArns(streamArn);
  }

  /** Throws `stream.unreadable` once the engine has failed too often in a row. */
  listShards(): Promise<readonly Shard[]> {
    return this.#persist(() => this.#listShards());
  }

  async #listShards(): Promise<readonly Shard[]> {
    const shards: Shard[] = [];
    let ExclusiveStartShardId: string | undefined;
    for (let page = 0; page < DESCRIBE_STREAM_PAGES_MAX; page += 1) {
      const { StreamDescription } = await this.#client.describeStream({
        StreamArn: this.#engineStreamArn,
        Limit: DESCRIBE_STREAM_SHARDS_MAX,
        ExclusiveStartShardId,
      });
      for (const { ShardId = '', ParentShardId } of StreamDescription?.Shards ?? []) {
        shards.push({ shardId: ShardId, parentShardId: ParentShardId });
      }
      ExclusiveStartShardId = StreamDescription?.LastEvaluatedShardId;
      if (ExclusiveStartShardId === undefined) break;
    }
    return shards;
  }

  openShard(shardId: string, position: StartingPosition): ShardReader {
    const persist: Persist = (read) => this.#persist(read);
    return new ShardReader(this.#client, persist, this.#engineStreamArn, this.#streamArn, shardId, position);
  }

  /** The engine may be gone for a while: killed, and started again on the same port and files. */
  async #persist<T>(read: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures += 1) {
      try {
        return await read();
      } catch (cause) {
        if (this.#closed || failures >= STREAM_READ_FAILURES_MAX) {
          throw new LocalError('stream.unreadable', `stream "${this.#streamArn}" can't be read: ${String(cause)}`, {
            cause,
          });
        }
        if (failures > 0) await this.#retry.wait(POLL_INTERVAL_MILLIS);
      }
    }
  }

  /** Whoever reads fails, and does not try again. */
  close(): void {
    this.#closed = true;
    this.#retry.close();
    this.#client.destroy();
  }
}

export class ShardReader {
  readonly #client: DynamoDBStreams;
  readonly #persist: Persist;
  readonly #engineStreamArn: string;
  readonly #streamArn: string;
  readonly #shardId: string;
  readonly #position: StartingPosition;
  #iterator: string | undefined;
  #lastSequenceNumber: string | undefined;
  #ended = false;

  constructor(
    client: DynamoDBStreams,
    persist: Persist,
    engineStreamArn: string,
    streamArn: string,
    shardId: string,
    position: StartingPosition,
  ) {
    this.#client = client;
    this.#persist = persist;
    this.#engineStreamArn = engineStreamArn;
    this.#streamArn = streamArn;
    this.#shardId = shardId;
    this.#position = position;
  }

  /** A closed shard ends after its last record; an open one never does. */
  get ended(): boolean {
    return this.#ended;
  }

  async #openIterator(): Promise<string | undefined> {
    const sequenceNumber = this.#lastSequenceNumber;
    const type: ShardIteratorType = sequenceNumber === undefined ? this.#position : 'AFTER_SEQUENCE_NUMBER';
    const { ShardIterator } = await this.#client.getShardIterator({
      StreamArn: this.#engineStreamArn,
      ShardId: this.#shardId,
      ShardIteratorType: type,
      SequenceNumber: sequenceNumber,
    });
    return ShardIterator;
  }

  /** The next records, perhaps none. Throws `stream.unreadable` once the engine has failed too often in a row. */
  read(): Promise<readonly ArrivedRecord[]> {
    return this.#persist(async () => {
      try {
        return await this.#readOnce();
      } catch (error) {
        // An iterator lives 15 minutes; and the engine calls a shard's first iterator trimmed if another table was
        // written first (its numbers count for the whole database). A new one goes on after the last record.
        this.#iterator = undefined;
        throw error;
      }
    });
  }

  async #readOnce(): Promise<readonly ArrivedRecord[]> {
    this.#iterator ??= await this.#openIterator();
    const { Records = [], NextShardIterator } = await this.#client.getRecords({
      ShardIterator: this.#iterator,
      Limit: GET_RECORDS_ITEMS_MAX,
    });
    const arrivedEpochMillis = Date.now();
    const arrived = Records.map((engineRecord) => {
      const record = toStreamRecord(engineRecord, this.#streamArn, arrivedEpochMillis);
      const bytes = Buffer.byteLength(JSON.stringify(record));
      return { record, shardId: this.#shardId, arrivedEpochMillis, bytes };
    });
    // Only now: a record that can't be translated must not be passed over without a word.
    this.#iterator = NextShardIterator;
    this.#ended = NextShardIterator === undefined;
    this.#lastSequenceNumber = Records.at(-1)?.dynamodb?.SequenceNumber ?? this.#lastSequenceNumber;
    return arrived;
  }
}
