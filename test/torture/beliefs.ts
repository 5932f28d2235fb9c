/**
 * What one writer may believe about its own objects from the answers that it got, and nothing else: for each service and
 * network the states that are still possible, and for each task whether it must be there. At rest the world must agree.
 */

import { itemName } from '../../lib/lifecycle/keys.ts';
import type { StoredParent, World } from '../../lib/protocol/invariants.ts';
import type { Action, Cast } from '../simulation/writers.ts';
import type { Told } from './schedule.ts';

type State = 'absent' | 'living' | 'marked';
type Presence = 'there' | 'gone' | 'unsure';

export class Beliefs {
  readonly #parents = new Map<string, ReadonlySet<State>>();
  readonly #tasks = new Map<string, Presence>();

  constructor({ services, networks }: Cast) {
    for (const id of services) this.#set('service', id, ['absent']);
    for (const id of networks) this.#set('network', id, ['absent']);
  }

  /** Whatever is marked may go at any moment. */
  #set(kind: string, id: string, states: readonly State[]): void {
    this.#parents.set(itemName({ kind, id }), new Set(states.includes('marked') ? [...states, 'absent'] : states));
  }

  #possible(kind: string, id: string): readonly State[] {
    return [...(this.#parents.get(itemName({ kind, id })) ?? [])];
  }

  /** An answer that says: it is there. */
  #exists(kind: string, id: string): void {
    this.#set(
      kind,
      id,
      this.#possible(kind, id).filter((state) => state !== 'absent'),
    );
  }

  /** Its sender can't know whether it was done: what it would have made of each state is possible as well. */
  #perhaps(kind: string, id: string, from: State, to: State): void {
    const possible = this.#possible(kind, id);
    this.#set(kind, id, possible.includes(from) ? [...possible, to] : possible);
  }

  learn(action: Action, told: Told): void {
    switch (action.do) {
      case 'createNetwork':
        this.#learnCreation('network', action.id, told);
        break;
      case 'createService':
        this.#learnCreation('service', action.id, told);
        break;
      case 'rawCreateService':
        this.#learnRawCreation(action.id, told);
        break;
      case 'updateService':
        if (told === 'done') this.#set('service', action.id, ['living']);
        break;
      case 'createTask':
        this.#learnTask(action.serviceId, taskName(action), told);
        break;
      case 'deleteTask':
        this.#tasks.set(taskName(action), told === 'done' ? 'gone' : 'unsure');
        break;
      case 'mark':
      case 'rawMark':
        this.#learnChange(action, told, 'living', 'marked');
        break;
      case 'undelete':
      case 'rawUndelete':
      case 'rawClearMark':
        this.#learnChange(action, told, 'marked', 'living');
        break;
      default:
        throw new Error(`no belief follows from ${action.do}`);
    }
  }

  #learnCreation(kind: string, id: string, told: Told): void {
    if (told === 'done') this.#set(kind, id, ['living']);
    else if (told === 'AlreadyExists') this.#exists(kind, id);
    else if (isUnsure(told)) this.#perhaps(kind, id, 'absent', 'living');
  }

  /** The SDK repeats a raw put after a lost answer, and may find its own work in the way. */
  #learnRawCreation(id: string, told: Told): void {
    if (told === 'done') this.#set('service', id, ['living']);
    else this.#perhaps('service', id, 'absent', 'living');
    if (told === 'FailedPrecondition') this.#exists('service', id);
  }

  #learnTask(serviceId: string, task: string, told: Told): void {
    // The fence: its service was there and not marked.
    if (told === 'done') this.#set('service', serviceId, ['living']);
    if (told === 'done' || told === 'AlreadyExists') this.#tasks.set(task, 'there');
    else if (isUnsure(told) && this.#tasks.get(task) !== 'there') this.#tasks.set(task, 'unsure');
  }

  #learnChange(
    action: Action & { readonly kind: string; readonly id: string },
    told: Told,
    from: State,
    to: State,
  ): void {
    const { kind, id } = action;
    const isRaw = action.do !== 'mark' && action.do !== 'undelete';
    if (told === 'done') this.#set(kind, id, [to]);
    else if (told === 'NotFound' || (isRaw && told === 'FailedPrecondition')) this.#set(kind, id, ['absent']);
    else if (isUnsure(told)) this.#perhaps(kind, id, from, to);
  }

  /** Where the world at rest contradicts what was answered. */
  disagreements(world: World): string[] {
    const wrong: string[] = [];
    const parents = { service: byId(world.services), network: byId(world.networks) };
    for (const [name, possible] of this.#parents) {
      const [kind, id] = splitName(name);
      const state = stateOf(parents[kind as 'service' | 'network'].get(id));
      if (!possible.has(state))
        wrong.push(`${name} is ${state}, but the answers allow only: ${[...possible].join(', ')}`);
    }
    const tasks = new Set(world.tasks.map(({ serviceId, id }) => taskName({ serviceId, id })));
    for (const [name, presence] of this.#tasks) {
      if (presence === 'there' && !tasks.has(name))
        wrong.push(`task ${name} was created and never deleted, but is gone`);
      if (presence === 'gone' && tasks.has(name)) wrong.push(`task ${name} was deleted, but is there`);
    }
    return wrong;
  }
}

function isUnsure(told: Told): boolean {
  return told === 'Unavailable' || told === 'Aborted';
}

function taskName({ serviceId, id }: { readonly serviceId: string; readonly id: string }): string {
  return `${serviceId}/${id}`;
}

function splitName(name: string): [string, string] {
  const [kind = '', ...rest] = name.split('#');
  return [kind, rest.join('#')];
}

function byId(parents: readonly StoredParent[]): ReadonlyMap<string, StoredParent> {
  return new Map(parents.map((parent) => [parent.id, parent]));
}

function stateOf(parent: StoredParent | undefined): State {
  if (parent === undefined) return 'absent';
  return parent.pendingDelete === true ? 'marked' : 'living';
}
