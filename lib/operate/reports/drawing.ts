/** A picture as text, in the languages of Mermaid and of Graphviz. Any id is safe in it. */

import type { ItemKey } from '../../lifecycle/keys.ts';
import { MARKED_STATES, type MarkedState } from './standing.ts';

/** Where Unicode's pictures of control characters begin. */
const CONTROL_PICTURES = 0x2400;

/** The language of a picture: Mermaid's, or that of Graphviz. */
export type GraphFormat = 'mermaid' | 'dot';

/** How a picture is drawn. */
export interface GraphOptions {
  /** Whether the picture tells what its shapes, colours and arrows mean. @default true */
  readonly hasLegend?: boolean;
  /** Where a click on an object leads; in DOT alone. @default nowhere */
  readonly linkTo?: (key: ItemKey) => string;
}

/** `gone`: a receipt tells that it was deleted. */
export type Shown = MarkedState | 'not marked' | 'gone' | 'not there';

export interface Node {
  readonly key: ItemKey;
  /** Whether it is shared: it depends on nothing, and only what holds it keeps it, as a network. */
  readonly isShared: boolean;
  readonly state: Shown;
  /** One line each. */
  readonly label: readonly string[];
}

/** The first holds the second, which stays at least as long. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** `holds`: the second is marked, and waits for the first. `blocks`: in vain, for the first stays. */
  readonly means: 'uses' | 'holds' | 'blocks';
}

export interface Graph {
  /** By keys of our own (`n0`, `n1` …): ids may hold any characters. */
  readonly nodes: ReadonlyMap<string, Node>;
  readonly edges: readonly Edge[];
  /** What is left out, in words. */
  readonly lacks: string | undefined;
}

/** Readable on white and on black. */
const COLORS: Readonly<Record<Shown, string>> = {
  unreadable: '#d03838',
  blocked: '#d03838',
  stalled: '#d03838',
  held: '#b07000',
  draining: '#2f78d0',
  ready: '#2e8b57',
  'not marked': '#808080',
  gone: '#808080',
  'not there': '#808080',
};
/** What the arrows mean. */
export const LEGEND: Readonly<Record<Edge['means'], string>> = {
  uses: 'uses',
  holds: 'uses what is marked, which waits for it',
  blocks: 'uses what is marked, and stays',
};

/** The states of a picture, the worst first, and what its arrows mean: what is not in it needs no explanation. */
function legendOf({ nodes, edges }: Graph) {
  const states = new Set([...nodes.values()].map(({ state }) => state));
  const order: readonly Shown[] = [...MARKED_STATES, 'not marked', 'gone', 'not there'];
  const means = (Object.keys(LEGEND) as Edge['means'][]).filter((one) => edges.some((edge) => edge.means === one));
  return { states: order.filter((state) => states.has(state)), means };
}

const MERMAID_SHAPES = { own: ['[', ']'], shared: ['([', '])'] } as const;
const MERMAID_ARROWS: Record<Edge['means'], string> = { uses: '-->', holds: '-.->', blocks: '==>' };

export function toMermaid(graph: Graph, { hasLegend = true }: GraphOptions): string {
  const { states, means } = legendOf(graph);
  const classOf = (state: Shown) => state.replace(' ', '-');
  const legend = [
    '  subgraph legend',
    ...states.map((state) => `    state-${classOf(state)}(["${state}"]):::${classOf(state)}`),
    ...means.map((one) => `    from-${one}[" "] ${MERMAID_ARROWS[one]}|${LEGEND[one]}| to-${one}[" "]`),
    '  end',
  ];
  const lines = [
    'flowchart LR',
    ...[...graph.nodes].map(([key, { isShared, state, label }]) => {
      const [open, close] = MERMAID_SHAPES[isShared ? 'shared' : 'own'];
      return `  ${key}${open}"${label.map(mermaidText).join('<br/>')}"${close}:::${classOf(state)}`;
    }),
    ...graph.edges.map(({ from, to, means: one }) => `  ${from} ${MERMAID_ARROWS[one]} ${to}`),
    ...(graph.lacks === undefined ? [] : [`  lacks("${mermaidText(graph.lacks)}")`]),
    ...(hasLegend && states.length > 0 ? legend : []),
    ...states.map((state) => {
      const dashes = isAbsent(state) ? ',stroke-dasharray:4' : '';
      return `  classDef ${classOf(state)} stroke:${COLORS[state]},stroke-width:${widthOf(state)}px${dashes}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}

/** What is marked stands out. */
const widthOf = (state: Shown) => (state === 'not marked' || isAbsent(state) ? 1 : 2);

const isAbsent = (state: Shown) => state === 'gone' || state === 'not there';

const DOT_ARROWS: Record<Edge['means'], string> = {
  uses: `color="${COLORS['not marked']}", class="uses"`,
  holds: `color="${COLORS.draining}", style=dashed, class="holds"`,
  blocks: `color="${COLORS.blocked}", penwidth=2, class="blocks"`,
};

export function toDot(graph: Graph, { hasLegend = true, linkTo }: GraphOptions): string {
  const { states, means } = legendOf(graph);
  const draw = (key: string, isShared: boolean, state: Shown, label: string, more = '') => {
    const style = `${isShared ? 'rounded' : 'solid'}${isAbsent(state) ? ',dashed' : ''}`;
    return `${key} [style="${style}", label="${label}", color="${COLORS[state]}", penwidth=${widthOf(state)}, class="${state}"${more}];`;
  };
  const legend = [
    '  subgraph cluster_legend {',
    '    label="legend"; color="#808080"; fontcolor="#808080";',
    ...states.map((state, n) => `    ${draw(`s${n}`, false, state, state)}`),
    ...means.map(
      (one, n) =>
        `    e${n} [shape=point]; f${n} [shape=none, label="${LEGEND[one]}"]; e${n} -> f${n} [${DOT_ARROWS[one]}];`,
    ),
    '  }',
  ];
  const lines = [
    'digraph deallocator {',
    '  rankdir=LR; bgcolor=white;',
    '  node [fontname="Helvetica,Arial,sans-serif", shape=box, fontsize=11, margin="0.2,0.07", height=0.3];',
    '  edge [arrowsize=0.7];',
    ...[...graph.nodes].map(([node, { key, isShared, state, label }]) => {
      const link = linkTo === undefined ? '' : `, URL="${dotText(linkTo(key))}"`;
      return `  ${draw(node, isShared, state, label.map(dotText).join('\\n'), link)}`;
    }),
    ...graph.edges.map(({ from, to, means: one }) => `  ${from} -> ${to} [${DOT_ARROWS[one]}];`),
    ...(graph.lacks === undefined ? [] : [`  lacks [shape=none, label="${dotText(graph.lacks)}"];`]),
    ...(hasLegend && states.length > 0 ? legend : []),
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

/** Graphviz reads backslashes and HTML entities in a quoted text: https://graphviz.org/doc/info/lang.html */
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
