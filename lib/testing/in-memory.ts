/**
 * The deallocator over tables in memory: the real client, the real functions, in the test's own process. Nothing happens by itself:
 * records wait until they are drained, and time stands still until it is advanced.
 */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DeallocatorClient } from '../client/client.ts';
import type { Swarmkit } from '../client/kind-types.ts';
import { openDatabase } from '../dynamodb/database.ts';
import { documentClient } from '../dynamodb/document-client.ts';
import type { PhysicalNames, SwarmkitNames, TableName } from '../dynamodb/schema.ts';
import { DynamoDBStore } from '../dynamodb/store.ts';
import type { IdOf, KindOf, Lifecycle } from '../lifecycle/declaration.ts';
import { attributesOf, type Id, keyFor } from '../lifecycle/ids.ts';
import { type Plan, planOf } from '../lifecycle/plan.ts';
import { SWARMKIT } from '../lifecycle/swarmkit.ts';
import { Cluster } from '../operate/reports/cluster.ts';
import { readStatus, type StatusEntry } from '../operate/reports/status.ts';
import type { Chance } from '../protocol/chance.ts';
import { DEFAULT_RULES, type Rules } from '../protocol/rules.ts';
import type { Violation } from '../protocol/violations.ts';
import type { SweepAnswer, SweepRequest } from '../streams/sweep-requested.ts';
import type { Faults, Whose } from './faults.ts';
import { STARTS_AT_DEFAULT, testChance } from './memory/chance.ts';
import { memoryClient, memoryNames } from './memory/client.ts';
import { Stage } from './stage.ts';

/** The deployment that is simulated, and its chance. */
export interface InMemoryOptions {
  /** What the deployment chooses; the construct's props of these names, durations in the unit that the name says. @default nothing */
  readonly rules?: Partial<Rules>;
  /** When the story begins, ISO 8601. @default 2026-01-01T00:00:00.000Z */
  readonly startsAt?: string;
  /** Of the dice behind random pauses: a whole number. Another one tells the same story at other times. @default 1 */
  readonly seed?: number;
}

/** What a {@link InMemoryDeallocator.drain} has done, and what is left. */
export interface Drained {
  /** What went, such as `service/web`, in its order. */
  readonly deleted: readonly string[];
  /** What is marked and still there, with what it waits for; the worst first, as `deallocator status` tells it. */
  readonly waiting: readonly StatusEntry[];
  /** Records that failed once too often: on AWS they would be in the dead-letter queue. A sweep settles what they were about. */
  readonly deadLetters: number;
}

/** A key, by kind: that of a task has two parts. */
export type ObjectKey = {
  /** The id of the task's service. */
  readonly serviceId: string;
  /** The task's own id. */
  readonly id: string;
};

/** The client and the functions over tables in memory; time and delivery are the test’s. */
export interface InMemoryDeallocator<L extends Lifecycle = Swarmkit> {
  /** The typed client, as a program uses it. */
  readonly client: DeallocatorClient<L>;
  /** The SDK's document client over the same tables, for raw writes and for code of yours that uses the SDK itself. */
  readonly documentClient: DynamoDBDocumentClient;
  /** The names of the tables, for requests of your own. */
  readonly tables: [L] extends [Swarmkit] ? SwarmkitNames : PhysicalNames;
  /** The clock and the dice that client and functions share. */
  readonly chance: Chance;
  /** Failures that the test switches on. */
  readonly faults: Faults;
  /** Whether the item is there: `has('service', 'web')`. An id of several parts is an object of these. */
  has<N extends KindOf<L>>(kind: N, id: IdOf<L, N>): boolean;
  /** The same for a task of SwarmKit's, by the key of its table: `has('task', { serviceId: 'web', id: '1' })`. */
  has(kind: Extract<KindOf<L>, 'task'>, key: ObjectKey): boolean;
  /** What a table holds, as plain items, in the order of their last creation. */
  items(table: [L] extends [Swarmkit] ? TableName : string): readonly Readonly<Record<string, unknown>>[];
  /**
   * Hands all waiting records to the functions, and those that come of that, until none is left. Late records
   * ({@link Faults.holdRecords}) stay.
   * @throws DeallocatorError `Aborted` after 10,000 batches
   */
  drain(): Promise<Drained>;
  /** Runs the sweep function, as its schedule does on AWS; then call {@link drain}. A full one also finds marks without a time. */
  sweep(request?: SweepRequest): Promise<SweepAnswer>;
  /** Lets time pass, in milliseconds. Nothing runs meanwhile: what a schedule would do is done by {@link sweep}. */
  advance(millis: number): void;
  /** Now, by the test's clock, ISO 8601. */
  now(): string;
  /**
   * The promises that were broken by any write so far, raw ones included; and, where no record waits, what is left over. Empty
   * is well.
   */
  check(): readonly Violation[];
}

/**
 * Opens a deallocator of the test's own: empty tables, nothing shared with another one.
 *
 * ```ts
 * const deallocator = await inMemory();
 * await deallocator.client.createService({ id: 'web', spec: {} });
 * await deallocator.client.removeService('web');
 * await deallocator.drain();
 * deallocator.has('service', 'web'); // false
 * ```
 */
export async function inMemory(options?: InMemoryOptions): Promise<InMemoryDeallocator>;
/**
 * The same for kinds of your own, by their lifecycle:
 *
 * ```ts
 * const deallocator = await inMemory({ lifecycle: LIBRARY });
 * await deallocator.client.create('shelf', { id: 'a1' });
 * await deallocator.client.remove('shelf', 'a1');
 * await deallocator.drain();
 * deallocator.has('shelf', 'a1'); // false
 * ```
 */
export async function inMemory<L extends Lifecycle>(
  options: InMemoryOptions & {
    /** The kinds. */
    readonly lifecycle: L;
  },
): Promise<InMemoryDeallocator<L>>;
export async function inMemory(
  options: InMemoryOptions & { readonly lifecycle?: Lifecycle } = {},
): Promise<InMemoryDeallocator> {
  const { lifecycle = SWARMKIT } = options;
  const rules: Rules = { ...DEFAULT_RULES, ...options.rules };
  const plan: Plan = planOf(lifecycle);
  const names = memoryNames(plan);
  const chance = testChance(options.seed, checkedStart(options.startsAt));
  const stage = new Stage(rules, chance, plan);
  const { tables } = stage;
  const connect = (whose: Whose) => {
    const client = memoryClient((operation, input) =>
      stage.faults.pass(whose, operation, () => stage.engine.carryOut(operation, input)),
    );
    return documentClient(client);
  };
  const [db, functionsDb] = [connect('client'), connect('functions')];
  // The tables are empty at first, so that there is nothing to learn.
  stage.open(new DynamoDBStore(openDatabase(functionsDb, names, { chance, plan, rules, isLearned: true })));
  // Reports are the test's own eyes: no fault hits them.
  const eyes = documentClient(memoryClient((operation, input) => stage.engine.carryOut(operation, input)));
  const cluster = new Cluster(eyes, names, { plan, rules, chance, isLearned: true });
  return {
    client: new DeallocatorClient({ lifecycle, tables: names, client: db, chance }) as DeallocatorClient,
    documentClient: db,
    tables: names as SwarmkitNames,
    chance,
    faults: stage.faults,
    has: (kind: string, id: Id | ObjectKey) => tables.get(tableOf(plan, kind), keyIn(plan, kind, id)) !== undefined,
    items: (table) => tables.list(table),
    drain: async () => {
      const deleted = await stage.drain();
      const { marked } = await readStatus(cluster, { full: true });
      return { deleted, waiting: marked, deadLetters: stage.deadLetters };
    },
    sweep: (request) => stage.sweep(request),
    advance: (millis) => chance.advance(checkedMillis(millis)),
    now: () => new Date(chance.nowEpochMillis()).toISOString(),
    check: () => stage.check(),
  };
}

function tableOf({ kinds }: Plan, kind: string): string {
  const table = Object.hasOwn(kinds, kind) ? kinds[kind]?.table : undefined;
  if (table !== undefined) return table;
  throw new RangeError(`the kind is "${kind}"; allowed: ${Object.keys(kinds).join(', ')}`);
}

/** A key of the table's own attributes is one too. */
function keyIn(plan: Plan, kind: string, id: Id | ObjectKey): Record<string, string> {
  const attributes = Object.keys(plan.kinds[kind]?.key ?? {});
  const isKey = typeof id === 'object' && attributes.every((attribute) => Object.hasOwn(id, attribute));
  return { ...(isKey ? (id as ObjectKey) : attributesOf(plan, keyFor(plan, kind, id as Id))) };
}

function checkedStart(startsAt = STARTS_AT_DEFAULT): string {
  if (!Number.isNaN(Date.parse(startsAt))) return startsAt;
  throw new RangeError(`startsAt is "${startsAt}"; allowed: a time such as ${STARTS_AT_DEFAULT}`);
}

function checkedMillis(millis: number): number {
  if (Number.isFinite(millis) && millis >= 0) return millis;
  throw new RangeError(`advance was told ${millis} milliseconds; allowed: a number from 0 on`);
}
