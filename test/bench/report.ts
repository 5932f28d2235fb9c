/** What a section of the bench has found: tables and pictures, for a terminal and for docs/bench. */
import Table from 'cli-table3';

export interface Section {
  readonly title: string;
  /** What was done, and what to know before believing it. */
  readonly about: string;
  readonly tables: readonly ReportTable[];
  readonly pictures: readonly { readonly file: string; readonly title: string; readonly svg: string }[];
}

export interface ReportTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Told how much of the whole is done, from 0 to 1. */
export type Progress = (share: number) => void;

export function forTerminal({ title, about, tables }: Section): string {
  const drawn = tables.map(({ title: heading, head, rows }) => {
    const table = new Table({
      head: [...head],
      style: { head: [], border: [] },
      colAligns: head.map((_, n) => (n === 0 ? 'left' : 'right')),
    });
    table.push(...rows.map((row) => [...row]));
    return `${heading}\n${table.toString()}`;
  });
  return [`\n${title}`, about, ...drawn, ''].join('\n');
}

export function forPage({ title, about, tables, pictures }: Section): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const written = tables.map(({ title: heading, head, rows }) =>
    [`**${heading}**`, '', row(head), row(head.map((_, n) => (n === 0 ? '---' : '--:'))), ...rows.map(row)].join('\n'),
  );
  const shown = pictures.map(({ file, title: alt }) => `![${alt}](${file})`);
  return [`## ${title}`, about, ...shown, ...written].join('\n\n');
}
