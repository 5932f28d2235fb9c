/** Fields that objects of Docker's Engine API have in common. */
import { shown } from '../../protocol/arguments.ts';
import { type Entry, isMap } from '../values.ts';
import { asMap, invalid } from './snapshot.ts';

export function annotationsOf(where: string, name: unknown, labels: unknown): Entry {
  if (typeof name !== 'string') throw invalid(`${where}.Name is ${shown(name)}; it must be a string`);
  if (labels === undefined || labels === null) return { name };
  return { name, labels: asMap(`${where}.Labels`, labels) };
}

/** Go prints an empty list as `null`, or leaves it out. */
export function listOf(where: string, list: unknown): readonly unknown[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw invalid(`${where} is ${shown(list)}; it must be a list`);
  return list;
}

export function versionOf({ Version }: Entry): number | undefined {
  return isMap(Version) && typeof Version.Index === 'number' ? Version.Index : undefined;
}
