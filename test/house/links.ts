/** Links of pages: they must work in the repository, and those of a packed page in an unpacked tarball as well. */
import { dirname, join, matchesGlob, normalize } from 'node:path';
import type { Source } from './sources.ts';

/** The repository's own pages at their home, for what a package does not bring. */
const HOME = 'https://github.com/deallocator/deallocator/blob/main/';
/** The same for pictures. */
const RAW_HOME = 'https://github.com/deallocator/deallocator/raw/main/';

/** What `npm pack` takes besides, whatever "files" says. */
const ALWAYS = ['package.json', 'README.md', 'LICENSE'];

/** Of the tracked files, those that the tarball holds. */
export function packedFiles(tracked: readonly string[], { files }: { readonly files: readonly string[] }): Set<string> {
  const isIn = (path: string, pattern: string) => matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`);
  const takes = (path: string) =>
    files.some((pattern) => isIn(path, pattern)) &&
    !files.some((pattern) => pattern.startsWith('!') && isIn(path, pattern.slice(1)));
  return new Set(tracked.filter((path) => ALWAYS.includes(path) || takes(path)));
}

/** One line for each link of `page` that leads nowhere. */
export function brokenLinks(
  page: Source,
  pages: readonly Source[],
  tracked: readonly string[],
  packed: ReadonlySet<string>,
) {
  return linksOf(page.text).flatMap((link) => {
    const home = [HOME, RAW_HOME].find((prefix) => link.startsWith(prefix));
    const isHome = home !== undefined;
    if (!isHome && /^[a-z]+:/.test(link)) return [];
    const [file = '', anchor] = link.slice(home?.length ?? 0).split('#');
    const target = file === '' ? page.path : normalize(isHome ? file : join(dirname(page.path), file));
    const problem = (what: string) => [`${page.path} links to ${link}, ${what}`];
    if (!tracked.some((path) => path === target || path.startsWith(`${target}/`))) return problem('which is not there');
    if (!isHome && packed.has(page.path) && !packed.has(target)) {
      return problem(`which the package has not; link to ${HOME}${target}`);
    }
    const linked = pages.find(({ path }) => path === target);
    if (anchor === undefined || linked === undefined || anchorsOf(linked.text).includes(anchor)) return [];
    return problem('which has no such section');
  });
}

/** In code, brackets are no links. */
export function linksOf(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string);
}

/** As GitHub makes them of titles. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\d _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
