/** What is there, such as services and networks: by kind, by stack, by label, or by their marks. */

import { DESCRIPTION_PATHS, labelsOf, nameOf } from '../../dynamodb/descriptions.ts';
import { attributePath } from '../../dynamodb/expressions.ts';
import { keyOfStored, keyPaths, readItem } from '../../dynamodb/item-reads.ts';
import { listDescribed } from '../../dynamodb/reads.ts';
import type { StoredItem } from '../../dynamodb/requests.ts';
import { type Id, idOf } from '../../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import { markAttributes } from '../../lifecycle/plan.ts';
import { checkLimit } from '../../protocol/arguments.ts';
import { eachPage, type PageKey } from '../../protocol/pages.ts';
import { isoNow } from '../../protocol/time.ts';
import { checkKind, keyGiven, type ObjectKey, STACK_LABEL } from '../names.ts';
import type { Cluster } from './cluster.ts';
import type { StayReason } from './foreseen.ts';
import { inOrderOf } from './order.ts';
import type { MarkedState, Standing } from './standing.ts';
import { readEntries, STATUS_LOOKED_AT_DEFAULT, type StatusEntry } from './status.ts';
import { type MarkView, viewMark } from './view.ts';

/** Objects that a listing shows by default. */
export const LISTED_OBJECTS_DEFAULT = 1000;
/** Objects that a listing shows at most. */
export const LISTED_OBJECTS_MAX = 100_000;
/** Pages (of 1 MB) of one table that a listing reads. */
const LIST_PAGES_MAX = 1000;

/** What to list. Objects must fit all that is asked. */
export interface ListRequest {
  /** Only those of this kind. @default all guarded ones */
  readonly kind?: string | undefined;
  /** All of these; a label without a value is there, whatever it is. */
  readonly labels?: readonly LabelAsked[];
  /** The value of the label `com.docker.stack.namespace`. */
  readonly stack?: string | undefined;
  /** Only what is marked for deletion. @default false */
  readonly marked?: boolean;
  /** Objects to list, 1 to 100,000. @default 1000 */
  readonly limit?: number | undefined;
  /** Whether to look at what marked objects wait for: two reads and more for each of the first 500. @default true */
  readonly looksAtMarked?: boolean;
}

/** A label that an object must have. */
export interface LabelAsked {
  /** Its key, such as `com.docker.stack.namespace`. */
  readonly name: string;
  /** Its value. @default any */
  readonly value?: string;
}

/** An object that is there. */
export interface ListedObject {
  /** Its kind. */
  readonly kind: string;
  /** Its id: a text; where it has several parts, these by their names. */
  readonly id: Id;
  /** Such as `service#web`. */
  readonly object: string;
  /** Its name, where its spec has one. */
  readonly name?: string;
  /** The value of its label `com.docker.stack.namespace`, where it has one. */
  readonly stack?: string;
  /** Its labels, as far as their values are texts. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of what is marked, what `status` tells; `marked` where that was not looked at. */
  readonly state: 'not marked' | 'marked' | MarkedState;
  /** Its mark, where it has one. */
  readonly mark?: MarkView;
  /** Of what is marked: what it waits for. */
  readonly standing?: Standing;
  /** A protection or a grace period, also where something worse is in the way. */
  readonly hold?: StayReason;
  /** Whether `protected` is `true`: then it stays, marked or not. */
  readonly isProtected: boolean;
}

/** What is there. */
export interface ObjectList {
  /** When reading began, ISO 8601. */
  readonly readAt: string;
  /** What depends on others before these, as services before networks; each kind by id. Where `isWhole` is false, these are not the first ones by id. */
  readonly objects: readonly ListedObject[];
  /** False: there are more than the limit, or than were looked through. */
  readonly isWhole: boolean;
}

/** Reads the tables of the kinds, whole, but no further than the limit takes it. */
export async function listObjects(cluster: Cluster, request: ListRequest = {}): Promise<ObjectList> {
  const limit = checkLimit(request.limit ?? LISTED_OBJECTS_DEFAULT, LISTED_OBJECTS_MAX);
  const { plan } = cluster;
  if (request.kind !== undefined) checkKind(plan, request.kind);
  const labels = labelsAsked(request);
  const readAt = isoNow(cluster.chance);
  const kinds = request.kind === undefined ? plan.sweep : [request.kind];
  const found: { readonly key: ItemKey; readonly item: StoredItem }[] = [];
  let isWhole = true;
  for (const kind of kinds) {
    const list = (from: PageKey | undefined) =>
      listDescribed(cluster.database, kind, { labels, isMarked: request.marked === true }, from);
    let isAll = false;
    for await (const { items, next } of eachPage(list, { pagesMax: LIST_PAGES_MAX })) {
      // What is none of the kind may lie in its table too.
      const own = items.flatMap((item) => {
        const key = keyOfStored(cluster.database, kind, item);
        return key === undefined ? [] : [{ key, item }];
      });
      const taken = own.slice(0, limit - found.length);
      found.push(...taken);
      isAll = next === undefined && taken.length === own.length;
      if (found.length >= limit) break;
    }
    isWhole &&= isAll;
  }
  const inOrder = inOrderOf(plan);
  found.sort((a, b) => inOrder(a.key, b.key));
  const objects = found.map(({ key, item }) => viewListed(key, item, cluster));
  return {
    readAt,
    objects: request.looksAtMarked === false ? objects : await withStandings(cluster, objects),
    isWhole,
  };
}

/** As `status` tells it. What was deleted or undeleted meanwhile is told as it was. */
async function withStandings(cluster: Cluster, objects: readonly ListedObject[]): Promise<ListedObject[]> {
  const marked = objects.filter(({ mark }) => mark !== undefined).slice(0, STATUS_LOOKED_AT_DEFAULT);
  const keys = marked.map((object) => keyGiven(cluster.plan, object));
  const entries = (await readEntries(cluster, keys)).flatMap(({ entry }) => entry ?? []);
  const found = new Map(entries.map((entry) => [entry.object, entry]));
  return objects.map((one) => {
    const entry = found.get(one.object);
    if (entry === undefined) return one;
    const { hold, state } = entry;
    return { ...one, state, standing: standingIn(entry), ...(hold && { hold }) };
  });
}

function standingIn(entry: StatusEntry): Standing {
  switch (entry.state) {
    case 'blocked':
      return { state: entry.state, blockedBy: entry.blockedBy, usersNotLookedAt: entry.usersNotLookedAt };
    case 'stalled':
      return { state: entry.state, noProgressSeconds: entry.noProgressSeconds };
    default:
      return { state: entry.state };
  }
}

/** One object as a listing shows it; undefined where it is not there. Strongly consistent. */
export async function readDescription(cluster: Cluster, object: ObjectKey): Promise<ListedObject | undefined> {
  const { database, plan } = cluster;
  const key = keyGiven(plan, object);
  const ours = markAttributes(plan).map(attributePath);
  const paths = [...keyPaths(plan, key.kind), ...DESCRIPTION_PATHS, ...ours];
  const item = await readItem(database, key, paths);
  return item && viewListed(key, item, cluster);
}

/** A stack is a label like others. */
export function labelsAsked({ labels = [], stack }: Pick<ListRequest, 'labels' | 'stack'>): LabelAsked[] {
  return [...labels, ...(stack === undefined ? [] : [{ name: STACK_LABEL, value: stack }])];
}

function viewListed(key: ItemKey, item: StoredItem, { chance, plan }: Cluster): ListedObject {
  const called = plan.attributes;
  const pendingDelete = item[called.pendingDelete]?.BOOL === true;
  const labels = labelsOf(item);
  const name = nameOf(item);
  const stack = labels[STACK_LABEL];
  const mark = {
    markedAt: item[called.markedAt]?.S,
    markedBy: item[called.markedBy]?.S,
    markedReason: item[called.markedReason]?.S,
  };
  return {
    kind: key.kind,
    id: idOf(plan, key),
    object: itemName(key),
    ...(name !== undefined && { name }),
    ...(stack !== undefined && { stack }),
    labels,
    state: pendingDelete ? 'marked' : 'not marked',
    ...(pendingDelete && { mark: viewMark(mark, chance.nowEpochMillis()) }),
    isProtected: item[called.protected]?.BOOL === true,
  };
}
