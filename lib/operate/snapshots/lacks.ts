/**
 * What an import lacks. What is not given must not read as "nothing uses it": a service without tasks and a network without
 * services go at once when they are removed.
 */
import { itemName } from '../../lifecycle/keys.ts';
import { groupBy } from '../../protocol/parallel.ts';
import { taskName } from '../names.ts';
import { isMap } from '../values.ts';
import { KIND_OF, type ListName, type SharedList } from './lists.ts';
import type { Parts, Placed, Snapshot } from './snapshot.ts';

/** What is called missing where it is not given. */
export type LackingKind = 'networks' | 'services' | 'tasks';

/** What is not in the files, although something in them tells of it. */
export interface Lack {
  /** What is absent, or not there in full. */
  readonly kind: LackingKind;
  /** What would seem unused without it, or can't be kept without it. */
  readonly objects: readonly string[];
  /** What tells of it, and what would give it, in a sentence. */
  readonly reason: string;
}

/** A network to which files may refer. */
export interface KnownNetwork {
  /** Its id. */
  readonly id: unknown;
  /** What people call it. */
  readonly name?: unknown;
}

/** What is in the tables already, as far as the files refer to it; or in the snapshots that are given as well. */
export interface Known {
  /** By id, and by name where they have one. */
  readonly networks: readonly KnownNetwork[];
  /** Their ids. */
  readonly services: readonly string[];
  /** Their ids, where the lifecycle has volumes. @default none */
  readonly volumes?: readonly string[];
  /** The same for secrets. @default none */
  readonly secrets?: readonly string[];
  /** The same for configs. @default none */
  readonly configs?: readonly string[];
}

/** What prints the kind in full. */
export const PRINTED_BY: Readonly<Record<LackingKind, string>> = {
  networks: '"docker network inspect $(docker network ls -q --filter scope=swarm)"',
  services: '"docker service inspect $(docker service ls -q)"',
  tasks: '"docker inspect --type task $(docker service ps -q --no-trunc $(docker service ls -q))"',
};

export interface Given {
  /** All entries, before any is left out. */
  readonly parts: Parts;
  /** Kinds of which a snapshot has a list, even an empty one, or Docker an object. */
  readonly kinds: ReadonlySet<ListName>;
  /** Names of snapshots that have no list of a kind. */
  readonly incompleteSnapshots: readonly string[];
  /** Tasks that were left out since their service is neither given nor in the tables. */
  readonly orphans: readonly string[];
}

/**
 * - A service of Docker's that says how many tasks it runs (`ServiceStatus`, or `Spec.Mode.Replicated.Replicas`) lacks tasks if
 *   fewer of its tasks are given, in whatever state.
 * - A service that says no number (one in global mode, a job, a snapshot's) lacks tasks if no file has any: neither a task of
 *   Docker's nor a snapshot's list, which may be empty. An empty array tells of no kind.
 * - A network, a volume, a secret or a config lacks services, and a task whose service is nowhere does, if no file has any.
 * - A snapshot without the list of a kind, or with `null` for it, lacks that kind if no file has any.
 */
export function findLacks(snapshot: Snapshot, given: Given): Lack[] {
  const { parts, kinds, incompleteSnapshots, orphans } = given;
  const lacks: Lack[] = [];
  const imported = new Set(snapshot.services.map(({ id }) => id));
  const services = parts.services.filter(({ entry }) => imported.has(entry.id as string));
  const tasks = groupBy(parts.tasks, ({ entry }) => entry.serviceId);
  const numberOf = ({ entry }: Placed) => tasks.get(entry.id)?.length ?? 0;

  const short = services.filter((service) => (service.told?.tasks ?? 0) > numberOf(service));
  if (short.length > 0) {
    const said = short.reduce((sum, { told }) => sum + (told?.tasks ?? 0), 0);
    const there = short.reduce((sum, service) => sum + numberOf(service), 0);
    const who = short.length === 1 ? 'a service says that it runs' : `${short.length} services say that they run`;
    const reason = `${who} ${said} ${said === 1 ? 'task' : 'tasks'}, and ${there === 0 ? 'none' : `only ${there}`} of these ${there === 1 || there === 0 ? 'is' : 'are'} given: a removal would not wait for the others`;
    lacks.push({ kind: 'tasks', objects: short.map(nameOf), reason });
  }
  const silent = services.filter(({ told }) => told?.tasks === undefined);
  if (silent.length > 0 && !kinds.has('tasks')) {
    const reason = 'no tasks are given: a service would seem to have none, and a removal would delete it at once';
    lacks.push({ kind: 'tasks', objects: silent.map(nameOf), reason });
  }
  if (!kinds.has('services')) {
    if (snapshot.networks.length > 0) {
      const reason = 'no services are given: a network would seem unused, and a removal would delete it at once';
      lacks.push({ kind: 'services', objects: namesIn('networks', snapshot.networks), reason });
    }
    for (const list of ['volumes', 'secrets', 'configs'] as const satisfies readonly SharedList[]) {
      const objects = namesIn(list, snapshot[list] ?? []);
      const reason = `no services are given: a ${KIND_OF[list]} would seem unused, and a removal would delete it at once`;
      if (objects.length > 0) lacks.push({ kind: 'services', objects, reason });
    }
    if (orphans.length > 0) {
      const reason =
        'no services are given, nor are those of these tasks in the tables: a task is kept under its service';
      lacks.push({ kind: 'services', objects: orphans, reason });
    }
  }
  for (const kind of ['networks', 'services', 'tasks'] as const) {
    if (incompleteSnapshots.length === 0 || kinds.has(kind) || lacks.some((lack) => lack.kind === kind)) continue;
    const reason = `no ${kind} are given, and a snapshot has a list of them, which may be empty`;
    lacks.push({ kind, objects: incompleteSnapshots, reason });
  }
  return lacks;
}

function namesIn(list: ListName, objects: readonly { readonly id: string }[]): string[] {
  return objects.map(({ id }) => itemName({ kind: KIND_OF[list], id }));
}

function nameOf({ entry }: Placed): string {
  return itemName({ kind: 'service', id: entry.id as string });
}

export function orphanName({ entry }: Placed): string {
  return taskName({ serviceId: String(entry.serviceId), id: String(entry.id) });
}

/** How many tasks a service of Docker's says it runs; undefined where it says nothing. */
export function tasksToldBy(service: unknown): number | undefined {
  if (!isMap(service)) return undefined;
  const { ServiceStatus, Spec } = service;
  const status = isMap(ServiceStatus) ? [ServiceStatus.RunningTasks, ServiceStatus.DesiredTasks] : [];
  const mode = isMap(Spec) && isMap(Spec.Mode) ? Spec.Mode : {};
  // Docker leaves the number out where it is one.
  const replicas = isMap(mode.Replicated) ? [mode.Replicated.Replicas ?? 1] : [];
  const numbers = [...status, ...replicas].filter((value): value is number => Number.isInteger(value));
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}
