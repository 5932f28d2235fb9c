/** Reads files of snapshots, or of what Docker says of a swarm, as one snapshot. Checks all of it, and writes nothing. */
import type { Plan } from '../../lifecycle/plan.ts';
import { shown } from '../../protocol/arguments.ts';
import { BLOCKERS_NAMED_MAX } from '../../protocol/limits.ts';
import { spokenInSwarm } from '../names.ts';
import { type Entry, isMap } from '../values.ts';
import { checkImport, withoutRepeats } from './check-import.ts';
import { type ImportFile, readDocuments } from './documents.ts';
import { findLacks, type Known, type Lack, orphanName, PRINTED_BY } from './lacks.ts';
import { byList, type ListName, listsOf, SWARMKIT_PLAN, sharedAmong } from './lists.ts';
import { unknownShape, wrongAnswer } from './not-importable.ts';
import { sharedReferences } from './shared.ts';
import { invalid, type Placed, type Snapshot } from './snapshot.ts';
import { withConfigsTold } from './swarm-shared.ts';
import { type Missing, readSwarm, swarmKindOf } from './swarm-snapshot.ts';
import { Gathered, groupByCause, type Unusable } from './unusable.ts';

/** What is let pass. */
export interface ReadOptions {
  /** Takes what is there although something is lacking. @default false: fails, and says what */
  readonly partial?: boolean;
  /** Leaves out what can't be used, with what hangs on it. @default false: fails, and says what */
  readonly skipUnusable?: boolean;
  /** Networks and services that are in the tables, to which the files may refer: {@link prepareImport} finds them. @default - none */
  readonly known?: Known;
  /** What the deployment's lifecycle says, one of SwarmKit's: its kinds are read. @default that of SWARMKIT */
  readonly plan?: Plan;
}

/** What files hold, and what they don't. */
export interface ImportInput {
  /** What {@link importSnapshot} takes. */
  readonly snapshot: Snapshot;
  /** What is left out always; without it nothing can be deleted too early. Such as each node's own networks. */
  readonly unusable: readonly Unusable[];
  /** What can't be used, and was left out by `skipUnusable`. Networks and services no longer wait for it. */
  readonly skipped: readonly Unusable[];
  /** What is lacking, and was taken for granted by `partial`. */
  readonly lacks: readonly Lack[];
  /** Documents that hold no object: an empty list, `null`, a file without text. */
  readonly empty: readonly string[];
}

/**
 * Each file holds snapshots, or JSON of Docker's Engine API: objects of one kind or mixed, in arrays, arrays of arrays, or one
 * after the other. Files may refer to each other's objects. The same object in two files counts once.
 *
 * Fails with `InvalidArgument`, and names file and entry: at text that is not JSON, at the daemon's error or the lines of a
 * listing; unless `skipUnusable`, at what can't be used (of neither shape; two objects of one id that differ; a service that
 * refers to a network that is nowhere, or to more than 32; a value or an id that DynamoDB can't hold); unless `partial`, at
 * what is lacking (see {@link Lack}); and at more than 10,000 objects of a kind (`SNAPSHOT_OBJECTS_MAX`).
 */
export function readImport(files: readonly ImportFile[], options: ReadOptions = {}): ImportInput {
  return judged(inspectImport(files, options.known, options.plan), options);
}

/** Refuses what the options don't allow. */
export function judged({ missing: _, ...input }: Inspected, options: ReadOptions): ImportInput {
  const problems = [
    ...(options.skipUnusable === true ? [] : [unusableWords(input.skipped)]),
    ...(options.partial === true ? [] : [lackWords(input)]),
  ].filter((words) => words !== undefined);
  if (problems.length > 0) throw invalid(problems.join('. And '));
  return input;
}

export type Inspected = ImportInput & { readonly missing: Missing };

/** As {@link readImport}, without a refusal of what is unusable or lacking; and what may be in the tables. */
export function inspectImport(
  files: readonly ImportFile[],
  known: Known = NOTHING_KNOWN,
  plan: Plan = SWARMKIT_PLAN,
): Inspected {
  const lists = listsOf(plan);
  const read: Reading = {
    lists,
    own: byList(() => []),
    swarm: byList(() => []),
    kinds: new Set(),
    incompleteSnapshots: [],
    empty: [],
    faults: new Gathered(),
  };
  for (const file of files) {
    const documents = readDocuments(file);
    if (documents.length === 0) read.empty.push(`${file.name} holds no text`);
    for (const { file: name, place, isAlone, value } of documents) {
      if (isSnapshot(value, lists)) readSnapshot(value, isAlone ? place : `${place}: `, name, read);
      else readAnswer(value, place, isAlone, read);
    }
  }
  const { own, swarm, faults, kinds, incompleteSnapshots, empty } = read;
  const ofSnapshots = own.networks.map(({ entry }) => ({ id: entry.id, name: nameOf(entry) }));
  const shared = sharedAmong(lists).map((list) => [list, [...idsIn(own[list]), ...(known[list] ?? [])]] as const);
  const directory = {
    networks: [...ofSnapshots, ...known.networks],
    services: [...idsIn(own.services), ...known.services],
    ...Object.fromEntries(shared),
  };
  const { parts, unusable, missing, orphans } = readSwarm(withConfigsTold(swarm), { known: directory, lists }, faults);
  const merged = byList((list) => withoutRepeats([...own[list], ...parts[list]], faults));
  const snapshot = checkImport(merged, { known, plan, lists }, faults);
  const given = { parts: merged, kinds, incompleteSnapshots, orphans: [...orphans, ...orphansOf(merged, known)] };
  const lacks = findLacks(snapshot, given);
  const isNothing =
    Object.values(merged).every(({ length }) => length === 0) && unusable.length + faults.all.length === 0;
  if (isNothing && kinds.size === 0) {
    lacks.push({ kind: 'services', objects: [], reason: 'there is no object to import' });
  }
  return { snapshot, unusable, skipped: faults.all, lacks, empty, missing: withOwn(missing, merged, { known, lists }) };
}

const NOTHING_KNOWN: Known = { networks: [], services: [] };
/** A snapshot has a list of each of these, which may be empty; of what services share beside networks it may have none. */
const LISTS: readonly ListName[] = ['networks', 'services', 'tasks'];

interface Reading {
  readonly lists: readonly ListName[];
  readonly own: Record<ListName, Placed[]>;
  readonly swarm: Record<ListName, Placed[]>;
  readonly kinds: Set<ListName>;
  readonly incompleteSnapshots: string[];
  readonly empty: string[];
  readonly faults: Gathered;
}

function isSnapshot(value: unknown, lists: readonly ListName[]): value is Entry {
  return isMap(value) && swarmKindOf(value, lists) === undefined && lists.some((list) => list in value);
}

function readSnapshot(
  document: Entry,
  place: string,
  file: string,
  { lists, own, kinds, incompleteSnapshots, faults, empty }: Reading,
) {
  if (lists.every((name) => isEmpty(document[name], LISTS.includes(name)))) {
    empty.push(`${place.replace(/: $/, '')} holds a snapshot without objects`);
  }
  for (const name of lists) {
    const list = document[name];
    if (list === undefined || list === null) {
      if (!LISTS.includes(name)) continue;
      if (!incompleteSnapshots.includes(file)) incompleteSnapshots.push(file);
      continue;
    }
    if (!Array.isArray(list)) {
      throw invalid(`${place}${name} is ${shown(list)}; it must be a list, which may be empty`);
    }
    kinds.add(name);
    for (const [index, entry] of list.entries()) {
      const where = `${place}${name}[${index}]`;
      if (isMap(entry)) own[name].push({ where, entry });
      else faults.add({ where, object: where, reason: `${where} is ${shown(entry)}; it must be an object` });
    }
  }
}

function isEmpty(list: unknown, isWanted: boolean): boolean {
  return Array.isArray(list) ? list.length === 0 : !isWanted && (list === undefined || list === null);
}

/** What Docker printed. */
function readAnswer(value: unknown, place: string, isAlone: boolean, reading: Reading): void {
  const { lists, swarm, kinds, faults, empty } = reading;
  const objects = flattened(value, isAlone && !Array.isArray(value) ? `${place}[0]` : place);
  if (objects.length === 0) {
    empty.push(`${place.replace(/: $/, '')} holds ${value === null ? 'null' : 'an empty list'}`);
  }
  for (const { where, entry } of objects) {
    if (!isMap(entry)) {
      const reason = `${where} is ${shown(entry)}, neither a snapshot nor an object of Docker's Engine API`;
      faults.add({ where, object: where, reason });
      continue;
    }
    const wrong = wrongAnswer(entry);
    if (wrong !== undefined) throw invalid(`${where} ${wrong}`);
    const kind = swarmKindOf(entry, lists);
    if (kind !== undefined) {
      kinds.add(kind);
      swarm[kind].push({ where, entry });
      continue;
    }
    const { reason, object = where } = unknownShape(entry, lists);
    faults.add({ where, object, reason: `${where} ${reason}` });
  }
}

/** Go prints an empty list as `null`, and `GET /volumes` answers with a list in an object. */
function flattened(value: unknown, where: string): { where: string; entry: unknown }[] {
  if (value === null) return [];
  if (isMap(value) && 'Volumes' in value && 'Warnings' in value) return flattened(value.Volumes, `${where}.Volumes`);
  if (!Array.isArray(value)) return [{ where, entry: value }];
  return value.flatMap((entry, index) => flattened(entry, `${where}[${index}]`));
}

function idsIn(placed: readonly Placed[]): string[] {
  return placed.map(({ entry }) => entry.id as string);
}

function nameOf({ spec }: Entry): unknown {
  return isMap(spec) && isMap(spec.annotations) ? spec.annotations.name : undefined;
}

/** Tasks of snapshots whose service is nowhere. */
function orphansOf({ services, tasks }: Record<ListName, Placed[]>, known: Known): string[] {
  const ids = new Set<unknown>([...services.map(({ entry }) => entry.id), ...known.services]);
  return tasks.filter(({ entry }) => !ids.has(entry.serviceId)).map(orphanName);
}

/** The references of snapshots beside those of Docker's objects. */
function withOwn(
  missing: Missing,
  merged: Record<ListName, Placed[]>,
  { known, lists }: { readonly known: Known; readonly lists: readonly ListName[] },
): Missing {
  const { networks, services, tasks } = merged;
  const networkIds = new Set<unknown>(
    [...networks, ...known.networks.map((entry) => ({ entry }))].map(({ entry }) => entry.id),
  );
  const serviceIds = new Set<unknown>([...services.map(({ entry }) => entry.id), ...known.services]);
  const targets = services.flatMap(({ entry: { spec } }) => {
    if (!isMap(spec)) return [];
    return [isMap(spec.task) ? spec.task.networks : undefined, spec.networks].flatMap((list) =>
      Array.isArray(list) ? list.map((entry: unknown) => (isMap(entry) ? entry.target : undefined)) : [],
    );
  });
  const isMissing =
    (there: ReadonlySet<unknown>) =>
    (id: unknown): id is string =>
      typeof id === 'string' && !there.has(id);
  const shared = byList((list) => missing[list]);
  for (const list of sharedAmong(lists)) {
    const there = new Set<unknown>([...idsIn(merged[list]), ...(known[list] ?? [])]);
    const named = services.flatMap(({ entry }) => sharedReferences(entry, list));
    shared[list] = new Set([...missing[list], ...named.filter(isMissing(there))]);
  }
  return {
    ...shared,
    networks: new Set([...missing.networks, ...targets.filter(isMissing(networkIds))]),
    services: new Set([
      ...missing.services,
      ...tasks.map(({ entry }) => entry.serviceId).filter(isMissing(serviceIds)),
    ]),
  };
}

/** Every cause that there is room for, and every way out. Undefined where all can be used. */
function unusableWords(skipped: readonly Unusable[]): string | undefined {
  const groups = groupByCause(skipped);
  if (groups.length === 0) return undefined;
  const said = groups.slice(0, BLOCKERS_NAMED_MAX).map(({ reason, objects }) => {
    const others = objects.length - 1;
    return others === 0 ? reason : `${reason} (and ${others} more for the same cause)`;
  });
  const more = groups.length > said.length ? `; and ${groups.length - said.length} more causes` : '';
  return `${said.join('; ')}${more}. Mend it there, or leave out what can't be used, with what hangs on it: --skip-unusable (skipUnusable)`;
}

/** Undefined where nothing is lacking. */
function lackWords({ lacks, empty }: Pick<ImportInput, 'lacks' | 'empty'>): string | undefined {
  if (lacks.length === 0) return undefined;
  const said = lacks.map(({ kind, reason, objects }) => {
    const named = objects.slice(0, BLOCKERS_NAMED_MAX).map(spokenInSwarm).join(', ');
    const more = objects.length > BLOCKERS_NAMED_MAX ? `, and ${objects.length - BLOCKERS_NAMED_MAX} more` : '';
    return objects.length === 0 ? reason : `${kind} are lacking: ${reason} (${named}${more})`;
  });
  const kinds = [...new Set(lacks.map(({ kind }) => kind))];
  const remedies = kinds.map((kind) => `the ${kind}, as ${PRINTED_BY[kind]} prints them`);
  const holds = empty.length > 0 ? `; ${empty.join('; ')}` : '';
  return `${said.join('; ')}${holds}. Add ${remedies.join(' and ')}, or import what is given all the same: --partial (partial)`;
}
