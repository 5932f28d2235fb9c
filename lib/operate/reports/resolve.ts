/** Finds the objects that a person means: by an id, by a name that one object has, or by the beginning of an id or a name. */
import { nameOf } from '../../dynamodb/descriptions.ts';
import { keyOfStored } from '../../dynamodb/item-reads.ts';
import { listDescribed } from '../../dynamodb/reads.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { typedId } from '../../lifecycle/told.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { PARENTS_IN_PARALLEL } from '../../protocol/limits.ts';
import { eachPage, type PageKey } from '../../protocol/pages.ts';
import { groupBy, mapInParallel } from '../../protocol/parallel.ts';
import { keyGiven, type ObjectKey, planned, typedName } from '../names.ts';
import { isNear, slips } from '../nearness.ts';
import type { Cluster } from './cluster.ts';
import { findDeleted } from './history.ts';
import { inOrderOf } from './order.ts';

/** Pages (of 1 MB) of one table that are read to find names: some hundred thousand objects. */
export const NAME_PAGES_MAX = 100;
/** Objects that a refusal names, or that a typing error may have meant. */
const CANDIDATES_NAMED_MAX = 5;
/** Words for which near ones are looked for: each is compared with every id and every name. */
const GUESSED_WORDS_MAX = 20;
/** An id as Docker makes them. Nobody types it whole, and no beginning of it is another object's name by chance. */
const MADE_ID = /^[0-9a-z]{25}$/;

/** What counts as the same. */
export interface ResolveOptions {
  /**
   * Whether the beginning of any id or name counts, or only that of an id as Docker makes them. An id that people choose may have
   * another as its beginning: where `web` is gone, `web-2` is not what was meant. @default 'made ids'
   */
  readonly beginnings?: 'any' | 'made ids';
}

/** What was meant by one id or name. */
export interface Resolved {
  /** What was typed, as an id of its kind. */
  readonly asked: ItemKey;
  /** The object; what is gone has its former id here; what was typed itself where nothing was found. */
  readonly key: ItemKey;
  /** What people call it, where its spec has a name. */
  readonly name?: string | undefined;
  /**
   * How it was found: the first of these that fits. `receipt`: it is gone, and was of that id, or was the last one that people
   * called so.
   */
  readonly by: 'id' | 'name' | 'receipt' | 'beginning' | 'nothing';
  /** Objects of nearly that id or name, the nearest ones, where nothing was found. */
  readonly near: readonly Candidate[];
  /** False: nothing was found, and not all names were read. */
  readonly isWhole: boolean;
}

/** An object that may be meant, and its name where it has one. */
export interface Candidate {
  /** Its kind and id. */
  readonly key: ItemKey;
  /** What people call it; undefined where its spec has no name. */
  readonly name: string | undefined;
}

/**
 * In the order in which they were asked for. An object of that very id comes first, and costs one read; for what is left the
 * table is read, up to 100 MB of it, and then as much of the receipts. `FailedPrecondition` where several objects are meant: it names them.
 */
export async function resolve(
  cluster: Cluster,
  objects: readonly ObjectKey[],
  { beginnings = 'made ids' }: ResolveOptions = {},
): Promise<Resolved[]> {
  const { plan } = cluster;
  const asked = objects.map((object) => keyGiven(plan, object));
  const there = await mapInParallel(asked, PARENTS_IN_PARALLEL, async (key) => cluster.findParent(key));
  const left = asked.filter((_, n) => there[n] === undefined);
  const searches = new Map<string, Search>();
  for (const [kind, keys] of groupBy(left, (key) => key.kind)) {
    searches.set(kind, await search(cluster, kind, new Set(keys.map((key) => typedId(plan, key))), beginnings));
  }
  const gone = await findGone(cluster, left, searches);
  return asked.map((key, n): Resolved => {
    const searched = searches.get(key.kind);
    const sure = { asked: key, near: [], isWhole: true };
    if (there[n] !== undefined || searched === undefined) return { ...sure, key, name: there[n]?.name, by: 'id' };
    const named = theOne(plan, key, 'name', searched);
    if (named !== undefined) return { ...sure, ...named, by: 'name' };
    const deletion = gone.get(itemName(key));
    if (deletion !== undefined) {
      return { ...sure, key: keyGiven(plan, deletion), name: deletion.name, by: 'receipt' };
    }
    const begun = theOne(plan, key, 'beginning', searched);
    if (begun !== undefined) return { ...sure, ...begun, by: 'beginning' };
    const word = typedId(plan, key);
    const near = nearest(plan, word, searched.near.get(word) ?? []);
    return { asked: key, key, by: 'nothing', near, isWhole: searched.isWhole };
  });
}

function theOne(plan: Plan, key: ItemKey, by: 'name' | 'beginning', searched: Search): Candidate | undefined {
  const found = searched[by].get(typedId(plan, key)) ?? [];
  if (found.length > 1) throw ambiguous(plan, key, by, found);
  return found[0];
}

/** What was deleted is what was meant, and never another object that begins so. An id that Docker made begins like no name. */
async function findGone(cluster: Cluster, left: readonly ItemKey[], searches: ReadonlyMap<string, Search>) {
  const { plan } = cluster;
  const unsure = left.filter((key) => searches.get(key.kind)?.name.get(typedId(plan, key)) === undefined);
  const begun = (key: ItemKey) => searches.get(key.kind)?.beginning.get(typedId(plan, key));
  const isMade = (key: ItemKey) => begun(key)?.every((candidate) => MADE_ID.test(candidate.key.id)) ?? false;
  const made = await findDeleted(cluster, unsure.filter(isMade));
  const chosen = unsure.filter((key) => !isMade(key));
  const called = await findDeleted(cluster, chosen, { alsoByName: true });
  return new Map([...made.deletions, ...called.deletions]);
}

interface Search {
  readonly name: Map<string, Candidate[]>;
  readonly beginning: Map<string, Candidate[]>;
  readonly near: Map<string, Candidate[]>;
  readonly isWhole: boolean;
}

async function search(
  cluster: Cluster,
  kind: string,
  words: ReadonlySet<string>,
  beginnings: 'any' | 'made ids',
): Promise<Search> {
  const found = { name: new Map(), beginning: new Map(), near: new Map() } as Omit<Search, 'isWhole'>;
  const lengths = new Set([...words].map(({ length }) => length));
  const guessed = [...words].slice(0, GUESSED_WORDS_MAX);
  const add = (by: keyof typeof found, word: string, candidate: Candidate) => {
    const some = found[by].get(word);
    if (some === undefined) found[by].set(word, [candidate]);
    else if (!some.includes(candidate)) some.push(candidate);
  };
  let isWhole = false;
  const list = (from: PageKey | undefined) => listDescribed(cluster.database, kind, {}, from);
  for await (const { items, next } of eachPage(list, { pagesMax: NAME_PAGES_MAX })) {
    for (const item of items) {
      const key = keyOfStored(cluster.database, kind, item);
      if (key === undefined) continue;
      const id = typedId(cluster.plan, key);
      const candidate = { key, name: nameOf(item) };
      const called = candidate.name === undefined ? [id] : [id, candidate.name];
      if (candidate.name !== undefined && words.has(candidate.name)) add('name', candidate.name, candidate);
      for (const text of beginnings === 'any' ? called : MADE_ID.test(id) ? [id] : []) {
        for (const length of lengths) {
          const start = text.slice(0, length);
          if (words.has(start)) add('beginning', start, candidate);
        }
      }
      for (const word of guessed) if (called.some((text) => isNear(word, text))) add('near', word, candidate);
    }
    isWhole = next === undefined;
  }
  return { ...found, isWhole };
}

function nearest(plan: Plan, word: string, candidates: readonly Candidate[]): Candidate[] {
  const far = ({ key, name }: Candidate) => {
    const id = typedId(plan, key);
    return Math.min(slips(word, id), slips(word, name ?? id));
  };
  const least = Math.min(...candidates.map(far));
  return candidates.filter((candidate) => far(candidate) === least).slice(0, CANDIDATES_NAMED_MAX);
}

function ambiguous(plan: Plan, asked: ItemKey, by: 'name' | 'beginning', all: readonly Candidate[]): DeallocatorError {
  const inOrder = inOrderOf(plan);
  const found = all.toSorted((a, b) => inOrder(a.key, b.key));
  const what = by === 'name' ? 'is the name of' : 'is the beginning of';
  const named = found.slice(0, CANDIDATES_NAMED_MAX).map(({ key, name }) => {
    return name === undefined || name === key.id ? typedName(plan, key) : `${typedName(plan, key)} (${name})`;
  });
  const more = found.length > named.length ? ` and ${found.length - named.length} more` : '';
  const { plural } = planned(plan, asked.kind).words;
  return new DeallocatorError(
    'FailedPrecondition',
    `"${typedId(plan, asked)}" ${what} ${found.length} ${plural}: ${named.join(', ')}${more}; give the id of one of them`,
    { blockers: found.slice(0, CANDIDATES_NAMED_MAX).map(({ key }) => itemName(key)) },
  );
}
