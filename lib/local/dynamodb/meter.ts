/** Who asked for what, and what it would have cost. */
export interface OperationUsage {
  requests: number;
  readUnits: number;
  writeUnits: number;
}

/** Missing: none. */
export type Units = Partial<Pick<OperationUsage, 'readUnits' | 'writeUnits'>>;

export interface Usage {
  /** By principal (a function's logical id, or `outside`), then by operation. */
  readonly requests: Readonly<Record<string, Readonly<Record<string, Readonly<OperationUsage>>>>>;
  /** By the function's logical id. */
  readonly invocations: Readonly<Record<string, number>>;
  readonly total: Readonly<OperationUsage>;
}

export class Meter {
  #on = false;
  #requests: Record<string, Record<string, OperationUsage>> = {};
  #invocations: Record<string, number> = {};

  /** Off at first: to meter a transaction takes two more reads of each of its items. */
  get isOn(): boolean {
    return this.#on;
  }

  /** Starts from zero. */
  start(): void {
    this.#on = true;
    this.#requests = {};
    this.#invocations = {};
  }

  stop(): Usage {
    this.#on = false;
    return this.usage();
  }

  usage(): Usage {
    const total = { requests: 0, readUnits: 0, writeUnits: 0 };
    for (const operations of Object.values(this.#requests)) {
      for (const usage of Object.values(operations)) {
        total.requests += usage.requests;
        total.readUnits += usage.readUnits;
        total.writeUnits += usage.writeUnits;
      }
    }
    return structuredClone({ requests: this.#requests, invocations: this.#invocations, total });
  }

  addRequest(principal: string, operation: string, { readUnits = 0, writeUnits = 0 }: Units): void {
    if (!this.#on) return;
    this.#requests[principal] ??= {};
    const operations = this.#requests[principal];
    operations[operation] ??= { requests: 0, readUnits: 0, writeUnits: 0 };
    const usage = operations[operation];
    usage.requests += 1;
    usage.readUnits += readUnits;
    usage.writeUnits += writeUnits;
  }

  addInvocation(functionLogicalId: string): void {
    if (this.#on) this.#invocations[functionLogicalId] = (this.#invocations[functionLogicalId] ?? 0) + 1;
  }
}
