/** The way between the processes of a simulated world and its DynamoDB: what is carried out, and what arrives late. */
import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import type { PhysicalNames } from '../../dynamodb/schema.ts';
import type { World } from '../../protocol/invariants.ts';
import { memoryNames } from '../memory/client.ts';
import { MemoryEngine } from '../memory/engine.ts';
import type { Luck, StatementFault } from '../memory/reads.ts';
import type { MemoryTables } from '../memory/tables.ts';
import type { Exercised } from './exercised.ts';
import type { Carried, Process, Request } from './processes.ts';

/** A request that arrives later than this is refused by DynamoDB, or lost. */
const LATE_MILLIS_MAX = 60_000;

/** How the last statement of a batch may fail by itself. */
export const STATEMENT_FAULTS: readonly StatementFault[] = [
  { code: 'ThrottlingError', isDone: false },
  { code: 'TransactionConflict', isDone: false },
  { code: 'InternalServerError', isDone: false },
  { code: 'InternalServerError', isDone: true },
  { code: undefined, isDone: true },
];
/** A read of several partitions may end before the first row, or behind it, or behind the second. */
export const PAGE_ROWS_MAX = 3;

export interface LateRequest {
  readonly process: number;
  readonly request: number;
  readonly sentMillis: number;
  readonly operation: string;
  readonly input: Request['input'];
}

/** The world that a wire is in. */
interface Ends {
  readonly tables: MemoryTables;
  readonly exercised: Exercised;
  readonly processes: ReadonlyMap<number, Process>;
  readonly nowMillis: number;
  fatal: unknown;
}

export class Wire {
  /** Requests whose sender has given up waiting. */
  readonly late: LateRequest[] = [];
  readonly #ends: Ends;
  readonly #engine: MemoryEngine;
  readonly #isForeign: boolean;
  readonly #names: PhysicalNames;
  /**
   * Counters that a request has opened after its sender had failed or died, such as `service#web 12.1`. The sender's record may
   * have been handled anew by then, and the parent be gone: nobody but a sweep looks at such a counter.
   */
  readonly #stranded = new Set<string>();
  /**
   * Counters that were there before the last write. One that comes back with the epoch that it had is no late creation: a
   * repeat has created it twice, which the token of its transaction must not allow.
   */
  readonly #past = new Set<string>();

  constructor(ends: Ends, { pageItemsMax, isForeign }: { readonly pageItemsMax: number; readonly isForeign: boolean }) {
    this.#isForeign = isForeign;
    this.#ends = ends;
    this.#names = memoryNames(ends.tables.plan);
    this.#engine = new MemoryEngine({
      tables: ends.tables,
      names: this.#names,
      nowEpochMillis: () => ends.nowMillis,
      ...(pageItemsMax > 0 && { pageItemsMax }),
    });
  }

  remember({ counters }: World): void {
    for (const counter of counters) this.#past.add(lifeOf(counter));
  }

  carryOut(
    operation: string,
    input: Request['input'],
    luck: { age: number; unprocessed: number } = { age: 0, unprocessed: 0 },
  ): Carried {
    this.#ends.exercised.count('requests');
    if (luck.age > 0 && (input.ConsistentRead as unknown) !== true) this.#ends.exercised.count('reads of the past');
    try {
      const answer = this.#engine.carryOut(operation, input, luckOf(operation, luck));
      this.#countTogether(operation, input, luck.unprocessed);
      return { answer };
    } catch (error) {
      const isExpected =
        error instanceof DynamoDBServiceException &&
        (this.#isForeign || ['ConditionalCheckFailedException', 'TransactionCanceledException'].includes(error.name));
      if (!isExpected) this.#ends.fatal ??= error;
      return { error };
    }
  }

  #countTogether(operation: string, input: Request['input'], unprocessed: number): void {
    const { exercised } = this.#ends;
    if (isStamp(operation, input)) exercised.count('stamps');
    if (operation === 'BatchExecuteStatement') {
      exercised.count('statements together');
      if (unprocessed > 0) exercised.count('statements that fail alone');
    } else if (operation === 'ExecuteStatement') {
      exercised.count('counts together');
      if (unprocessed > 0) exercised.count('counts cut short');
    } else if (unprocessed > 0 && operation.startsWith('Batch')) exercised.count('unprocessed parts');
    if (operation === 'TransactWriteItems' && receiptsIn(input, this.#names) > 1) exercised.count('deletions together');
  }

  keepLate(process: Process, { number, operation, input }: Request): void {
    this.late.push({ process: process.number, request: number, sentMillis: this.#ends.nowMillis, operation, input });
  }

  forgetOld(): void {
    const { nowMillis } = this.#ends;
    const tooOld = this.late.findIndex(({ sentMillis }) => nowMillis - sentMillis <= LATE_MILLIS_MAX);
    this.late.splice(0, tooOld < 0 ? this.late.length : tooOld);
  }

  arrive(process: number, request: number): boolean {
    const index = this.late.findIndex((one) => one.process === process && one.request === request);
    const [found] = index < 0 ? [] : this.late.splice(index, 1);
    if (found === undefined) return false;
    const before = new Set(this.#ends.tables.world().counters.map(({ id }) => id));
    this.carryOut(found.operation, found.input);
    const opened = this.#ends.tables.world().counters.filter(({ id }) => !before.has(id));
    const stranded = opened.map(lifeOf).filter((life) => !this.#past.has(life));
    if (!this.#ends.processes.has(process)) for (const life of stranded) this.#stranded.add(life);
    return true;
  }

  /** Those that are still as that request has left them, by id. */
  strandedCounters(): string[] {
    const { counters } = this.#ends.tables.world();
    return counters.filter((counter) => this.#stranded.has(lifeOf(counter))).map(({ id }) => id);
  }
}

/** Its epoch is another one after each recount, and in each life. */
function lifeOf(counter: World['counters'][number]): string {
  return `${counter.id} ${(counter as { epoch?: unknown }).epoch}`;
}

/** What is left to chance, in the engine's words. */
function luckOf(operation: string, { age, unprocessed }: { age: number; unprocessed: number }): Luck {
  if (unprocessed === 0) return { age };
  const statement = operation === 'BatchExecuteStatement' ? STATEMENT_FAULTS[unprocessed - 1] : undefined;
  if (statement !== undefined) return { age, statement };
  return operation === 'ExecuteStatement' ? { age, rows: unprocessed - 1 } : { age, unprocessed };
}

function receiptsIn(input: Request['input'], { receipts }: PhysicalNames): number {
  const actions = input.TransactItems as unknown as readonly { readonly Put?: { readonly TableName: string } }[];
  return actions.filter(({ Put }) => Put?.TableName === receipts).length;
}

export function isWrite(operation: string): boolean {
  return /Write|Put|Update|Delete|BatchExecute/.test(operation);
}

/** A mark without a time gets one. */
function isStamp(operation: string, input: Request['input']): boolean {
  if (operation !== 'TransactWriteItems') return false;
  const [action] = input.TransactItems as unknown as readonly {
    readonly Update?: { readonly UpdateExpression?: string };
  }[];
  return action?.Update?.UpdateExpression?.startsWith('SET #markedAt') === true;
}
