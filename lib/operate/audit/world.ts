/** What an audit reads, and by which ids it speaks of it. */

import type { ItemKey } from '../../lifecycle/keys.ts';
import type { StoredParent, World } from '../../protocol/invariants.ts';
import { parseHeldName, parseUserName, taskKey, taskParts } from '../../protocol/model.ts';

export type AuditedParent = StoredParent & {
  /** Paths of network lists that hold neither a list nor null. */
  readonly oddLists?: readonly string[];
};

export type AuditedCounter = {
  readonly id: string;
  /** A whole number, unless a raw writer overwrote it. */
  readonly remaining: unknown;
  readonly epoch?: unknown;
};

export interface AuditedWorld extends Omit<World, 'services' | 'networks' | 'counters'> {
  readonly services: readonly AuditedParent[];
  readonly networks: readonly AuditedParent[];
  readonly counters: readonly AuditedCounter[];
}

export type Attachment = World['attachments'][number];

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
  /** An attachment's own keys, where these are what is wrong. */
  readonly held?: string;
  /** The other one of the two. */
  readonly holder?: string;
}

function taskAbout(task: ItemKey): About {
  const { serviceId, id } = taskParts(task);
  return { service: serviceId, task: id };
}

/** A user of a network, and that network. */
export function pairOf(user: ItemKey, network: string) {
  const about: About = user.kind === 'task' ? taskAbout(user) : { service: user.id };
  return { ...about, network };
}

/** The same of an attachment. Undefined where its keys say neither. */
export function pairIn({ held, holder }: Attachment): ReturnType<typeof pairOf> | undefined {
  const [user, network] = [parseUserName(holder), parseHeldName(held)];
  return user && network && pairOf(user, network.id);
}

/** The service that it is about, else the network. */
export function parentIn({ service, network = '' }: Pick<About, 'service' | 'network'>): ItemKey {
  return service === undefined ? { kind: 'network', id: network } : { kind: 'service', id: service };
}

/** The user of the network that it is about: a service, or a task of it. */
export function userIn({ service = '', task }: About): ItemKey {
  return task === undefined ? { kind: 'service', id: service } : taskKey(service, task);
}
