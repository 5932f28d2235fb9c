/** Texts that are too long for a table: a title, and below it its parts, each under its name, within the terminal's width. */
import type { Output } from './io.ts';
import { wrapped } from './terminal.ts';
import { visible } from './text.ts';

export interface Block {
  readonly title: string;
  /** Name and text. */
  readonly parts: readonly (readonly [string, string])[];
}

const INDENT = 2;
/** Narrower than that, nothing can be read anyway. */
const TEXT_COLUMNS_MIN = 16;

/** In a file or a pipe each part is one line, for other tools. */
export function blocks(all: readonly Block[], output: Output): string {
  const width = output.isTTY === true ? output.columns || 80 : Number.POSITIVE_INFINITY;
  return all.map((block) => blockText(block, width)).join('\n\n');
}

function blockText({ title, parts }: Block, width: number): string {
  const nameColumns = Math.max(0, ...parts.map(([name]) => name.length)) + INDENT;
  const indent = ' '.repeat(INDENT + nameColumns);
  const textWidth = Math.max(TEXT_COLUMNS_MIN, width - indent.length);
  const lines = parts.flatMap(([name, text]) =>
    wrapped(visible(text), textWidth).map(
      (line, n) => `${n === 0 ? ' '.repeat(INDENT) + name.padEnd(nameColumns) : indent}${line}`,
    ),
  );
  return [...wrapped(visible(title), width), ...lines].join('\n');
}
