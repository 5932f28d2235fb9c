/** Citations of the design have one form, `docs/design.md §4.2` or `docs/design.md §4.3 R7`, and each finds its place. */
import type { Source } from './sources.ts';

export const DESIGN = 'docs/design.md';

/** Other ways to cite, which a stranger can't follow. */
const OTHER_FORMS: readonly (readonly [RegExp, string])[] = [
  [/\bDESIGN\b/, 'DESIGN'],
  [/(?<!docs\/design\.md )§/, 'a bare §'],
  [/\bCE\d/, 'a counterexample by a number of its own'],
  [/\bM\d{1,2}\b/, 'a mutant by a number of its own'],
  [/the model['’]s report/, "the model's report"],
];

const CITATION = /docs\/design\.md (§\d+(?:\.\d+)?)((?:(?:,| and)? ?R\d+)*)/g;

/** @param design the page itself, which may cite its own sections by their numbers alone */
export function brokenCitations(design: string, sources: readonly Source[]): string[] {
  const sections = new Set([...design.matchAll(/^#+ (\d+(?:\.\d+)?)\.? /gm)].map(([, number]) => `§${number}`));
  const rules = new Set([...design.matchAll(/^\| (R\d+) \|/gm)].map(([, rule]) => rule));
  const missing = (path: string, cited: Iterable<string>) =>
    [...cited]
      .filter((place) => !sections.has(place) && !rules.has(place))
      .map((place) => `${path} cites ${place}, which ${DESIGN} has not`);
  const own = missing(
    DESIGN,
    [...design.matchAll(/§\d+(?:\.\d+)?/g)].map(([place]) => place),
  );
  const others = sources
    .filter(({ path }) => path !== DESIGN)
    .flatMap(({ path, text }) => {
      const words = text.replaceAll(/\s+(?:\*|\/\/)?\s*/g, ' ');
      const cited = [...words.matchAll(CITATION)].flatMap(([, section = '', more = '']) => [
        section,
        ...(more.match(/R\d+/g) ?? []),
      ]);
      const odd = OTHER_FORMS.filter(([form]) => form.test(words)).map(
        ([, name]) => `${path} cites ${name}; write \`${DESIGN} §4.2\`, or \`${DESIGN} §4.3 R7\``,
      );
      return [...missing(path, cited), ...odd];
    });
  return [...own, ...others];
}
