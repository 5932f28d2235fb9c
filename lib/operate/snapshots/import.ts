/** Writes a snapshot to the tables with the typed client, which keeps attachments and the fence right. */
import { isDeepStrictEqual } from 'node:util';
import type { DeallocatorClient } from '../../client/client.ts';
import { attributeOf } from '../../dynamodb/client.ts';
import { checkList } from '../../protocol/arguments.ts';
import { DeallocatorError, isDeallocatorError } from '../../protocol/errors.ts';
import { LIST_PAGE_ITEMS_MAX, TASKS_PER_TRANSACTION_MAX } from '../../protocol/limits.ts';
import { networkLists, type ParentKind, parentName, referencedNetworks } from '../../protocol/model.ts';
import { chunks, groupBy, mapInParallel } from '../../protocol/parallel.ts';
import { taskName } from '../names.ts';
import type { Entry } from '../values.ts';
import { type LeftOut, type Snapshot, type SnapshotTask, withoutMark } from './snapshot.ts';

/** Writes side by side: enough to hide the round trip, few enough for a laptop and for a new table. */
const WRITES_IN_PARALLEL = 8;

/** Looks at an object before it is given up. Each look after the first means that others created or deleted it in between. */
const LOOKS_MAX = 3;

/** Pages of one service's tasks that are read to find those that are there already: a million tasks. */
const TASK_PAGES_MAX = 1000;

export type ImportPhase = keyof Snapshot;

export interface ImportProgress {
  readonly phase: ImportPhase;
  /** Objects of this phase that are created, already there or refused, and all of them. */
  readonly done: number;
  readonly total: number;
}

export interface ImportOptions {
  /** Its reason is thrown between two writes; what is written stays, and the next import continues there. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImportProgress) => void;
}

/** Together all objects of a kind in the snapshot. */
export interface ImportCounts {
  readonly created: number;
  /** With the same content. */
  readonly alreadyThere: number;
  readonly refused: number;
}

export type ImportResult = Readonly<Record<ImportPhase, ImportCounts>> & {
  readonly refusals: readonly LeftOut[];
};

/**
 * Networks, then services, then tasks. May be repeated, also after a crash: what is there with the same content is passed over,
 * and nothing is ever overwritten. Refused, and reported:
 *
 * - what is there with other content, or is marked for deletion;
 * - a service that refers to a refused network, and the tasks of a refused service: what they belong to is not what is there;
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
  for (const phase of ['networks', 'services', 'tasks'] as const) checkList(phase, snapshot[phase]);
  const tally = new Tally(snapshot, options.onProgress);
  const { signal } = options;
  await mapInParallel(snapshot.networks, WRITES_IN_PARALLEL, async (network) => {
    signal?.throwIfAborted();
    const calls = { get: () => client.getNetwork(network.id), create: () => client.createNetwork(network) };
    tally.add('networks', parentName({ kind: 'network', id: network.id }), await put('network', network, calls));
  });
  // One after the other: services that share a network check the same item, so their transactions would conflict.
  for (const service of snapshot.services) {
    signal?.throwIfAborted();
    const name = parentName({ kind: 'service', id: service.id });
    const refused = referencedNetworks(service.id, networkLists(service.spec))
      .map((id) => parentName({ kind: 'network', id }))
      .find((network) => tally.isRefused(network));
    const calls = { get: () => client.getService(service.id), create: () => client.createService(service) };
    tally.add('services', name, refused ? dependsOn(refused) : await put('service', service, calls));
  }
  const tasks = groupBy(snapshot.tasks, ({ serviceId }) => serviceId);
  await mapInParallel([...tasks], WRITES_IN_PARALLEL, async ([serviceId, ofService]) => {
    const service = parentName({ kind: 'service', id: serviceId });
    if (tally.isRefused(service)) tally.addTasks(ofService, dependsOn(service));
    else await putTasks(client, serviceId, ofService, tally, signal);
  });
  return tally.result();
}

type Ended = { readonly status: 'created' | 'alreadyThere' } | { readonly status: 'refused'; readonly reason: string };

const CREATED: Ended = { status: 'created' };
const IN_BETWEEN = refused(
  `others created and deleted it each of the ${LOOKS_MAX} times it was looked at; import again`,
);

interface ParentCalls {
  get(): Promise<Entry>;
  create(): Promise<void>;
}

/** Looks first: so a repeated import costs a read for each object, and no write. */
async function put(kind: ParentKind, wanted: Entry, calls: ParentCalls): Promise<Ended> {
  for (let looks = 1; looks <= LOOKS_MAX; looks++) {
    const found = await calls.get().catch((error: unknown) => {
      if (isDeallocatorError(error, 'NotFound')) return undefined;
      throw error;
    });
    if (found !== undefined) return compare(kind, wanted, found);
    const refusal = await refusalOf(calls.create());
    if (refusal === undefined) return CREATED;
    if (refusal.code !== 'AlreadyExists') return refused(refusal.message);
  }
  return IN_BETWEEN;
}

async function putTasks(
  client: DeallocatorClient,
  serviceId: string,
  tasks: readonly SnapshotTask[],
  tally: Tally,
  signal: AbortSignal | undefined,
): Promise<void> {
  let left = tasks;
  for (let looks = 1; looks <= LOOKS_MAX && left.length > 0; looks++) {
    const found = await findTasks(client, serviceId, left, signal);
    for (const task of left) {
      const there = found.get(task.id);
      if (there !== undefined) tally.addTasks([task], compare('task', task, there));
    }
    left = left.filter(({ id }) => !found.has(id));
    const groups = chunks(left, TASKS_PER_TRANSACTION_MAX);
    for (const group of groups) {
      signal?.throwIfAborted();
      const refusal = await refusalOf(client.createTasks(serviceId, group));
      if (refusal?.code === 'AlreadyExists') continue; // another writer's, or another import's: the next look tells
      // One task is too large, or all together are: one by one, at the end of the queue, only those that are fail.
      if (refusal?.code === 'InvalidArgument' && group.length > 1) groups.push(...chunks(group, 1));
      else {
        // With their networks, not all of a group fit one transaction.
        const isCreated = ({ id }: SnapshotTask) => refusal === undefined || refusal.done.includes(id);
        tally.addTasks(group.filter(isCreated), CREATED);
        tally.addTasks(
          group.filter((task) => !isCreated(task)),
          refused(refusal?.message ?? ''),
        );
      }
    }
    left = left.filter((task) => !tally.isTaskDone(task));
  }
  tally.addTasks(left, IN_BETWEEN);
}

/** The tasks that are there already, by id. Fails with `FailedPrecondition` where the service has too many. */
async function findTasks(
  client: DeallocatorClient,
  serviceId: string,
  tasks: readonly SnapshotTask[],
  signal: AbortSignal | undefined,
): Promise<Map<string, Entry>> {
  const wanted = new Set(tasks.map(({ id }) => id));
  const found = new Map<string, Entry>();
  let from: Readonly<Record<string, string>> | undefined;
  for (let pages = 1; pages <= TASK_PAGES_MAX; pages++) {
    signal?.throwIfAborted();
    const { items, next } = await client.listTasks(serviceId, { limit: LIST_PAGE_ITEMS_MAX, ...(from && { from }) });
    for (const task of items) if (wanted.has(task.id)) found.set(task.id, task);
    if (next === undefined) return found;
    from = next;
  }
  throw new DeallocatorError(
    'FailedPrecondition',
    `service ${serviceId} has tasks on more than ${TASK_PAGES_MAX} pages, so those of the import were not looked for; import the other services alone`,
    { blockers: [parentName({ kind: 'service', id: serviceId })] },
  );
}

function compare(kind: ParentKind | 'task', wanted: Entry, found: Entry): Ended {
  const { pendingDelete, markedAt } = found;
  const isParent = kind !== 'task'; // tasks have no marks: all their attributes are their writers'
  if (isParent && pendingDelete === true) {
    return refused(
      `it is there, and marked for deletion (${markedAt ?? 'just now'}); undelete it, or wait until it is gone`,
    );
  }
  // As DynamoDB holds them: a number, say, may come back as another type of the same value.
  const there = isParent && pendingDelete === undefined ? withoutMark(found) : found;
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

function refused(reason: string): Ended {
  return { status: 'refused', reason };
}

function dependsOn(object: string): Ended {
  return refused(`it belongs to ${object}, which was not imported`);
}

type Counts = { -readonly [Status in keyof ImportCounts]: number };

class Tally {
  readonly #snapshot: Snapshot;
  readonly #onProgress: (progress: ImportProgress) => void;
  readonly #counts: Record<ImportPhase, Counts> = { networks: noCounts(), services: noCounts(), tasks: noCounts() };
  readonly #refusals = new Map<string, string>();
  readonly #tasksDone = new Set<SnapshotTask>();

  constructor(snapshot: Snapshot, onProgress: ImportOptions['onProgress']) {
    this.#snapshot = snapshot;
    this.#onProgress = onProgress ?? (() => {});
  }

  add(phase: ImportPhase, object: string, ended: Ended): void {
    const counts = this.#counts[phase];
    counts[ended.status]++;
    if (ended.status === 'refused') this.#refusals.set(object, ended.reason);
    const done = counts.created + counts.alreadyThere + counts.refused;
    this.#onProgress({ phase, done, total: this.#snapshot[phase].length });
  }

  addTasks(tasks: readonly SnapshotTask[], ended: Ended): void {
    for (const task of tasks) {
      this.#tasksDone.add(task);
      this.add('tasks', taskName(task), ended);
    }
  }

  isRefused(object: string): boolean {
    return this.#refusals.has(object);
  }

  isTaskDone(task: SnapshotTask): boolean {
    return this.#tasksDone.has(task);
  }

  /** Refusals in the order of the snapshot, whichever write ended first. */
  result(): ImportResult {
    const { networks, services, tasks } = this.#snapshot;
    const objects = [
      ...networks.map(({ id }) => parentName({ kind: 'network', id })),
      ...services.map(({ id }) => parentName({ kind: 'service', id })),
      ...tasks.map(taskName),
    ];
    const refusals = objects.flatMap((object) => {
      const reason = this.#refusals.get(object);
      return reason === undefined ? [] : [{ object, reason }];
    });
    return { ...this.#counts, refusals };
  }
}

function noCounts(): Counts {
  return { created: 0, alreadyThere: 0, refused: 0 };
}
