/** The item `lifecycle`, and the pages of what holds anything: docs/design.md §4.4. */
import type { Declaration, Holder, LearningPlace, Learnt, Lifecycle, LifecycleRead } from '../protocol/learning.ts';
import { LEARNING_PAGE_ITEMS } from '../protocol/limits.ts';
import { taskKey } from '../protocol/model.ts';
import type { Page, PageKey } from '../protocol/pages.ts';
import { type Condition, versionIs, versionIsAsRead } from './conditions.ts';
import type { Database } from './database.ts';
import { expressed, only, type Phrase, setting } from './expressions.ts';
import { PARENT_PATHS, parentOf, TASK_USER_PATHS, taskUserOf } from './items.ts';
import { type Item, native, StoredValue } from './requests.ts';

export async function readLifecycle({ requests, at }: Database): Promise<LifecycleRead> {
  const stored = await requests.getStored(at.lifecycle());
  return {
    isThere: stored !== undefined,
    lifecycle: stored && lifecycleOf(native(stored)),
    version: stored?.version && new StoredValue(stored.version),
  };
}

export function takeDeclaration(database: Database, next: Lifecycle, { version }: LifecycleRead): Promise<Learnt> {
  const learning = Object.keys(next.learning).length > 0 ? next.learning : undefined;
  return write(database, setting({ ...next, learning, place: undefined }), versionIsAsRead(version));
}

export function keepPlace(database: Database, version: string, place: LearningPlace): Promise<Learnt> {
  return write(database, setting({ place }), versionIs(version));
}

export function endLearning(database: Database, version: string, fresh: string): Promise<Learnt> {
  return write(database, setting({ version: fresh, learning: undefined, place: undefined }), versionIs(version));
}

/**
 * No token: each of these writes changes the version that it compares, or is as harmless the second time (a place that is saved
 * late is an earlier one, whose pages are healed again).
 */
async function write({ requests, at }: Database, update: Phrase, condition: Condition): Promise<Learnt> {
  const { status } = await requests.update({
    ...at.lifecycle(),
    ...expressed({ update, condition }),
    ReturnValues: 'NONE',
    ReturnValuesOnConditionCheckFailure: 'NONE',
  });
  return status;
}

/** Undefined for an item that the deallocator never writes: then all is being learned. */
export function lifecycleOf({ version, declaration, learning = {}, since, endsFrom, place }: Item): Lifecycle | undefined {
  const isWhole =
    isText(version) && isDeclaration(declaration) && isDeclaration(learning) && isTime(since) && isTime(endsFrom);
  if (!isWhole) return undefined;
  return { version, declaration, learning, since, endsFrom, place: isPlace(place) ? place : undefined };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTime(value: unknown): value is string {
  return isText(value) && !Number.isNaN(Date.parse(value));
}

function isDeclaration(value: unknown): value is Declaration {
  return isMap(value) && Object.values(value).every((texts) => Array.isArray(texts) && texts.every(isText));
}

function isPlace(value: unknown): value is LearningPlace {
  if (!isMap(value) || !isText(value.kind)) return false;
  return value.from === undefined || (isMap(value.from) && Object.values(value.from).every(isText));
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
