/** Reads a stream shard by shard, from the oldest record on. */

import { setTimeout as pause } from 'node:timers/promises';
import { DynamoDBStreams, type ShardIteratorType } from '@aws-sdk/client-dynamodb-streams';
import {
  DESCRIBE_STREAM_PAGES_MAX,
  DESCRIBE_STREAM_SHARDS_MAX,
  GET_RECORDS_ITEMS_MAX,
  POLL_INTERVAL_MILLIS,
  STREAM_READ_FAILURES_MAX,
} from './limits.ts';
import { LocalError } from './local-error.ts';
import { type StreamRecord, toStreamRecord } from './stream-record.ts';
import { engineClientOptions, toEngineArns } from './tables.ts';

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

export class StreamReader {
  readonly #client: DynamoDBStreams;
  /** As functions see it. */
  readonly #streamArn: string;
  readonly #engineStreamArn: string;

  constructor(port: number, databaseId: string, streamArn: string) {
    this.#client = new DynamoDBStreams(engineClientOptions(port, databaseId));
    this.#streamArn = streamArn;
    this.#engineStreamArn = toEngineArns(streamArn);
  }

  async listShards(): Promise<readonly Shard[]> {
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
    return new ShardReader(this.#client, this.#engineStreamArn, this.#streamArn, shardId, position);
  }

  close(): void {
    this.#client.destroy();
  }
}

export class ShardReader {
  readonly #client: DynamoDBStreams;
  readonly #engineStreamArn: string;
  readonly #streamArn: string;
  readonly #shardId: string;
  readonly #position: StartingPosition;
  #iterator: string | undefined;
  #lastSequenceNumber: string | undefined;
  #ended = false;

  constructor(
    client: DynamoDBStreams,
    engineStreamArn: string,
    streamArn: string,
    shardId: string,
    position: StartingPosition,
  ) {
    this.#client = client;
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
  async read(): Promise<readonly ArrivedRecord[]> {
    for (let failures = 0; ; failures += 1) {
      try {
        this.#iterator ??= await this.#openIterator();
        const { Records = [], NextShardIterator } = await this.#client.getRecords({
          ShardIterator: this.#iterator,
          Limit: GET_RECORDS_ITEMS_MAX,
        });
        const arrivedEpochMillis = Date.now();
        this.#iterator = NextShardIterator;
        this.#ended = NextShardIterator === undefined;
        this.#lastSequenceNumber = Records.at(-1)?.dynamodb?.SequenceNumber ?? this.#lastSequenceNumber;
        return Records.map((engineRecord) => {
          const record = toStreamRecord(engineRecord, this.#streamArn, arrivedEpochMillis);
          const bytes = Buffer.byteLength(JSON.stringify(record));
          return { record, shardId: this.#shardId, arrivedEpochMillis, bytes };
        });
      } catch (cause) {
        // An iterator lives 15 minutes; and the engine calls a shard's first iterator trimmed if another table was
        // written first (its numbers count for the whole database). A new one goes on after the last record.
        this.#iterator = undefined;
        if (failures >= STREAM_READ_FAILURES_MAX) {
          throw new LocalError('stream.unreadable', `stream "${this.#streamArn}" can't be read: ${String(cause)}`, {
            cause,
          });
        }
        if (failures > 0) await pause(POLL_INTERVAL_MILLIS);
      }
    }
  }
}
