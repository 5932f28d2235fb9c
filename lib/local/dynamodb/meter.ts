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
    const all = Object.values(this.#requests).flatMap((operations) => Object.values(operations));
    const sum = (figure: keyof OperationUsage) => all.reduce((total, usage) => total + usage[figure], 0);
    const total = { requests: sum('requests'), readUnits: sum('readUnits'), writeUnits: sum('writeUnits') };
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
