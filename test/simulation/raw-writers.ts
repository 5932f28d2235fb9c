/**
 * What raw writers may do to themselves, each excuse as narrow as the README's contract for raw writers words it, and nowhere
 * else.
 */

import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import type { Plan } from '../../lib/lifecycle/plan.ts';
import type { World } from '../../lib/protocol/invariants.ts';
import { holdersOf } from '../../lib/protocol/tables.ts';
import type { Violation } from '../../lib/protocol/violations.ts';
import type { Excuses } from '../../lib/testing/simulation/watch.ts';
import { taskKey } from '../support/swarmkit.ts';

type Parents = World['services'];

export class RawWriters implements Excuses {
  /**
   * Marks that took over the time of a mark before them, which a raw write had cleared without it: `service#web m1`. Contract:
   * "a second mark under the same `markedAt` would pass for the first".
   */
  readonly #inherited = new Set<string>();
  /** Tasks and references whose parent went under such a mark. */
  readonly #orphaned = new Set<string>();
  /**
   * References that a raw write made without an attachment, and the network's mark when the attachment came, if it had one
   * then. Contract: "until then nothing protects its networks: put the service first, and mark networks later".
   *
   * Such an attachment protects no more in a later life of its task than in the first: a raw writer who deletes and writes the
   * task before the removal's record is handled finds it in place. So what is known here lasts as long as reference or
   * attachment, and ends with a life that the client writes, behind the fence.
   */
  readonly #unprotected = new Map<string, { healedUnder: unknown; isHealed: boolean }>();
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  learn(before: World, after: World): void {
    for (const [kind, from, to] of [
      ['service', before.services, after.services] as const,
      ['network', before.networks, after.networks] as const,
    ]) {
      if (from === to) continue;
      for (const parent of to) {
        const was = from.find(({ id }) => id === parent.id);
        const isInherited =
          parent.pendingDelete === true &&
          was !== undefined &&
          was.pendingDelete !== true &&
          was.markedAt !== undefined;
        if (isInherited && was.markedAt === parent.markedAt) this.#inherited.add(markOf(kind, parent));
      }
    }
    const isSame = before.services === after.services && before.tasks === after.tasks;
    if (isSame && before.attachments === after.attachments) return;
    const attached = new Set(after.attachments.map(({ held, holder }) => `${holder} → ${held}`));
    const living = new Set<string>();
    const plan = this.#plan;
    const known = new Set(
      holdersOf(plan, before).flatMap(({ key, held }) => held.map(({ id }) => referenceOf(key, id))),
    );
    const rawTasks = new Set(after.tasks.filter(isWrittenRaw).map(nameOfTask));
    for (const { key, held } of holdersOf(plan, after)) {
      for (const { id: network } of held) {
        const reference = referenceOf(key, network);
        living.add(reference);
        const isNew = !known.has(reference);
        if (isNew && !attached.has(reference)) {
          this.#unprotected.set(reference, { healedUnder: undefined, isHealed: false });
        } else if (isNew && !(key.kind === 'task' && rawTasks.has(itemName(key)))) {
          this.#unprotected.delete(reference);
          this.#orphaned.delete(`network ${reference}`);
        }
        const unhealed = this.#unprotected.get(reference);
        if (attached.has(reference) && unhealed?.isHealed === false) {
          unhealed.isHealed = true;
          unhealed.healedUnder = after.networks.find(({ id }) => id === network)?.markedAt;
        }
      }
    }
    for (const reference of this.#unprotected.keys()) {
      if (!living.has(reference) && !attached.has(reference)) this.#unprotected.delete(reference);
    }
  }

  isExcused({ promise, subject, message }: Violation, before: World, after: World): boolean {
    const kind = subject.startsWith('service#') ? 'service' : 'network';
    const id = subject.slice(kind.length + 1);
    const parent = (kind === 'service' ? before.services : before.networks).find((one) => one.id === id);
    if (parent === undefined) return false;
    if (this.#inherited.has(markOf(kind, parent)) && promise !== 'S3') {
      for (const task of before.tasks)
        if (kind === 'service' && task.serviceId === id) this.#orphaned.add(`task ${id}/${task.id}`);
      if (kind === 'network') this.#orphanUsers(id, after);
      return true;
    }
    if (kind !== 'network' || (promise !== 'S2' && promise !== 'S6')) return false;
    // Each user by itself: one that nothing protects excuses neither another one nor a counter that stays behind.
    const user = /was deleted (?:while|without its attachment of) (\S+)/.exec(message)?.[1];
    const reference = this.#unprotected.get(`${user} → network#${id}`);
    return reference !== undefined && (!reference.isHealed || reference.healedUnder === parent.markedAt);
  }

  isExcusedAtRest({ promise, subject, message }: Violation, lost: boolean): boolean {
    const [kind, ...rest] = subject.split('#');
    if (kind === 'task') return promise === 'S1' && this.#orphaned.has(`task ${rest.join('/')}`);
    if (promise !== 'S2') return false;
    if (kind === 'network') {
      const user = /^(\S+) refers/.exec(message)?.[1];
      const reference = `${user} → network#${rest[0]}`;
      return this.#unprotected.has(reference) || this.#orphaned.has(`network ${reference}`);
    }
    // Its record would have healed it, and was lost.
    const unhealed = this.#unprotected.get(`${rest.slice(2).join('#')} → network#${rest[1]}`);
    return lost && kind === 'attachment' && unhealed?.isHealed === false;
  }

  #orphanUsers(network: string, world: World): void {
    for (const { key, held } of holdersOf(this.#plan, world)) {
      if (held.some(({ id }) => id === network)) this.#orphaned.add(`network ${referenceOf(key, network)}`);
    }
  }
}

function isWrittenRaw(task: World['tasks'][number]): boolean {
  return (task as { writtenRaw?: unknown }).writtenRaw === true;
}

function nameOfTask({ serviceId, id }: World['tasks'][number]): string {
  return itemName(taskKey(serviceId, id));
}

function referenceOf(user: ItemKey, network: string): string {
  return `${itemName(user)} → network#${network}`;
}

function markOf(kind: string, { id, markedAt }: Parents[number]): string {
  return `${kind}#${id} ${markedAt}`;
}
