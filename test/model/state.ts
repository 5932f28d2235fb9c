/**
 * How a state of the model is laid out: the tables' items, the records that nobody has been given yet, and what each
 * running handler holds. Every field is a byte. Fresh values (markedAt, epoch) are unlimited in the world and only ever
 * compared for equality, so that a copy is kept as what it compares to: the current value, one that is gone for good, or one
 * that is gone and that somebody may yet bring back.
 */
import { WRITER } from './checker.ts';

export { WRITER };

/** A parent's item. */
export const ABSENT = 0;
export const UNMARKED = 1;
export const MARKED = 2;
/** Marked by a raw write, without a time. */
export const UNTIMED = 3;
/** A raw write cleared the mark, and left its `markedAt`. */
export const LEFTOVER = 4;

/** A copy of a fresh value: none; equal to what is in the table; gone for good; from 3 on: may be brought back. */
export const NONE = 0;
export const CURRENT = 1;
export const STALE = 2;
export const RETURNABLE = 3;
/** Under the mutant that counts its epochs, an epoch is this plus its number. */
export const COUNTED = 16;

/** A counter's `remaining`, and numbers held by handlers, are stored with this added; 0 is no counter. */
export const ZERO = 64;
/** A raw write has left a counter that holds no number: each request that needs it fails, and its record comes again. */
export const UNREADABLE = 255;

/** Records of a parent's own stream that are not delivered. One bit says "at least one": a delivery may leave it set. */
export const MARK_RECORD = 1;
export const CLEAR_RECORD = 2;
/** A raw mark: its time is to be stamped. */
export const UNTIMED_RECORD = 4;
/** A removal that was counted, and comes again because its function died after that. */
export const AGAIN = 8;

/** What a handler does next. */
export const IDLE = 0;
export const DECREMENT = 1;
export const OPEN = 2;
export const READ = 3;
export const STAMP = 4;
export const UNSTAMP = 5;
export const CLOSE = 6;
export const COUNT = 7;
export const RECOUNT = 8;
export const PLAN = 9;
export const FINALIZE = 10;
export const LOOK = 11;
export const HEAL_READ = 12;
export const HEAL_ATTACHMENTS = 13;
export const HEAL = 14;
export const OPEN_AGAIN = 15;
export const STAMP_AGAIN = 16;
export const SWEEP_ATTACHED = 17;
export const SWEEP_USERS = 18;
// A sweep that learns
export const LEARN_TAKE = 19;
export const LEARN_PAGE = 20;
export const LEARN_PLACE = 21;
export const LEARN_END = 22;
export const LEARN_LIST = 23;
/** Mutant: a reset whose answer was lost, and which is sent again. */
export const RESET_AGAIN = 24;

/** Bytes of a handler. */
export const PC = 0;
export const WHO = 1;
/** The records that it was given, and that come again if it dies: bits as above, removals from bit 4, heals from bit 6. */
export const ORIGIN = 2;
export const EPOCH = 3;
/** `remaining` as step 1 saw it; once counted, what a recount adds. */
export const ADD = 4;
/** The `markedAt` that step 2 saw. While healing for a sweep: 1 + the service. */
export const COPY = 5;
/** The networks that step 2, or heal, saw the service refer to; heal's ABSENT_REFS: no service. */
export const REFS = 6;
/** Four bits for each network of a finalization's plan; or what heal puts (low bits) and removes (high bits). */
export const PLANNED = 7;
export const HANDLER_BYTES = 8;

export const ABSENT_REFS = 0x80;
/** In WHO, beside the parent. */
export const PATIENT = 0x40;
export const PARENT_BITS = 0x0f;
/** Who learns is at no parent yet. EPOCH is its copy of the version of the item `lifecycle` then, and ADD its place. */
export const NOBODY = 0x0f;
/** Two bits: the deployment that the function is of. */
export const DEPLOYMENT_SHIFT = 4;
/** It read, when it began, that the networks are being learned. */
export const SEES_LEARNING = 0x80;
export const REMOVALS_SHIFT = 4;
export const HEALS_SHIFT = 6;

/** A network in a plan. */
export const TO_READ = 0;
export const SEEN = 1; // + STALE - CURRENT when its mark has changed since
export const KEPT = 3;
export const FREED = 4;
/** Under the mutant that queries first: nobody else is attached. */
export const ALONE = 6;

/** Bytes of a parent. */
export const ITEM = 0;
export const COUNTER = 1;
export const COUNTER_EPOCH = 2;
/** Removal records of its children that no function was given. */
export const UNCOUNTED = 3;
export const RECORDS = 4;
/** Mutants without a token: a mark that may be sent again (its id), and an undelete (bit 7). */
export const REPEATS = 5;
export const PARENT_BYTES = 6;
export const REPEAT_UNMARK = 0x80;

/** Of a network: the services attached to it, and from this bit on those that it is not kept for (raw writes). */
export const UNPROTECTED_SHIFT = 4;
export const ATTACHED_BITS = 0x0f;

/** Global bytes. */
export const DROPPED = 0;
export const SWEEP_SOURCE = 1;
export const SWEEP_LEFT = 2;
export const SWEEP_DONE = 3;
const GLOBAL_BYTES = 4;

/** A record was dropped, and no sweep has begun since. */
export const NOT_SWEPT = 1;
/** … and a sweep has begun since and runs. */
export const SWEEPING = 2;

/** Bytes of the item `lifecycle`, and of what is deployed, where the world has deployments. */
export const DEPLOYED = 0;
/** How many services' references the declaration in the item knows. */
export const DECLARED = 1;
/** The services whose references are being learned. */
export const LEARNING = 2;
/** The page where an unfinished heal goes on. */
export const PLACE = 3;
/** Services whose reference was there before its declaration, and has not changed since. */
export const OLD = 4;
/** A deployment, or the death of a sweep, that no sweep has made good. NOT_SWEPT and SWEEPING as above. */
export const UNSETTLED = 5;
const LIFECYCLE_BYTES = 6;

/** Of a parent, where removals are refused: the call of one that is under way. */
export const LOOKED = 1;
/** Mutant: it has marked, and looks afterwards. */
export const MARKED_FIRST = 2;
/** … and somebody else was told that the object is marked. */
export const TOLD = 4;

/** The sizes of a world. Each is a bound: everything else is unlimited. */
export interface Size {
  readonly services: number;
  readonly networks: number;
  /** Tasks of one service at a time. */
  readonly tasks: number;
  /** Functions that run at the same time, the sweep's included. */
  readonly handlers: number;
  /**
   * Deployments, one after the other: of how many services the declaration knows that they refer to networks. Empty: all, and
   * nothing is ever deployed.
   */
  readonly deployments: readonly number[];
  /** Of each service, the services that it is a child of by its key. Empty: none. */
  readonly under: readonly (readonly number[])[];
  /** Removals are refused while something uses what they would remove. */
  readonly restricts: boolean;
  /** A mark of a network is held until the records of all that was written before it have been healed. */
  readonly grace: boolean;
}

export class Layout {
  readonly size: Size;
  readonly parents: number;
  /** Where each field begins. */
  readonly parentsAt = GLOBAL_BYTES;
  readonly netsAt: number;
  readonly tasksAt: number;
  readonly healsAt: number;
  readonly attachedAt: number;
  readonly lifecycleAt: number;
  readonly removalsAt: number;
  readonly graceAt: number;
  /** The world has deployments, so that networks may have to be learned. */
  readonly learns: boolean;
  readonly handlersAt: number;
  readonly words: number;

  constructor(size: Size) {
    this.size = size;
    this.parents = size.services + size.networks;
    this.netsAt = this.parentsAt + this.parents * PARENT_BYTES;
    this.tasksAt = this.netsAt + size.services;
    this.healsAt = this.tasksAt + size.services;
    this.attachedAt = this.healsAt + size.services;
    this.lifecycleAt = this.attachedAt + size.networks;
    this.learns = size.deployments.length > 0;
    this.removalsAt = this.lifecycleAt + (this.learns ? LIFECYCLE_BYTES : 0);
    this.graceAt = this.removalsAt + (size.restricts ? this.parents : 0);
    const end = this.graceAt + (size.grace ? size.networks : 0);
    this.handlersAt = Math.ceil(end / 4) * 4; // handlers are sorted as words
    this.words = (this.handlersAt + size.handlers * HANDLER_BYTES) / 4;
  }

  /** The services that a service is under. */
  above(service: number): readonly number[] {
    return this.size.under[service] ?? [];
  }

  isService(parent: number): boolean {
    return parent < this.size.services;
  }

  parentAt(parent: number): number {
    return this.parentsAt + parent * PARENT_BYTES;
  }

  handlerAt(handler: number): number {
    return this.handlersAt + handler * HANDLER_BYTES;
  }
}

export function bitsOf(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
