/** Text for people. Ids may hold any characters, so no text of the tables reaches a terminal unchanged. */
import { styleText } from 'node:util';
import type { Io, Output } from './io.ts';
import { cellsOf, padded, painted, squeezed, type Terminal, terminalOf, wrapped } from './terminal.ts';

/** Control characters, characters that turn or hide text, line separators, and halves of characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** On one line, with each character that a terminal would act on as `\u{1b}`. JSON has them unchanged. */
export function visible(text: string): string {
  return text.replaceAll(INVISIBLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** How a table is drawn. */
export interface TableOptions {
  /** Where it is drawn. @default a file: as wide as it needs to be */
  readonly terminal?: Terminal | undefined;
  /** Heads of the columns that may be left out where the terminal is too narrow, the least important first. */
  readonly optional?: readonly string[];
  /** Head of the column that is wrapped rather than cut. @default the last one */
  readonly wrapped?: string;
}

const GAP = '   ';
/** Where a terminal is too narrow: cells of a column that others follow, first and last of all. */
const COLUMN_CELLS = [34, 14] as const;
/** One column is wrapped into so much at first: an object's id, 33 cells with its kind, is worth more than fewer lines. */
const WRAPPED_CELLS_ROOMY = 24;
/** Where it has so much, no other column is left out for it. */
const WRAPPED_CELLS_AMPLE = 48;
/** It is wrapped into no less. */
const WRAPPED_CELLS_MIN = 16;

/**
 * Columns without borders, as `docker ps` has them. Where a terminal is too narrow, long texts lose their middles, then optional
 * columns are left out, and said to be; then one column is wrapped. If nothing helps, each row becomes a block.
 */
export function columns(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  { terminal = {}, optional = [], wrapped: flowing = head.at(-1) ?? '' }: TableOptions = {},
): string {
  const { width = Number.POSITIVE_INFINITY } = terminal;
  let shown = [head, ...rows].map((row) => row.map((cell) => visible(String(cell))));
  const place = () => shown[0]?.indexOf(flowing) ?? -1;
  const lineCells = () => sum(widthsOf(shown)) + GAP.length * ((shown[0]?.length ?? 1) - 1);
  /** What is left for the column that is wrapped. */
  const room = () => width - lineCells() + (widthsOf(shown)[place()] ?? 0);
  const squeeze = (cellsMax: number) => {
    shown = shown.map((row) => row.map((cell, column) => (column === place() ? cell : squeezed(cell, cellsMax))));
  };
  const left: string[] = [];
  const [roomy, tight] = COLUMN_CELLS;
  if (lineCells() > width) squeeze(roomy);
  for (const name of optional) {
    const column = shown[0]?.indexOf(name) ?? -1;
    if (lineCells() <= width || room() >= WRAPPED_CELLS_AMPLE || column === -1) continue;
    left.push(name);
    shown = shown.map((row) => row.toSpliced(column, 1));
  }
  if (lineCells() > width && room() < WRAPPED_CELLS_ROOMY) squeeze(tight);
  const isTable = lineCells() <= width || room() >= WRAPPED_CELLS_MIN;
  const text = isTable ? aligned(shown, terminal, place(), room()) : stacked(shown, width, terminal);
  return left.length === 0 ? text : `${text}\n${wrapped(`(too narrow for ${left.join(', ')})`, width).join('\n')}`;
}

type Cells = readonly (readonly string[])[];

function widthsOf(table: Cells): number[] {
  const [head = []] = table;
  return head.map((_, place) => Math.max(...table.map((row) => cellsOf(row[place] ?? ''))));
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, number) => all + number, 0);

/** One column stands over several lines where it has to. */
function aligned(table: Cells, terminal: Terminal, flowing: number, cellsMax: number): string {
  const widths = widthsOf(table).map((cells, place) => (place === flowing ? Math.min(cells, cellsMax) : cells));
  const lines = table.flatMap((row, place) => {
    const paint = (text: string) => (place === 0 ? text : painted(text, terminal));
    const cells = row.map((cell, column) => (column === flowing ? wrapped(cell, cellsMax) : [cell]));
    const height = Math.max(...cells.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) =>
      cells
        .map(([first = '', ...others], column) => {
          const text = line === 0 ? first : (others[line - 1] ?? '');
          const filled = padded(text, widths[column] ?? 0);
          return `${line === 0 ? paint(text) : text}${filled.slice(text.length)}`;
        })
        .join(GAP),
    );
  });
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** Each row as a block, where no table fits. */
function stacked(table: Cells, width: number, terminal: Terminal): string {
  const [head = [], ...rows] = table;
  const nameCells = Math.max(...head.map(cellsOf));
  const blocks = rows.map((row) =>
    row.flatMap((cell, place) => {
      const [first = '', ...others] = wrapped(cell, Math.max(1, width - nameCells - 2));
      const name = padded(head[place] ?? '', nameCells);
      return [`${name}  ${painted(first, terminal)}`, ...others.map((line) => `${' '.repeat(nameCells)}  ${line}`)];
    }),
  );
  return blocks.map((lines) => lines.join('\n')).join('\n\n');
}

/** Rows of a list, before it says how many more there are. */
const ROWS_MAX = 50;

/** The first rows of a list of any length. @param all how many there are; `rows` may be fewer */
export function list(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  {
    all = rows.length,
    jsonHas = 'them all',
    ...options
  }: TableOptions & { readonly all?: number; readonly jsonHas?: string } = {},
): string {
  const shown = columns(head, rows.slice(0, ROWS_MAX), options);
  return all > ROWS_MAX ? `${shown}\n… and ${all - ROWS_MAX} more; --json has ${jsonHas}` : shown;
}

/** Cells of one column: more than the 64 of Docker's ids, and fewer than the longest ids, which would fill the screen. */
const CELLS_MAX = 80;

/** For all columns but the last: a long id would widen every row. JSON has it whole. */
export function shortened(text: string): string {
  return squeezed(text, CELLS_MAX);
}

/** Names on the left, values on the right. */
export function facts(pairs: readonly (readonly [string, string | number])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${visible(String(value))}`).join('\n');
}

/**
 * Bold in a terminal that has not asked for plain text (NO_COLOR), and nowhere else.
 *
 * @param environment without it, the process's own counts
 */
export function emphasis(text: string, output: Output, environment?: Io['environment']): string {
  if (environment !== undefined) {
    return terminalOf(output, environment).hasColor === true
      ? styleText('bold', text, { validateStream: false })
      : text;
  }
  if (output.isTTY !== true) return text;
  return styleText('bold', text, { stream: output as unknown as NodeJS.WriteStream });
}

export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? singular : plural}`;
}

/** The two largest units: `3 d 4 h`, `12 min 5 s`, `0 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const units = [
    ['d', Math.floor(whole / 86_400)],
    ['h', Math.floor(whole / 3600) % 24],
    ['min', Math.floor(whole / 60) % 60],
    ['s', whole % 60],
  ] as const;
  const first = units.findIndex(([, number]) => number > 0);
  if (first === -1) return '0 s';
  const shown = units.slice(first, first + 2).filter(([, number]) => number > 0);
  return shown.map(([unit, number]) => `${number} ${unit}`).join(' ');
}
