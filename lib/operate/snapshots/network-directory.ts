/** The networks to which Docker's objects may refer, by id or name. */
import { shown } from '../../protocol/arguments.ts';
import { invalid } from './snapshot.ts';

/** A network that each node has for itself. */
export const LOCAL = Symbol('local');

/** Docker accepts a network's id or its name everywhere, and tries the id first. */
export class NetworkDirectory {
  readonly #ids = new Set<unknown>();
  readonly #idsByName = new Map<unknown, Set<unknown>>();
  readonly #local = new Set<unknown>();

  add(id: unknown, name: unknown): void {
    this.#ids.add(id);
    if (typeof name === 'string') this.#idsByName.set(name, (this.#idsByName.get(name) ?? new Set()).add(id));
  }

  /** Ids and names in one set, since the swarm's networks of that id or name come first. False if it was known. */
  addLocal(id: unknown, name: unknown): boolean {
    const isNew = !this.#local.has(id);
    this.#local.add(id);
    this.#local.add(name);
    return isNew;
  }

  isLocal(id: unknown): boolean {
    return this.#local.has(id);
  }

  has(id: unknown): boolean {
    return this.#ids.has(id);
  }

  /** By id, by name, or as a network that each node has for itself. */
  knows(target: unknown): boolean {
    return this.#ids.has(target) || this.#idsByName.has(target) || this.#local.has(target);
  }

  find(where: string, target: unknown): { readonly id: unknown } | typeof LOCAL {
    if (this.#ids.has(target)) return { id: target };
    const ids = [...(this.#idsByName.get(target) ?? [])];
    if (ids.length > 1) {
      throw invalid(
        `${where} is ${shown(target)}, a name that networks ${ids.join(', ')} have; name one of them by its id`,
      );
    }
    if (ids.length === 1) return { id: ids[0] };
    if (target !== undefined && this.#local.has(target)) return LOCAL;
    throw invalid(
      `${where} is ${shown(target)}, and no such network is given; add what "docker network inspect" prints for it, or take the reference away if the network is gone`,
      undefined,
      typeof target === 'string' ? `network#${target}` : undefined,
    );
  }
}
