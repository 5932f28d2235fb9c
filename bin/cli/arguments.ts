/** How what is typed after a command's name is understood. */
import { checkId } from '../../lib/protocol/arguments.ts';
import type { ParentKey, ParentKind } from '../../lib/protocol/model.ts';
import { UsageError } from './errors.ts';

export interface Given {
  readonly positionals: readonly string[];
  text(option: string): string | undefined;
  flag(option: string): boolean;
}

export function readKind(text: string | undefined): ParentKind {
  if (text === 'service' || text === 'network') return text;
  const what = text === undefined ? 'a kind is missing' : `"${text}" is not a kind`;
  throw new UsageError(`${what}; allowed: service, network`);
}

/** `KIND ID…`: at least one id. */
export function readParents({ positionals }: Given): [ParentKey, ...ParentKey[]] {
  const [kindText, first, ...others] = positionals;
  const kind = readKind(kindText);
  if (first === undefined) throw new UsageError(`the id of a ${kind} is missing`);
  for (const id of [first, ...others]) checkTyped(kind, id);
  return [{ kind, id: first }, ...others.map((id) => ({ kind, id }))];
}

/** Refuses what can't be an id. */
export function checkTyped(kind: ParentKind, id: string): void {
  asTyped(() => checkId(kind, id));
}

/** Where the library refuses what was typed, the usage is wrong. */
export function asTyped(check: () => void): void {
  try {
    check();
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

/** `KIND ID`. */
export function readParent(given: Given): ParentKey {
  refuseMore(given, 2);
  return readParents(given)[0];
}

export function refuseMore({ positionals }: Given, most: number): void {
  const extra = positionals[most];
  if (extra !== undefined) throw new UsageError(`"${extra}" is one argument too many`);
}

/** A whole number from 1 to `most`; undefined without the option. */
export function readNumber(given: Given, option: string, most: number): number | undefined {
  const text = given.text(option);
  if (text === undefined) return undefined;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= most) return number;
  throw new UsageError(`--${option} is "${text}", allowed: a whole number from 1 to ${most}`);
}

const UNIT_MILLIS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** The longest that a timer of Node.js can wait, 24.8 days. */
const DURATION_MILLIS_MAX = 2 ** 31 - 1;

/** Undefined without the option. */
export function readTime(given: Given, option: string): number | undefined {
  const text = given.text(option);
  return text === undefined ? undefined : readDurationMillis(option, text);
}

/** `90s`, `10m`, `2h`, `500ms`; a bare number is seconds. */
export function readDurationMillis(option: string, text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const millis = Number(number) * (UNIT_MILLIS[unit] ?? Number.NaN);
  if (millis >= 0 && millis <= DURATION_MILLIS_MAX) return millis;
  throw new UsageError(`--${option} is "${text}", allowed: a time up to 24 days such as 30s, 10m or 2h`);
}
