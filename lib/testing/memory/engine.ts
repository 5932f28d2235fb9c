/**
 * DynamoDB in memory, for exactly the requests that the deallocator and the tests' writers send. Each request is one atomic
 * step. Whatever it doesn't know throws, and the contract suite holds it and Amazon's own engine to the same answers.
 */

import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { validation } from './answers.ts';
import { Invalid } from './expressions.ts';
import { type Input, type Output, tableFinder } from './inputs.ts';
import { NotInMemoryError } from './not-in-memory.ts';
import { type Luck, Reads } from './reads.ts';
import type { MemoryTables } from './tables.ts';
import type { Touched } from './touched.ts';
import { Writes } from './writes.ts';

export interface EngineOptions {
  readonly tables: MemoryTables;
  readonly names: PhysicalNames;
  /** Items after which a page ends before its limit, as at 1 MB. */
  readonly pageItemsMax?: number;
  /** Its clock, for the tokens of transactions. */
  readonly nowEpochMillis?: () => number;
  /** Told of each request that is carried out or refused by a condition; not of one that is not valid. */
  readonly observe?: (touched: Touched) => void;
}

export class MemoryEngine {
  readonly #reads: Reads;
  readonly #writes: Writes;

  constructor({ tables, names, pageItemsMax, nowEpochMillis, observe }: EngineOptions) {
    const common = { tables, tableOf: tableFinder(names), observe: observe ?? (() => {}) };
    this.#reads = new Reads({ ...common, pageItemsMax: pageItemsMax ?? Number.POSITIVE_INFINITY });
    this.#writes = new Writes({ ...common, nowEpochMillis: nowEpochMillis ?? (() => 0) });
  }

  /** @param operation such as `GetItem` */
  carryOut(operation: string, input: Input, luck: Luck = {}): Output {
    try {
      return this.#dispatch(operation, input, luck);
    } catch (error) {
      if (error instanceof Invalid) throw validation(error.message);
      throw error;
    }
  }

  #dispatch(operation: string, input: Input, luck: Luck): Output {
    switch (operation) {
      case 'GetItem':
        return this.#reads.get(input, luck);
      case 'BatchGetItem':
        return this.#reads.batchGet(input, luck);
      case 'Query':
        return this.#reads.query(input, luck);
      case 'Scan':
        return this.#reads.scan(input, luck);
      case 'PutItem':
      case 'UpdateItem':
      case 'DeleteItem':
        return this.#writes.writeOne(operation, input);
      case 'BatchWriteItem':
        return this.#writes.batchWrite(input, luck);
      case 'TransactWriteItems':
        return this.#writes.transact(input);
      case 'BatchExecuteStatement':
        return this.#writes.executeBatch(input, luck);
      case 'ExecuteStatement':
        return this.#reads.select(input, luck);
      default:
        throw new NotInMemoryError(operation);
    }
  }
}
