/** What of an import can't be used: gathered instead of thrown, so that all of it is told at once, and may be left out. */
import { isDeallocatorError } from '../../protocol/errors.ts';
import { type LeftOut, reasonOf } from './snapshot.ts';

/** An object that is not imported, while the rest is. */
export interface Unusable extends LeftOut {
  /** Its file and path, such as `tasks.json: [3]`. */
  readonly where: string;
}

export class Gathered {
  readonly all: Unusable[] = [];
  readonly #byObject = new Map<string, Unusable>();

  add(unusable: Unusable): void {
    this.all.push(unusable);
    if (!this.#byObject.has(unusable.object)) this.#byObject.set(unusable.object, unusable);
  }

  /** A second version of an object of which the first is kept: nothing hangs on it. */
  addRepeat(unusable: Unusable): void {
    this.all.push(unusable);
  }

  has(object: string): boolean {
    return this.#byObject.has(object);
  }

  /** The object that is wrong itself, if this one is left out. */
  rootOf(object: string): string | undefined {
    const unusable = this.#byObject.get(object);
    return unusable && (unusable.cause ?? unusable.object);
  }

  /** What `make` returns; or undefined, with its refusal gathered. @param more what the reason ends with */
  attempt<T>(place: { readonly object: string; readonly where: string }, make: () => T, more = ''): T | undefined {
    try {
      return make();
    } catch (error) {
      if (!isDeallocatorError(error, 'InvalidArgument')) throw error;
      const [cause] = error.blockers;
      this.add({ ...place, reason: `${reasonOf(error)}${more}`, ...(cause !== undefined && { cause }) });
      return undefined;
    }
  }
}

/** Objects that are refused or left out for one cause. */
export interface Grouped {
  /** What is wrong itself; it need not be among `objects`, such as a network in the tables that is marked. */
  readonly cause: string;
  /** Why the first of them was. */
  readonly reason: string;
  /** In their order. */
  readonly objects: readonly string[];
}

/** By what is wrong itself; what has nothing in common but the same words, by these. */
export function groupByCause(all: readonly LeftOut[]): Grouped[] {
  const causes = new Map(all.map(({ object, cause }) => [object, cause]));
  const rootOf = (object: string): string => {
    const seen = new Set<string>();
    let root = object;
    for (let cause = causes.get(root); cause !== undefined && !seen.has(root); cause = causes.get(root)) {
      seen.add(root);
      root = cause;
    }
    return root;
  };
  const groups = new Map<string, { cause: string; reason: string; objects: string[] }>();
  const reasons = new Map(all.map(({ object, reason }) => [object, reason]));
  for (const { object, reason, cause } of all) {
    const root = cause === undefined ? object : rootOf(object);
    const why = reasons.get(root);
    // What is wrong by itself goes with others of the same words; what hangs on it goes with it.
    const key = why === undefined ? `cause ${root}` : `words ${why}`;
    const group = groups.get(key) ?? { cause: root, reason: why ?? reason, objects: [] };
    groups.set(key, group);
    group.objects.push(object);
  }
  return [...groups.values()];
}
