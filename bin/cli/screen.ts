/** A screen that is drawn again and again: only the lines that have changed are written, so nothing flickers. */
import { stripVTControlCharacters as plain } from 'node:util';
import type { Output } from './io.ts';
import { cellsOf, cut } from './terminal.ts';

const CLEAR_SCREEN = '\x1b[H\x1b[2J';
const CLEAR_TO_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
/** Some terminals tell a size of 0. */
const [ROWS_DEFAULT, COLUMNS_DEFAULT] = [24, 80];

export interface Screen {
  /** @param lines with colours, or without; they are as wide as the screen less one cell at most. @param decorate how a line is shown that fits: with codes that take no room */
  draw(lines: readonly string[], decorate?: (line: string, row: number) => string): void;
}

export function openScreen(out: Output): Screen {
  let before: readonly string[] = [];
  let sizeBefore = '';
  return {
    draw(lines, decorate = (line) => line) {
      // Only what fits: a screen that scrolls would lose the first lines. The last row is the cursor's.
      const [rows, width] = [Math.max(3, (out.rows || ROWS_DEFAULT) - 1), out.columns || COLUMNS_DEFAULT];
      const rest = lines.length - rows + 1;
      const fitting = rest <= 1 ? lines : [...lines.slice(0, rows - 1), `… and ${rest} more lines`];
      const shown = fitting.map((line, row) =>
        decorate(cellsOf(plain(line)) < width ? line : `${cut(plain(line), width - 2)}…`, row),
      );
      const size = `${rows} ${width}`;
      if (size !== sizeBefore) out.write(`${CLEAR_SCREEN}${shown.join('\n')}\n`);
      else {
        const changed = shown.flatMap((line, row) =>
          line === before[row] ? [] : [`\x1b[${row + 1};1H${line}${CLEAR_TO_END}`],
        );
        out.write(`${changed.join('')}\x1b[${shown.length + 1};1H${shown.length < before.length ? CLEAR_BELOW : ''}`);
      }
      before = shown;
      sizeBefore = size;
    },
  };
}
