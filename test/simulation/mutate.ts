/** Changes a product file's text as Node loads it, so that a mistake can be tried without touching the file. */
import { registerHooks } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutants.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** From here on; modules that are loaded already stay as they are. Each edit must match its file exactly once. */
export function mutate({ name, edits }: Mutant): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const file = url.startsWith('file:') ? relative(ROOT, fileURLToPath(url)) : '';
      const own = edits.filter((edit) => edit.file === file);
      if (own.length === 0) return loaded;
      let text = String(loaded.source);
      for (const { find, replace } of own) {
        const matches = text.split(find).length - 1;
        if (matches !== 1) {
          throw new Error(`mutant "${name}": its text is ${matches} times in ${file}, not once; bring it up to date`);
        }
        text = text.replace(find, () => replace);
      }
      return { ...loaded, source: text };
    },
  });
}
