/** A stack's event source mappings: started, paused, watched and stopped together. */
import type { Gateway } from '../dynamodb/gateway.ts';
import type { Log } from '../ground/log.ts';
import { Gate } from '../ground/pause.ts';
import type { FunctionPool } from '../lambda/pool.ts';
import type { Queues } from '../sqs/queues.ts';
import type { Delivery } from './delivery.ts';
import { EventSourceMapping } from './mapping.ts';
import type { MappingProperties } from './mapping-properties.ts';
import { StreamReader } from './reader.ts';
import type { RecordIntercept } from './record-intercept.ts';

export interface MappingServices {
  readonly enginePort: number;
  readonly databaseId: string;
  readonly clockRate: number;
  readonly log: Log;
  readonly pool: FunctionPool;
  readonly queues: Queues;
  /** Knows when each table was last written to. */
  readonly gateway: Gateway;
}

export class EventSourceMappings {
  readonly #mappings: readonly EventSourceMapping[];
  readonly #gate = new Gate();
  readonly #invocations = new Set<Promise<unknown>>();
  readonly #listeners = new Set<(delivery: Delivery) => void>();
  #recordIntercept: RecordIntercept | undefined;
  #stopped = false;

  constructor(all: readonly MappingProperties[], services: MappingServices) {
    this.#mappings = all.map((properties) => this.#create(properties, services));
  }

  #create(properties: MappingProperties, services: MappingServices): EventSourceMapping {
    const { enginePort, databaseId, clockRate, log, pool, queues, gateway } = services;
    const { logicalId, functionKey, streamArn } = properties;
    const { name, arn } = pool.properties(functionKey);
    const tableArn = streamArn.replace(/\/stream\/.*$/s, '');
    return new EventSourceMapping(properties, {
      functionName: name,
      functionArn: arn,
      clockRate,
      reader: new StreamReader(enginePort, databaseId, streamArn),
      lastWriteMillis: () => gateway.lastWriteMillis(tableArn),
      interceptRecord: (record) => this.#recordIntercept?.({ mapping: logicalId, functionName: name, record }),
      ready: () => this.#gate.pass(),
      invoke: (event) => {
        const invocation = pool.invoke(functionKey, event);
        this.#invocations.add(invocation);
        return invocation.finally(() => this.#invocations.delete(invocation));
      },
      sendToQueue: (queueArn, body) => queues.send(queueArn, body),
      observe: (delivery) => {
        for (const listener of this.#listeners) listener(delivery);
      },
      fail: (error) => {
        const line = `mapping "${logicalId}" has stopped: ${String(error)}`;
        log({ source: 'local', requestId: undefined, stream: 'stderr', line });
      },
    });
  }

  setRecordIntercept(intercept: RecordIntercept | undefined): void {
    this.#recordIntercept = intercept;
  }

  /** Returns what ends it. */
  onDelivery(listener: (delivery: Delivery) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    for (const mapping of this.#mappings) mapping.start();
  }

  get isPaused(): boolean {
    return !this.#gate.isOpen;
  }

  /** Nothing is read or delivered until `resume`. Resolves when no invocation is under way; retries stay where they are. */
  async pause(): Promise<void> {
    this.#gate.shut();
    await Promise.allSettled([...this.#invocations]);
  }

  resume(): void {
    this.#gate.open();
    this.hurry(performance.now());
  }

  /** One sentence for each mapping that has not done all that was written before this moment of the monotonic clock. */
  pendingSince(writtenMillis: number): string[] {
    return this.#mappings.flatMap((mapping) => mapping.findPending(writtenMillis) ?? []);
  }

  /** Makes the next polls come at once, and has each stream read once more after this moment of the monotonic clock. */
  hurry(readAgainMillis: number): void {
    for (const mapping of this.#mappings) mapping.hurry(readAgainMillis);
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#gate.open();
    await Promise.all(this.#mappings.map((mapping) => mapping.stop()));
  }
}
