/**
 * A cluster as one JSON document: `{services: [{id, spec, …}], networks: [{id, spec, …}], tasks: [{serviceId, id, …}]}`.
 * All of it is checked before anything is written, so that a mistake leaves nothing half loaded.
 */

import type { NewNetwork, NewService, Task } from '../../client/types.ts';
import { attributeOf } from '../../dynamodb/client.ts';
import { shown } from '../../protocol/arguments.ts';
import { DeallocatorError } from '../../protocol/errors.ts';
import { STACK_LABEL } from '../names.ts';
import { type Entry, isMap } from '../values.ts';
import { idBytesMax, isId, type ListName } from './lists.ts';

/** Objects of one kind in a snapshot. They are held in memory; a laptop loads ten thousand tasks in some seconds. */
export const SNAPSHOT_OBJECTS_MAX = 10_000;

/** What a mark or an undelete adds to an item: when, by whom and why. */
const MARK_ATTRIBUTES: readonly string[] = [
  'pendingDelete',
  ...['markedAt', 'markedBy', 'markedReason'],
  ...['unmarkedAt', 'unmarkedBy', 'unmarkedReason'],
];

/** A task, with the id of its service. */
export type SnapshotTask = Task;

/** A volume, a secret or a config, without what is in it. */
export interface NewShared {
  /** Docker's id; a volume's name. */
  readonly id: string;
  readonly [attribute: string]: unknown;
}

/** A cluster as data. At most 10,000 objects of each kind. */
export interface Snapshot {
  /** Refer to its networks, or to networks that are there. */
  readonly services: readonly NewService[];
  /** What services, and perhaps tasks, refer to. */
  readonly networks: readonly NewNetwork[];
  /** Belong to its services. */
  readonly tasks: readonly SnapshotTask[];
  /** What services mount, where the lifecycle has volumes. @default none */
  readonly volumes?: readonly NewShared[];
  /** What services read, where the lifecycle has secrets. @default none */
  readonly secrets?: readonly NewShared[];
  /** The same for configs. @default none */
  readonly configs?: readonly NewShared[];
}

/** An object that an import or an export left out. */
export interface LeftOut {
  /** `network#…`, `service#…`, `secret#…` or `task#<service>#<task>`; a task of Docker's, which has an id of its own: `task#<task>`. */
  readonly object: string;
  /** Why, in words. */
  readonly reason: string;
  /** The object because of which it was: what it belongs to or refers to, and what is wrong itself. Absent: the object itself. */
  readonly cause?: string;
}

/** How a document calls the fields that are checked, for messages. */
export interface FieldNames {
  readonly id: string;
  readonly serviceId: string;
  readonly labels: string;
  readonly taskNetworks: string;
  readonly networks: string;
  readonly target: string;
}

export const SNAPSHOT_FIELDS: FieldNames = {
  id: 'id',
  serviceId: 'serviceId',
  labels: 'spec.annotations.labels',
  taskNetworks: 'spec.task.networks',
  networks: 'spec.networks',
  target: 'target',
};

/** An entry of a document, and where it stands, for messages. */
export interface Placed {
  readonly where: string;
  readonly entry: Entry;
  /** @default {@link SNAPSHOT_FIELDS} */
  readonly fields?: FieldNames;
  /** What Docker tells of it beside what is imported. */
  readonly told?: {
    readonly name?: unknown;
    readonly version?: number | undefined;
    readonly tasks?: number | undefined;
  };
}

/** A snapshot's entries before they are checked. */
export type Parts = Readonly<Record<ListName, readonly Placed[]>>;

/** An item as a snapshot holds it: snapshots have no marks. */
export function withoutMark(item: Entry): Entry {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !MARK_ATTRIBUTES.includes(name)));
}

/** `place` as in {@link readParts}. */
export function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text, (key, value) => {
      // The SDK would leave it out, and DynamoDB would refuse the rest with half of the file written.
      if (key === '__proto__') throw new SyntaxError('a key is called __proto__, which can not be written');
      return value;
    });
  } catch (cause) {
    throw invalid(`${place}is not JSON (${(cause as Error).message}); correct it there`, cause);
  }
}

export function checkObject(where: string, kind: string, object: Entry, fields = SNAPSHOT_FIELDS): void {
  checkId(`${where}.${fields.id}`, kind, object.id);
  for (const field of MARK_ATTRIBUTES) {
    if (object[field] === undefined) continue;
    throw invalid(
      `${where}.${field} is ${shown(object[field])}; drop it: objects are loaded unmarked, and marked later`,
    );
  }
  const { spec = {} } = object;
  const { annotations = {} } = asMap(`${where}.spec`, spec);
  const { labels = {} } = asMap(`${where}.spec.annotations`, annotations);
  const { [STACK_LABEL]: stack } = asMap(`${where}.${fields.labels}`, labels);
  if (stack !== undefined && (typeof stack !== 'string' || stack === '')) {
    throw invalid(
      `${where}.${fields.labels}["${STACK_LABEL}"] is ${shown(stack)}; it must be a stack's name, or not be there`,
    );
  }
  checkStorable(where, object);
}

/** JSON can say more than DynamoDB can hold, such as numbers of more than 38 digits. */
export function checkStorable(where: string, entry: Entry): void {
  try {
    attributeOf(entry);
  } catch (cause) {
    throw invalid(`${where} holds what DynamoDB can't: ${(cause as Error).message}`, cause);
  }
}

export function checkId(where: string, kind: string, id: unknown): void {
  if (isId(kind, id)) return;
  throw invalid(`${where} is ${shown(id)}; it must be a string of 1 to ${idBytesMax(kind)} bytes`);
}

export function asMap(where: string, value: unknown): Entry {
  if (isMap(value)) return value;
  throw invalid(`${where} is ${shown(value)}; it must be an object`);
}

const REFUSED = 'the snapshot is refused: ';

/** @param blocker the object that is wrong itself, where it is another */
export function invalid(message: string, cause?: unknown, blocker?: string): DeallocatorError {
  const blockers = blocker === undefined ? [] : [blocker];
  return new DeallocatorError('InvalidArgument', `${REFUSED}${message}`, { cause, blockers });
}

/** Its message, without what all of them begin with. */
export function reasonOf({ message }: DeallocatorError): string {
  return message.startsWith(REFUSED) ? message.slice(REFUSED.length) : message;
}
