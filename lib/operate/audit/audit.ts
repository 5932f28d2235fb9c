/** Reads the five tables that the promises speak of, and checks what holds at rest. Prints nothing. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { systemChance } from '../../dynamodb/system-chance.ts';
import type { Chance } from '../../protocol/chance.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { parentName } from '../../protocol/model.ts';
import { mapInParallel } from '../../protocol/parallel.ts';
import { PROMISES } from '../../protocol/promises.ts';
import { DEFAULT_RULES, type Rules } from '../../protocol/rules.ts';
import { isoNow, markedAtEpochMillis } from '../../protocol/time.ts';
import { type Finding, type Suspect, sameEvidence, suspectKey } from './findings.ts';
import { mendingOf, PROBLEMS } from './problems.ts';
import { AUDITED_TABLES, type AuditedTable, type AuditProgress, AuditReader } from './reader.ts';
import { findSuspects } from './suspects.ts';

/** Items of all tables that one audit holds in memory, at some 500 bytes each. */
export const AUDIT_ITEMS_MAX = 2_000_000;
/**
 * How long something must stay wrong before it counts: longer than a record is on its way, with a poll of a quarter second, a
 * batching window of a second and a few retries. After a longer outage an audit reports what the sweep would find. That is
 * harmless: a repair is the sweep's own work, and re-checks every step.
 */
export const CONFIRM_MILLIS_DEFAULT = 10_000;
/** The longest that a timer of Node.js can wait, 24.8 days. */
const CONFIRM_MILLIS_MAX = 2 ** 31 - 1;
/** Suspects that are looked at again, one by one. Where there are more, the first ones tell what to do. */
export const AUDIT_SUSPECTS_MAX = 10_000;
/** Suspects that are looked at side by side. */
const LOOKS_IN_PARALLEL = 16;
/** A pause is taken in pieces, so that an abort ends it in time. */
const PAUSE_PIECE_MILLIS = 1000;
/** How often a deployment sweeps by default. */
export const SWEEP_INTERVAL_MILLIS_DEFAULT = 15 * 60 * 1000;

export interface AuditOptions {
  /** Those of the deployment. @default {@link DEFAULT_RULES} */
  readonly rules?: Rules;
  /** How long something must stay wrong in the same way, 0 to 2³¹−1. @default {@link CONFIRM_MILLIS_DEFAULT} */
  readonly confirmMillis?: number | undefined;
  /**
   * How often the deployment sweeps. After a grace period only the next sweep deletes, and until then nothing is wrong.
   * @default {@link SWEEP_INTERVAL_MILLIS_DEFAULT}
   */
  readonly sweepIntervalMillis?: number;
  /** @default {@link AUDIT_ITEMS_MAX} */
  readonly itemsMax?: number;
  /** Its reason is thrown between two pages or two looks, and about once a second of the pause. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: AuditProgress) => void;
  /** Time and randomness. @default the system's */
  readonly chance?: Chance;
}

export interface AuditResult {
  /** When the audit began, ISO 8601. */
  readonly startedAt: string;
  /** Items that were read, by table. */
  readonly read: Readonly<Record<AuditedTable, number>>;
  /** What was wrong, and stayed so; in the order of the tables. */
  readonly findings: readonly Finding[];
  /** What looked wrong and did not stay so: it was read at two moments, or a record was on its way. */
  readonly cleared: number;
  /** What looked wrong and was not looked at again, because there was too much. Mend the findings, then audit again. */
  readonly unchecked: number;
}

/**
 * Checks every promise that holds at rest over the live tables, while others write. Writes nothing.
 *
 * The tables are read page by page, so together they show a state that never was. Whatever looks wrong there is looked at
 * again by itself, twice, with a pause in between. It is a finding if both looks see it wrong in the same way: the same mark,
 * the same counter with the same count, the same references. What is the same at both ends of the pause was so at one moment
 * in between, and the pause is long enough for a record on its way to set it right.
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

/** Looks at suspects one by one, under the deployment's rules. */
export class Looks {
  readonly reader: AuditReader;
  readonly #signal: AbortSignal | undefined;
  readonly #chance: Chance;
  readonly #rules: Rules;

  constructor(db: DynamoDBDocumentClient, tables: PhysicalNames, options: Omit<AuditOptions, 'onProgress'>) {
    const { chance = systemChance, rules = DEFAULT_RULES } = options;
    const { sweepIntervalMillis = SWEEP_INTERVAL_MILLIS_DEFAULT } = options;
    this.#signal = options.signal;
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
      this.#signal?.throwIfAborted();
      const key = suspectKey(suspect);
      const world = await this.reader.look(suspect);
      return findSuspects(world, this.circumstances()).find((found) => suspectKey(found) === key);
    });
    return seen.filter((suspect) => suspect !== undefined);
  }

  async finding(suspect: Suspect): Promise<Finding> {
    const since = await this.#sinceOf(suspect);
    const { promise } = suspect;
    return {
      ...suspect,
      ...(promise !== undefined && { promised: PROMISES[promise] }),
      ...(since !== undefined && { since }),
      mending: mendingOf(suspect),
    };
  }

  /** The time of the mark; else that of the deletion that should have taken it along. */
  async #sinceOf({ problem, about, evidence }: Suspect): Promise<string | undefined> {
    if (typeof evidence.markedAt === 'string') {
      const atEpochMillis = markedAtEpochMillis(evidence.markedAt);
      return atEpochMillis === undefined ? undefined : new Date(atEpochMillis).toISOString();
    }
    const gone = PROBLEMS[problem].sinceDeletionOf?.(about, evidence);
    return gone && this.reader.findDeletion(parentName(gone));
  }
}

async function pause(chance: Chance, millis: number, signal: AbortSignal | undefined): Promise<void> {
  for (let left = millis; left > 0; left -= PAUSE_PIECE_MILLIS) {
    signal?.throwIfAborted();
    await chance.pause(Math.min(left, PAUSE_PIECE_MILLIS));
  }
}
