/** Reads a stream shard by shard, from the oldest record on. */
import { EngineConnection } from '../dynamodb/engine-connection.ts';
import { toEngineArns } from '../dynamodb/tables.ts';
import {
  DESCRIBE_STREAM_PAGES_MAX,
  DESCRIBE_STREAM_SHARDS_MAX,
  GET_RECORDS_ITEMS_MAX,
  POLL_INTERVAL_MILLIS,
  STREAM_READ_FAILURES_MAX,
} from '../ground/limits.ts';
import { LocalError } from '../ground/local-error.ts';
import { Pause } from '../ground/pause.ts';
import { type EngineRecord, type StreamRecord, toStreamRecord } from './record.ts';

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

/** Each of the three operations answers a part of it. */
interface StreamAnswer {
  readonly StreamDescription: {
    readonly Shards?: readonly { readonly ShardId: string; readonly ParentShardId?: string }[];
    readonly LastEvaluatedShardId?: string;
  };
  readonly ShardIterator: string;
  readonly Records: readonly EngineRecord[];
  readonly NextShardIterator?: string;
}

export class StreamReader {
  readonly #engine: EngineConnection;
  /** As functions see it. */
  readonly #streamArn: string;
  readonly #retry = new Pause();
  #closed = false;

  constructor(port: number, databaseId: string, streamArn: string) {
    this.#engine = new EngineConnection(port, databaseId);
    this.#streamArn = streamArn;
  }

  async #ask(operation: string, body: Record<string, unknown>): Promise<StreamAnswer> {
    return (await this.#engine.call(operation, body, 'DynamoDBStreams')) as unknown as StreamAnswer;
  }

  /** Throws `stream.unreadable` once the engine has failed too often in a row. */
  listShards(): Promise<readonly Shard[]> {
    return this.#persist(async () => {
      const shards: Shard[] = [];
      let ExclusiveStartShardId: string | undefined;
      for (let page = 0; page < DESCRIBE_STREAM_PAGES_MAX; page += 1) {
        const { StreamDescription } = await this.#ask('DescribeStream', {
          StreamArn: toEngineArns(this.#streamArn),
          Limit: DESCRIBE_STREAM_SHARDS_MAX,
          ExclusiveStartShardId,
        });
        for (const { ShardId, ParentShardId } of StreamDescription.Shards ?? []) {
          shards.push({ shardId: ShardId, parentShardId: ParentShardId });
        }
        ExclusiveStartShardId = StreamDescription.LastEvaluatedShardId;
        if (ExclusiveStartShardId === undefined) break;
      }
      return shards;
    });
  }

  openShard(shardId: string, position: StartingPosition): ShardReader {
    let iterator: string | undefined;
    let lastSequenceNumber: string | undefined;
    let ended = false;

    const openIterator = async (): Promise<string> => {
      const { ShardIterator } = await this.#ask('GetShardIterator', {
        StreamArn: toEngineArns(this.#streamArn),
        ShardId: shardId,
        ShardIteratorType: lastSequenceNumber === undefined ? position : 'AFTER_SEQUENCE_NUMBER',
        SequenceNumber: lastSequenceNumber,
      });
      return ShardIterator;
    };
    const readOnce = async (): Promise<readonly ArrivedRecord[]> => {
      iterator ??= await openIterator();
      const page = { ShardIterator: iterator, Limit: GET_RECORDS_ITEMS_MAX };
      const { Records, NextShardIterator } = await this.#ask('GetRecords', page);
      const arrivedEpochMillis = Date.now();
      const arrived = Records.map((engineRecord) => {
        const record = toStreamRecord(engineRecord, this.#streamArn, arrivedEpochMillis);
        const bytes = Buffer.byteLength(JSON.stringify(record));
        return { record, shardId, arrivedEpochMillis, bytes };
      });
      // Only now: a record that can't be translated must not be skipped in silence.
      iterator = NextShardIterator;
      ended = NextShardIterator === undefined;
      lastSequenceNumber = Records.at(-1)?.dynamodb.SequenceNumber ?? lastSequenceNumber;
      return arrived;
    };
    return {
      get ended() {
        return ended;
      },
      read: () =>
        this.#persist(async () => {
          try {
            return await readOnce();
          } catch (error) {
            // An iterator lives 15 minutes. The engine also calls a shard's first iterator trimmed if another table was
            // written first, because its numbers count for the whole database. A new one goes on after the last record.
            iterator = undefined;
            throw error;
          }
        }),
    };
  }

  /** The engine may be gone for a while: killed, and started again on the same port and files. */
  async #persist<T>(read: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures += 1) {
      try {
        return await read();
      } catch (cause) {
        if (this.#closed || failures >= STREAM_READ_FAILURES_MAX) {
          const message = `stream "${this.#streamArn}" can't be read: ${String(cause)}`;
          throw new LocalError('stream.unreadable', message, { cause });
        }
        if (failures > 0) await this.#retry.wait(POLL_INTERVAL_MILLIS);
      }
    }
  }

  /** Reads that are under way fail, and are not tried again. */
  close(): void {
    this.#closed = true;
    this.#retry.close();
    this.#engine.close();
  }
}

export interface ShardReader {
  /** A closed shard ends after its last record; an open one never does. */
  readonly ended: boolean;
  /** The next records, perhaps none. Throws `stream.unreadable` once the engine has failed too often in a row. */
  read(): Promise<readonly ArrivedRecord[]>;
}
