/** Reads files of snapshots, or of what Docker says of a swarm, as one snapshot. Checks all of it, and writes nothing. */
import { isDeepStrictEqual } from 'node:util';
import { isMap, shown } from '../values.ts';
import { checkParts, invalid, type Parts, type Placed, parseJson, readParts, type Snapshot } from './snapshot.ts';
import { readSwarm, type SwarmKind, swarmKindOf, type Unusable } from './swarm-snapshot.ts';

export interface ImportFile {
  /** Its name in messages. */
  readonly name: string;
  readonly text: string;
}

export interface ImportInput {
  readonly snapshot: Snapshot;
  /** What is left out; without it nothing can be deleted too early. See {@link readSwarm}. */
  readonly unusable: readonly Unusable[];
}

/**
 * Each file is a snapshot, or JSON of Docker's Engine API: one object or an array of them, of one kind or mixed. Files may
 * refer to each other's objects. The same object in two files counts once.
 *
 * Fails with `InvalidArgument`, and names file and entry, at what may not be left out: text that is not JSON, or of neither
 * shape; two objects of one id that differ; a service that refers to a network in no file, or to more than 32; a value or an
 * id that DynamoDB can't hold; more than 10,000 objects of a kind (`SNAPSHOT_OBJECTS_MAX`).
 */
export function readImport(files: readonly ImportFile[]): ImportInput {
  const snapshots: Parts[] = [];
  const swarm = { networks: [] as Placed[], services: [] as Placed[], tasks: [] as Placed[] };
  for (const { name, text } of files) {
    const place = `${name}: `;
    const document = parseJson(text, place);
    if (isMap(document) && swarmKindOf(document) === undefined && LISTS.some((list) => list in document)) {
      snapshots.push(readParts(document, place));
      continue;
    }
    const objects: readonly unknown[] = Array.isArray(document) ? document : [document];
    for (const [index, entry] of objects.entries()) {
      const where = `${place}[${index}]`;
      const kind = isMap(entry) ? swarmKindOf(entry) : undefined;
      if (!isMap(entry) || kind === undefined) throw unknownShape(where, entry);
      swarm[kind].push({ where, entry });
    }
  }
  const { parts, unusable } = readSwarm(
    swarm,
    snapshots.flatMap(({ networks }) => networks),
  );
  const all = [...snapshots, parts];
  const merge = (list: SwarmKind) => withoutRepeats(all.flatMap((some) => some[list]));
  const merged = { networks: merge('networks'), services: merge('services'), tasks: merge('tasks') };
  return { snapshot: checkParts(merged), unusable };
}

const LISTS: readonly SwarmKind[] = ['networks', 'services', 'tasks'];

function unknownShape(where: string, entry: unknown) {
  return invalid(
    `${where} is ${shown(entry)}, neither a snapshot nor a service, task or network of Docker's Engine API; give what GET /services, /tasks and /networks answer`,
  );
}

function withoutRepeats(all: readonly Placed[]): Placed[] {
  const first = new Map<string, Placed>();
  return all.filter((placed) => {
    const { id, serviceId } = placed.entry;
    const key = JSON.stringify([serviceId, id]);
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, placed);
      return true;
    }
    if (isDeepStrictEqual(before.entry, placed.entry)) return false;
    throw invalid(`${placed.where} and ${before.where} both have the id ${shown(id)}, and differ; give one of them`);
  });
}
