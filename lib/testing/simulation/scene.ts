/** What people do in a simulated world. The world knows no action: it draws one, has it performed, and asks for its name. */
import type { Plan } from '../../lifecycle/plan.ts';
import type { World } from '../../protocol/invariants.ts';
import type { MemoryTables } from '../memory/tables.ts';
import type { Exercised } from './exercised.ts';
import type { Place } from './place.ts';
import type { Request } from './processes.ts';
import type { Excuses, Watcher } from './watch.ts';

/** Plain data, so that a story can be told again. */
export type Action = unknown;

export interface Scene {
  /** What has been there long ago. */
  populate(tables: MemoryTables, draw: () => number): void;
  draw(world: World, fraction: () => number): Action;
  /** @returns `done`, or by which name it was refused */
  perform(place: Place, action: Action, exercised: Exercised): Promise<string>;
  tell(action: Action): string;
  /** Whether no other process's request comes between its own, and whether an answer may be lost then. */
  mayLose(action: Action): boolean;
  /** Whether a request is spared the network's faults, since nobody would try it again. */
  isSpared(request: Request): boolean;
  /** Done at once before anything else happens, and not left out of a story. */
  readonly first?: Action;
  /**
   * The writers are code of others: a request that DynamoDB rejects is their business, they tell tasks to stop as they like, and what
   * they write under a parent that is not there is told at once. @default false
   */
  readonly isForeign?: boolean;
  /** What the writers of this scene may do to themselves. */
  readonly excuses?: Excuses;
  /** Kinds of one's own, and who watches them. @default - SwarmKit's, by the choices */
  readonly own?: { readonly plan: Plan; readonly watch: Watcher };
}

/** A new scene, its cast by dice. */
export type Play = (draw: () => number) => Scene;
