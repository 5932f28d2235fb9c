/** Items that nobody but raw hands could have written so: what an operator cares for beyond the promises. */
import type { StoredParent, World } from '../../protocol/invariants.ts';
import { ID_BYTES_MAX, NETWORKS_PER_SERVICE_MAX } from '../../protocol/limits.ts';
import {
  byteLength,
  isId,
  KINDS,
  networkLists,
  type ParentKey,
  type ParentKind,
  parentName,
  parseParentName,
  referencedNetworks,
} from '../../protocol/model.ts';
import { shown } from '../values.ts';
import type { About, Problem, Suspect } from './findings.ts';

export interface AuditedParent extends StoredParent {
  /** Paths of network lists that hold neither a list nor null. */
  readonly oddLists?: readonly string[];
}

export interface AuditedCounter {
  readonly id: string;
  /** A whole number, unless somebody else wrote it. */
  readonly remaining: unknown;
  readonly epoch?: unknown;
}

export interface AuditedWorld extends Omit<World, 'services' | 'networks' | 'counters'> {
  readonly services: readonly AuditedParent[];
  readonly networks: readonly AuditedParent[];
  readonly counters: readonly AuditedCounter[];
}

export type Found = Omit<Suspect, 'evidence'>;

/** What is odd about a service or network by itself. */
export function oddities(kind: ParentKind, parent: AuditedParent): Found[] {
  const key = { kind, id: parent.id };
  const name = parentName(key);
  const found = (problem: Problem, message: string, promise?: Suspect['promise']): Found => ({
    problem,
    ...(promise && { promise }),
    subject: name,
    about: aboutParent(key),
    message: `${name} ${message}`,
  });
  const { pendingDelete, markedAt, protected: shield } = parent;
  const odd: Found[] = [];
  if (!isSwitch(pendingDelete)) {
    odd.push(
      found('malformed mark', `has pendingDelete ${shown(pendingDelete)}, which is no mark: it will not be deleted`),
    );
  }
  if (!isSwitch(shield)) {
    odd.push(found('malformed protection', `has protected ${shown(shield)}, which protects nothing`, 'S3'));
  }
  if (markedAt !== undefined && pendingDelete !== true) {
    odd.push(
      found(
        'left mark time',
        `is not marked, but has markedAt ${shown(markedAt)}: a next mark could pass for that one`,
        'S3',
      ),
    );
  }
  if (KINDS[kind].refersTo === undefined) return odd;
  const wrong = wrongReferences(parent);
  if (wrong !== undefined) {
    odd.push(found('malformed references', `has ${wrong}: what was meant by that protects nothing`, 'S2'));
  }
  const references = referencesOf(parent).length;
  if (references > NETWORKS_PER_SERVICE_MAX) {
    const most = `only ${NETWORKS_PER_SERVICE_MAX} of them can be deleted together with it`;
    odd.push(found('too many references', `refers to ${references} networks; ${most}`, 'S6'));
  }
  return odd;
}

export function oddCounter(counter: AuditedCounter): Found[] {
  const { id, remaining, epoch } = counter;
  const about = { counter: id };
  if (parseParentName(id) === undefined) {
    const message = `the counters table has an item ${id}, which is no parent's name; the deallocator never writes that`;
    return [{ problem: 'unknown counter', promise: 'S4', subject: id, about, message }];
  }
  if (isReadable(counter)) return [];
  const message = `the counter of ${id} holds remaining ${shown(remaining)} and epoch ${shown(epoch)}, which the deallocator never writes; ${id} can't be settled with it`;
  return [{ problem: 'unreadable counter', promise: 'S7', subject: id, about, message }];
}

/** As the store reads it. */
export function isReadable({ remaining, epoch }: AuditedCounter): boolean {
  return Number.isInteger(remaining) && typeof epoch === 'string';
}

export function referencesOf(service: StoredParent): string[] {
  return referencedNetworks(service.id, networkLists(service.spec));
}

export function aboutParent({ kind, id }: ParentKey): About {
  return kind === 'service' ? { service: id } : { network: id };
}

/** On, off or not there; null is how some languages write the last. */
function isSwitch(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'boolean';
}

/** Of the list that counts, or of one that would if it were a list. */
function wrongReferences({ id, spec, oddLists = [] }: AuditedParent): string | undefined {
  if (oddLists.length > 0) return `${oddLists.join(' and ')} of another type than a list`;
  const { task, service } = networkLists(spec);
  const entries: unknown = Array.isArray(task) && task.length > 0 ? task : service;
  if (!Array.isArray(entries) || entries.length === 0) return undefined;
  if (byteLength(id) > ID_BYTES_MAX.service) {
    return `references, and an id of more than the ${ID_BYTES_MAX.service} bytes that an attachment's key holds`;
  }
  const targets = entries.map((entry: { readonly target?: unknown } | null) => entry?.target);
  const place = targets.findIndex((target) => !isId('network', target));
  return place === -1 ? undefined : `a network reference [${place}] whose target is ${shown(targets[place])}`;
}
