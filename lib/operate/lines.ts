/** Text that comes in pieces, line by line. */
import { DeallocatorError } from '../protocol/errors.ts';

/** Characters of one line: an item has at most 400 KB, of which JSON makes six times as much if all of it is escaped. */
const LINE_CHARACTERS_MAX = 4_000_000;

/** Only line feeds end a line, since JSON leaves U+2028 in texts as it is. */
export async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string, void> {
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > LINE_CHARACTERS_MAX) {
      throw new DeallocatorError(
        'InvalidArgument',
        `a line has more than ${LINE_CHARACTERS_MAX} characters, which no item of DynamoDB has; give what "deallocator export --lines" has written`,
      );
    }
  }
  if (rest !== '') yield rest;
}
