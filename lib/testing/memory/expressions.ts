/**
 * DynamoDB's expressions, as far as our requests use them. Whatever it doesn't know throws: an expression that is passed over
 * would make the simulation prove something else.
 */

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { canonicalNumber, isEqual, kept, type StoredItem } from './attribute-values.ts';
import { NotInMemoryError } from './not-in-memory.ts';

/** What DynamoDB answers to a request that is not well formed. */
export class Invalid extends Error {}

export interface Placeholders {
  readonly names: Readonly<Record<string, string>>;
  readonly values: StoredItem;
}

type Path = readonly string[];
type Operand = { readonly path: Path } | { readonly value: string };

export type Condition =
  | { readonly is: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly is: 'exists' | 'not exists'; readonly path: Path }
  | { readonly is: 'begins with'; readonly path: Path; readonly text: string }
  | { readonly is: '=' | '<>' | '<'; readonly left: Operand; readonly right: Operand };

export type Change =
  | {
      readonly do: 'set';
      readonly path: Path;
      readonly first: Operand;
      readonly sign: 0 | 1 | -1;
      readonly second?: Operand;
    }
  | { readonly do: 'remove'; readonly path: Path };

/** An expression, and the placeholders that it uses. */
export interface Parsed<T> {
  readonly tree: T;
  readonly used: ReadonlySet<string>;
}

class Tokens {
  readonly used = new Set<string>();
  readonly #text: string;
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = text.match(/[#:]?\w+|<>|[=(),.+-]|\S/g) ?? [];
  }

  peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  /** Takes the next token if it is this one; keywords in any case. */
  take(token: string): boolean {
    if (this.peek()?.toUpperCase() !== token) return false;
    this.#at++;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) throw this.unknown();
  }

  word(pattern: RegExp): string {
    const word = this.peek();
    if (word === undefined || !pattern.test(word)) throw this.unknown();
    this.#at++;
    if (/^[#:]/.test(word)) this.used.add(word);
    return word;
  }

  end(): void {
    if (this.peek() !== undefined) throw this.unknown();
  }

  unknown(): Error {
    return new NotInMemoryError(`the expression "${this.#text}" at "${this.peek() ?? 'its end'}"`);
  }
}

function readPath(tokens: Tokens): Path {
  const path = [tokens.word(/^#?[A-Za-z_]\w*$/)];
  while (tokens.take('.')) path.push(tokens.word(/^#?[A-Za-z_]\w*$/));
  return path;
}

function readOperand(tokens: Tokens): Operand {
  return tokens.peek()?.startsWith(':') ? { value: tokens.word(/^:\w+$/) } : { path: readPath(tokens) };
}

function readOr(tokens: Tokens): Condition {
  const parts = [readAnd(tokens)];
  while (tokens.take('OR')) parts.push(readAnd(tokens));
  return parts.length === 1 ? (parts[0] as Condition) : { is: 'or', parts };
}

function readAnd(tokens: Tokens): Condition {
  const parts = [readSimple(tokens)];
  while (tokens.take('AND')) parts.push(readSimple(tokens));
  return parts.length === 1 ? (parts[0] as Condition) : { is: 'and', parts };
}

function readSimple(tokens: Tokens): Condition {
  if (tokens.take('(')) {
    const inner = readOr(tokens);
    tokens.expect(')');
    return inner;
  }
  for (const [name, is] of [['ATTRIBUTE_EXISTS', 'exists'] as const, ['ATTRIBUTE_NOT_EXISTS', 'not exists'] as const]) {
    if (!tokens.take(name)) continue;
    tokens.expect('(');
    const path = readPath(tokens);
    tokens.expect(')');
    return { is, path };
  }
  if (tokens.take('BEGINS_WITH')) {
    tokens.expect('(');
    const path = readPath(tokens);
    tokens.expect(',');
    const text = tokens.word(/^:\w+$/);
    tokens.expect(')');
    return { is: 'begins with', path, text };
  }
  const left = readOperand(tokens);
  const is = tokens.word(/^(=|<>|<)$/) as '=' | '<>' | '<';
  return { is, left, right: readOperand(tokens) };
}

function readChanges(tokens: Tokens): Change[] {
  const changes: Change[] = [];
  const seen = new Set<string>();
  while (tokens.peek() !== undefined) {
    const clause = ['SET', 'REMOVE'].find((name) => tokens.take(name));
    if (clause === undefined || seen.has(clause)) throw tokens.unknown();
    seen.add(clause);
    do {
      const path = readPath(tokens);
      if (path.length > 1) throw tokens.unknown();
      if (clause === 'REMOVE') {
        changes.push({ do: 'remove', path });
        continue;
      }
      tokens.expect('=');
      const first = readOperand(tokens);
      const sign = tokens.take('+') ? 1 : tokens.take('-') ? -1 : 0;
      changes.push({ do: 'set', path, first, sign, ...(sign !== 0 && { second: readOperand(tokens) }) });
    } while (tokens.take(','));
  }
  if (changes.length === 0) throw tokens.unknown();
  return changes;
}

function readPaths(tokens: Tokens): Path[] {
  const paths = [readPath(tokens)];
  while (tokens.take(',')) paths.push(readPath(tokens));
  return paths;
}

/** Few texts are sent again and again: each is parsed once. */
function remembering<T>(read: (tokens: Tokens) => T): (text: string) => Parsed<T> {
  const known = new Map<string, Parsed<T>>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const tokens = new Tokens(text);
    const tree = read(tokens);
    tokens.end();
    const parsed = { tree, used: tokens.used };
    known.set(text, parsed);
    return parsed;
  };
}

export const parseCondition = remembering(readOr);
export const parseUpdate = remembering(readChanges);
export const parseProjection = remembering(readPaths);

function nameOf(part: string, { names }: Placeholders): string {
  return part.startsWith('#') ? (names[part] as string) : part;
}

function find(path: Path, item: StoredItem | undefined, placeholders: Placeholders): AttributeValue | undefined {
  let map = item;
  for (const [depth, part] of path.entries()) {
    const name = nameOf(part, placeholders);
    const value = map !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;
    if (depth === path.length - 1 || value === undefined) return value;
    map = value.M;
  }
  return undefined;
}

function operandValue(operand: Operand, item: StoredItem | undefined, placeholders: Placeholders) {
  return 'path' in operand ? find(operand.path, item, placeholders) : placeholders.values[operand.value];
}

export function holds(condition: Condition, item: StoredItem | undefined, placeholders: Placeholders): boolean {
  switch (condition.is) {
    case 'and':
      return condition.parts.every((part) => holds(part, item, placeholders));
    case 'or':
      return condition.parts.some((part) => holds(part, item, placeholders));
    case 'exists':
      return find(condition.path, item, placeholders) !== undefined;
    case 'not exists':
      return find(condition.path, item, placeholders) === undefined;
    case 'begins with': {
      const text = placeholders.values[condition.text]?.S;
      if (text === undefined) throw new NotInMemoryError('a beginning of anything but texts');
      return find(condition.path, item, placeholders)?.S?.startsWith(text) === true;
    }
    default: {
      const left = operandValue(condition.left, item, placeholders);
      const right = operandValue(condition.right, item, placeholders);
      if (condition.is === '<') return isLess(left, right);
      // What is missing equals nothing, and so differs from everything.
      const same = left !== undefined && right !== undefined && isEqual(left, right);
      return condition.is === '=' ? same : !same;
    }
  }
}

/** Only with a number, as our neighbours' conditions have it: what is missing, or of another type, is not less. */
function isLess(left: AttributeValue | undefined, right: AttributeValue | undefined): boolean {
  if (right?.N === undefined) throw new NotInMemoryError('an order of anything but numbers');
  return left?.N !== undefined && Number(left.N) < Number(right.N);
}

/** The item after the changes, all of which see it as it was before. */
export function changed(changes: readonly Change[], item: StoredItem, placeholders: Placeholders): StoredItem {
  const after = { ...item };
  for (const change of changes) {
    const name = nameOf(change.path[0] as string, placeholders);
    if (change.do === 'remove') {
      delete after[name];
      continue;
    }
    const first = operandValue(change.first, item, placeholders);
    const second = change.second && operandValue(change.second, item, placeholders);
    if (first === undefined || (change.second && second === undefined)) {
      throw new Invalid('The provided expression refers to an attribute that does not exist in the item');
    }
    after[name] = kept(second === undefined ? first : added(first, second, change.sign));
  }
  return after;
}

function added(first: AttributeValue, second: AttributeValue, sign: number): AttributeValue {
  if (first.N === undefined || second.N === undefined) {
    throw new Invalid('An operand in the update expression has an incorrect data type');
  }
  const sum = Number(first.N) + sign * Number(second.N);
  if (!Number.isSafeInteger(sum)) throw new NotInMemoryError(`the sum of ${first.N} and ${second.N}`);
  return { N: canonicalNumber(String(sum)) };
}

export function projected(paths: readonly Path[], item: StoredItem, placeholders: Placeholders): StoredItem {
  const result: StoredItem = {};
  for (const path of paths) {
    const value = find(path, item, placeholders);
    if (value === undefined) continue;
    let map = result;
    for (const part of path.slice(0, -1)) {
      const name = nameOf(part, placeholders);
      const inner: { M: StoredItem } = { M: map[name]?.M ?? {} };
      map[name] = inner;
      map = inner.M;
    }
    map[nameOf(path.at(-1) as string, placeholders)] = value;
  }
  return result;
}
