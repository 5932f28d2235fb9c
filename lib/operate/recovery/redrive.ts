/** Makes up for the messages of the dead-letter queue: settles what each is about, and only then deletes it. */
import type { PhysicalNames } from '../../dynamodb/schema.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { swarmkitPlan } from '../../lifecycle/swarmkits.ts';
import { compareSequenceNumbers } from '../../streams/records.ts';
import { type BatchPlace, isSequenceNumber, parentsOfRecords, readDeadLetter } from './dead-letters.ts';
import { type SweepPort, settleParents } from './settle-parents.ts';
import { sweepAll } from './whole-sweep.ts';

/** A message of the dead-letter queue. */
export interface DeadLetterMessage {
  /** What deletes it: SQS's receipt handle. */
  readonly handle: string;
  /** What Lambda wrote about the batch, or the event, that failed. */
  readonly body: string;
}

/** The deployment's dead-letter queue. */
export interface DeadLetterPort {
  /** Some messages, hidden from other readers for a while; none when the queue is empty. */
  receive(): Promise<readonly DeadLetterMessage[]>;
  /** Deletes a message that was received. */
  delete(handle: string): Promise<void>;
}

/** One page of a shard's records, in their order. */
export interface RecordsPage {
  /** As GetRecords returns them. They are not trusted: what can't be read is reported. */
  readonly records: readonly unknown[];
  /** Absent at the end of a closed shard. */
  readonly next?: string | undefined;
}

/**
 * DynamoDB Streams: GetShardIterator with AT_SEQUENCE_NUMBER, then GetRecords. `gone`: the stream no longer has the records
 * (TrimmedDataAccessException, ResourceNotFoundException, ExpiredIteratorException).
 */
export interface RecordsPort {
  /** An iterator at the batch's first record. */
  open(place: Omit<BatchPlace, 'endSequenceNumber'>): Promise<string | 'gone'>;
  /** The page at that iterator. */
  next(iterator: string): Promise<RecordsPage | 'gone'>;
}

/** What a redrive reads from and asks. */
export interface RedrivePorts {
  /** The queue: {@link openDeadLetters} opens it. */
  readonly deadLetters: DeadLetterPort;
  /** The streams: {@link openRecords} opens them. */
  readonly records: RecordsPort;
  /** The sweep function: {@link openSweepFunction} opens it. */
  readonly sweep: SweepPort;
}

/** Messages that one run takes; the next run takes the others. */
export const REDRIVE_MESSAGES_MAX = 10_000;
/** Pages of one batch's records. A batch has at most 10,000 records, but pages may be short, or empty. */
export const RECORD_PAGES_MAX = 1000;

/** How far a redrive is. */
export interface RedriveProgress {
  /** Messages that were taken from the queue. */
  readonly received: number;
  /** Messages that are done, and deleted. */
  readonly deleted: number;
  /** Messages that stay in the queue. */
  readonly kept: number;
  /** Parents that the sweep was asked for, those that failed included. */
  readonly settled: number;
}

/** How a redrive is done. */
export interface RedriveOptions {
  /** Messages that it takes at most; the next redrive takes the others. @default 10,000 */
  readonly messagesMax?: number;
  /** What the deployment's lifecycle says. @default that of SwarmKit's kinds without any choice */
  readonly plan?: Plan;
  /** Its reason is thrown between two requests; messages that are not done stay in the queue. */
  readonly signal?: AbortSignal | undefined;
  /** Told after each group of messages. */
  readonly onProgress?: (progress: RedriveProgress) => void;
}

/** A message that stays in the queue. */
export interface KeptMessage {
  /** What Lambda wrote. */
  readonly body: string;
  /** Why it stays, in words. */
  readonly reason: string;
}

/** What a redrive has done. */
export interface RedriveResult extends RedriveProgress {
  /** Whole sweeps that were run: for records that had left their stream or could not be read, or for a failed event of the sweep. */
  readonly sweeps: number;
  /** Names such as `service#web` of what was deleted because of it. */
  readonly deletedParents: readonly string[];
  /** Messages that are still in the queue, each with the reason. */
  readonly keptMessages: readonly KeptMessage[];
  /** Records that could not be read. A whole sweep made up for them. */
  readonly malformed: readonly string[];
  /** Batches of which some records were gone. A whole sweep made up for them. */
  readonly gone: readonly BatchPlace[];
}

/**
 * Takes the dead letters one group after the other. The sweep function settles the parents that a message's records name, and
 * sets the attachments of services among them right. The message is deleted once none of them failed. Where records are gone,
 * after 24 hours, a whole sweep is run first, one for the group: restarted, and full, since only a record tells of a mark
 * without a time. No sweep knows of attachments that a raw write of a service left wrong: `gone` says when an audit should
 * follow.
 *
 * Repeating it is safe: settling looks at what is there now. So a redrive may run beside the functions, beside another
 * redrive, and again after a crash. It ends when the queue gives no message that it has not kept. Rejects as a port does; what
 * is not done by then stays in the queue.
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
  readonly #plan: Plan;
  readonly #deletedParents: string[] = [];
  readonly #kept = new Map<string, string>();
  readonly #malformed: string[] = [];
  readonly #gone: BatchPlace[] = [];
  readonly #counts = { received: 0, deleted: 0, settled: 0, sweeps: 0 };

  constructor(ports: RedrivePorts, tables: PhysicalNames, options: RedriveOptions) {
    const { signal, plan = swarmkitPlan() } = options;
    this.#ports = ports;
    this.#tables = tables;
    this.#signal = signal;
    this.#plan = plan;
  }

  /** SQS shows a message again, once the time is over for which it was hidden. */
  hasKept(body: string): boolean {
    return this.#kept.has(body);
  }

  async take(messages: readonly DeadLetterMessage[]): Promise<void> {
    this.#counts.received += messages.length;
    const all: Needs[] = [];
    for (const message of messages) {
      const needs = await this.#needsOf(message);
      if (needs !== undefined) all.push(needs);
    }
    const names = [...new Set(all.flatMap(({ parents }) => parents))];
    const { deleted, failed } = await settleParents(this.#ports.sweep, 'redrive', names, this.#signal);
    this.#counts.settled += names.length;
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
      this.#counts.deleted++;
    }
  }

  result(): RedriveResult {
    return {
      ...this.#counts,
      kept: this.#kept.size,
      deletedParents: [...this.#deletedParents],
      keptMessages: [...this.#kept].map(([body, reason]) => ({ body, reason })),
      malformed: [...this.#malformed],
      gone: [...this.#gone],
    };
  }

  /** Undefined for a message that stays in the queue. */
  async #needsOf(message: DeadLetterMessage): Promise<Needs | undefined> {
    const letter = readDeadLetter(message.body, this.#tables, this.#plan);
    switch (letter.kind) {
      case 'unknown':
        this.#kept.set(message.body, `${letter.why}; see who sent it, and delete it by hand`);
        return undefined;
      case 'sweep':
        return { message, parents: [], wholeSweep: true };
      default: {
        const { records, isWhole } = await this.#readBatch(letter.place);
        if (!isWhole) this.#gone.push(letter.place);
        const { parents, malformed } = parentsOfRecords(records, letter.read, this.#plan);
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

  /** The reason where it failed. */
  async #sweepWhole(): Promise<string | undefined> {
    const anew = { trigger: 'redrive', restart: true, full: true, signal: this.#signal };
    const { deleted, failedCount } = await sweepAll(this.#ports.sweep, anew);
    this.#deletedParents.push(...deleted);
    this.#counts.sweeps++;
    return failedCount === 0 ? undefined : `${failedCount} parents failed in the whole sweep that makes up for it`;
  }
}

/** Undefined for a record without a sequence number. */
function compareWith(record: unknown, sequenceNumber: string): number | undefined {
  const found = (record as { dynamodb?: { SequenceNumber?: unknown } } | null)?.dynamodb?.SequenceNumber;
  return isSequenceNumber(found) ? compareSequenceNumbers(found, sequenceNumber) : undefined;
}
