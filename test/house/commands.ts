/**
 * A command that people are told to type runs on the Node.js that they have, which may be too old to run TypeScript. `npm run`
 * and `npx` run on the one that npm has installed here.
 */
import type { Source } from './sources.ts';

const BARE = /(?<!npx )\bnode (?:--?\S+ )*(?:bin|functions|lib|test)\/\S+\.ts/g;

export function bareCommands(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(BARE)].map(([command]) => `${path} tells to type \`${command}\`; name an npm script instead`),
  );
}

/** Scripts that a page names, as `npm test`, `npm run bench` or `npm run --silent deallocator`, and package.json has not. */
export function unknownScripts(pages: readonly Source[], scripts: Readonly<Record<string, string>>): string[] {
  const builtIn = ['ci', 'install', 'pack', 'run', 'exec'];
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/(?:`|&& |^)npm (?:run )?(?:--silent )?([a-z][a-z:]*)/gm)]
      .map(([, script]) => script as string)
      .filter((script) => !(script in scripts) && !builtIn.includes(script))
      .map((script) => `${path} names \`npm run ${script}\`, which package.json has not`),
  );
}

/** `--stack` chooses objects by their label, so that beside an object it is refused; a deployed stack is `--deployment`. */
export function doubleChoices(pages: readonly Source[]): string[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/deallocator [a-z]+ (?:service|network|task) [^\n`]*--stack\b/g)].map(
      ([command]) => `${path} tells to type \`${command}\`, which is refused: a deployed stack is --deployment`,
    ),
  );
}
