/** Values of any shape, from documents of a user, or from items and messages of a raw writer. */

export type Entry = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
