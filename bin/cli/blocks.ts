/** Texts that are too long for a table: a title, and below it its parts, each under its name, within the terminal's width. */
import type { Output } from './io.ts';
import { visible } from './text.ts';

export interface Block {
  readonly title: string;
  /** Name and text. */
  readonly parts: readonly (readonly [string, string])[];
}

const INDENT = 2;
/** Narrower than that, nothing can be read anyway. */
const TEXT_COLUMNS_MIN = 16;
/** Characters that take two columns: those of East Asia, and pictures. */
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}！-｠]/u;

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

/** Broken between words, and within a word that is longer than a line. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (columnsOf(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = broken(word, width);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? '';
  }
  return [...lines, line];
}

function broken(word: string, width: number): string[] {
  const pieces = [''];
  for (const character of word) {
    const piece = pieces.at(-1) as string;
    if (columnsOf(piece) + columnsOf(character) <= width) pieces[pieces.length - 1] = piece + character;
    else pieces.push(character);
  }
  return pieces;
}

function columnsOf(text: string): number {
  return [...text].reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
}
