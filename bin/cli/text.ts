/** Text for people. Ids may hold any characters, so no text of the tables reaches a terminal unchanged. */
import { styleText } from 'node:util';
import Table from 'cli-table3';
import type { Output } from './io.ts';

/** Control characters, characters that turn or hide text, line separators, and halves of characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** On one line, with each character that a terminal would act on as `\u{1b}`. JSON has them unchanged. */
export function visible(text: string): string {
  return text.replaceAll(INVISIBLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid', 'left-mid', 'mid-mid', 'right-mid']
    .concat(['top-mid', 'top-left', 'top-right', 'bottom-mid', 'bottom-left', 'bottom-right'])
    .map((part) => [part, '']),
);

/** Columns without borders, as `docker ps` has them: the same in a terminal, a file and a pipe. */
export function columns(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const table = new Table({
    head: [...head],
    chars: { ...NO_BORDERS, middle: '   ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push(row.map((cell) => visible(String(cell))));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Rows of a list, before it says how many more there are. */
const ROWS_MAX = 50;

/** The first rows of a list of any length. @param all how many there are; `rows` may be fewer */
export function list(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { all = rows.length, jsonHas = 'them all' } = {},
): string {
  const shown = columns(head, rows.slice(0, ROWS_MAX));
  return all > ROWS_MAX ? `${shown}\n… and ${all - ROWS_MAX} more; --json has ${jsonHas}` : shown;
}

/** Characters of one cell: more than the 64 of Docker's ids, and fewer than the longest ids, which would fill the screen. */
const CELL_CHARACTERS_MAX = 80;

/** For all columns but the last: a long id would widen every row. JSON has it whole. */
export function shortened(text: string): string {
  const characters = [...text];
  return characters.length > CELL_CHARACTERS_MAX ? `${characters.slice(0, CELL_CHARACTERS_MAX - 1).join('')}…` : text;
}

/** Names on the left, values on the right. */
export function facts(pairs: readonly (readonly [string, string | number])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${visible(String(value))}`).join('\n');
}

/** Bold in a terminal that has not asked for plain text (NO_COLOR), and nowhere else. */
export function emphasis(text: string, output: Output): string {
  if (output.isTTY !== true) return text;
  return styleText('bold', text, { stream: output as unknown as NodeJS.WriteStream });
}

export function count(number: number, singular: string): string {
  return `${number.toLocaleString('en-US')} ${singular}${number === 1 ? '' : 's'}`;
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
