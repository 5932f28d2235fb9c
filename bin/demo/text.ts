/** How the demo writes times, numbers and steps. */

export function stepLine(title: string, outcome: string, millis: number): string {
  return `${title.padEnd(22)}${seconds(millis).padStart(7)}   ${outcome}`.trimEnd();
}

export function seconds(millis: number): string {
  return `${(millis / 1000).toFixed(1)} s`;
}

/** What every terminal shows, with a margin. */
export const COLUMNS_DEFAULT = 78;

/** Why something went, from the function that took it along. */
export function reasonOf(functionName: string, along: string | undefined): string {
  if (along !== undefined) return `in one transaction with ${along}, the last that used it`;
  return REASONS[functionName] ?? `by ${functionName}`;
}

const REASONS: Readonly<Record<string, string>> = {
  'task-deleted': 'its last task is gone',
  'attachment-deleted': 'the last service that used it is gone',
  'service-updated': 'it had no task when its mark was seen',
  'network-updated': 'nothing used it when its mark was seen',
  sweep: 'the sweep found that nothing uses it',
};

/** Breaks a text between words; a longer word has a line of its own. */
export function fold(text: string, columns: number, indent = ''): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    const isFirst = line === indent;
    if (!isFirst && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent + word;
    } else {
      line += isFirst ? word : ` ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
