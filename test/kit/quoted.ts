/** The code that docs/testing.md quotes, as files: each block says its name in its first line. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'testing.md');

export interface QuotedFile {
  readonly name: string;
  readonly text: string;
}

export function quotedFiles(): readonly QuotedFile[] {
  const blocks = readFileSync(PAGE, 'utf8').matchAll(/^```(?:js|ts)\n\/\/ (\S+)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, name = '', text = '']) => ({ name, text }));
}

/** @returns the projects' folders. What is CommonJS is for Jest, all else for Vitest. */
export function writeQuoted(folder: string): { readonly vitest: string; readonly jest: string } {
  const folders = { vitest: join(folder, 'vitest'), jest: join(folder, 'jest') };
  for (const path of Object.values(folders)) {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'package.json'), '{ "private": true }');
  }
  for (const { name, text } of quotedFiles()) {
    writeFileSync(join(name.endsWith('.cjs') ? folders.jest : folders.vitest, name), text);
  }
  return folders;
}
