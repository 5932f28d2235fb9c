/** The selftest's own objects: their names, who is at work on them, and their end. */
import type { DeallocatorClient } from '../../client/client.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Chance } from '../../protocol/chance.ts';
import { type ErrorCode, isDeallocatorError } from '../../protocol/errors.ts';
import { isoNow } from '../../protocol/time.ts';

/** The beginning of each id, and the id of the service whose tasks are the runs. Nobody else may use it. */
export const SELFTEST_PREFIX = 'deallocator-selftest';

/** A run that is older has died: longer than all waits of one run together, with the longest that one can choose. */
export const RUN_MILLIS_MAX = 60 * 60 * 1000;
/** Dead runs that one run cleans up; the next ones do the others. */
const DEAD_RUNS_MAX = 10;
/** Another run may remove the service of the runs while this one registers. */
const REGISTER_TRIES_MAX = 10;
/** Runs at the same time that are looked at. */
const RUNS_LISTED_MAX = 100;

export const SERVICES = [
  ...(['last-task', 'mid-drain', 'sharer-1', 'sharer-2', 'lets-go', 'raw', 'protected', 'swept'] as const),
] as const;
export const NETWORKS = ['with-service', 'shared', 'alone', 'let-go', 'raw'] as const;
/** More than one, so that a burst is counted. */
export const TASKS = ['task-1', 'task-2', 'task-3'] as const;

export type ServiceRole = (typeof SERVICES)[number];
export type NetworkRole = (typeof NETWORKS)[number];

/** `20261126T083000Z.1f0e4c2a`: when it began, and what makes it unique. */
export function newRun(chance: Chance): string {
  return `${isoNow(chance).replace(/[-:]|\.\d+/g, '')}.${chance.fresh().slice(0, 8)}`;
}

export function idOf(run: string, role: ServiceRole | NetworkRole): string {
  return `${SELFTEST_PREFIX}.${run}.${role}`;
}

export function keysOf(run: string): ItemKey[] {
  return [
    ...SERVICES.map((role): ItemKey => ({ kind: 'service', id: idOf(run, role) })),
    ...NETWORKS.map((role): ItemKey => ({ kind: 'network', id: idOf(run, role) })),
  ];
}

function isDead(run: string, nowEpochMillis: number): boolean {
  const [, date = '', time = ''] = /^(\d{8})T(\d{6})Z\./.exec(run) ?? [];
  const iso = `${date.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`;
  // What can't be read is no run's name, and nobody will end it.
  return !(nowEpochMillis - Date.parse(iso) < RUN_MILLIS_MAX);
}

/** Says that the run is at work. Any number may be, and none disturbs another. Returns the runs that have died. */
export async function register(client: DeallocatorClient, run: string, chance: Chance): Promise<string[]> {
  for (let tries = 1; ; tries++) {
    try {
      await client.createTask(SELFTEST_PREFIX, { id: run });
      break;
    } catch (error) {
      if (tries === REGISTER_TRIES_MAX || !isDeallocatorError(error)) throw error;
      if (error.code === 'NotFound') {
        const spec = { note: 'the runs of "deallocator selftest" that are at work; it goes with the last one' };
        await unless(['AlreadyExists'], () => client.createService({ id: SELFTEST_PREFIX, spec }));
      } else if (error.code === 'FailedPrecondition') {
        await unless(['NotFound'], () => client.undeleteService(SELFTEST_PREFIX));
      } else throw error;
    }
  }
  const { items } = await client.listTasks(SELFTEST_PREFIX, { limit: RUNS_LISTED_MAX });
  const others = items.map(({ id }) => id).filter((id) => id !== run);
  return others.filter((id) => isDead(id, chance.nowEpochMillis())).slice(0, DEAD_RUNS_MAX);
}

/** The last run takes the service of the runs along. */
export async function unregister(client: DeallocatorClient, run: string): Promise<void> {
  await client.deleteTask(SELFTEST_PREFIX, run);
  const { items } = await client.listTasks(SELFTEST_PREFIX, { limit: 1 });
  if (items.length === 0) {
    await unless(['NotFound'], () => client.removeService(SELFTEST_PREFIX, { reason: 'no selftest is at work' }));
  }
}

/** Takes away all that a run may have made, as far as a client may: the rest is the deallocator's work. */
export async function giveUp(client: DeallocatorClient, run: string): Promise<void> {
  const reason = 'the end of a selftest';
  for (const role of SERVICES) {
    const id = idOf(run, role);
    await client.deleteTasks(id, TASKS);
    await unless(['NotFound'], async () => {
      await client.unprotectService(id);
      await client.removeService(id, { reason });
    });
  }
  for (const role of NETWORKS) {
    const id = idOf(run, role);
    await unless(['NotFound'], () => client.removeNetwork(id, { whenInUse: 'wait', reason }));
  }
}

/** Names of what is still there. */
export async function leftOf(client: DeallocatorClient, run: string): Promise<string[]> {
  const keys = keysOf(run);
  const idsOf = (kind: ItemKey['kind']) => keys.flatMap((key) => (key.kind === kind ? key.id : []));
  const found = await client.findTogether({ services: idsOf('service'), networks: idsOf('network') });
  return [
    ...found.services.map(({ id }) => itemName({ kind: 'service', id })),
    ...found.networks.map(({ id }) => itemName({ kind: 'network', id })),
  ];
}

async function unless(codes: readonly ErrorCode[], act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!codes.some((code) => isDeallocatorError(error, code))) throw error;
  }
}
