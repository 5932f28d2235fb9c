/** Reads the tables that the promises speak of, and checks what holds at rest. Prints nothing. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { systemChance } from '../../dynamodb/system-chance.ts';
import { itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import type { Chance } from '../../protocol/chance.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { BATCH_GET_KEYS_MAX } from '../../protocol/limits.ts';
import { chunks, mapInParallel } from '../../protocol/parallel.ts';
import { PROMISES } from '../../protocol/promises.ts';
import type { StoredItem } from '../../protocol/rest.ts';
import { DEFAULT_RULES, type Rules } from '../../protocol/rules.ts';
import { isoNow, markedAtEpochMillis } from '../../protocol/time.ts';
import { type Finding, type Suspect, type Suspicion, sameEvidence, suspectKey } from './findings.ts';
import { mendingOf, PROBLEMS, type Problem } from './problems.ts';
import { type AuditedTable, type AuditProgress, AuditReader } from './reader.ts';
import { Survey } from './survey.ts';
import { findSuspects } from './suspects.ts';
import { keysIn } from './world.ts';

/** Items of all tables that one audit reads: some gigabytes in its temporary files. */
export const AUDIT_ITEMS_MAX = 20_000_000;
/**
 * How long something must stay wrong before it counts: longer than a record is on its way, with a poll of a quarter second, a
 * batching window of a second and a few retries. After a longer outage an audit reports what the sweep would find. That is
 * harmless: a repair is the sweep's own work, and re-checks every step.
 */
export const CONFIRM_MILLIS_DEFAULT = 10_000;
/** The longest that a timer of Node.js can wait, 24.8 days. */
const CONFIRM_MILLIS_MAX = 2 ** 31 - 1;
/** Suspicions that are looked at together, as many as one request reads; and such groups, and single looks, side by side. */
const LOOKED_AT_TOGETHER = BATCH_GET_KEYS_MAX;
const GROUPS_IN_PARALLEL = 4;
const LOOKS_IN_PARALLEL = 16;
/** A pause is taken in pieces, so that an abort ends it in time. */
const PAUSE_PIECE_MILLIS = 1000;
/** How often a deployment sweeps by default. */
export const SWEEP_INTERVAL_MILLIS_DEFAULT = 15 * 60 * 1000;

/** How an audit is done. */
export interface AuditOptions {
  /** Those of the deployment. @default {@link DEFAULT_RULES} */
  readonly rules?: Rules;
  /** What the deployment's lifecycle says. @default that of SwarmKit's kinds without any choice */
  readonly plan?: Plan;
  /** How long something must stay wrong in the same way, 0 to 2³¹−1. @default 10,000: ten seconds */
  readonly confirmMillis?: number | undefined;
  /**
   * How often the deployment sweeps. After a grace period only the next sweep deletes, and until then nothing is wrong.
   * @default 900,000: a quarter of an hour
   */
  readonly sweepIntervalMillis?: number;
  /** Items of all tables that it reads at most; beyond, it fails with `FailedPrecondition`. @default 20,000,000 */
  readonly itemsMax?: number;
  /** Its reason is thrown between two pages or two looks, and about once a second of the pause. */
  readonly signal?: AbortSignal;
  /** Told after each page. */
  readonly onProgress?: (progress: AuditProgress) => void;
  /** Time and randomness. @default the system's */
  readonly chance?: Chance;
}

/** What an audit found. */
export interface AuditResult {
  /** When the audit began, ISO 8601. */
  readonly startedAt: string;
  /** Items that were read, by table. */
  readonly read: Readonly<Record<AuditedTable, number>>;
  /** What was wrong, and stayed so; in the order of the tables. */
  readonly findings: readonly Finding[];
  /** What looked wrong and did not stay so: it was read at two moments, or a record was on its way. */
  readonly cleared: number;
  /**
   * What looked wrong and was not looked at again: of each problem the first 10,000 are. Mend the findings, then audit again.
   */
  readonly unchecked: number;
  /** The same by problem; one of which all were looked at is absent. */
  readonly uncheckedOf: Partial<Readonly<Record<Problem, number>>>;
  /** Items of no kind in the kinds' tables, by table: nothing protects them. Absent where there are none. */
  readonly unlike?: Readonly<Record<AuditedTable, number>>;
}

/**
 * Checks every promise that holds at rest over the live tables, while others write. Writes nothing to them; what it has read of
 * large tables waits in temporary files, so that its memory does not grow with them.
 *
 * The tables are read page by page, so together they show a state that never was. Whatever looks wrong there is looked at
 * again by itself, twice, with a pause in between. It is a finding if both looks see it wrong in the same way: the same mark,
 * the same counter with the same count, the same references. What is the same at both ends of the pause was so at one moment
 * in between, and the pause is long enough for a record on its way to set it right.
 *
 * Costs a read of all tables but the receipts, and for 100 suspects up to 2 × 5 requests, with one more for each of them that depends on
 * children. Fails with `FailedPrecondition` where the tables
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
  const survey = new Survey(looks.plan, looks.circumstances());
  const scanned = { itemsMax, signal, onProgress: options.onProgress };
  const surveyed = async () => {
    const read = await looks.reader.scan((page) => survey.take(page), scanned);
    await survey.conclude(signal);
    return read;
  };
  const read = await surveyed().finally(() => survey.close());
  const all = survey.suspicions.all();
  const suspects = await looks.again(all);
  if (suspects.length > 0) await pause(chance, confirmMillis, signal);
  const seen = new Map(suspects.map((suspect) => [suspectKey(suspect), suspect]));
  const confirmed = (await looks.again(suspects)).filter((suspect) =>
    sameEvidence(suspect, seen.get(suspectKey(suspect))),
  );
  const findings = await mapInParallel(confirmed, LOOKS_IN_PARALLEL, (suspect) => looks.finding(suspect));
  const uncheckedOf = survey.suspicions.unchecked();
  return {
    startedAt,
    read,
    findings,
    cleared: all.length - findings.length,
    unchecked: Object.values(uncheckedOf).reduce((sum, count) => sum + count, 0),
    uncheckedOf,
    ...(Object.keys(survey.unlike).length > 0 && { unlike: survey.unlike }),
  };
}

/** Looks at suspicions by themselves, under the deployment's rules. */
export class Looks {
  readonly reader: AuditReader;
  readonly #signal: AbortSignal | undefined;
  readonly #chance: Chance;
  readonly #rules: Rules;
  /** By the name of what is gone: a thousand tasks may be left of one service. */
  readonly #deletions = new Map<string, Promise<string | undefined>>();

  constructor(db: DynamoDBDocumentClient, tables: PhysicalNames, options: Omit<AuditOptions, 'onProgress'>) {
    const { chance = systemChance, rules = DEFAULT_RULES } = options;
    const { sweepIntervalMillis = SWEEP_INTERVAL_MILLIS_DEFAULT } = options;
    this.#signal = options.signal;
    this.#chance = chance;
    const gracePeriodMillis = rules.gracePeriodMillis === 0 ? 0 : rules.gracePeriodMillis + sweepIntervalMillis;
    this.#rules = { ...rules, gracePeriodMillis };
    this.reader = new AuditReader(db, tables, { chance, rules, ...(options.plan && { plan: options.plan }) });
  }

  get plan(): Plan {
    return this.reader.plan;
  }

  circumstances(): Circumstances {
    return { rules: this.#rules, nowEpochMillis: this.#chance.nowEpochMillis() };
  }

  /** Those that are still wrong, as they are now. What waits in rings is looked at together: no item of a ring tells it alone. */
  async again(suspicions: readonly Suspicion[]): Promise<Suspect[]> {
    const isOfRing = ({ problem }: Suspicion) => problem === 'ring';
    const alone = await this.#againAlone(suspicions.filter((one) => !isOfRing(one)));
    const rings = suspicions.filter(isOfRing);
    if (rings.length === 0) return alone;
    const items: Record<string, StoredItem[]> = {};
    for (const group of chunks(rings, LOOKED_AT_TOGETHER)) {
      this.#signal?.throwIfAborted();
      for (const world of await this.reader.look(group)) {
        for (const [kind, some] of Object.entries(world.items)) items[kind] = [...(items[kind] ?? []), ...some];
      }
    }
    const found = findSuspects(this.plan, { items, attachments: [], counters: [] }, this.circumstances());
    return [...alone, ...found.filter(isOfRing)];
  }

  async #againAlone(suspicions: readonly Suspicion[]): Promise<Suspect[]> {
    const seen = await mapInParallel(chunks(suspicions, LOOKED_AT_TOGETHER), GROUPS_IN_PARALLEL, async (group) => {
      this.#signal?.throwIfAborted();
      const worlds = await this.reader.look(group);
      return group.flatMap((suspicion, place) => {
        const key = suspectKey(suspicion);
        const world = worlds[place];
        return world === undefined
          ? []
          : findSuspects(this.plan, world, this.circumstances()).filter((found) => suspectKey(found) === key);
      });
    });
    return seen.flat();
  }

  async finding(suspect: Suspect): Promise<Finding> {
    const since = await this.#sinceOf(suspect);
    const { promise } = suspect;
    return {
      ...suspect,
      ...(promise !== undefined && { promised: PROMISES[promise] }),
      ...(since !== undefined && { since }),
      mending: mendingOf(this.plan, suspect),
    };
  }

  /** The time of the mark; else that of the deletion that should have taken it along. */
  async #sinceOf({ problem, about, evidence }: Suspect): Promise<string | undefined> {
    if (typeof evidence.markedAt === 'string') {
      const atEpochMillis = markedAtEpochMillis(evidence.markedAt);
      return atEpochMillis === undefined ? undefined : new Date(atEpochMillis).toISOString();
    }
    const spoken = { plan: this.plan, about, ...keysIn(this.plan, about) };
    const gone = PROBLEMS[problem].sinceDeletionOf?.(spoken, evidence);
    if (gone === undefined) return undefined;
    const name = itemName(gone);
    const deletion = this.#deletions.get(name) ?? this.reader.findDeletion(name);
    this.#deletions.set(name, deletion);
    return deletion;
  }
}

async function pause(chance: Chance, millis: number, signal: AbortSignal | undefined): Promise<void> {
  for (let left = millis; left > 0; left -= PAUSE_PIECE_MILLIS) {
    signal?.throwIfAborted();
    await chance.pause(Math.min(left, PAUSE_PIECE_MILLIS));
  }
}
