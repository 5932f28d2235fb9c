/** Values of any shape, from documents of a user, or from items and messages of a raw writer. */

export type Entry = Readonly<Record<string, unknown>>;

/** Characters of a value that a message quotes. */
const SHOWN_CHARACTERS_MAX = 60;

export function isMap(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function shown(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}
