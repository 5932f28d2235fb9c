/** Reads a resource's properties by a list of what is known: a property that nobody reads is an error, not a surprise. */
import { LocalError } from '../ground/local-error.ts';

/**
 * `used`: emulated. `ignored`: accepted, without effect here (see README.md for each reason).
 */
export interface PropertyList {
  readonly used: readonly string[];
  readonly ignored?: readonly string[];
}

export type Properties = Readonly<Record<string, unknown>>;

export function checkProperties(where: string, properties: Properties, known: PropertyList): void {
  for (const name of Object.keys(properties)) {
    if (known.used.includes(name) || known.ignored?.includes(name)) continue;
    const allowed = [...known.used, ...(known.ignored ?? [])].join(', ');
    throw new LocalError(
      'template.unknownProperty',
      `${where} has property "${name}", which the local cloud does not know; it knows ${allowed}`,
    );
  }
}

export function invalidProperty(where: string, name: string, seen: unknown, allowed: string): LocalError {
  return new LocalError(
    'template.invalidProperty',
    `${where}: ${name} is ${JSON.stringify(seen)}, allowed: ${allowed}`,
  );
}

export function readObject(where: string, properties: Properties, name: string): Properties | undefined {
  const value = properties[name];
  if (value === undefined) return undefined;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw invalidProperty(where, name, value, 'an object');
  }
  return value as Properties;
}

export function readList(where: string, properties: Properties, name: string): readonly unknown[] {
  const value = properties[name] ?? [];
  if (!Array.isArray(value)) throw invalidProperty(where, name, value, 'a list');
  return value;
}

export function findText(where: string, properties: Properties, name: string): string | undefined {
  const value = properties[name];
  if (value === undefined || typeof value === 'string') return value;
  throw invalidProperty(where, name, value, 'a text');
}

export function getText(where: string, properties: Properties, name: string): string {
  const value = findText(where, properties, name);
  if (value === undefined || value === '') throw invalidProperty(where, name, value, 'a text');
  return value;
}

/** CloudFormation also takes numbers and booleans as text. */
export function findNumber(
  where: string,
  properties: Properties,
  name: string,
  range: readonly [min: number, max: number],
): number | undefined {
  const value = properties[name];
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= range[0] && number <= range[1]) return number;
  throw invalidProperty(where, name, value, `a whole number from ${range[0]} to ${range[1]}`);
}

export function findFlag(where: string, properties: Properties, name: string): boolean | undefined {
  const value = properties[name];
  if (value === undefined || typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalidProperty(where, name, value, 'true or false');
}
