/** Makes up for what is in the dead-letter queue: settles what it was about, and only then deletes the message. */
import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { DEFAULT_RULES, type Rules } from '../../protocol/rules.ts';
import { compareSequenceNumbers } from '../../streams/records.ts';
import { type BatchPlace, parentsOfRecords, readDeadLetter } from './dead-letters.ts';
import { type SweepPort, settleParents } from './settle-parents.ts';
import { sweepAll } from './whole-sweep.ts';

export interface DeadLetterMessage {
  /** What the port deletes it by. */
  readonly handle: string;
  readonly body: string;
}

/** The deployment's dead-letter queue. */
export interface DeadLetterPort {
  /** Some messages, hidden from others for a while; none when the queue is empty. */
  receive(): Promise<readonly DeadLetterMessage[]>;
  delete(handle: string): Promise<void>;
}

/** One page of a shard's records, in their order. */
export interface RecordsPage {
  readonly records: readonly unknown[];
  /** Absent at the end of a closed shard. */
  readonly next?: string | undefined;
}

/**
 * DynamoDB Streams: GetShardIterator with AT_SEQUENCE_NUMBER, then GetRecords. `gone` where the stream no longer has them:
 * TrimmedDataAccessException, ResourceNotFoundException, ExpiredIteratorException.
 */
export interface RecordsPort {
  open(place: Omit<BatchPlace, 'endSequenceNumber'>): Promise<string | 'gone'>;
  next(iterator: string): Promise<RecordsPage | 'gone'>;
}

export interface RedrivePorts {
  readonly deadLetters: DeadLetterPort;
  readonly records: RecordsPort;
  readonly sweep: SweepPort;
}

/** Messages of one run; the next run takes the others. */
export const REDRIVE_MESSAGES_MAX = 10_000;
/** Pages of one batch's records. A batch has at most 10,000, but pages may be short, or empty. */
export const RECORD_PAGES_MAX = 1000;

export interface RedriveProgress {
  readonly received: number;
  readonly deleted: number;
  readonly kept: number;
  /** Parents that were settled, those that failed included. */
  readonly settled: number;
}

export interface RedriveOptions {
  /** @default {@link REDRIVE_MESSAGES_MAX} */
  readonly messagesMax?: number;
  /** Those of the deployment. @default {@link DEFAULT_RULES} */
  readonly rules?: Rules;
  /** Its reason is thrown between two requests; what is not done stays in the queue. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RedriveProgress) => void;
}

export interface RedriveResult extends RedriveProgress {
  /** Whole sweeps that were run, because records are gone from their stream, or could not be read, or a sweep's own event failed. */
  readonly sweeps: number;
  /** Names such as `service#web` of what went because of it. */
  readonly deletedParents: readonly string[];
  /** Messages that are still in the queue, each with what held it up. */
  readonly keptMessages: readonly { readonly body: string; readonly reason: string }[];
  /** Records that could not be read. A whole sweep looked after what they were about. */
  readonly malformed: readonly string[];
  /** Batches whose records were gone, at least in part. A whole sweep looked after them. */
  readonly gone: readonly BatchPlace[];
}

/**
 * Takes the dead letters one group after the other. The parents that a message's records name are settled by the sweep
 * function, and the attachments of services among them set right; the message is deleted once none of them failed. Where the
 * records are gone after 24 hours, a whole sweep is restarted and brought to its end first, one for the group; a full one,
 * since a mark without a time is known from its record alone. What no sweep knows of are the attachments of services that raw
 * hands wrote: `gone` says when an audit should follow.
 *
 * Nothing is processed twice with a different end: settling looks at what is there now. May be run beside the functions,
 * beside another redrive, and again after a crash. Ends when the queue gives no more messages, or only such as were kept.
 * Rejects as a port does; what is not done by then stays in the queue.
 */
export async function redrive(
  ports: RedrivePorts,
  tables: PhysicalNames,
  options: RedriveOptions = {},
): Promise<RedriveResult> {
  const { messagesMax = REDRIVE_MESSAGES_MAX, onProgress } = options;
  const run = new Redrive(ports, tables, options);
  while (run.result().received < messagesMax) {
    options.signal?.throwIfAborted();
    const messages = await ports.deadLetters.receive();
    const fresh = messages.filter(({ body }) => !run.hasKept(body));
    if (fresh.length === 0) break;
    await run.take(fresh);
    onProgress?.(run.result());
  }
  return run.result();
}

/** What one message needs before it may be deleted. */
interface Needs {
  readonly message: DeadLetterMessage;
  readonly parents: readonly string[];
  readonly wholeSweep: boolean;
}

class Redrive {
  readonly #ports: RedrivePorts;
  readonly #tables: PhysicalNames;
  readonly #signal: AbortSignal | undefined;
  readonly #rules: Rules;
  readonly #deletedParents: string[] = [];
  readonly #kept = new Map<string, string>();
  readonly #malformed: string[] = [];
  readonly #gone: BatchPlace[] = [];
  #received = 0;
  #deleted = 0;
  #settled = 0;
  #sweeps = 0;

  constructor(ports: RedrivePorts, tables: PhysicalNames, { signal, rules = DEFAULT_RULES }: RedriveOptions) {
    this.#ports = ports;
    this.#tables = tables;
    this.#signal = signal;
    this.#rules = rules;
  }

  /** The same letter, seen again since nobody may hide it for ever. */
  hasKept(body: string): boolean {
    return this.#kept.has(body);
  }

  async take(messages: readonly DeadLetterMessage[]): Promise<void> {
    this.#received += messages.length;
    const all: Needs[] = [];
    for (const message of messages) {
      const needs = await this.#needsOf(message);
      if (needs !== undefined) all.push(needs);
    }
    const names = [...new Set(all.flatMap(({ parents }) => parents))];
    const options = this.#signal === undefined ? {} : { signal: this.#signal };
    const { deleted, failed } = await settleParents(this.#ports.sweep, 'redrive', names, options);
    this.#settled += names.length;
    this.#deletedParents.push(...deleted);
    const sweepFailure = all.some(({ wholeSweep }) => wholeSweep) ? await this.#sweepWhole() : undefined;
    for (const { message, parents, wholeSweep } of all) {
      const reasons = [
        ...parents.flatMap((parent) =>
          failed.has(parent) ? [`${parent} was not settled: ${failed.get(parent)}`] : [],
        ),
        ...(wholeSweep && sweepFailure !== undefined ? [sweepFailure] : []),
      ];
      if (reasons.length > 0) {
        this.#kept.set(message.body, reasons.join('; '));
        continue;
      }
      await this.#ports.deadLetters.delete(message.handle);
      this.#deleted++;
    }
  }

  result(): RedriveResult {
    return {
      received: this.#received,
      deleted: this.#deleted,
      kept: this.#kept.size,
      settled: this.#settled,
      sweeps: this.#sweeps,
      deletedParents: [...this.#deletedParents],
      keptMessages: [...this.#kept].map(([body, reason]) => ({ body, reason })),
      malformed: [...this.#malformed],
      gone: [...this.#gone],
    };
  }

  /** Undefined for a message that stays as it is. */
  async #needsOf(message: DeadLetterMessage): Promise<Needs | undefined> {
    const letter = readDeadLetter(message.body, this.#tables, this.#rules);
    switch (letter.kind) {
      case 'unknown':
        this.#kept.set(message.body, `${letter.why}; see who sent it, and delete it by hand`);
        return undefined;
      case 'sweep':
        return { message, parents: [], wholeSweep: true };
      default: {
        const { records, isWhole } = await this.#readBatch(letter.place);
        if (!isWhole) this.#gone.push(letter.place);
        const { parents, malformed } = parentsOfRecords(records, letter.source);
        this.#malformed.push(...malformed);
        return { message, parents, wholeSweep: !isWhole || malformed.length > 0 };
      }
    }
  }

  /** All records from the first of the batch to its last, those that a filter left out included. */
  async #readBatch({ endSequenceNumber, ...start }: BatchPlace): Promise<{ records: unknown[]; isWhole: boolean }> {
    const records: unknown[] = [];
    let iterator: string | undefined = await this.#ports.records.open(start);
    for (let pages = 1; pages <= RECORD_PAGES_MAX && iterator !== undefined && iterator !== 'gone'; pages++) {
      this.#signal?.throwIfAborted();
      const page: RecordsPage | 'gone' = await this.#ports.records.next(iterator);
      if (page === 'gone') break;
      for (const record of page.records) {
        const order = compareWith(record, endSequenceNumber);
        if (order === undefined || order <= 0) records.push(record);
        if (order !== undefined && order >= 0) return { records, isWhole: true };
      }
      iterator = page.next;
    }
    return { records, isWhole: false };
  }

  /** From the beginning to the end, or why not. */
  async #sweepWhole(): Promise<string | undefined> {
    const signal = this.#signal === undefined ? {} : { signal: this.#signal };
    const anew = { trigger: 'redrive', restart: true, full: true, ...signal };
    const { deleted, failedCount } = await sweepAll(this.#ports.sweep, anew);
    this.#deletedParents.push(...deleted);
    this.#sweeps++;
    return failedCount === 0 ? undefined : `${failedCount} parents failed in the whole sweep that makes up for it`;
  }
}

/** Undefined for a record without a sequence number that could be compared. */
function compareWith(record: unknown, sequenceNumber: string): number | undefined {
  const found = (record as { dynamodb?: { SequenceNumber?: unknown } } | null)?.dynamodb?.SequenceNumber;
  return typeof found === 'string' && /^\d{1,40}$/.test(found)
    ? compareSequenceNumbers(found, sequenceNumber)
    : undefined;
}
