/** How objects are named: `service#web` in data, `service web` in sentences. */
import { parseAttachmentName } from '../protocol/model.ts';

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
