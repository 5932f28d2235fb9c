/** Objects and what surrounds them as a picture: who holds what, and how each of them stands, in the words of `status`. */

import { type ItemKey, itemName } from '../../lifecycle/keys.ts';
import { checkParent, invalid } from '../../protocol/arguments.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { kindRules, parseUserName, serviceOf } from '../../protocol/model.ts';
import { byName, type Cluster, type FoundParent, keyOf } from './cluster.ts';
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
import { findDeleted } from './history.ts';
import { type Neighbourhood, readNeighbourhood } from './neighbourhood.ts';
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
  keys: readonly ItemKey[],
  format: GraphFormat,
  options: GraphOptions = {},
): Promise<string> {
  for (const key of keys) checkParent(key);
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
  const names = nearest(part).sort((a, b) => byName(keyOf(a), keyOf(b)));
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
    const parent = part.parents.get(name) as FoundParent | undefined;
    const standing = parent?.pendingDelete
      ? readStanding(part, parent, part.counters?.get(name), circumstances)
      : undefined;
    const key = keyOf(name);
    const absence = part.gone?.has(name) ? 'gone' : 'not there';
    const state = parent === undefined ? absence : (standing?.state ?? 'not marked');
    nodes.set(keys.get(name) as string, { key, state, label: labelOf(part, key, parent, state, circumstances) });
    for (const held of parent?.held ?? []) connect(name, itemName(held), 'uses');
    if (standing === undefined) continue;
    const blockers = new Set(
      standing.state === 'blocked' ? standing.blockedBy.map(({ object }) => userOf(object)) : [],
    );
    for (const user of usersOf(part, key)) {
      const service = itemName(serviceOf(user));
      connect(service, name, blockers.has(service) ? 'blocks' : 'holds');
    }
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
    const used = parent?.held.map(itemName) ?? [];
    const users = usersOf(part, keyOf(name)).map((user) => itemName(serviceOf(user)));
    for (const one of [name, ...used, ...users]) if (part.parents.has(one)) names.add(one);
    if (names.size >= OBJECTS_DRAWN_MAX) break;
  }
  return [...names].slice(0, OBJECTS_DRAWN_MAX);
}

function usersOf(part: Neighbourhood, { kind, id }: ItemKey): readonly ItemKey[] {
  return kindRules(kind).runsTasks ? [] : (part.attached.get(id)?.users ?? []);
}

/** The service of a blocker, such as `service#web` or `task#3#web#1`. */
function userOf(object: string): string {
  const user = parseUserName(object);
  return user === undefined ? object : itemName(serviceOf(user));
}

function labelOf(
  part: Neighbourhood,
  { kind, id }: ItemKey,
  parent: FoundParent | undefined,
  state: Shown,
  circumstances: Circumstances,
): string[] {
  const hold = parent && viewHold(parent, circumstances);
  const { count = 0, isExact = true } = (kindRules(kind).runsTasks && part.tasks.get(id)) || {};
  const { name = id } = parent ?? part.gone?.get(itemName({ kind, id })) ?? {};
  return [
    `${kind} ${cut(id)}`,
    ...(name === id ? [] : [cut(name)]),
    ...(state === 'not marked' || (state === 'held' && hold?.because === 'grace period') ? [] : [state]),
    ...(hold === undefined ? [] : [hold.because === 'grace period' ? `held until ${hold.until}` : hold.because]),
    ...(count === 0 ? [] : [`${isExact ? '' : 'at least '}${count} task${count === 1 ? '' : 's'}`]),
  ];
}

function cut(text: string): string {
  const characters = [...text];
  if (characters.length <= NAME_CHARACTERS_MAX) return text;
  const half = NAME_CHARACTERS_MAX / 2;
  return `${characters.slice(0, half).join('')}…${characters.slice(1 - half).join('')}`;
}
