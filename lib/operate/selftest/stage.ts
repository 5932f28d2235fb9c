/** Where the paths play: their own objects, raw writes, and waits that end. */
import type { DeallocatorClient } from '../../client/client.ts';
import type { Database } from '../../dynamodb/database.ts';
import { setRaw } from '../../dynamodb/probes.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import { isDeallocatorError } from '../../protocol/errors.ts';
import type { FoundFunctions } from '../deployed/functions.ts';
import type { Surroundings } from '../deployed/surroundings.ts';
import { interruptible } from '../interruptible.ts';
import type { SweepPort } from '../recovery/settle-parents.ts';
import { idOf, type NetworkRole, type ServiceRole, TASKS } from './objects.ts';

/** Between two looks at what should happen. */
const LOOK_PAUSE_MILLIS = 200;
/** How long something must stay: longer than a poll, a window and a function's cold start; a part of the wait, if that is short. */
const STAY_MILLIS_MAX = 5000;
const STAY_SHARE = 4;

export interface Stage {
  readonly client: DeallocatorClient;
  readonly database: Database;
  readonly around: Surroundings;
  readonly functions: FoundFunctions;
  readonly sweep: SweepPort;
  readonly run: string;
  /** How long each single thing may take. */
  readonly waitMillis: number;
  readonly signal: AbortSignal;
}

export const SELFTEST_SIGNATURE = { by: 'deallocator selftest', reason: 'a check of this deployment' } as const;

/** Undefined if it did not happen in time, else how long it took. */
export async function until(stage: Stage, hasHappened: () => Promise<boolean>): Promise<number | undefined> {
  const { chance } = stage.database;
  const startEpochMillis = chance.nowEpochMillis();
  for (;;) {
    stage.signal.throwIfAborted();
    const isDone = await hasHappened();
    const elapsedMillis = chance.nowEpochMillis() - startEpochMillis;
    if (isDone) return elapsedMillis;
    if (elapsedMillis >= stage.waitMillis) return undefined;
    await interruptible(chance.pause(LOOK_PAUSE_MILLIS), stage);
  }
}

/** Long enough for what must not happen to happen. */
export async function letPass(stage: Stage): Promise<void> {
  const millis = Math.min(STAY_MILLIS_MAX, stage.waitMillis / STAY_SHARE);
  await interruptible(stage.database.chance.pause(millis), stage);
}

export const serviceKey = ({ run }: Stage, role: ServiceRole): ItemKey => ({ kind: 'service', id: idOf(run, role) });
export const networkKey = ({ run }: Stage, role: NetworkRole): ItemKey => ({ kind: 'network', id: idOf(run, role) });

export async function isGone({ client }: Stage, { kind, id }: ItemKey): Promise<boolean> {
  try {
    await (kind === 'service' ? client.getService(id) : client.getNetwork(id));
    return false;
  } catch (error) {
    if (isDeallocatorError(error, 'NotFound')) return true;
    throw error;
  }
}

/** Creates a service with tasks, on networks that are there. */
export async function startService(stage: Stage, role: ServiceRole, networks: readonly NetworkRole[], tasks: number) {
  const { id } = serviceKey(stage, role);
  const targets = networks.map((network) => ({ target: networkKey(stage, network).id }));
  await stage.client.createService({ id, spec: { task: { networks: targets } } });
  if (tasks > 0)
    await stage.client.createTasks(
      id,
      TASKS.slice(0, tasks).map((task) => ({ id: task })),
    );
}

export async function startNetwork(stage: Stage, role: NetworkRole): Promise<void> {
  await stage.client.createNetwork({ id: networkKey(stage, role).id });
}

export async function endTasks(stage: Stage, role: ServiceRole, tasks: readonly string[]): Promise<void> {
  await stage.client.deleteTasks(serviceKey(stage, role).id, tasks);
}

/** Marks it, so that it may go as soon as nothing uses it: where there is a grace period, the mark is as old as that. */
export async function mark(stage: Stage, parent: ItemKey): Promise<string> {
  const { client, database } = stage;
  if (database.rules.gracePeriodMillis > 0) return await markRaw(stage, parent);
  const { markedAt = '' } =
    parent.kind === 'service'
      ? await client.removeService(parent.id, SELFTEST_SIGNATURE)
      : await client.removeNetwork(parent.id, { ...SELFTEST_SIGNATURE, whenInUse: 'wait' });
  return markedAt;
}

/** As a program without the client marks it. */
export async function markRaw(stage: Stage, parent: ItemKey): Promise<string> {
  const { requests, at } = stage.database;
  const markedAt = markTime(stage);
  await setRaw(requests, at.item(parent), { pendingDelete: true, markedAt });
  return markedAt;
}

/** Of a mark whose grace period, if there is one, is over. */
export function markTime({ database: { chance, rules } }: Stage): string {
  const atEpochMillis = chance.nowEpochMillis() - rules.gracePeriodMillis;
  return `${new Date(atEpochMillis).toISOString()}#${chance.fresh()}`;
}

/** What the counter says, and undefined while there is none. */
export async function remainingOf({ database }: Stage, parent: ItemKey): Promise<number | undefined> {
  return (await database.requests.get(database.at.counter(parent)))?.remaining;
}

export async function isAttached({ database }: Stage, held: ItemKey, holder: ItemKey): Promise<boolean> {
  return (await database.requests.get(database.at.attachment(held, holder))) !== undefined;
}

export async function receiptOf({ database }: Stage, parent: ItemKey, markedAt: string) {
  return await database.requests.get(database.at.receipt(parent, markedAt));
}

export const named = (parents: readonly ItemKey[]): string[] => parents.map(itemName);
