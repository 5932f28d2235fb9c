/** Writes a snapshot to the tables with the typed client, which keeps attachments and the fence right. */
import { isDeepStrictEqual } from 'node:util';
import type { DeallocatorClient } from '../../client/client.ts';
import { attributeOf } from '../../dynamodb/client.ts';
import { itemName } from '../../lifecycle/keys.ts';
import { checkList } from '../../protocol/arguments.ts';
import { type DeallocatorError, isDeallocatorError } from '../../protocol/errors.ts';
import { BATCH_GET_KEYS_MAX } from '../../protocol/limits.ts';
import { chunks, mapInParallel } from '../../protocol/parallel.ts';
import { timeOfMark } from '../../protocol/time.ts';
import { taskName } from '../names.ts';
import type { Entry } from '../values.ts';
import { groupsOf, networkPhase, type Phase, servicePhase, sharedPhase, taskPhase } from './import-phases.ts';
import { inTurns } from './in-turns.ts';
import { byList, KIND_OF, type ListName, type SharedList, sharedAmong } from './lists.ts';
import { type LeftOut, type Snapshot, withoutMark } from './snapshot.ts';

/** Reads side by side, each of 100 objects: one answer may have 16 MB. */
const READS_IN_PARALLEL = 4;

/** Transactions side by side: enough to hide the round trip, few enough for a laptop and for a new table. */
const WRITES_IN_PARALLEL = 8;

/** Looks at an object before it is given up. Each look after the first means that others created or deleted it in between. */
const LOOKS_MAX = 3;

/** What an import creates, in this order: networks, volumes, secrets, configs, services, tasks. */
export type ImportPhase = ListName;

/** How far an import is. */
export interface ImportProgress {
  /** What it creates now. */
  readonly phase: ImportPhase;
  /** Objects of this phase that are created, already there or refused. */
  readonly done: number;
  /** All objects of this phase. */
  readonly total: number;
}

/** How an import is done. */
export interface ImportOptions {
  /** Its reason is thrown between two writes; what is written stays, and the next import continues there. */
  readonly signal?: AbortSignal;
  /** Told after each object. */
  readonly onProgress?: (progress: ImportProgress) => void;
}

/** Together all objects of a kind in the snapshot. */
export interface ImportCounts {
  /** Were not there, and are now. */
  readonly created: number;
  /** Were there with the same content. */
  readonly alreadyThere: number;
  /** Are among the `refusals`. */
  readonly refused: number;
}

/** What became of each object, counted by kind; and what was refused. Of volumes, secrets and configs where the snapshot has a list. */
export type ImportResult = Readonly<Record<Exclude<ImportPhase, SharedList>, ImportCounts>> &
  Readonly<Partial<Record<SharedList, ImportCounts>>> & {
    /** Each with its reason. */
    readonly refusals: readonly LeftOut[];
  };

/**
 * Networks, volumes, secrets and configs, then services, then tasks. May be repeated, also after a crash: what is there with the same content is passed over,
 * and nothing is ever overwritten. Refused, and reported:
 *
 * - what is there with other content, or is marked for deletion;
 * - a service that refers to something that was refused, and the tasks of a refused service: what they belong to is not what is there;
 * - what DynamoDB rejects, such as an item of more than 400 KB.
 *
 * Fails with `Unavailable` where DynamoDB doesn't answer, and with `FailedPrecondition` for wrong table names or missing
 * grants. The next import then continues.
 */
export async function importSnapshot(
  client: DeallocatorClient,
  snapshot: Snapshot,
  options: ImportOptions = {},
): Promise<ImportResult> {
  const lists = listsIn(snapshot);
  for (const list of lists) checkList(list, snapshot[list]);
  const { networks, services, tasks } = snapshot;
  const tally = new Tally(
    byList((list) => snapshot[list]?.length ?? 0, lists),
    options.onProgress,
  );
  const run: Run = { client, tally, signal: options.signal };
  const shared = sharedAmong(lists);
  await putAll(run, networkPhase(client), networks);
  for (const list of shared) await putAll(run, sharedPhase(client, list), snapshot[list] ?? []);
  await putAll(run, servicePhase(client, shared), services);
  await putAll(run, taskPhase(client), tasks);
  return tally.result([
    ...networks.map(({ id }) => itemName({ kind: 'network', id })),
    ...shared.flatMap((list) => (snapshot[list] ?? []).map(({ id }) => itemName({ kind: KIND_OF[list], id }))),
    ...services.map(({ id }) => itemName({ kind: 'service', id })),
    ...tasks.map(taskName),
  ]);
}

export interface Run {
  readonly client: DeallocatorClient;
  readonly tally: Tally;
  readonly signal: AbortSignal | undefined;
}

/**
 * Looks first: so a repeated import costs a read for 100 objects, and no write. Then creates what is not there, many in one
 * transaction. What others created in between is found by the next look.
 */
export async function putAll<T extends Entry>(
  { tally, signal }: Run,
  phase: Phase<T>,
  all: readonly T[],
): Promise<void> {
  let left = all.filter((object) => {
    const refused = phase.parentsOf(object).find((parent) => tally.isRefused(parent));
    if (refused !== undefined) tally.add(phase.name, phase.nameOf(object), dependsOn(refused));
    return refused === undefined;
  });
  for (let looks = 1; looks <= LOOKS_MAX && left.length > 0; looks++) {
    const pages = await mapInParallel(chunks(left, BATCH_GET_KEYS_MAX), READS_IN_PARALLEL, (some) => {
      signal?.throwIfAborted();
      return phase.find(some);
    });
    const found = new Map(pages.flat().map((item) => [phase.nameOf(item as T), item]));
    const missing: T[] = [];
    for (const object of left) {
      const there = found.get(phase.nameOf(object));
      if (there === undefined) missing.push(object);
      else tally.add(phase.name, phase.nameOf(object), compare(phase, object, there));
    }
    left = [];
    await inTurns(groupsOf(phase, missing), WRITES_IN_PARALLEL, async ({ objects }) => {
      left.push(...(await createGroup(phase, objects, tally, signal)));
    });
  }
  for (const object of left) tally.add(phase.name, phase.nameOf(object), IN_BETWEEN);
}

/**
 * Creates all of a group, or its halves where something of it is refused: so that a refused object fails alone, in the words of
 * its own transaction. Returns those that somebody else seems to have created.
 */
async function createGroup<T extends Entry>(
  phase: Phase<T>,
  group: readonly T[],
  tally: Tally,
  signal: AbortSignal | undefined,
): Promise<readonly T[]> {
  signal?.throwIfAborted();
  const [alone] = group;
  const isAlone = group.length === 1 && alone !== undefined;
  const refusal = await refusalOf(isAlone ? phase.createAlone(alone) : phase.createTogether(group));
  if (refusal?.code === 'AlreadyExists') return group;
  if (refusal === undefined || isAlone) {
    const ended = refusal === undefined ? CREATED : refused(refusal.message, refusal.blockers[0]);
    for (const object of group) tally.add(phase.name, phase.nameOf(object), ended);
    return [];
  }
  const [first = [], second = []] = chunks(group, Math.ceil(group.length / 2));
  // One after the other: they check the same parents.
  const left = await createGroup(phase, first, tally, signal);
  return [...left, ...(await createGroup(phase, second, tally, signal))];
}

type Refused = { readonly status: 'refused'; readonly reason: string; readonly cause?: string };
type Ended = { readonly status: 'created' | 'alreadyThere' } | Refused;

const CREATED: Ended = { status: 'created' };
const IN_BETWEEN = refused(
  `others created and deleted it each of the ${LOOKS_MAX} times it was looked at; import again`,
);

function compare({ isGuarded }: Pick<Phase<never>, 'isGuarded'>, wanted: Entry, found: Entry): Ended {
  const { pendingDelete, markedAt } = found;
  // Tasks have no marks: all their attributes are their writers'.
  if (isGuarded && pendingDelete === true) {
    return refused(
      `it is there, and marked for deletion (${timeOfMark(markedAt as string | undefined)}); undelete it, or wait until it is gone`,
    );
  }
  // As DynamoDB holds them: a number, say, may come back as another type of the same value.
  const there = isGuarded && pendingDelete === undefined ? withoutMark(found) : found;
  if (isDeepStrictEqual(attributeOf(there), attributeOf(wanted))) return { status: 'alreadyThere' };
  return refused('it is there with other content, and was left as it is; update it, or import into other tables');
}

/** The client's refusal of this one object; an error that concerns all of them is thrown. */
async function refusalOf(writing: Promise<void>): Promise<DeallocatorError | undefined> {
  try {
    await writing;
    return undefined;
  } catch (error) {
    if (isDeallocatorError(error) && isOfObject(error)) return error;
    throw error;
  }
}

function isOfObject({ code, blockers, cause }: DeallocatorError): boolean {
  if (code === 'NotFound' || code === 'AlreadyExists') return true;
  // Without blockers it is about grants or table names.
  if (code === 'FailedPrecondition') return blockers.length > 0;
  const rejections = ['ValidationException', 'TransactionCanceledException'];
  return code === 'InvalidArgument' && cause instanceof Error && rejections.includes(cause.name);
}

export function refused(reason: string, cause?: string): Refused {
  return { status: 'refused', reason, ...(cause !== undefined && { cause }) };
}

function dependsOn(object: string): Ended {
  return refused(`it belongs to ${object}, which was not imported`, object);
}

/** Those that it has, in the order in which they are created. */
function listsIn(snapshot: Snapshot): ListName[] {
  const all = Object.keys(byList(() => 0)) as ListName[];
  return all.filter((list) => sharedAmong([list]).length === 0 || snapshot[list] !== undefined);
}

type Counts = { -readonly [Status in keyof ImportCounts]: number };

/** What became of each object. Only what was refused is held. */
export class Tally {
  readonly #totals: Readonly<Record<ImportPhase, number>>;
  readonly #onProgress: (progress: ImportProgress) => void;
  readonly #counts: Record<ImportPhase, Counts>;
  readonly #refusals = new Map<string, Refused>();

  /** @param totals by the lists that are imported */
  constructor(totals: Readonly<Partial<Record<ImportPhase, number>>>, onProgress: ImportOptions['onProgress']) {
    this.#totals = byList((list) => totals[list] ?? 0);
    this.#counts = byList(noCounts, Object.keys(totals) as ListName[]);
    this.#onProgress = onProgress ?? (() => {});
  }

  add(phase: ImportPhase, object: string, ended: Ended): void {
    const counts = this.#counts[phase];
    counts[ended.status]++;
    if (ended.status === 'refused') this.#refusals.set(object, ended);
    const done = counts.created + counts.alreadyThere + counts.refused;
    this.#onProgress({ phase, done, total: this.#totals[phase] });
  }

  isRefused(object: string): boolean {
    return this.#refusals.has(object);
  }

  /** Refuses it before it is tried, without counting it: what belongs to it is refused too. */
  leaveOut(object: string, reason: Refused): void {
    this.#refusals.set(object, reason);
  }

  get refused(): number {
    return this.#refusals.size;
  }

  /** Refusals in the order of these objects, whichever write ended first. @param objects by default as they ended */
  result(objects: Iterable<string> = this.#refusals.keys()): ImportResult {
    const refusals = [...objects].flatMap((object) => {
      const refusal = this.#refusals.get(object);
      if (refusal === undefined) return [];
      const { reason, cause } = refusal;
      return [{ object, reason, ...(cause !== undefined && { cause }) }];
    });
    return { ...this.#counts, refusals };
  }
}

function noCounts(): Counts {
  return { created: 0, alreadyThere: 0, refused: 0 };
}
