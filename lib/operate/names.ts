/** How objects are named: `service#web` in data, `service web` in sentences, `service/web` where they are typed. */

import { type ItemKey, itemName } from '../lifecycle/keys.ts';
import { BLOCKERS_NAMED_MAX } from '../protocol/limits.ts';
import { type ParentKind, parseUserName, serviceOf, taskParts } from '../protocol/model.ts';

/** What `docker stack deploy` puts on everything that it creates. An object without it belongs to no stack. */
export const STACK_LABEL = 'com.docker.stack.namespace';

/** `service web` for `service#web`, `task 1 of service web` for `task#3#web#1`. */
export function spoken(name: string): string {
  const user = parseUserName(name);
  return user?.kind === 'task' ? spokenTask(user) : name.replace('#', ' ');
}

function spokenTask(task: ItemKey): string {
  const { serviceId, id } = taskParts(task);
  return `task ${id} of service ${serviceId}`;
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

/** The words for each kind: what people read, and what they may type for it. */
export const KIND_WORDS: Readonly<Record<string, { readonly plural: string; readonly short: readonly string[] }>> = {
  service: { plural: 'services', short: ['svc'] },
  network: { plural: 'networks', short: ['net'] },
};

export function kindWords(kind: string): { readonly plural: string; readonly short: readonly string[] } {
  return KIND_WORDS[kind] as { readonly plural: string; readonly short: readonly string[] };
}

/** The kind that a word stands for, in any case: `service`, `Services`, `svc`. */
export function kindOf(word: string): ParentKind | undefined {
  const typed = word.toLowerCase();
  return (Object.keys(KIND_WORDS) as ParentKind[]).find((kind) => {
    const { plural, short } = kindWords(kind);
    return [kind, plural, ...short].includes(typed);
  });
}

/** `service/web`, as it may be typed. */
export function typedName({ kind, id }: ItemKey): string {
  return `${kind}/${id}`;
}

/** `service/web`, or `service#web` as data has it; the id may hold both characters itself. Undefined for anything else. */
export function parseTypedName(text: string): ItemKey | undefined {
  const end = text.search(/[/#]/);
  const kind = end === -1 ? undefined : kindOf(text.slice(0, end));
  const id = text.slice(end + 1);
  return kind === undefined || id === '' ? undefined : { kind, id };
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
export function called(object: string, name: string | undefined, ...aside: readonly string[]): string {
  const notes = name === undefined || object.endsWith(`#${name}`) ? aside : [name, ...aside];
  return notes.length === 0 ? spoken(object) : `${spoken(object)} (${notes.join(', ')})`;
}

/** The same, of an object among others; for a task, with its service's name. */
export function spokenWith(names: Names | undefined, object: string, ...aside: readonly string[]): string {
  const user = parseUserName(object);
  const named = user?.kind === 'task' ? itemName(serviceOf(user)) : object;
  return called(object, names !== undefined && Object.hasOwn(names, named) ? names[named] : undefined, ...aside);
}
