/** How objects are named: `service#web` in data, `service web` in sentences, `service/web` where they are typed. */

import { type Id, keyFor } from '../lifecycle/ids.ts';
import { type ItemKey, itemName, splitParts } from '../lifecycle/keys.ts';
import type { KindPlan } from '../lifecycle/kind-plan.ts';
import { type Plan, planOf } from '../lifecycle/plan.ts';
import { SWARMKIT_ALL } from '../lifecycle/swarmkit.ts';
import { isSwarmkits } from '../lifecycle/swarmkits.ts';
import { keyAbove, told, typedId } from '../lifecycle/told.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { BLOCKERS_NAMED_MAX } from '../protocol/limits.ts';

/** What `docker stack deploy` puts on everything that it creates. An object without it belongs to no stack. */
export const STACK_LABEL = 'com.docker.stack.namespace';

/** What the plan says of a kind that it has. */
export function planned(plan: Plan, kind: string): KindPlan {
  return plan.kinds[kind] as KindPlan;
}

/** `service web` for `service#web`, `task 1 of service web` for `task#3#web#1`. */
export function spoken(plan: Plan, name: string): string {
  const key = keyNamed(plan, name);
  return key === undefined ? name.replace('#', ' ') : told(plan, key);
}

const SWARMKIT_PLAN: Plan = planOf(SWARMKIT_ALL);

/** The same in an import: what it tells of is of SwarmKit's kinds, or a place in a file, which is told as it is. */
export function spokenInSwarm(name: string): string {
  return keyNamed(SWARMKIT_PLAN, name) === undefined ? name : spoken(SWARMKIT_PLAN, name);
}

/** The item of that name, by its form alone: what is told of need not be what could be made. Undefined for another name. */
export function keyNamed(plan: Plan, name: string): ItemKey | undefined {
  const end = name.indexOf('#');
  const key = { kind: name.slice(0, end), id: name.slice(end + 1) };
  if (end === -1 || !Object.hasOwn(plan.kinds, key.kind)) return undefined;
  return splitParts(key.id, planned(plan, key.kind).parts.length) === undefined ? undefined : key;
}

/** Numbers in ids by their value, so that task 2 comes before task 10. */
export function naturally(a: string, b: string): number {
  return NUMERIC.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

const NUMERIC = new Intl.Collator('en', { numeric: true });

/** The first few, and how many there are beside: `a, b, … and 590 more`. @param all how many there are, or at least */
export function listed(texts: readonly string[], all = texts.length, isExact = true): string {
  const shown = texts.slice(0, BLOCKERS_NAMED_MAX).join(', ');
  const more = all - Math.min(texts.length, BLOCKERS_NAMED_MAX);
  if (more > 0) return `${shown}${shown === '' ? '' : ', … and '}${isExact ? '' : 'at least '}${more} more`;
  return isExact ? shown : `${shown}, … and more`;
}

export function taskName({ serviceId, id }: { readonly serviceId: string; readonly id: string }): string {
  return `task#${serviceId}#${id}`;
}

/** The guarded kind that a word stands for, in any case: `service`, `Services`, `svc`; `lease-template` for `leaseTemplate`. */
export function kindOf(plan: Plan, word: string): string | undefined {
  const bare = (text: string) => text.toLowerCase().replaceAll(/[ -]/g, '');
  const typed = bare(word);
  return plan.sweep.find((kind) => {
    const { plural, short } = planned(plan, kind).words;
    return [kind, plural, ...short].some((one) => bare(one) === typed);
  });
}

/** `service/web`, as it may be typed; `directory/bob/docs` where the id has two parts. */
export function typedName(plan: Plan, key: ItemKey): string {
  return `${key.kind}/${typedId(plan, key)}`;
}

/** The inverse of {@link typedId}. An id of one part is taken as it is. `InvalidArgument` for what can be no id of the kind. */
export function parseTypedId(plan: Plan, kind: string, text: string): ItemKey {
  const { parts, words } = planned(plan, kind);
  if (parts.length === 1) return keyFor(plan, kind, text);
  const values = text.split('/').map((part) => part.replaceAll(/%2F/gi, '/').replaceAll('%25', '%'));
  if (values.length === parts.length) {
    return keyFor(plan, kind, Object.fromEntries(parts.map((part, place) => [part, values[place] ?? ''])));
  }
  const form = `${kind}/${parts.map((part) => part.toUpperCase()).join('/')}`;
  throw new DeallocatorError(
    'InvalidArgument',
    `the ${words.singular} id "${text}" has ${values.length} parts, and needs ${parts.length}; write ${form}, with %2F for a slash within a part`,
  );
}

/**
 * `service/web`, or `service#web` as data has it; the id may hold both characters itself. Undefined for what begins with no kind.
 * `InvalidArgument` for what can be no id of its kind.
 */
export function parseTypedName(plan: Plan, text: string): ItemKey | undefined {
  const end = text.search(/[/#]/);
  const kind = end === -1 ? undefined : kindOf(plan, text.slice(0, end));
  const id = text.slice(end + 1);
  if (kind === undefined || id === '') return undefined;
  const isData = text[end] === '#' && splitParts(id, planned(plan, kind).parts.length) !== undefined;
  return isData ? keyGiven(plan, { kind, id }) : parseTypedId(plan, kind, id);
}

/** An object as a program names it. */
export interface ObjectKey {
  /** Its kind. */
  readonly kind: string;
  /** Its id: a text; where it has several parts, these by their names. */
  readonly id: Id;
}

/**
 * The item that is meant. Where an id has several parts, the text behind the kind in its name is one too, and what may be typed for
 * it. `InvalidArgument` for another kind than a guarded one, and for what can be no id of its kind.
 */
export function keyGiven(plan: Plan, { kind, id }: ObjectKey): ItemKey {
  checkKind(plan, kind);
  const { parts } = planned(plan, kind);
  if (parts.length === 1 || typeof id !== 'string') return keyFor(plan, kind, id);
  const values = splitParts(id, parts.length);
  if (values === undefined) return parseTypedId(plan, kind, id);
  return keyFor(plan, kind, Object.fromEntries(parts.map((part, place) => [part, values[place] ?? ''])));
}

/** What that id may be: of a kind, or of each kind of which it can be one. `InvalidArgument` where it can be of none. */
export function keysCalled(plan: Plan, id: Id, kind?: string): ItemKey[] {
  if (kind !== undefined) return [keyGiven(plan, { kind, id })];
  const tried = plan.sweep.map((one): { key: ItemKey } | { error: unknown } => {
    try {
      return { key: keyGiven(plan, { kind: one, id }) };
    } catch (error) {
      return { error };
    }
  });
  const keys = tried.flatMap((one) => ('key' in one ? [one.key] : []));
  const [last] = tried.toReversed();
  if (keys.length === 0 && last !== undefined && 'error' in last) throw last.error;
  return keys;
}

/** `InvalidArgument` for another kind than a guarded one. */
export function checkKind(plan: Plan, kind: unknown): void {
  if (typeof kind === 'string' && plan.sweep.includes(kind)) return;
  const allowed = new Intl.ListFormat('en', { type: 'disjunction' }).format(plan.sweep.map((one) => `"${one}"`));
  throw new DeallocatorError(
    'InvalidArgument',
    `the kind of an object is ${JSON.stringify(kind)}; it must be ${allowed}`,
  );
}

/** What people call objects, by `service#…`: only where that is not the id. */
export type Names = Readonly<Record<string, string>>;

export function namesOf(
  objects: Iterable<{ readonly key: ItemKey; readonly name?: string | undefined } | undefined>,
): Names {
  const named = [...objects].flatMap((object) => {
    const { key, name } = object ?? {};
    return key === undefined || name === undefined || name === key.id ? [] : [[itemName(key), name]];
  });
  return Object.fromEntries(named);
}

/** An object with its id, and its name where that is another one: `service 5vkec (shop_web)`. @param aside said behind it */
export function called(plan: Plan, object: string, name: string | undefined, ...aside: readonly string[]): string {
  const notes = name === undefined || object.endsWith(`#${name}`) ? aside : [name, ...aside];
  return notes.length === 0 ? spoken(plan, object) : `${spoken(plan, object)} (${notes.join(', ')})`;
}

/** The same, of an object among others; of what is not guarded, with the name of what it lies under. */
export function spokenWith(plan: Plan, names: Names | undefined, object: string, ...aside: readonly string[]): string {
  const key = keyNamed(plan, object);
  const guarded = key === undefined ? undefined : guardedOf(plan, key);
  const named = guarded === undefined ? object : itemName(guarded);
  return called(plan, object, names !== undefined && Object.hasOwn(names, named) ? names[named] : undefined, ...aside);
}

/** The guarded item itself; of another, what it lies under by key: with that it goes. Undefined where there is none. */
export function guardedOf(plan: Plan, key: ItemKey): ItemKey | undefined {
  return planned(plan, key.kind).isGuarded ? key : keyAbove(plan, key);
}

/** What keeps an item of a kind, in a word: its tasks, where nothing else does; else its users. */
export function childWords(plan: Plan, kind: string): { readonly singular: string; readonly plural: string } {
  const kinds = planned(plan, kind).countedBy.flatMap((count) => (count.by === 'key' ? [count.kind] : count.kinds));
  const [only] = kinds;
  const isOneLeaf = kinds.length === 1 && only !== undefined && !planned(plan, only).isGuarded;
  return isOneLeaf ? planned(plan, only).words : { singular: 'user', plural: 'users' };
}

/** `FailedPrecondition` for kinds that are not SwarmKit's. @param what those alone have, as a sentence */
export function checkSwarmkits(plan: Plan, what: string): void {
  if (isSwarmkits(plan)) return;
  const kinds = Object.keys(plan.kinds).join(', ');
  throw new DeallocatorError('FailedPrecondition', `${what}; the kinds of this deployment are ${kinds}`);
}

/** What a stack and a label are of. */
export const LABELLED = "stacks and labels are those of SwarmKit's services and networks: name objects one by one";
