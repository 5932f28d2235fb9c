/** Checks the entries of all files together, and gathers what can't be used, with what hangs on it. */

import { isDeepStrictEqual } from 'node:util';
import { itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { heldBy } from '../../lifecycle/references.ts';
import { shown } from '../../protocol/arguments.ts';
import { spokenInSwarm, taskName } from '../names.ts';
import type { Entry } from '../values.ts';
import { checkNetwork, checkService, checkSize, checkTask } from './entries.ts';
import type { Known } from './lacks.ts';
import { KIND_OF, type ListName, type SharedList, sharedAmong } from './lists.ts';
import { checkShared } from './shared.ts';
import { invalid, type NewShared, type Parts, type Placed, type Snapshot, type SnapshotTask } from './snapshot.ts';
import type { Gathered } from './unusable.ts';

/** What an import stands in. */
export interface Around {
  readonly known: Known;
  readonly plan: Plan;
  readonly lists: readonly ListName[];
}

/** What may be referred to beside what the files hold: what is in the tables. */
export function checkImport(parts: Parts, { known, plan, lists }: Around, faults: Gathered): Snapshot {
  checkSize(parts);
  const checked = <T>(list: ListName, check: (placed: Placed) => T) =>
    parts[list].flatMap((placed) => {
      const place = { where: placed.where, object: objectOf(list, placed) };
      const object = faults.attempt(place, () => check(placed));
      return object === undefined ? [] : [object];
    });
  const networks = checked('networks', ({ where, entry, fields }) => checkNetwork(where, entry, fields));
  const shared = sharedAmong(lists).map((list): [SharedList, NewShared[]] => [
    list,
    checked(list, ({ where, entry, fields }) => checkShared(where, list, entry, fields)),
  ]);
  // Beside those that can be used: what refers to the others hangs on them, and is not said to refer to nothing.
  const there = {
    networks: new Set<unknown>([...ids(parts.networks), ...known.networks.map(({ id }) => id)]),
    ...Object.fromEntries(
      shared.map(([list]) => [list, new Set<unknown>([...ids(parts[list]), ...(known[list] ?? [])])]),
    ),
  };
  const services = parts.services.flatMap((placed) => {
    const { where, entry, fields, told } = placed;
    const place = { where, object: objectOf('services', placed) };
    const name = typeof told?.name === 'string' ? ` (service ${told.name})` : '';
    const check = () => {
      refuseHanging(heldBy(plan, 'service', entry).map(itemName), faults);
      return checkService(where, entry, there, fields);
    };
    const service = faults.attempt(place, check, name);
    return service === undefined ? [] : [service];
  });
  const serviceIds = new Set([...ids(parts.services), ...known.services]);
  const tasks = parts.tasks.flatMap((placed) => {
    const { where, entry, fields } = placed;
    const service = itemName({ kind: 'service', id: String(entry.serviceId) });
    const check = () => {
      refuseHanging([service], faults);
      return checkTask(where, entry, serviceIds, fields);
    };
    const task = faults.attempt({ where, object: objectOf('tasks', placed) }, check);
    return task === undefined ? [] : [task];
  });
  return { networks, ...Object.fromEntries(shared), services, tasks };
}

/** The same object in two files counts once. Where Docker tells versions, the newer one counts; else they must not differ. */
export function withoutRepeats(all: readonly Placed[], faults: Gathered): Placed[] {
  const first = new Map<string, Placed>();
  for (const placed of all) {
    const { id, serviceId } = placed.entry;
    const key = JSON.stringify([serviceId, id]);
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, placed);
      continue;
    }
    if (isDeepStrictEqual(before.entry, placed.entry)) continue;
    const [old, now] = [before.told?.version, placed.told?.version];
    if (old !== undefined && now !== undefined && old !== now) {
      if (now > old) first.set(key, placed);
      continue;
    }
    const { where } = placed;
    const reason = `${where} and ${before.where} both have the id ${shown(id)}, and differ; give one of them, else ${before.where} counts`;
    // The object itself is not left out.
    faults.addRepeat({ where, object: where, reason });
  }
  return [...first.values()];
}

function objectOf(list: ListName, { where, entry }: Placed): string {
  const { id, serviceId } = entry as Entry & Partial<SnapshotTask>;
  if (typeof id !== 'string' || id === '') return where;
  return list === 'tasks' ? taskName({ serviceId: String(serviceId), id }) : itemName({ kind: KIND_OF[list], id });
}

function ids(placed: readonly Placed[]): string[] {
  return placed.map(({ entry }) => entry.id as string);
}

/** Refuses what hangs on an object that can't be used: without that one it would be another object, or none. */
function refuseHanging(objects: readonly string[], faults: Gathered): void {
  const object = objects.find((name) => faults.has(name));
  if (object === undefined) return;
  throw invalid(`it hangs on ${spokenInSwarm(object)}, which can't be used`, undefined, faults.rootOf(object));
}
