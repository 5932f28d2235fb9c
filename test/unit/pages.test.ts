/** However a list is cut into pages, a walk asks for each once, in order, and stops where it was told to. */
import { expect, it } from 'vitest';
import { eachPage, itemsOf, type PageKey } from '../../lib/protocol/pages.ts';

/** Three pages, the second of which is empty; `asked` is where each request began. */
function threePages() {
  const asked: (string | undefined)[] = [];
  const pages = [['a', 'b'], [], ['c']];
  const list = async (from: PageKey | undefined) => {
    asked.push(from?.id);
    const number = Number(from?.id ?? 0);
    return { items: pages[number] as string[], next: number < 2 ? { id: String(number + 1) } : undefined };
  };
  return { asked, list };
}

it('a walk goes over empty pages to the end', async () => {
  const { asked, list } = threePages();
  const seen: (readonly string[])[] = [];
  for await (const { items } of eachPage(list)) seen.push(items);
  expect(seen).toEqual([['a', 'b'], [], ['c']]);
  expect(asked).toEqual([undefined, '1', '2']);
});

it('a walk begins at the place that it was given', async () => {
  const { asked, list } = threePages();
  for await (const { next } of eachPage(list, { startAt: { id: '1' } })) if (next === undefined) break;
  expect(asked).toEqual(['1', '2']);
});

it('a walk asks for no page before the one before it has been dealt with', async () => {
  const { asked, list } = threePages();
  for await (const { items } of eachPage(list)) {
    expect(items).toEqual(['a', 'b']);
    break;
  }
  expect(asked).toEqual([undefined]);
});

it.each([
  [1, ['a', 'b'], false],
  [2, ['a', 'b'], false],
  [3, ['a', 'b', 'c'], true],
  [4, ['a', 'b', 'c'], true],
])('of at most %i pages it says whether they were all', async (pagesMax, items, isWhole) => {
  const { asked, list } = threePages();
  expect(await itemsOf(list, pagesMax)).toEqual({ items, isWhole });
  expect(asked).toHaveLength(Math.min(pagesMax, 3));
});
