/** Objects and what surrounds them as a picture: who holds what, and how each of them stands, in the words of `status`. */

import { parseItemName } from '../../lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import { typedId } from '../../lifecycle/told.ts';
import { invalid } from '../../protocol/arguments.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { guardedOf, keyGiven, type ObjectKey, planned } from '../names.ts';
import type { Cluster } from './cluster.ts';
import {
  type Edge,
  type Graph,
  type GraphFormat,
  type GraphOptions,
  type Node,
  type Shown,
  toDot,
  toMermaid,
} from './drawing.ts';
import { readStanding } from './facts.ts';
import type { StayReason } from './foreseen.ts';
import type { FoundParent } from './found-parents.ts';
import { findDeleted } from './history.ts';
import { leavesOf } from './leaves.ts';
import { type Neighbourhood, readNeighbourhood } from './neighbourhood.ts';
import { dependsOn, inOrderOf, keyOf } from './order.ts';
import { viewHold } from './view.ts';

/** Objects in one picture: more can't be told apart on a screen. It says how many are left out. */
export const OBJECTS_DRAWN_MAX = 150;
/** Characters of an id or a name in a picture: a longer one loses its middle. */
const NAME_CHARACTERS_MAX = 40;

/**
 * A Mermaid flowchart or a DOT graph, as text, of some objects and of what holds them or is held by them. Any id is safe in it.
 * `InvalidArgument` for an unknown kind or format, and for what can't be an id.
 */
export async function drawGraph(
  cluster: Cluster,
  objects: readonly ObjectKey[],
  format: GraphFormat,
  options: GraphOptions = {},
): Promise<string> {
  const keys = objects.map((object) => keyGiven(cluster.plan, object));
  if (format !== 'mermaid' && format !== 'dot') throw invalid(`format is ${format}; it must be "mermaid" or "dot"`);
  const asked = keys.slice(0, OBJECTS_DRAWN_MAX);
  const part = await readNeighbourhood(cluster, asked);
  const absent = asked.filter((key) => part.parents.get(itemName(key)) === undefined);
  const { deletions: gone } = await findDeleted(cluster, absent);
  return renderGraph({ ...part, gone }, cluster.circumstances, format, options, keys.length - asked.length);
}

/** @param moreAsked objects that were to be drawn and were not read, since they are too many */
export function renderGraph(
  part: Neighbourhood,
  circumstances: Circumstances,
  format: GraphFormat,
  options: GraphOptions = {},
  moreAsked = 0,
): string {
  const graph = graphOf(part, circumstances, moreAsked);
  return format === 'mermaid' ? toMermaid(graph, options) : toDot(graph, options);
}

function graphOf(part: Neighbourhood, circumstances: Circumstances, moreAsked: number): Graph {
  const { plan } = part;
  const inOrder = inOrderOf(plan);
  const names = nearest(part).sort((a, b) => inOrder(keyOf(plan, a), keyOf(plan, b)));
  const keys = new Map(names.map((name, n) => [name, `n${n}`]));
  const nodes = new Map<string, Node>();
  const edges = new Map<string, Edge>();
  const connect = (from: string, to: string, means: Edge['means']) => {
    const [first, second] = [keys.get(from), keys.get(to)];
    if (first === undefined || second === undefined) return;
    const known = edges.get(`${first} ${second}`);
    if (known === undefined || known.means === 'uses') {
      edges.set(`${first} ${second}`, { from: first, to: second, means });
    }
  };
  for (const name of names) {
    const parent = part.parents.get(name);
    const standing = parent?.pendingDelete
      ? readStanding(part, parent, part.counters?.get(name), circumstances)
      : undefined;
    const key = keyOf(plan, name);
    const absence = part.gone?.has(name) ? 'gone' : 'not there';
    const state = parent === undefined ? absence : (standing?.state ?? 'not marked');
    const label = labelOf(part, key, parent, state, circumstances);
    nodes.set(keys.get(name) as string, { key, isShared: isShared(part, key), state, label });
    for (const used of parent === undefined ? [] : dependsOn(plan, parent)) connect(name, itemName(used), 'uses');
    if (standing === undefined) continue;
    const blockers = new Set(
      standing.state === 'blocked'
        ? standing.blockedBy.map(({ object, through = object }) => guardedName(part, through))
        : [],
    );
    for (const user of usersOf(part, key)) connect(user, name, blockers.has(user) ? 'blocks' : 'holds');
  }
  const notDrawn = part.parents.size - names.length + moreAsked;
  const atLeast = part.isWhole ? '' : 'at least ';
  const lacks = notDrawn > 0 ? `… and ${atLeast}${notDrawn} more, not drawn` : '… and more that was not read';
  return { nodes, edges: [...edges.values()], lacks: notDrawn > 0 || !part.isWhole ? lacks : undefined };
}

/** As many as can be drawn: what was asked for comes first, each with what it uses and what uses it. */
function nearest(part: Neighbourhood): string[] {
  const names = new Set<string>();
  for (const [name, parent] of part.parents) {
    const used = parent === undefined ? [] : dependsOn(part.plan, parent).map(itemName);
    const users = usersOf(part, keyOf(part.plan, name));
    for (const one of [name, ...used, ...users]) if (part.parents.has(one)) names.add(one);
    if (names.size >= OBJECTS_DRAWN_MAX) break;
  }
  return [...names].slice(0, OBJECTS_DRAWN_MAX);
}

/** Names of the guarded items among its users, and of those that decide about its other users. */
function usersOf({ plan, users }: Neighbourhood, key: ItemKey): string[] {
  const own = users.get(itemName(key))?.users ?? [];
  return own.flatMap((user) => guardedOf(plan, user) ?? []).map(itemName);
}

/** The guarded item of a blocker, such as `service#web` or `task#3#web#1`. */
function guardedName({ plan }: Neighbourhood, object: string): string {
  const user = parseItemName(plan, object);
  const guarded = user && guardedOf(plan, user);
  return guarded === undefined ? object : itemName(guarded);
}

function isShared({ plan }: Neighbourhood, { kind }: ItemKey): boolean {
  const { countedBy, fencedBy } = planned(plan, kind);
  return fencedBy.length === 0 && countedBy.every(({ by }) => by === 'attachments');
}

function labelOf(
  part: Neighbourhood,
  key: ItemKey,
  parent: FoundParent | undefined,
  state: Shown,
  circumstances: Circumstances,
): string[] {
  const { plan } = part;
  const object = itemName(key);
  const hold = parent && viewHold(parent, circumstances);
  const id = typedId(plan, key);
  const { name = id } = parent ?? part.gone?.get(object) ?? {};
  return [
    `${planned(plan, key.kind).words.singular} ${cut(id)}`,
    ...(name === id ? [] : [cut(name)]),
    ...(state === 'not marked' || (state === 'held' && hold?.because === 'grace period') ? [] : [state]),
    ...(hold === undefined ? [] : [holdText(hold)]),
    ...leavesOf(part, key).map(
      ({ kind, count, isExact }) =>
        `${isExact ? '' : 'at least '}${count} ${planned(plan, kind).words[count === 1 ? 'singular' : 'plural']}`,
    ),
  ];
}

function holdText(hold: StayReason): string {
  if (hold.because === 'grace period') return `held until ${hold.until}`;
  return hold.because === 'learning' ? 'being learned' : hold.because;
}

function cut(text: string): string {
  const characters = [...text];
  if (characters.length <= NAME_CHARACTERS_MAX) return text;
  const half = NAME_CHARACTERS_MAX / 2;
  return `${characters.slice(0, half).join('')}…${characters.slice(1 - half).join('')}`;
}
