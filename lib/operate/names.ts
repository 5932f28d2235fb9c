/** How objects are named: `service#web` in data, `service web` in sentences. */
import { BLOCKERS_NAMED_MAX } from '../protocol/limits.ts';
import { parseAttachmentName } from '../protocol/model.ts';

/** What `docker stack deploy` puts on everything that it creates. An object without it belongs to no stack. */
export const STACK_LABEL = 'com.docker.stack.namespace';

/** `service web` for `service#web`, `task 1 of service web` for `task#3#web#1`. */
export function spoken(name: string): string {
  const user = parseAttachmentName(name, { taskNetworks: true });
  return user.kind === 'task' ? `task ${user.id} of service ${user.serviceId}` : name.replace('#', ' ');
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
