/** Volumes, secrets and configs in a snapshot, and a service's references to them. */
import { HELD_MAX } from '../../lifecycle/limits.ts';
import { shown } from '../../protocol/arguments.ts';
import { type Entry, isMap } from '../values.ts';
import { KIND_OF, type SharedList } from './lists.ts';
import { asMap, checkId, checkObject, type FieldNames, invalid, type NewShared } from './snapshot.ts';

/** Where `spec.task.container` of a service names them, as SwarmKit writes it. */
export const REFERENCES: Readonly<Record<SharedList, { readonly in: string; readonly by: string }>> = {
  volumes: { in: 'mounts', by: 'source' },
  secrets: { in: 'secrets', by: 'secretID' },
  configs: { in: 'configs', by: 'configID' },
};

/** What may be referred to, by list. A list that the lifecycle does not have is absent, and references to it are nobody's business. */
export type There = Readonly<Partial<Record<SharedList, Pick<ReadonlySet<unknown>, 'has'>>>>;

export function checkShared(where: string, list: SharedList, entry: Entry, fields?: FieldNames): NewShared {
  checkObject(where, KIND_OF[list], entry, fields);
  return entry as NewShared;
}

/** The ids that a service refers to, by the list that they would be in: a mount without a source is no reference. */
export function sharedReferences({ spec }: Entry, list: SharedList): readonly unknown[] {
  const { in: name, by } = REFERENCES[list];
  const container = isMap(spec) && isMap(spec.task) && isMap(spec.task.container) ? spec.task.container : {};
  const entries: unknown = container[name];
  if (!Array.isArray(entries)) return [];
  const ids = entries.map((entry: unknown) => (isMap(entry) ? entry[by] : undefined));
  return [...new Set(list === 'volumes' ? ids.filter((id) => id !== undefined) : ids)];
}

/** @param networks how many of these it refers to: all that it holds goes in one transaction */
export function checkSharedReferences(where: string, service: Entry, there: There, networks: number): void {
  const lists = Object.keys(there) as SharedList[];
  if (lists.length === 0) return;
  const { task = {} } = asMap(`${where}.spec`, service.spec ?? {});
  const { container = {} } = asMap(`${where}.spec.task`, task);
  const held = asMap(`${where}.spec.task.container`, container);
  let count = networks;
  for (const list of lists) {
    const { in: name, by } = REFERENCES[list];
    const path = `${where}.spec.task.container.${name}`;
    if (held[name] !== undefined && !Array.isArray(held[name])) {
      throw invalid(`${path} is ${shown(held[name])}; it must be a list`);
    }
    const ids = sharedReferences(service, list);
    for (const id of ids) {
      const kind = KIND_OF[list];
      checkId(`${by} in ${path}`, kind, id);
      if (there[list]?.has(id)) continue;
      throw invalid(`${path} names ${kind} ${shown(id)}, and the snapshot has no such ${kind}; add it`);
    }
    count += ids.length;
  }
  if (count > HELD_MAX) {
    throw invalid(
      `${where} refers to ${count} networks, volumes, secrets and configs; a service has at most ${HELD_MAX}`,
    );
  }
}
