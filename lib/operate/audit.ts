/** Reads all six tables and checks the promises that hold at rest. Prints nothing. */
import { type DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { type PhysicalNames, TABLES, type TableName } from '../dynamodb/schema.ts';
import { systemChance } from '../dynamodb/system-chance.ts';
import type { Chance } from '../protocol/chance.ts';
import type { Circumstances } from '../protocol/decide.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import type { World } from '../protocol/invariants.ts';
import { parentName } from '../protocol/model.ts';
import { mapInParallel } from '../protocol/parallel.ts';
import { DEFAULT_RULES, type Rules } from '../protocol/rules.ts';
import { isoNow, markedAtEpochMillis } from '../protocol/time.ts';
import { AUDITED_TABLES, type AuditedTable, type AuditProgress, AuditReader } from './audit-reader.ts';
import { type Finding, mendingOf, type Suspect, sameEvidence, suspectKey } from './findings.ts';
import { findSuspects } from './suspects.ts';

/**
 * Strongly consistent page by page, but not one moment: between two pages others may write. Where they do, a violation may
 * be of the time between, and a second look tells. Costs a full read of the tables.
 */
export async function readWorld(db: DynamoDBDocumentClient, tables: PhysicalNames): Promise<World> {
  const read = async (name: TableName) => {
    const items: Record<string, unknown>[] = [];
    const pages = paginateScan({ client: db }, { TableName: tables[name], ConsistentRead: true });
    for await (const page of pages) items.push(...(page.Items ?? []));
    return [name, items] as const;
  };
  const names = Object.keys(TABLES) as TableName[];
  return Object.fromEntries(await Promise.all(names.map(read))) as unknown as World;
}

/** Items of all tables that one audit holds in memory, at some 500 bytes each. */
export const AUDIT_ITEMS_MAX = 2_000_000;
/**
 * How long what looks wrong must stay as it is before it counts: longer than a record is on its way, with a poll of a quarter
 * second, a batching window of a second and a few retries. After a longer outage an audit reports what the sweep would find,
 * and that is harmless: a repair is the sweep's own work, and every step of it is re-checked.
 */
export const CONFIRM_MILLIS_DEFAULT = 10_000;
/** The longest that a timer of Node.js can wait, 24.8 days. */
const CONFIRM_MILLIS_MAX = 2 ** 31 - 1;
/** What looks wrong is looked at again one by one; of more than that, the first ones tell what to do. */
export const AUDIT_SUSPECTS_MAX = 10_000;
/** Suspects that are looked at side by side. */
const LOOKS_IN_PARALLEL = 16;
/** A pause is taken in pieces, so that an abort is heard in time. */
const PAUSE_PIECE_MILLIS = 1000;
/** The schedule of sweeps, unless the deployment says otherwise. */
export const SWEEP_INTERVAL_MILLIS_DEFAULT = 15 * 60 * 1000;

export interface AuditOptions {
  /** What the deployment has chosen. @default {@link DEFAULT_RULES} */
  readonly rules?: Rules;
  /** How long something must stay wrong in the same way, 0 to 2³¹−1. @default {@link CONFIRM_MILLIS_DEFAULT} */
  readonly confirmMillis?: number;
  /**
   * How often the deployment sweeps: where there is a grace period, it is the next sweep that deletes what nobody uses any
   * more, and until then nothing is wrong. @default {@link SWEEP_INTERVAL_MILLIS_DEFAULT}
   */
  readonly sweepIntervalMillis?: number;
  /** @default {@link AUDIT_ITEMS_MAX} */
  readonly itemsMax?: number;
  /** Its reason is thrown between two pages, two looks, and about once a second of the pause. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: AuditProgress) => void;
  /** Time and randomness. @default the system's */
  readonly chance?: Chance;
}

export interface AuditResult {
  /** When the audit began, ISO 8601. */
  readonly startedAt: string;
  /** Items read of each table. */
  readonly read: Readonly<Record<AuditedTable, number>>;
  /** What was wrong, and stayed so. In the order of the tables. */
  readonly findings: readonly Finding[];
  /** What looked wrong and was not, or did not stay so: read at two moments, or on its way. */
  readonly cleared: number;
  /** What looked wrong and was not looked at again, because there was too much of it. Mend the findings, then audit again. */
  readonly unchecked: number;
}

/**
 * Checks every promise that holds at rest over the live tables, while everybody goes on writing. Writes nothing.
 *
 * The tables are read one page after the other, so what they say together never was. Whatever looks wrong in that is looked
 * at again by itself, twice, with a pause in between; it is a finding if both looks see it wrong in the same way: the same
 * mark, the same counter with the same count, the same references. What is so at both ends of the pause was so at one moment
 * in between, and what a record on its way was about to set right no longer is so.
 *
 * Costs a read of the five tables, and up to 2 × 5 reads for each suspect. Fails with `FailedPrecondition` where the tables
 * hold more than `itemsMax` items.
 */
export async function audit(
  db: DynamoDBDocumentClient,
  tables: PhysicalNames,
  options: AuditOptions = {},
): Promise<AuditResult> {
  const { chance = systemChance, confirmMillis = CONFIRM_MILLIS_DEFAULT, itemsMax = AUDIT_ITEMS_MAX, signal } = options;
  if (!(confirmMillis >= 0 && confirmMillis <= CONFIRM_MILLIS_MAX)) {
    throw new DeallocatorError(
      'InvalidArgument',
      `confirmMillis is ${confirmMillis}; it must be a number from 0 to ${CONFIRM_MILLIS_MAX}`,
    );
  }
  const startedAt = isoNow(chance);
  const looks = new Looks(db, tables, options);
  const world = await looks.reader.scan({ itemsMax, signal, onProgress: options.onProgress });
  const all = findSuspects(world, looks.circumstances());
  const suspects = await looks.again(all.slice(0, AUDIT_SUSPECTS_MAX));
  if (suspects.length > 0) await pause(chance, confirmMillis, signal);
  const seen = new Map(suspects.map((suspect) => [suspectKey(suspect), suspect]));
  const confirmed = (await looks.again(suspects)).filter((suspect) =>
    sameEvidence(suspect, seen.get(suspectKey(suspect))),
  );
  const findings = await mapInParallel(confirmed, LOOKS_IN_PARALLEL, (suspect) => looks.finding(suspect));
  const unchecked = Math.max(0, all.length - AUDIT_SUSPECTS_MAX);
  const counts = AUDITED_TABLES.map((table) => [table, world[table].length] as const);
  return {
    startedAt,
    read: Object.fromEntries(counts) as Record<AuditedTable, number>,
    findings,
    cleared: all.length - unchecked - findings.length,
    unchecked,
  };
}

/** Looks at suspects one by one, by the deployment's rules. */
export class Looks {
  readonly reader: AuditReader;
  readonly #options: AuditOptions;
  readonly #chance: Chance;
  readonly #rules: Rules;

  constructor(db: DynamoDBDocumentClient, tables: PhysicalNames, options: AuditOptions) {
    const {
      chance = systemChance,
      rules = DEFAULT_RULES,
      sweepIntervalMillis = SWEEP_INTERVAL_MILLIS_DEFAULT,
    } = options;
    this.#options = options;
    this.#chance = chance;
    const gracePeriodMillis = rules.gracePeriodMillis === 0 ? 0 : rules.gracePeriodMillis + sweepIntervalMillis;
    this.#rules = { ...rules, gracePeriodMillis };
    this.reader = new AuditReader(db, tables, chance, rules);
  }

  circumstances(): Circumstances {
    return { rules: this.#rules, nowEpochMillis: this.#chance.nowEpochMillis() };
  }

  /** Those that are still wrong, as they are now. */
  async again<T extends Suspect>(suspects: readonly T[]): Promise<Suspect[]> {
    const seen = await mapInParallel(suspects, LOOKS_IN_PARALLEL, async (suspect) => {
      this.#options.signal?.throwIfAborted();
      const key = suspectKey(suspect);
      const world = await this.reader.look(suspect);
      return findSuspects(world, this.circumstances()).find((found) => suspectKey(found) === key);
    });
    return seen.filter((suspect) => suspect !== undefined);
  }

  async finding(suspect: Suspect): Promise<Finding> {
    const since = await this.#sinceOf(suspect);
    return { ...suspect, ...(since !== undefined && { since }), mending: mendingOf(suspect) };
  }

  /** The mark's own time; or, of what a deletion should have taken along, the deletion's. */
  async #sinceOf({ problem, about, evidence }: Suspect): Promise<string | undefined> {
    if (typeof evidence.markedAt === 'string') {
      const atEpochMillis = markedAtEpochMillis(evidence.markedAt);
      return atEpochMillis === undefined ? undefined : new Date(atEpochMillis).toISOString();
    }
    const isOfGoneService =
      problem === 'orphan task' ||
      (problem === 'stale attachment' && evidence.references === null && about.task === undefined);
    if (isOfGoneService) return this.reader.findDeletion(parentName({ kind: 'service', id: about.service ?? '' }));
    if (problem !== 'missing network') return undefined;
    return this.reader.findDeletion(parentName({ kind: 'network', id: about.network ?? '' }));
  }
}

async function pause(chance: Chance, millis: number, signal: AbortSignal | undefined): Promise<void> {
  for (let left = millis; left > 0; left -= PAUSE_PIECE_MILLIS) {
    signal?.throwIfAborted();
    await chance.pause(Math.min(left, PAUSE_PIECE_MILLIS));
  }
}
