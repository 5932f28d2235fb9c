/** How the demo writes times, numbers and steps. */

export function stepLine(title: string, outcome: string, millis: number): string {
  return `${title.padEnd(22)}${seconds(millis).padStart(7)}   ${outcome}`.trimEnd();
}

export function seconds(millis: number): string {
  return `${(millis / 1000).toFixed(1)} s`;
}

/** What every terminal shows, with a margin. */
const COLUMNS = 78;

/** Breaks a text between words; a longer word has a line of its own. */
export function fold(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    const isFirst = line === indent;
    if (!isFirst && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = indent + word;
    } else {
      line += isFirst ? word : ` ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
