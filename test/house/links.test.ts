import { describe, expect, it } from 'vitest';
import { brokenLinks, linksOf, packedFiles } from './links.ts';
import { pages, read, tracked } from './sources.ts';

const packed = packedFiles(tracked, JSON.parse(read('package.json')));

describe('a link', () => {
  it.each(pages.map((page) => [page.path, page] as const))('of %s leads somewhere, wherever the page is', (_, page) => {
    expect(brokenLinks(page, pages, tracked, packed)).toEqual([]);
  });

  it('is found, and so is a broken one', () => {
    expect(pages.flatMap(({ text }) => linksOf(text)).length).toBeGreaterThan(150);
    const home = 'https://github.com/deallocator/deallocator/blob/main/';
    const of = (...links: string[]) => ({
      path: 'docs/x.md',
      text: ['# A b', ...links.map((link) => `[x](${link})`)].join('\n'),
    });
    const told = (...links: string[]) =>
      brokenLinks(of(...links), [of()], ['docs/x.md', 'lib/a.ts'], new Set(['docs/x.md']));
    expect(told('#a-b', 'x.md', `${home}lib/a.ts`, `${home}lib`, 'https://example.com/y')).toEqual([]);
    expect(told('y.md', `${home}lib/b.ts`)).toEqual([
      'docs/x.md links to y.md, which is not there',
      `docs/x.md links to ${home}lib/b.ts, which is not there`,
    ]);
    expect(told('../lib/a.ts')).toEqual([
      `docs/x.md links to ../lib/a.ts, which the package has not; link to ${home}lib/a.ts`,
    ]);
    expect(brokenLinks(of('#c'), [of()], ['docs/x.md'], new Set())).toEqual([
      'docs/x.md links to #c, which has no such section',
    ]);
  });

  it('of the README is in what is packed', () => {
    expect(packed.size).toBeGreaterThan(15);
    expect(packed.has('docs/bench/dollars.svg') && packed.has('docs/wiring.md') && !packed.has('CONTRIBUTING.md')).toBe(
      true,
    );
  });
});
