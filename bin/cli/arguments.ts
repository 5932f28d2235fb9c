/** How what is typed after a command's name is understood. */

import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import { KIND_WORDS, kindOf, parseTypedName } from '../../lib/operate/names.ts';
import { checkId } from '../../lib/protocol/arguments.ts';
import type { ParentKind } from '../../lib/protocol/model.ts';
import { UsageError } from './errors.ts';

export interface Given {
  readonly positionals: readonly string[];
  /** The deployed stack that is spoken to, if one is named. */
  readonly deployment: string | undefined;
  text(option: string): string | undefined;
  flag(option: string): boolean;
}

const KINDS_ALLOWED = Object.keys(KIND_WORDS).join(', ');

export function readKind(text: string | undefined): ParentKind {
  const kind = text === undefined ? undefined : kindOf(text);
  if (kind !== undefined) return kind;
  const what = text === undefined ? 'a kind is missing' : `"${text}" is not a kind`;
  throw new UsageError(`${what}; allowed: ${KINDS_ALLOWED}`);
}

/** `KIND ID…`, or objects with their kinds, such as `service/web`: at least one. */
export function readParents({ positionals }: Given): [ItemKey, ...ItemKey[]] {
  const [first, ...others] = keysTyped(positionals);
  if (first === undefined) throw new UsageError(missingId(positionals[0]));
  return [first, ...others];
}

/** Whether ids come from standard input: `-`, with or without a kind before it. */
export function isFromInput({ positionals }: Given): boolean {
  return positionals.at(-1) === '-' && positionals.length <= 2;
}

/** The lines of standard input: ids of the kind that was given, else objects such as `service/web`. */
export function readParentLines({ positionals }: Given, text: string): ItemKey[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  return keysTyped([...positionals.slice(0, -1), ...lines.filter((line) => line !== '')]);
}

/** Empty for a kind without ids. */
function keysTyped(words: readonly string[]): ItemKey[] {
  const kind = words[0] === undefined ? undefined : kindOf(words[0]);
  const keys = kind === undefined ? words.map(typedKey) : words.slice(1).map((id) => ({ kind, id }));
  for (const { kind, id } of keys) checkTyped(kind, id);
  return keys;
}

function typedKey(word: string): ItemKey {
  const key = parseTypedName(word);
  if (key !== undefined) return key;
  throw new UsageError(`"${word}" is not a kind; allowed: ${KINDS_ALLOWED}, or an object such as service/web`);
}

function missingId(word: string | undefined): string {
  const kind = word === undefined ? undefined : kindOf(word);
  if (kind !== undefined) return `the id of a ${kind} is missing`;
  return `a kind is missing; allowed: ${KINDS_ALLOWED}, or an object such as service/web`;
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

/** `KIND ID`, or `KIND/ID`. */
export function readParent(given: Given): ItemKey {
  const [parent, extra] = readParents(given);
  if (extra !== undefined) throw new UsageError(`"${given.positionals.at(-1)}" is one argument too many`);
  return parent;
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

/** From the largest down, as they stand in `1h30m`. */
const UNIT_MILLIS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
const TIME_PARTS = /^(?:([\d.]+)d)?(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s)?(?:([\d.]+)ms)?$/;
/** The longest that a timer of Node.js can wait, 24.8 days. */
const DURATION_MILLIS_MAX = 2 ** 31 - 1;

/** Undefined without the option. */
export function readTime(given: Given, option: string): number | undefined {
  const text = given.text(option);
  return text === undefined ? undefined : readDurationMillis(option, text);
}

/** `90s`, `10m`, `1h30m`, `500ms`; a bare number is seconds. */
export function readDurationMillis(option: string, text: string): number {
  const [, ...parts] = TIME_PARTS.exec(/^[\d.]+$/.test(text) ? `${text}s` : text) ?? [];
  const units = Object.values(UNIT_MILLIS);
  const told = parts.flatMap((part, place) =>
    part === undefined ? [] : [Number(part) * (units[place] ?? Number.NaN)],
  );
  const millis = told.length === 0 ? Number.NaN : told.reduce((sum, some) => sum + some, 0);
  if (millis >= 0 && millis <= DURATION_MILLIS_MAX) return millis;
  throw new UsageError(`--${option} is "${text}", allowed: a time up to 24 days such as 30s, 10m or 1h30m`);
}

/** `NAME` or `NAME=VALUE`; the value may hold `=`. Undefined without the option. */
export function readLabel(given: Given): { readonly name: string; readonly value?: string } | undefined {
  const text = given.text('label');
  if (text === undefined) return undefined;
  const [name = '', ...value] = text.split('=');
  if (name === '') throw new UsageError(`--label is "${text}", allowed: NAME or NAME=VALUE`);
  return value.length === 0 ? { name } : { name, value: value.join('=') };
}
