/** A neighbourhood as a picture: what uses what, what is marked and held, and what waits for what. */
import { checkParent, invalid } from '../../protocol/arguments.ts';
import type { Circumstances } from '../../protocol/decide.ts';
import { KINDS, type Parent, type ParentKey, parentName, serviceOf } from '../../protocol/model.ts';
import { byName, type Cluster, keyOf } from './cluster.ts';
import { type Neighbourhood, readNeighbourhood } from './neighbourhood.ts';
import { viewHold } from './view.ts';

/** Tasks of a service that are drawn one by one. Where there are more, one node tells their number. */
const TASKS_DRAWN_MAX = 3;

/** Where Unicode's pictures of control characters begin. */
const CONTROL_PICTURES = 0x2400;

export type GraphFormat = 'mermaid' | 'dot';

type Shape = 'service' | 'network' | 'tasks';

interface Node {
  readonly shape: Shape;
  /** One line each. */
  readonly label: readonly string[];
  readonly isMarked: boolean;
  readonly isAbsent: boolean;
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly label: 'runs' | 'uses' | 'waits for';
}

interface Graph {
  /** By keys of our own (`n0`, `n1` …): ids may hold any characters. */
  readonly nodes: ReadonlyMap<string, Node>;
  readonly edges: readonly Edge[];
}

/**
 * A Mermaid flowchart or a DOT graph, as text, of what surrounds some objects. Any id is safe in it. `InvalidArgument` for an
 * unknown kind or format, and for what can't be an id.
 */
export async function drawGraph(cluster: Cluster, keys: readonly ParentKey[], format: GraphFormat): Promise<string> {
  for (const key of keys) checkParent(key);
  if (format !== 'mermaid' && format !== 'dot') throw invalid(`format is ${format}; it must be "mermaid" or "dot"`);
  return renderGraph(await readNeighbourhood(cluster, keys), cluster.circumstances, format);
}

export function renderGraph(part: Neighbourhood, circumstances: Circumstances, format: GraphFormat): string {
  const graph = graphOf(part, circumstances);
  return format === 'mermaid' ? toMermaid(graph) : toDot(graph);
}

function graphOf(part: Neighbourhood, circumstances: Circumstances): Graph {
  const nodes = new Map<string, Node>();
  const edges: Edge[] = [];
  const names = [...part.parents.keys()].sort((a, b) => byName(keyOf(a), keyOf(b)));
  const keys = new Map(names.map((name, n) => [name, `n${n}`]));
  for (const name of names) {
    const key = keys.get(name) as string;
    const parent = part.parents.get(name);
    nodes.set(key, nodeOf(name, parent, circumstances));
    if (parent === undefined) continue;
    const { kind, id } = parent.key;
    const waitsFor = (to: string) => {
      if (parent.pendingDelete) edges.push({ from: key, to, label: 'waits for' });
    };
    if (KINDS[kind].runsTasks) {
      for (const [n, label] of taskLabels(part, id).entries()) {
        nodes.set(`${key}t${n}`, { shape: 'tasks', label: [label], isMarked: false, isAbsent: false });
        edges.push({ from: key, to: `${key}t${n}`, label: 'runs' });
        waitsFor(`${key}t${n}`);
      }
    }
    for (const used of parent.references) {
      const to = keys.get(parentName({ kind: 'network', id: used }));
      if (to !== undefined) edges.push({ from: key, to, label: 'uses' });
    }
    if (kind !== 'network') continue;
    const users = part.attached.get(id)?.users ?? [];
    for (const name of new Set(users.map((user) => parentName(serviceOf(user))))) {
      const to = keys.get(name);
      if (to !== undefined) waitsFor(to);
    }
  }
  if (!part.isWhole) {
    nodes.set('more', { shape: 'tasks', label: ['more was not read'], isMarked: false, isAbsent: true });
  }
  return { nodes, edges };
}

function nodeOf(name: string, parent: Parent | undefined, circumstances: Circumstances): Node {
  const { kind, id } = keyOf(name);
  const hold = parent && viewHold(parent, circumstances);
  const facts = [
    ...(parent === undefined ? ['not there'] : []),
    ...(parent?.pendingDelete ? ['marked'] : []),
    ...(hold === undefined ? [] : [hold.because === 'grace period' ? `held until ${hold.until}` : hold.because]),
  ];
  return {
    shape: kind,
    label: [`${kind} ${id}`, ...facts],
    isMarked: parent?.pendingDelete === true,
    isAbsent: parent === undefined,
  };
}

function taskLabels(part: Neighbourhood, serviceId: string): string[] {
  const { count = 0, isExact = true, named = [] } = part.tasks.get(serviceId) ?? {};
  if (count === 0) return [];
  if (isExact && count <= TASKS_DRAWN_MAX) return named.map(({ id }) => `task ${id}`);
  return [`${isExact ? '' : 'at least '}${count} tasks`];
}

const MERMAID_SHAPES: Record<Shape, readonly [string, string]> = {
  service: ['[', ']'],
  network: ['{{', '}}'],
  tasks: ['(', ')'],
};

function toMermaid({ nodes, edges }: Graph): string {
  const quoted = (lines: readonly string[]) => `"${lines.map(mermaidText).join('<br/>')}"`;
  const classOf = ({ isMarked, isAbsent }: Node) => (isAbsent ? ':::absent' : isMarked ? ':::marked' : '');
  const lines = [
    'flowchart LR',
    ...[...nodes].map(([key, node]) => {
      const [open, close] = MERMAID_SHAPES[node.shape];
      return `  ${key}${open}${quoted(node.label)}${close}${classOf(node)}`;
    }),
    ...edges.map(({ from, to, label }) => `  ${from} ${label === 'waits for' ? '-.->' : '-->'}|${label}| ${to}`),
    '  classDef marked stroke:#c00,stroke-width:3px',
    '  classDef absent stroke-dasharray:4',
  ];
  return `${lines.join('\n')}\n`;
}

const DOT_SHAPES: Record<Shape, string> = { service: 'box', network: 'hexagon', tasks: 'ellipse' };

function toDot({ nodes, edges }: Graph): string {
  const lines = [
    'digraph deallocator {',
    '  rankdir=LR;',
    ...[...nodes].map(([key, { shape, label, isMarked, isAbsent }]) => {
      const style = isAbsent ? ', style=dashed' : isMarked ? ', color=red, penwidth=2' : '';
      return `  ${key} [shape=${DOT_SHAPES[shape]}, label="${label.map(dotText).join('\\n')}"${style}];`;
    }),
    ...edges.map(
      ({ from, to, label }) =>
        `  ${from} -> ${to} [label="${label}"${label === 'waits for' ? ', style=dashed, constraint=false' : ''}];`,
    ),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Mermaid reads HTML, Markdown and its own syntax in a label, so everything but letters, digits and a few harmless characters is
 * written as its code: https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
 */
function mermaidText(text: string): string {
  return visible(text).replaceAll(/[^\p{L}\p{N}\p{M} _.:-]/gu, (character) => `#${character.codePointAt(0)};`);
}

/** Graphviz reads backslashes and HTML entities in a quoted label: https://graphviz.org/doc/info/lang.html */
function dotText(text: string): string {
  return visible(text).replaceAll(/[\\"]/g, '\\$&').replaceAll('&', '&amp;');
}

/** Control characters become Unicode's pictures of them (U+2400 and on); characters that would turn text around, U+FFFD. */
function visible(text: string): string {
  return text.toWellFormed().replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => {
    const code = character.charCodeAt(0);
    return code < ' '.charCodeAt(0) ? String.fromCharCode(CONTROL_PICTURES + code) : '\ufffd';
  });
}
