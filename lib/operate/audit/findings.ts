/** What an audit can find, how it tells two findings apart, and what mends each. */
import { isDeepStrictEqual } from 'node:util';
import type { Promised } from '../../protocol/invariants.ts';
import { NETWORKS_PER_SERVICE_MAX } from '../../protocol/limits.ts';
import { attachmentName, type ParentKind, parentName, type UserKey } from '../../protocol/model.ts';

export type Problem =
  /** A task of a service that is gone. */
  | 'orphan task'
  /** A service, or a task that holds networks, refers to a network that is not there. */
  | 'missing network'
  /** The same to one that is there, without an attachment, so nothing protects that network. */
  | 'missing attachment'
  /** An attachment of a service or task that is gone, or does not refer to the network. */
  | 'stale attachment'
  /** A counter of a parent that is gone or not marked. */
  | 'left counter'
  /** A counter that says more than there are children: its last child would wake nobody. */
  | 'high counter'
  /** Marked, without children, held by nothing, and still there. */
  | 'not deleted'
  /** Marked, with children, and without a counter: its last child would wake nobody. */
  | 'no counter'
  /** `pendingDelete` is neither a BOOL nor null: meant as a mark, and none. */
  | 'malformed mark'
  /** `markedAt` without a mark: the next mark could pass for the last. */
  | 'left mark time'
  /** `protected` is neither a BOOL nor null: meant as a protection, and none. */
  | 'malformed protection'
  /** Network lists that are no lists, or name what can't be a network: those references protect nothing. */
  | 'malformed references'
  /** More references than one deletion's transaction holds. */
  | 'too many references'
  /** A counter that holds what the deallocator never writes. Its parent can't be settled until it is gone. */
  | 'unreadable counter'
  /** An item among the counters that belongs to no parent. */
  | 'unknown counter';

/** The ids of what a finding is about, as far as each is concerned. */
export interface About {
  readonly service?: string;
  readonly network?: string;
  readonly task?: string;
  /** The counter's own key, where that is what is wrong. */
  readonly counter?: string;
}

/** Who refers to the network that it is about: a service, or a task of it. */
export function userIn({ service, task }: About): UserKey | undefined {
  if (service === undefined) return undefined;
  return task === undefined ? { kind: 'service', id: service } : { kind: 'task', serviceId: service, id: task };
}

/** What was seen, and what must be seen again for it to be the same finding. */
export type Evidence = Readonly<Record<string, string | number | null | readonly string[]>>;

/** Wrong at one look. It may be of the time between two reads or two records, until a later look sees the same. */
export interface Suspect {
  readonly problem: Problem;
  /** Absent where no promise is broken yet. */
  readonly promise?: Promised;
  /** `service#web`, `attachment#front#web`, `task#web#web.1`, … */
  readonly subject: string;
  readonly about: About;
  /** A sentence for whoever must act. */
  readonly message: string;
  readonly evidence: Evidence;
}

/** `by: sweep`: the sweep function mends it when it is asked for `parent`. `by: person`: nobody else may, or can know how. */
export type Mending =
  | { readonly by: 'sweep'; readonly parent: string }
  | { readonly by: 'person'; readonly step: string };

export function suspectKey({ problem, about }: Pick<Suspect, 'problem' | 'about'>): string {
  return JSON.stringify([problem, about.service, about.network, about.task, about.counter]);
}

/** What mends a finding, for `sweep`: `settleNamed` of the protocol, which re-checks everything under its own conditions. */
export function mendingOf({ problem, about }: Pick<Suspect, 'problem' | 'about'>): Mending {
  const bySweep = (kind: ParentKind, id: string | undefined): Mending => ({
    by: 'sweep',
    parent: parentName({ kind, id: id ?? '' }),
  });
  const byPerson = (step: string): Mending => ({ by: 'person', step });
  const own = about.service === undefined ? 'network' : 'service';
  const name = parentName({ kind: own, id: about[own] ?? '' });
  const attribute = problem === 'malformed mark' ? 'pendingDelete' : 'protected';
  switch (problem) {
    case 'missing attachment': {
      const user = userIn(about);
      return user?.kind === 'task' ? { by: 'sweep', parent: attachmentName(user) } : bySweep('service', about.service);
    }
    case 'stale attachment':
      return bySweep('network', about.network);
    case 'orphan task':
      return byPerson(`see that it runs no more, then delete task ${about.task} of service ${about.service}`);
    case 'missing network':
      return byPerson(`create network ${about.network} again, or take it out of ${whose(about)}`);
    case 'malformed mark':
    case 'malformed protection':
      return byPerson(`take ${attribute} away from ${name}, or set it to the BOOL true with the client`);
    case 'malformed references':
      return byPerson(`correct the network lists in the spec of ${name}, then sweep with its name`);
    case 'too many references':
      return byPerson(`let ${name} refer to at most ${NETWORKS_PER_SERVICE_MAX} networks`);
    case 'unreadable counter':
      return byPerson(
        `delete the item ${about.counter} of the counters table (docs/break-glass.md says how), then sweep with that name`,
      );
    case 'unknown counter':
      return byPerson(
        `find out who wrote the item ${about.counter} to the counters table, and delete it (docs/break-glass.md says how)`,
      );
    default:
      return bySweep(own, about[own]);
  }
}

function whose({ service, task }: About): string {
  return task === undefined ? `the spec of service ${service}` : `the networks of task ${task} of service ${service}`;
}

/** Wrong at two looks in the same way, with a pause between them. Plain data, ready for JSON. */
export interface Finding extends Suspect {
  /** Since when it may have been wrong, ISO 8601: the time of the mark, or of the deletion that its receipt tells. */
  readonly since?: string;
  readonly mending: Mending;
}

/** Whether two looks saw the same wrong, and not one after the other of its kind. */
export function sameEvidence(a: Suspect, b: Suspect | undefined): boolean {
  return isDeepStrictEqual(a.evidence, b?.evidence);
}
