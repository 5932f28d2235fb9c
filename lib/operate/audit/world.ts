/** What an audit reads, and by which ids it speaks of it. */
import type { StoredParent, World } from '../../protocol/invariants.ts';
import type { ParentKey, UserKey } from '../../protocol/model.ts';

export interface AuditedParent extends StoredParent {
  /** Paths of network lists that hold neither a list nor null. */
  readonly oddLists?: readonly string[];
}

export interface AuditedCounter {
  readonly id: string;
  /** A whole number, unless a raw writer overwrote it. */
  readonly remaining: unknown;
  readonly epoch?: unknown;
}

export interface AuditedWorld extends Omit<World, 'services' | 'networks' | 'counters'> {
  readonly services: readonly AuditedParent[];
  readonly networks: readonly AuditedParent[];
  readonly counters: readonly AuditedCounter[];
}

/** The ids of what a finding is about, as far as each is concerned. */
export interface About {
  /** A service's id. */
  readonly service?: string;
  /** A network's id. */
  readonly network?: string;
  /** A task's id; `service` is the one that it belongs to. */
  readonly task?: string;
  /** The counter's own key, where that is what is wrong. */
  readonly counter?: string;
}

/** The service that it is about, else the network. */
export function parentIn({ service, network = '' }: Pick<About, 'service' | 'network'>): ParentKey {
  return service === undefined ? { kind: 'network', id: network } : { kind: 'service', id: service };
}

/** The user of the network that it is about: a service, or a task of it. */
export function userIn({ service = '', task }: About): UserKey {
  return task === undefined ? { kind: 'service', id: service } : { kind: 'task', serviceId: service, id: task };
}
