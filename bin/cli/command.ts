/** What a command is, and how what is typed after its name is understood. */
import { checkId } from '../../lib/protocol/arguments.ts';
import type { ParentKey, ParentKind } from '../../lib/protocol/model.ts';
import type { Deployment } from './connection.ts';
import type { Io } from './io.ts';

/** The exit statuses that scripts can go by. */
export const DONE = 0;
export const FAILED = 1;
export const USAGE = 2;
/** It is not over: something holds it up, or the time ran out. */
export const BLOCKED = 3;
export const INTERRUPTED = 130;

export interface Option {
  /** What the help calls the value. Absent: a flag. */
  readonly value?: string;
  readonly says: string;
}

export interface Session {
  readonly io: Io;
  /** One JSON document on stdout, and nothing else there. */
  readonly isJson: boolean;
  /** Connects at the first call. */
  open(): Promise<Deployment>;
  /** To stdout, with a line feed. */
  print(text: string): void;
  printJson(document: unknown): void;
}

export interface Given {
  readonly positionals: readonly string[];
  text(option: string): string | undefined;
  flag(option: string): boolean;
}

export interface Command {
  readonly name: string;
  /** Positional arguments, as the usage shows them. */
  readonly takes: string;
  readonly says: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Command line, and what it is for. */
  readonly examples: readonly (readonly [string, string])[];
  /** Resolves with the exit status. */
  run(session: Session, given: Given): Promise<number>;
}

/** What whoever typed the command can mend. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const GLOBAL_OPTIONS: Readonly<Record<string, Option>> = {
  stack: { value: 'NAME', says: 'a deployed stack: reads its outputs; credentials as for any AWS tool' },
  region: { value: 'REGION', says: 'the Region of that stack (default: as for any AWS tool)' },
  config: { value: 'FILE', says: 'a file with the line that "npm run local" prints' },
  endpoint: { value: 'URL', says: 'where DynamoDB, Lambda and SQS answer, instead of where they usually do' },
  json: { says: 'one JSON document on stdout' },
};

export function readKind(text: string | undefined): ParentKind {
  if (text === 'service' || text === 'network') return text;
  throw new UsageError(
    text === undefined
      ? 'a kind is missing; allowed: service, network'
      : `"${text}" is no kind; allowed: service, network`,
  );
}

/** `KIND ID…`: at least one id. */
export function readParents({ positionals }: Given): [ParentKey, ...ParentKey[]] {
  const [kindText, first, ...others] = positionals;
  const kind = readKind(kindText);
  if (first === undefined) throw new UsageError(`the id of a ${kind} is missing`);
  for (const id of [first, ...others]) checkTyped(kind, id);
  return [{ kind, id: first }, ...others.map((id) => ({ kind, id }))];
}

/** What can be no id whatever the tables hold. */
export function checkTyped(kind: ParentKind, id: string): void {
  asTyped(() => checkId(kind, id));
}

/** What the library refuses of what was typed is wrong usage. */
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

/** A whole number from 1 to `most`. */
export function readNumber(option: string, text: string, most: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= most) return number;
  throw new UsageError(`--${option} is "${text}", allowed: a whole number from 1 to ${most}`);
}

const UNIT_MILLIS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** The longest that a timer of Node.js can wait, 24.8 days. */
const DURATION_MILLIS_MAX = 2 ** 31 - 1;

/** `90s`, `10m`, `2h`, `500ms`; a bare number is seconds. */
export function readDurationMillis(option: string, text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const millis = Number(number) * (UNIT_MILLIS[unit] ?? Number.NaN);
  if (millis >= 0 && millis <= DURATION_MILLIS_MAX) return millis;
  throw new UsageError(`--${option} is "${text}", allowed: a time up to 24 days such as 30s, 10m or 2h`);
}
