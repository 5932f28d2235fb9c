/**
 * Volumes, secrets and configs, as Docker's Engine API tells of them (`GET /volumes`, `/secrets`, `/configs`, which `docker … inspect`
 * prints too) or as `docker … ls --format json` lists them. Their ids, names and labels are imported; the data of a config is not.
 *
 * A volume's id is its name, by which services mount it. A volume of the scope `local` stands for all of that name, on whichever node.
 */
import { shown } from '../../protocol/arguments.ts';
import { type Entry, isMap } from '../values.ts';
import { KIND_OF, type ListName, type SharedList } from './lists.ts';
import { REFERENCES } from './shared.ts';
import { type FieldNames, invalid, type Parts, type Placed, SNAPSHOT_FIELDS } from './snapshot.ts';
import { annotationsOf, listOf, versionOf } from './swarm-fields.ts';
import type { Gathered, Unusable } from './unusable.ts';

/** What the spec of a secret or a config has, and that of nothing else has no more. */
const SPEC_FIELDS: readonly string[] = ['Name', 'Labels', 'Data', 'Driver', 'Templating'];

/**
 * By what only one kind has. Docker shows the data of each config and of no secret, and has a driver for secrets alone; lines of
 * `docker config ls` have no driver.
 */
export function sharedListOf(entry: Entry): SharedList | undefined {
  const { Name, Driver, Mountpoint, ClusterVolume, ID, Spec, UpdatedAt, Scope } = entry;
  if (ID === undefined) {
    return typeof Name === 'string' &&
      typeof Driver === 'string' &&
      (typeof Mountpoint === 'string' || isMap(ClusterVolume))
      ? 'volumes'
      : undefined;
  }
  if (typeof ID !== 'string' || ID === '') return undefined;
  if (Spec === undefined) {
    const isLine = typeof Name === 'string' && typeof UpdatedAt === 'string' && Scope === undefined;
    return isLine ? (Driver === undefined ? 'configs' : 'secrets') : undefined;
  }
  const isIt =
    isMap(Spec) && typeof Spec.Name === 'string' && Object.keys(Spec).every((name) => SPEC_FIELDS.includes(name));
  if (!isIt || ['Description', 'DesiredState', 'JoinTokens'].some((name) => name in entry)) return undefined;
  return Spec.Data === undefined ? 'secrets' : 'configs';
}

/** A config whose data somebody took out looks like a secret, but for a service that names it. */
export function withConfigsTold(swarm: Parts): Parts {
  const named = new Set(
    swarm.services.flatMap(({ entry }) => namedIn(entry, 'configs').map(({ ConfigID }) => ConfigID)),
  );
  const isConfig = ({ entry }: Placed) => named.has(entry.ID);
  return {
    ...swarm,
    secrets: swarm.secrets.filter((placed) => !isConfig(placed)),
    configs: [...swarm.configs, ...swarm.secrets.filter(isConfig)],
  };
}

const FIELDS: Readonly<Record<SharedList, FieldNames>> = {
  volumes: { ...SNAPSHOT_FIELDS, id: 'Name', labels: 'Labels' },
  secrets: { ...SNAPSHOT_FIELDS, id: 'ID', labels: 'Spec.Labels' },
  configs: { ...SNAPSHOT_FIELDS, id: 'ID', labels: 'Spec.Labels' },
};

export function readShared(swarm: Parts, list: SharedList, directory: SharedDirectory, faults: Gathered): Placed[] {
  return swarm[list].flatMap(({ where, entry }): Placed[] => {
    const id = list === 'volumes' ? entry.Name : entry.ID;
    // Known even if it can't be used, as a network is.
    directory.add(list, id);
    if (list === 'volumes') directory.addVolume(entry);
    const place = { where, object: `${KIND_OF[list]}#${id}` };
    const item = faults.attempt(place, () => ({ id, spec: { annotations: annotationsIn(where, entry) } }));
    const told = { version: versionOf(entry) };
    return item === undefined ? [] : [{ where, entry: item, fields: FIELDS[list], told }];
  });
}

function annotationsIn(where: string, { Name, Labels, Spec }: Entry): Entry {
  if (isMap(Spec)) return annotationsOf(`${where}.Spec`, Spec.Name, Spec.Labels);
  return annotationsOf(where, Name, typeof Labels === 'string' ? labelsOf(Labels) : Labels);
}

/** `a=1,b=2`, as `docker … ls` prints labels: what has no `=` goes on with the value before it. */
function labelsOf(text: string): Record<string, string> {
  const labels: [string, string][] = [];
  for (const piece of text === '' ? [] : text.split(',')) {
    const end = piece.indexOf('=');
    const last = labels.at(-1);
    if (end === -1 && last !== undefined) last[1] += `,${piece}`;
    else labels.push(end === -1 ? [piece, ''] : [piece.slice(0, end), piece.slice(end + 1)]);
  }
  return Object.fromEntries(labels);
}

/** What Docker calls a reference's id, and the objects' own command. */
const DOCKERS: Readonly<Record<SharedList, { readonly in: string; readonly by: string }>> = {
  volumes: { in: 'Mounts', by: 'Source' },
  secrets: { in: 'Secrets', by: 'SecretID' },
  configs: { in: 'Configs', by: 'ConfigID' },
};

export interface SharedReading {
  readonly lists: readonly SharedList[];
  readonly directory: SharedDirectory;
  readonly missing: Readonly<Record<ListName, Set<string>>>;
  readonly unusable: Unusable[];
}

/** The part of a service's spec that names what it shares; undefined where it names nothing. */
export function containerOf(where: string, service: Entry, reading: SharedReading): Entry | undefined {
  const { lists, directory, missing } = reading;
  for (const list of lists)
    listOf(`${where}.Spec.TaskTemplate.ContainerSpec.${DOCKERS[list].in}`, listIn(service, list));
  const named = lists.map((list) => [list, namedIn(service, list)] as const);
  for (const [list, references] of named) {
    for (const reference of references) {
      const id = reference[DOCKERS[list].by];
      if (typeof id === 'string' && directory.find(list, id).length === 0) missing[list].add(id);
    }
  }
  const found = named.flatMap(([list, references]) => {
    const ids = new Set(references.flatMap((reference) => idsOf(where, service, { list, reference }, reading)));
    const { in: name, by } = REFERENCES[list];
    return ids.size === 0 ? [] : [[name, [...ids].map((id) => ({ [by]: id }))] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

interface Reference {
  readonly list: SharedList;
  readonly reference: Entry;
}

function idsOf(
  where: string,
  { ID }: Entry,
  { list, reference }: Reference,
  { directory, unusable }: SharedReading,
): readonly unknown[] {
  const { in: name, by } = DOCKERS[list];
  const id = reference[by];
  const ids = directory.find(list, id);
  if (ids.length > 0) return ids;
  const kind = KIND_OF[list];
  if (reference.Type === 'volume') {
    const reason = `its reference to volume ${shown(id)} was left out: no such volume is given, and each node makes it for itself when a task starts there`;
    unusable.push({ where, object: `service#${ID}`, reason });
    return [];
  }
  throw invalid(
    `${where}.Spec.TaskTemplate.ContainerSpec.${name} names ${kind} ${shown(id)}, and no such ${kind} is given; add what "docker ${kind} inspect" prints for it, or take the reference away if the ${kind} is gone`,
    undefined,
    typeof id === 'string' ? `${kind}#${id}` : undefined,
  );
}

function listIn({ Spec }: Entry, list: SharedList): unknown {
  const template = isMap(Spec) && isMap(Spec.TaskTemplate) ? Spec.TaskTemplate : {};
  return isMap(template.ContainerSpec) ? template.ContainerSpec[DOCKERS[list].in] : undefined;
}

/** Mounts of volumes alone: a path of the node, a file system in memory and a pipe are nothing that is shared. */
function namedIn(service: Entry, list: SharedList): Entry[] {
  const entries = listIn(service, list);
  const references = Array.isArray(entries) ? entries.map((entry: unknown) => (isMap(entry) ? entry : {})) : [];
  if (list !== 'volumes') return references;
  // A volume without a name is made for one task, and goes with it.
  return references.filter(
    ({ Type, Source }) => ['volume', 'cluster'].includes(Type as string) && Source !== undefined && Source !== '',
  );
}

/** What is given or in the tables. A mount names a volume of the cluster by its name, its id, or its group. */
export class SharedDirectory {
  readonly #ids: Record<SharedList, Set<unknown>> = { volumes: new Set(), secrets: new Set(), configs: new Set() };
  readonly #volumes = new Map<unknown, unknown[]>();

  add(list: SharedList, id: unknown): void {
    this.#ids[list].add(id);
  }

  addVolume({ Name, ClusterVolume, Group }: Entry): void {
    const { ID, Spec } = isMap(ClusterVolume) ? ClusterVolume : {};
    // A line of a listing has "N/A" for what there is none of.
    const group = isMap(Spec) ? Spec.Group : Group === 'N/A' ? undefined : Group;
    const names = [ID, typeof group === 'string' && group !== '' ? `group:${group}` : undefined];
    for (const name of names) {
      if (name !== undefined) this.#volumes.set(name, [...(this.#volumes.get(name) ?? []), Name]);
    }
  }

  find(list: SharedList, id: unknown): readonly unknown[] {
    if (this.#ids[list].has(id)) return [id];
    return list === 'volumes' ? (this.#volumes.get(id) ?? []) : [];
  }
}
