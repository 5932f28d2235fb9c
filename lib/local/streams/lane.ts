/** One of a shard's parallel queues: gathers records to batches and delivers them one after the other. */
import { PAYLOAD_BYTES_MAX } from '../ground/limits.ts';
import { Pause } from '../ground/pause.ts';
import { BatchDelivery, type LanePlace } from './delivery.ts';
import type { ArrivedRecord } from './reader.ts';

/** What Lambda wraps around a batch: `{"Records":[…]}`, and a comma for each record. */
const ENVELOPE_BYTES = 14;

export class Lane {
  readonly #place: LanePlace;
  readonly #window = new Pause();
  #buffer: ArrivedRecord[] = [];
  #bufferBytes = 0;
  #delivering: readonly ArrivedRecord[] = [];
  #running: Promise<void> | undefined;

  constructor(place: LanePlace) {
    this.#place = place;
  }

  /** Records that are neither done nor given up. */
  get undelivered(): number {
    return this.#buffer.length + this.#delivering.length;
  }

  push(record: ArrivedRecord): void {
    this.#buffer.push(record);
    this.#bufferBytes += record.bytes + 1;
    if (this.#isFull()) this.#window.wake();
    this.#running ??= this.#run().catch((error) => this.#place.ports.fail(error));
  }

  #isFull(): boolean {
    return (
      this.#buffer.length >= this.#place.mapping.batchSize || this.#bufferBytes + ENVELOPE_BYTES >= PAYLOAD_BYTES_MAX
    );
  }

  async #run(): Promise<void> {
    // Records that are pushed in this same turn of the event loop belong to the same read, hence to the same batch.
    await Promise.resolve();
    const windowMillis = (this.#place.mapping.batchingWindowSeconds * 1000) / this.#place.ports.clockRate;
    while (this.#buffer.length > 0 && !this.#place.ports.isStopped()) {
      if (windowMillis > 0 && !this.#isFull()) await this.#window.wait(windowMillis);
      await this.#place.ports.ready();
      if (this.#place.ports.isStopped()) break;
      this.#delivering = this.#take();
      await new BatchDelivery(this.#place).run(this.#delivering);
      this.#delivering = [];
    }
    this.#running = undefined;
  }

  /** As many as fit the batch size and the payload, and always one. */
  #take(): readonly ArrivedRecord[] {
    let bytes = ENVELOPE_BYTES;
    let count = 0;
    for (const record of this.#buffer) {
      bytes += record.bytes + 1;
      if (count > 0 && (count >= this.#place.mapping.batchSize || bytes > PAYLOAD_BYTES_MAX)) break;
      count += 1;
    }
    const batch = this.#buffer.slice(0, count);
    this.#buffer = this.#buffer.slice(count);
    this.#bufferBytes = this.#buffer.reduce((sum, record) => sum + record.bytes + 1, 0);
    return batch;
  }

  async stop(): Promise<void> {
    this.#window.close();
    await this.#running;
  }
}
