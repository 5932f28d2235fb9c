/**
 * Lambda's side of the streams: lanes that hand records to functions batch by batch, each to its end before the next (or,
 * where a crowd is wanted, several at once and in any order), with the local cloud's own decisions about retry, bisect and
 * giving up, and the construct's own filters.
 */

import { unmarshall } from '@aws-sdk/util-dynamodb';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { KindPlan } from '../../lifecycle/kind-plan.ts';
import { liesUnder } from '../../lifecycle/parents.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { isGone } from '../../lifecycle/references.ts';
import { type BatchResult, planNextStep, type Segment } from '../../local/streams/batch-result.ts';
import { MAPPING_DEFAULTS } from '../../streams/functions.ts';
import type { StoredItem } from '../memory/attribute-values.ts';
import { mappingFilter, streamedTables } from '../memory/stream-functions.ts';
import type { LambdaRecord, MemoryTables } from '../memory/tables.ts';

/** As the construct sets the mappings. */
export const MAPPING = {
  bisectBatchOnFunctionError: true,
  reportBatchItemFailures: true,
  retryAttemptsMax: MAPPING_DEFAULTS.retryAttempts,
} as const;
const RECORD_AGE_MAX_MILLIS = MAPPING_DEFAULTS.maxRecordAgeSeconds * 1000;

/** How records never came to a function. */
export type Loss = 'dropped' | 'too old' | 'given up';

interface Arrived {
  readonly record: LambdaRecord;
  readonly atMillis: number;
}

interface Lane {
  readonly name: string;
  readonly table: string;
  readonly waiting: Arrived[];
  /** What is left of a batch that failed, or was halved. */
  segments: Segment<Arrived>[];
  /** Batches at work, by process. */
  readonly active: Map<number, Segment<Arrived>>;
  stillUntilMillis: number;
}

interface LanesOptions {
  readonly count: number;
  readonly isCrowded: boolean;
  readonly plan: Plan;
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #count: number;
  readonly #isCrowded: boolean;
  /** Records that were delivered before: a duplicate is one of these. */
  readonly #former: { readonly table: string; readonly record: LambdaRecord }[] = [];
  readonly #onLost: (kind: Loss, records: number) => void;
  readonly #plan: Plan;
  /** What each record tells to be one of a child less, by name. */
  readonly #less = new WeakMap<LambdaRecord, readonly string[]>();
  readonly #streamed: readonly string[];
  readonly #isWanted: ReturnType<typeof mappingFilter>;

  constructor({ count, isCrowded, plan }: LanesOptions, onLost: (kind: Loss, records: number) => void) {
    this.#count = count;
    this.#isCrowded = isCrowded;
    this.#onLost = onLost;
    this.#plan = plan;
    this.#isWanted = mappingFilter(plan);
    this.#streamed = streamedTables(plan);
    for (const table of this.#streamed) {
      for (let index = 0; index < count; index++) {
        const name = `${table}/${index}`;
        const lane: Lane = { name, table, waiting: [], segments: [], active: new Map(), stillUntilMillis: 0 };
        this.#lanes.set(name, lane);
      }
    }
  }

  /** Takes the tables' new records in: each goes into the lane of its key, if the mapping's filter wants it. */
  takeIn(tables: MemoryTables, nowMillis: number): void {
    for (const table of this.#streamed) {
      const records = tables.streams[table] ?? [];
      for (const record of records.splice(0)) {
        if (this.#isWanted(table, record)) this.#place(table, record, nowMillis);
      }
    }
  }

  #place(table: string, record: LambdaRecord, atMillis: number): void {
    const lane = this.#lanes.get(`${table}/${hash(JSON.stringify(record.dynamodb.Keys)) % this.#count}`);
    lane?.waiting.push({ record, atMillis });
  }

  /** Lanes that have records for a function and no function at work. */
  ready(nowMillis: number): string[] {
    return [...this.#lanes.values()].filter((lane) => this.#isReady(lane, nowMillis)).map(({ name }) => name);
  }

  /** Lanes with records that no function has been given yet. */
  waiting(): { readonly name: string; readonly table: string; readonly records: number }[] {
    return [...this.#lanes.values()]
      .filter(({ waiting }) => waiting.length > 0)
      .map(({ name, table, waiting }) => ({ name, table, records: waiting.length }));
  }

  get formerCount(): number {
    return this.#former.length;
  }

  names(): string[] {
    return [...this.#lanes.keys()];
  }

  tableOf(name: string): string {
    return (name.split('/')[0] ?? '') as string;
  }

  waitingIn(name: string): number {
    return this.#lanes.get(name)?.waiting.length ?? 0;
  }

  /** The next batch of a lane, which is at work with a process until it is ended. Undefined when the lane has none after all. */
  begin(
    name: string,
    process: number,
    { from, most }: { readonly from: number; readonly most: number },
    nowMillis: number,
  ): readonly LambdaRecord[] | undefined {
    const lane = this.#lanes.get(name);
    if (lane === undefined || !this.#isReady(lane, nowMillis)) return undefined;
    const first = Math.min(from, Math.max(0, lane.waiting.length - 1));
    const segment = lane.segments.shift() ?? { items: lane.waiting.splice(first, most), attempts: 0 };
    const items = segment.items.filter(({ atMillis }) => nowMillis - atMillis <= RECORD_AGE_MAX_MILLIS);
    const aged = segment.items.length - items.length;
    if (aged > 0) this.#onLost('too old', aged);
    if (items.length === 0) return [];
    lane.active.set(process, { items, attempts: segment.attempts });
    return items.map(({ record }) => record);
  }

  end(name: string, process: number, result: BatchResult): void {
    const lane = this.#lanes.get(name);
    const segment = lane?.active.get(process);
    if (lane === undefined || segment === undefined) throw new Error(`no batch of ${name} is at work`);
    lane.active.delete(process);
    for (const { record } of segment.items) this.#former.push({ table: lane.table, record });
    const next = planNextStep(segment, result, MAPPING);
    if (next.kind === 'retry') lane.segments.unshift(...next.segments);
    else if (next.kind === 'giveUp') this.#onLost('given up', segment.items.length);
  }

  duplicate(name: string, former: number, at: number, nowMillis: number): boolean {
    const lane = this.#lanes.get(name);
    const found = this.#former[former];
    if (lane === undefined || found === undefined || found.table !== lane.table) return false;
    lane.waiting.splice(Math.min(at, lane.waiting.length), 0, { record: found.record, atMillis: nowMillis });
    return true;
  }

  /** Every record that was delivered before comes once more. @returns how many */
  repeatAll(): number {
    const records = new Map(this.#former.map((one) => [one.record.dynamodb.SequenceNumber, one]));
    for (const { table, record } of records.values()) this.#place(table, record, 0);
    return records.size;
  }

  formerTable(former: number): string | undefined {
    return this.#former[former]?.table;
  }

  moveToFront(name: string, index: number): boolean {
    const [arrived] = this.#lanes.get(name)?.waiting.splice(index, 1) ?? [];
    if (arrived === undefined) return false;
    this.#lanes.get(name)?.waiting.unshift(arrived);
    return true;
  }

  drop(name: string, index: number): boolean {
    const dropped = this.#lanes.get(name)?.waiting.splice(index, 1) ?? [];
    if (dropped.length > 0) this.#onLost('dropped', dropped.length);
    return dropped.length > 0;
  }

  expire(table: string): boolean {
    const lanes = [...this.#lanes.values()].filter((lane) => lane.table === table);
    const lost = lanes.reduce((sum, { waiting }) => sum + waiting.length, 0);
    for (const lane of lanes) lane.waiting.length = 0;
    if (lost > 0) this.#onLost('dropped', lost);
    return lost > 0;
  }

  delay(name: string, untilMillis: number): boolean {
    const lane = this.#lanes.get(name);
    if (lane === undefined || lane.waiting.length === 0) return false;
    lane.stillUntilMillis = untilMillis;
    return true;
  }

  hurry(): void {
    for (const lane of this.#lanes.values()) lane.stillUntilMillis = 0;
  }

  /** Removal records of a parent's children that no function has counted to its end yet. */
  unprocessed(parent: ItemKey): number {
    const name = itemName(parent);
    let count = 0;
    for (const lane of this.#lanes.values()) {
      for (const items of [
        lane.waiting,
        ...[...lane.segments, ...lane.active.values()].map((segment) => segment.items),
      ]) {
        for (const { record } of items) if (this.#lessBy(lane.table, record).includes(name)) count++;
      }
    }
    return count;
  }

  #lessBy(table: string, record: LambdaRecord): readonly string[] {
    const names = this.#less.get(record) ?? namesOneLess(this.#plan, table, record);
    this.#less.set(record, names);
    return names;
  }

  #isReady(lane: Lane, nowMillis: number): boolean {
    return (
      (this.#isCrowded || lane.active.size === 0) &&
      (lane.segments.length > 0 || lane.waiting.length > 0) &&
      lane.stillUntilMillis <= nowMillis
    );
  }
}

/** By the README's words, not by the functions' code: a child is gone with its removal, or with its end before that. */
function namesOneLess(plan: Plan, table: string, { eventName, dynamodb }: LambdaRecord): readonly string[] {
  const plain = (stored: unknown) => unmarshall((stored ?? {}) as StoredItem);
  const keys = plain(dynamodb.Keys);
  const [kind] = plan.tables[table]?.kinds ?? [];
  if (kind === undefined) return eventName === 'REMOVE' ? [keys.held] : [];
  const planned = plan.kinds[kind] as KindPlan;
  const [wasGone, isGoneNow] = [dynamodb.OldImage, dynamodb.NewImage].map((image) => isGone(planned, plain(image)));
  const isLess = !wasGone && (eventName === 'REMOVE' || (eventName === 'MODIFY' && isGoneNow));
  return isLess ? liesUnder(plan, kind, keys).map(itemName) : [];
}

/** FNV-1a. */
export function hash(text: string, from = 0x811c9dc5): number {
  let mixed = from;
  for (let index = 0; index < text.length; index++) mixed = Math.imul(mixed ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return mixed;
}
