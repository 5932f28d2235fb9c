/** Delivers one batch until every record of it is done or given up. */
import { RETRY_PAUSE_BASE_MILLIS, RETRY_PAUSE_MAX_MILLIS } from '../ground/limits.ts';
import { describeGivenUp } from '../lambda/on-failure.ts';
import type { InvocationResult } from '../lambda/pool.ts';
import { type BatchResult, planNextStep, readBatchResult, type Segment } from './batch-result.ts';
import type { MappingProperties } from './mapping-properties.ts';
import type { ArrivedRecord } from './reader.ts';
import type { StreamRecord } from './record.ts';

export type GiveUpCondition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

/** One invocation of a mapping's function, or one group of records that was given up. */
export interface Delivery {
  /** The mapping's logical id. */
  readonly mapping: string;
  readonly functionName: string;
  readonly shardId: string;
  readonly lane: number;
  readonly records: readonly StreamRecord[];
  /** 1 for the first invocation with the oldest of these records. */
  readonly invokeCount: number;
  readonly result: BatchResult['kind'] | GiveUpCondition;
  readonly requestId: string;
  readonly error: InvocationResult['error'];
}

export interface DeliveryPorts {
  readonly functionName: string;
  readonly functionArn: string;
  readonly clockRate: number;
  invoke(event: { readonly Records: readonly StreamRecord[] }): Promise<InvocationResult>;
  /** Resolves when deliveries are not paused. */
  ready(): Promise<void>;
  wait(millis: number): Promise<void>;
  isStopped(): boolean;
  sendToQueue(arn: string, body: unknown): void;
  observe(delivery: Delivery): void;
  /** Reports that the lane can't go on. */
  fail(error: unknown): void;
}

/** Where a batch is delivered, and by whose rules. */
export interface LanePlace {
  readonly mapping: MappingProperties;
  readonly ports: DeliveryPorts;
  readonly shardId: string;
  readonly lane: number;
}

/** Exponential, up to the maximum. After a batch was halved it waits only the base: the next batch is a new one. */
function pauseMillis(attempts: number, clockRate: number): number {
  return Math.min(RETRY_PAUSE_BASE_MILLIS * 2 ** Math.max(0, attempts - 1), RETRY_PAUSE_MAX_MILLIS) / clockRate;
}

function toTimestamp(epochMillis: number): string {
  return new Date(epochMillis).toISOString();
}

export class BatchDelivery {
  readonly #place: LanePlace;
  #invokeCount = 0;
  #firstSequenceNumber: string | undefined;
  #lastResult: InvocationResult | undefined;

  constructor(place: LanePlace) {
    this.#place = place;
  }

  async run(items: readonly ArrivedRecord[]): Promise<void> {
    const { mapping, ports } = this.#place;
    const segments: Segment<ArrivedRecord>[] = [{ items, attempts: 0 }];
    for (let segment = segments.shift(); segment !== undefined; segment = segments.shift()) {
      await ports.ready();
      if (ports.isStopped()) return;
      const young = this.#dropAged(segment);
      if (young.items.length === 0) continue;
      const result = await this.#deliver(young.items);
      if (ports.isStopped()) return;
      const next = planNextStep(young, result, mapping);
      if (next.kind === 'giveUp') this.#giveUp(young.items, 'RetryAttemptsExhausted');
      if (next.kind !== 'retry') continue;
      segments.unshift(...next.segments);
      await ports.wait(pauseMillis(next.segments[0]?.attempts ?? 0, ports.clockRate));
    }
  }

  #dropAged(segment: Segment<ArrivedRecord>): Segment<ArrivedRecord> {
    const { recordAgeSecondsMax } = this.#place.mapping;
    if (recordAgeSecondsMax === undefined) return segment;
    const oldestEpochMillis = Date.now() - (recordAgeSecondsMax * 1000) / this.#place.ports.clockRate;
    const firstYoung = segment.items.findIndex((item) => item.arrivedEpochMillis >= oldestEpochMillis);
    if (firstYoung === 0) return segment;
    const agedCount = firstYoung < 0 ? segment.items.length : firstYoung;
    this.#giveUp(segment.items.slice(0, agedCount), 'RecordAgeExceeded');
    return { items: segment.items.slice(agedCount), attempts: segment.attempts };
  }

  async #deliver(items: readonly ArrivedRecord[]): Promise<BatchResult> {
    const first = items[0]?.record.dynamodb.SequenceNumber;
    this.#invokeCount = first === this.#firstSequenceNumber ? this.#invokeCount + 1 : 1;
    this.#firstSequenceNumber = first;
    const records = items.map((item) => item.record);
    const answer = await this.#place.ports.invoke({ Records: records });
    this.#lastResult = answer;
    const sequenceNumbers = records.map((record) => record.dynamodb.SequenceNumber);
    const result = readBatchResult(answer, sequenceNumbers, this.#place.mapping);
    this.#observe(records, result.kind);
    return result;
  }

  #observe(records: readonly StreamRecord[], result: Delivery['result']): void {
    const { mapping, ports, shardId, lane } = this.#place;
    ports.observe({
      mapping: mapping.logicalId,
      functionName: ports.functionName,
      shardId,
      lane,
      records,
      invokeCount: this.#invokeCount,
      result,
      requestId: this.#lastResult?.requestId ?? '',
      error: this.#lastResult?.error,
    });
  }

  #giveUp(items: readonly ArrivedRecord[], condition: GiveUpCondition): void {
    const [first, last] = [items[0], items.at(-1)];
    if (first === undefined || last === undefined) return;
    const records = items.map((item) => item.record);
    this.#observe(records, condition);
    const { mapping, ports, shardId } = this.#place;
    if (mapping.onFailureArn === undefined) return;
    ports.sendToQueue(mapping.onFailureArn, {
      ...describeGivenUp(ports.functionArn, condition, this.#invokeCount, this.#lastResult),
      DDBStreamBatchInfo: {
        shardId,
        startSequenceNumber: first.record.dynamodb.SequenceNumber,
        endSequenceNumber: last.record.dynamodb.SequenceNumber,
        approximateArrivalOfFirstRecord: toTimestamp(first.arrivedEpochMillis),
        approximateArrivalOfLastRecord: toTimestamp(last.arrivedEpochMillis),
        batchSize: records.length,
        streamArn: mapping.streamArn,
      },
    });
  }
}
