/** How an item is known inside: by its kind and a text. Needs no plan, so that whoever has a key has its name. */

/** One item. */
export interface ItemKey<N extends string = string> {
  /** Which kind it is of: ids of two kinds may be the same text. */
  readonly kind: N;
  /**
   * What stands behind the kind in its name: `web`. Where an id has several parts, each but the last has its length before it, so
   * that no two ids are one text: task `1` of service `web` is `3#web#1`.
   */
  readonly id: string;
}

/** `service#web`, `task#3#web#1`: the key of its counter, its receipts and its attachments, and what logs and reports call it. */
export function itemName({ kind, id }: ItemKey): string {
  return `${kind}#${id}`;
}

export function sameItem(a: ItemKey, b: ItemKey): boolean {
  return a.kind === b.kind && a.id === b.id;
}

/** The text of an id of these parts. */
export function joinParts(parts: readonly string[]): string {
  return parts.map((part, place) => (place === parts.length - 1 ? part : `${part.length}#${part}`)).join('#');
}

/** The parts that {@link joinParts} made the text of; undefined for the text of other than so many. */
export function splitParts(text: string, count: number): string[] | undefined {
  const parts: string[] = [];
  let rest = text;
  while (parts.length < count - 1) {
    const [head = '', digits] = /^([1-9]\d{0,3})#/.exec(rest) ?? [];
    if (digits === undefined) return undefined;
    const end = head.length + Number(digits);
    if (rest[end] !== '#') return undefined;
    parts.push(rest.slice(head.length, end));
    rest = rest.slice(end + 1);
  }
  return rest === '' ? undefined : [...parts, rest];
}
