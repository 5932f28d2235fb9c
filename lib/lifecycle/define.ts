/** Declares a lifecycle, checked. */
import type { Kind, Lifecycle } from './declaration.ts';
import { planOf } from './plan.ts';

/** A lifecycle that is checked: the names of its kinds, and the parts of their ids, are known to the compiler. */
export interface DefinedLifecycle<K extends Readonly<Record<string, Kind>>> {
  /** As they were declared. */
  readonly kinds: K;
  /** The other names for the attributes that are written to your items. */
  readonly attributes?: Lifecycle['attributes'];
}

/**
 * Declares kinds of your own, on tables of your own. Throws a `DeallocatorError` of the code `InvalidArgument` for what can't be kept:
 * its message, and its `refusals`, say of each what is wrong, why, and what to do instead.
 *
 * @example
 * const LIBRARY = defineLifecycle({
 *   kinds: {
 *     shelf: { table: 'shelves', key: { id: '${shelf}' } },
 *     book: { table: 'books', key: { id: '${book}' }, dependsOn: [{ kind: 'shelf', by: 'value', at: 'shelfId' }] },
 *   },
 * });
 */
export function defineLifecycle<const K extends Readonly<Record<string, Kind>>>(lifecycle: {
  readonly kinds: K & { readonly [N in keyof K]: Kind<Extract<keyof K, string>> };
  readonly attributes?: Lifecycle['attributes'];
}): DefinedLifecycle<K> {
  planOf(lifecycle as Lifecycle);
  // A copy: what was checked is what stays.
  return frozen(structuredClone(lifecycle)) as DefinedLifecycle<K>;
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}
