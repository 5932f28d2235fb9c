/** The lists of a snapshot: what each holds, and which of them a lifecycle has. */
import { itemName } from '../../lifecycle/keys.ts';
import { type Plan, planOf } from '../../lifecycle/plan.ts';
import { heldBy } from '../../lifecycle/references.ts';
import { SWARMKIT_ALL, swarmkit } from '../../lifecycle/swarmkit.ts';
import { isSwarmkits } from '../../lifecycle/swarmkits.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { PARTITION_KEY_BYTES_MAX, SORT_KEY_BYTES_MAX } from '../../protocol/limits.ts';

/** In the order in which they are created: what others refer to comes first. */
const LISTS = ['networks', 'volumes', 'secrets', 'configs', 'services', 'tasks'] as const;
const SHARED_LISTS = ['volumes', 'secrets', 'configs'] as const;

/** A list of a snapshot, which is called as what it holds. */
export type ListName = (typeof LISTS)[number];
/** What services share beside networks, where the lifecycle has it. */
export type SharedList = (typeof SHARED_LISTS)[number];

export const KIND_OF: Readonly<Record<ListName, string>> = {
  networks: 'network',
  volumes: 'volume',
  secrets: 'secret',
  configs: 'config',
  services: 'service',
  tasks: 'task',
};

const isShared = (list: ListName): list is SharedList => (SHARED_LISTS as readonly ListName[]).includes(list);

export const sharedAmong = (lists: readonly ListName[]): SharedList[] => lists.filter(isShared);

const SWARMKIT_ALL_PLAN: Plan = planOf(SWARMKIT_ALL);
/** What a deployment has that declares nothing. */
export const SWARMKIT_PLAN: Plan = planOf(swarmkit());

/** With all that may be held. */
const HOLDING_PLAN: Plan = planOf(swarmkit({ taskNetworks: true }));

/** Names of the networks that a service refers to, or that a task's own list names. */
export function networksOf(list: 'services' | 'tasks', item: object): string[] {
  return heldBy(HOLDING_PLAN, KIND_OF[list], item as Readonly<Record<string, unknown>>).map(itemName);
}

/** Those that a lifecycle of SwarmKit's kinds has, in the order in which they are created. Fails with `FailedPrecondition` for another. */
export function listsOf(plan: Plan): readonly ListName[] {
  if (!isSwarmkits(plan)) {
    throw new DeallocatorError(
      'FailedPrecondition',
      `snapshots are of SwarmKit's kinds, and this deployment has others (${Object.keys(plan.kinds).join(', ')}); create its items with the client, and copy tables with DynamoDB's own export and import`,
    );
  }
  return LISTS.filter((list) => Object.hasOwn(plan.kinds, KIND_OF[list]));
}

/** A record over all lists, or over these. */
export function byList<T>(make: (list: ListName) => T, lists: readonly ListName[] = LISTS): Record<ListName, T> {
  return Object.fromEntries(lists.map((list) => [list, make(list)])) as Record<ListName, T>;
}

/** Bytes of an id: its name is a sort key of attachments where it holds something, else a partition key of its counter. */
export function idBytesMax(kind: string): number {
  const { isGuarded = false, holds = [] } = SWARMKIT_ALL_PLAN.kinds[kind] ?? {};
  if (!isGuarded) return SORT_KEY_BYTES_MAX;
  return (holds.length > 0 ? SORT_KEY_BYTES_MAX : PARTITION_KEY_BYTES_MAX) - `${kind}#`.length;
}

export function isId(kind: string, id: unknown): id is string {
  return typeof id === 'string' && id !== '' && id.isWellFormed() && Buffer.byteLength(id) <= idBytesMax(kind);
}
