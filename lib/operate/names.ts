/** How objects are named: `service#web` in data, `service web` in sentences, `service/web` where they are typed. */
import { type ParentKey, type ParentKind, parseAttachmentName } from '../protocol/model.ts';

/** What `docker stack deploy` puts on everything that it creates. An object without it belongs to no stack. */
export const STACK_LABEL = 'com.docker.stack.namespace';

/** `service web` for `service#web`, `task 1 of service web` for `task#3#web#1`. */
export function spoken(name: string): string {
  const user = parseAttachmentName(name, { taskNetworks: true });
  return user.kind === 'task' ? `task ${user.id} of service ${user.serviceId}` : name.replace('#', ' ');
}

export function taskName({ serviceId, id }: { readonly serviceId: string; readonly id: string }): string {
  return `task#${serviceId}#${id}`;
}

/** The words for each kind: what people read, and what they may type for it. */
export const KIND_WORDS: Readonly<Record<ParentKind, { readonly plural: string; readonly short: readonly string[] }>> =
  {
    service: { plural: 'services', short: ['svc'] },
    network: { plural: 'networks', short: ['net'] },
  };

/** The kind that a word stands for, in any case: `service`, `Services`, `svc`. */
export function kindOf(word: string): ParentKind | undefined {
  const typed = word.toLowerCase();
  return (Object.keys(KIND_WORDS) as ParentKind[]).find((kind) => {
    const { plural, short } = KIND_WORDS[kind];
    return [kind, plural, ...short].includes(typed);
  });
}

/** `service/web`, as it may be typed. */
export function typedName({ kind, id }: ParentKey): string {
  return `${kind}/${id}`;
}

/** `service/web`, or `service#web` as data has it; the id may hold both characters itself. Undefined for anything else. */
export function parseTypedName(text: string): ParentKey | undefined {
  const end = text.search(/[/#]/);
  const kind = end === -1 ? undefined : kindOf(text.slice(0, end));
  const id = text.slice(end + 1);
  return kind === undefined || id === '' ? undefined : { kind, id };
}

/** An object with its id, and its name where that is another one: `service 5vkec (shop_web)`. */
export function spokenWith(names: Readonly<Record<string, string>> | undefined, object: string): string {
  const name = names !== undefined && Object.hasOwn(names, object) ? names[object] : undefined;
  return name === undefined || object.endsWith(`#${name}`) ? spoken(object) : `${spoken(object)} (${name})`;
}
