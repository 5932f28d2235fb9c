/** Where kinds are named: a room that names one decides for it alone, and another kind would need a change there. */
import { type Source, withoutComments } from './sources.ts';

/**
 * How often each room names a kind at most. These are what is left, not what is wanted: a kind is data, and whoever takes a name
 * out of a room lowers its number here.
 */
export const NAMED_MAX: Readonly<Record<string, number>> = {
  bin: 16,
  'lib/client': 29,
  'lib/lifecycle': 6,
  'lib/local': 2,
  'lib/operate': 41,
  'lib/testing': 2,
};

const NAMED = /'(?:service|network|task)'|`(?:service|network|task)#\$\{/g;

/** The rooms that name kinds more often than that. */
export function namedTooOften(product: readonly Source[]): string[] {
  const counts = new Map<string, number>();
  for (const { path, text } of product) {
    const room = path
      .split('/')
      .slice(0, path.startsWith('lib/') ? 2 : 1)
      .join('/');
    counts.set(room, (counts.get(room) ?? 0) + (withoutComments(text).match(NAMED)?.length ?? 0));
  }
  return [...counts].flatMap(([room, count]) => {
    const most = NAMED_MAX[room] ?? 0;
    return count > most
      ? [`${room} names kinds ${count} times, and ${most} are left: let data over the kinds decide`]
      : [];
  });
}
