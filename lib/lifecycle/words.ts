/** What a kind is called, where people read or type it. */

export interface Words {
  /** `lease template`. */
  readonly singular: string;
  readonly plural: string;
  /** What may be typed for it, beside these. */
  readonly short: readonly string[];
}

/** What people who know Docker type. */
const SHORT: Readonly<Record<string, readonly string[]>> = { service: ['svc'], network: ['net'], volume: ['vol'] };

/** @param others the names of all kinds: none of them is another's short word */
export function wordsOf(kind: string, others: readonly string[]): Words {
  const singular = kind.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const taken = new Set(others.flatMap((other) => [other.toLowerCase(), pluralOf(other.toLowerCase())]));
  const short = Object.hasOwn(SHORT, kind) ? (SHORT[kind] ?? []).filter((word) => !taken.has(word)) : [];
  return { singular, plural: pluralOf(singular), short };
}

function pluralOf(singular: string): string {
  if (/[^aeiou]y$/.test(singular)) return `${singular.slice(0, -1)}ies`;
  if (/(?:l|ea|oa)f$/.test(singular)) return `${singular.slice(0, -1)}ves`;
  return /(?:s|x|z|ch|sh)$/.test(singular) ? `${singular}es` : `${singular}s`;
}

/** `leaseTemplate` → `LeaseTemplate`, `lease-template`, `LEASE_TEMPLATE`. */
export const capitalized = (name: string) => `${name[0]?.toUpperCase()}${name.slice(1)}`;
export const hyphenated = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
export const shouted = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
