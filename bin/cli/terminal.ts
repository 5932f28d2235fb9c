/** What a terminal shows of a text: its width in cells, what fits, and colour for what matters. */
import { stripVTControlCharacters, styleText } from 'node:util';
import stringWidth from 'string-width';
import type { Io, Output } from './io.ts';

/** How a report may be drawn. In a file or a pipe it has no width, and no colour. */
export interface Terminal {
  readonly width?: number;
  readonly hasColor?: boolean;
}

const COLUMNS_DEFAULT = 80;

export function terminalOf(output: Output, environment: Io['environment']): Terminal {
  const hasColor = wantsColor(output, environment);
  return output.isTTY === true ? { width: output.columns || COLUMNS_DEFAULT, hasColor } : { hasColor };
}

/** FORCE_COLOR has the last word, as in Node.js; then NO_COLOR, then what the terminal calls itself. */
function wantsColor(output: Output, { FORCE_COLOR, NO_COLOR, TERM }: Io['environment']): boolean {
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return output.isTTY === true && !NO_COLOR && TERM !== 'dumb';
}

/** Made at the first text that needs it. */
let graphemes: Intl.Segmenter | undefined;
/** TypeScript knows the flag only for newer targets; Node.js 20 knows it. */
const EMOJI_PATTERN = '^\\p{RGI_Emoji}$';
const EMOJI = new RegExp(EMOJI_PATTERN, 'v');

/** Cells: two for an ideogram or an emoji, none for an accent by itself. */
export function cellsOf(text: string): number {
  // By far the most texts, and quickly told.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  return segmentsOf(text).reduce((sum, { cells }) => sum + cells, 0);
}

function segmentsOf(text: string): { readonly segment: string; readonly cells: number }[] {
  graphemes ??= new Intl.Segmenter();
  return Array.from(graphemes.segment(text), ({ segment }) => ({
    segment,
    cells: EMOJI.test(segment) ? 2 : stringWidth(segment),
  }));
}

/** The beginning that fits into so many cells. */
export function cut(text: string, cellsMax: number): string {
  let cells = 0;
  let shown = '';
  for (const { segment, cells: more } of segmentsOf(text)) {
    cells += more;
    if (cells > cellsMax) break;
    shown += segment;
  }
  return shown;
}

/** Without its middle where it has more cells: ids often differ at their ends. */
export function squeezed(text: string, cellsMax: number): string {
  if (cellsOf(text) <= cellsMax) return text;
  const tailCells = Math.floor((cellsMax - 1) / 2);
  const segments = segmentsOf(text);
  let tail = '';
  for (let cells = 0, place = segments.length - 1; place >= 0; place--) {
    const { segment = '', cells: more = 0 } = segments[place] ?? {};
    cells += more;
    if (cells > tailCells) break;
    tail = `${segment}${tail}`;
  }
  return `${cut(text, cellsMax - 1 - tailCells)}…${tail}`;
}

/** Lines of at most so many cells, broken at spaces where there are any. */
export function wrapped(text: string, cellsMax: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (cellsOf(longer) <= cellsMax) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (cellsOf(line) > cellsMax) {
      // A character wider than the whole line stands there all the same.
      const head = cut(line, cellsMax) || ([...line][0] ?? '');
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  return [...lines, line];
}

/** How a line begins whose rest is told of: spaces, and the branches of a tree. */
const BEGINNING = /^[ │├└─]*/;
/** What a wrapped line is indented by, behind its beginning. */
const HANGING_CELLS = 2;

/** Each line within the terminal's width: what follows stands below it, with a tree's branches drawn on. */
export function fitted(text: string, { width = Number.POSITIVE_INFINITY }: Terminal): string {
  return text
    .split('\n')
    .flatMap((line) => {
      // A table fits already, and its colours take no room.
      if (cellsOf(stripVTControlCharacters(line)) <= width) return [line];
      const [beginning = ''] = BEGINNING.exec(line) ?? [];
      const below = `${beginning.replaceAll('├', '│').replaceAll(/[└─]/g, ' ')}${' '.repeat(HANGING_CELLS)}`;
      const cells = Math.max(1, width - cellsOf(below));
      const [first = '', ...others] = wrapped(line.slice(beginning.length), cells);
      return [`${beginning}${first}`, ...others.map((one) => `${below}${one}`)];
    })
    .join('\n');
}

/** What is wrong, or is to be known beside a report: on stderr, within the terminal's width. */
export function sayBeside({ err, environment }: Pick<Io, 'err' | 'environment'>, text: string): void {
  err.write(`${fitted(text, terminalOf(err, environment))}\n`);
}

/** Filled up with spaces. */
export function padded(text: string, cells: number): string {
  return `${text}${' '.repeat(Math.max(0, cells - cellsOf(text)))}`;
}

/** How a cell or a sentence begins that says how something stands, and its colour. */
const MATTERS = [
  [/^(blocked|refused|failed|unreadable|stalled|not there|fault|kept)\b/, 'red'],
  [/^(held|protected|still there|left out)\b/, 'yellow'],
  [/^(deleted|gone|repaired)\b/, 'green'],
] as const;

/** In colour where it says what matters. */
export function painted(text: string, { hasColor = false }: Terminal): string {
  const [, color] = MATTERS.find(([begins]) => begins.test(text)) ?? [];
  return hasColor && color !== undefined ? styleText(color, text, { validateStream: false }) : text;
}
