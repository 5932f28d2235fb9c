/** The texts that the house's checks read: what git tracks, and what it would. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface Source {
  /** From the repository's root on. */
  readonly path: string;
  readonly text: string;
}

export const ROOT = join(import.meta.dirname, '..', '..');

export const tracked: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard'],
  { cwd: ROOT, encoding: 'utf8' },
)
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)));

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function sourcesThat(isWanted: (path: string) => boolean): readonly Source[] {
  return tracked.filter(isWanted).map((path) => ({ path, text: read(path) }));
}

export const sources = sourcesThat((path) => path.endsWith('.ts'));
export const pages = sourcesThat((path) => path.endsWith('.md'));
export const product = sources.filter(({ path }) => !path.startsWith('test/') && path !== 'vitest.config.ts');

/** The names in `from '…'` and `import('…')`, types included. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(/\bfrom '([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gm)].map(
    ([, a, b, c]) => (a ?? b ?? c) as string,
  );
}

/** The files of ours that a file imports. */
export function ourImports({ path, text }: Source): string[] {
  return importsOf(text)
    .filter((name) => name.startsWith('.'))
    .map((name) => normalize(join(dirname(path), name)));
}

export function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/.*$/gm, '');
}
