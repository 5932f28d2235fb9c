/** How what is typed after a command's name is understood. */

import type { ItemKey } from '../../lib/lifecycle/keys.ts';
import type { Plan } from '../../lib/lifecycle/plan.ts';
import { kindOf, parseTypedId, parseTypedName, planned } from '../../lib/operate/names.ts';
import { UsageError } from './errors.ts';

export interface Given {
  readonly positionals: readonly string[];
  /** The deployed stack that is spoken to, if one is named. */
  readonly deployment: string | undefined;
  text(option: string): string | undefined;
  flag(option: string): boolean;
}

const allowed = (plan: Plan) => plan.sweep.join(', ');

export function readKind(plan: Plan, text: string | undefined): string {
  const kind = text === undefined ? undefined : kindOf(plan, text);
  if (kind !== undefined) return kind;
  const what = text === undefined ? 'a kind is missing' : `"${text}" is not a kind`;
  throw new UsageError(`${what}; allowed: ${allowed(plan)}`);
}

/** `KIND ID…`, or objects with their kinds, such as `service/web`: at least one. */
export function readParents(plan: Plan, { positionals }: Given): [ItemKey, ...ItemKey[]] {
  const [first, ...others] = keysTyped(plan, positionals);
  if (first === undefined) throw new UsageError(missingId(plan, positionals[0]));
  return [first, ...others];
}

/** Whether ids come from standard input: `-`, with or without a kind before it. */
export function isFromInput({ positionals }: Given): boolean {
  return positionals.at(-1) === '-' && positionals.length <= 2;
}

/** The lines of standard input: ids of the kind that was given, else objects such as `service/web`. */
export function readParentLines(plan: Plan, { positionals }: Given, text: string): ItemKey[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  return keysTyped(plan, [...positionals.slice(0, -1), ...lines.filter((line) => line !== '')]);
}

/** Empty for a kind without ids. */
function keysTyped(plan: Plan, words: readonly string[]): ItemKey[] {
  const kind = words[0] === undefined ? undefined : kindOf(plan, words[0]);
  if (kind === undefined) return words.map((word) => typedKey(plan, word));
  return words.slice(1).map((id) => asTyped(() => parseTypedId(plan, kind, id)));
}

function typedKey(plan: Plan, word: string): ItemKey {
  const key = asTyped(() => parseTypedName(plan, word));
  if (key !== undefined) return key;
  const leaf = leafOf(plan, word.split(/[/#]/)[0] ?? '');
  if (leaf !== undefined) {
    throw new UsageError(
      `${planned(plan, leaf).words.plural} have no mark, since nothing depends on them: their users delete them; allowed: ${allowed(plan)}`,
    );
  }
  throw new UsageError(`"${word}" is not a kind; allowed: ${allowed(plan)}, or an object such as ${example(plan)}`);
}

function missingId(plan: Plan, word: string | undefined): string {
  const kind = word === undefined ? undefined : kindOf(plan, word);
  if (kind !== undefined) return `the id of a ${planned(plan, kind).words.singular} is missing`;
  return `a kind is missing; allowed: ${allowed(plan)}, or an object such as ${example(plan)}`;
}

/** The kind that a word stands for, where its items are deleted plainly. */
function leafOf(plan: Plan, word: string): string | undefined {
  const typed = word.toLowerCase().replaceAll(/[ -]/g, '');
  return Object.keys(plan.kinds).find((kind) => {
    const { isGuarded, words } = planned(plan, kind);
    return !isGuarded && [kind, words.plural].some((one) => one.toLowerCase().replaceAll(' ', '') === typed);
  });
}

/** `service/web`, `directory/OWNER/DIRECTORY`. */
function example(plan: Plan): string {
  const [kind = ''] = plan.sweep;
  const { parts } = planned(plan, kind);
  return `${kind}/${parts.length === 1 ? 'web' : parts.map((part) => part.toUpperCase()).join('/')}`;
}

/** Where the library refuses what was typed, the usage is wrong. */
export function asTyped<T>(check: () => T): T {
  try {
    return check();
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

/** `KIND ID`, or `KIND/ID`. */
export function readParent(plan: Plan, given: Given): ItemKey {
  const [parent, extra] = readParents(plan, given);
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
