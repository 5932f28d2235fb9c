/** Why a lifecycle is refused: each reason with its code, and the error that carries all refusals of one lifecycle. */
import { DeallocatorError } from '../protocol/errors.ts';

/** Why each is refused, whatever the declaration: what could not be proven, kept or told apart. docs/your-own-kinds.md has them. */
export const REASONS = {
  shape: 'construct, functions, client and command line all read the declaration, and must read the same in it',
  unknownWord: 'a word that nobody reads would be a rule that nobody keeps',
  notData: 'no policy and no filter follows from code, and two programs could find different answers by it',
  name: 'functions, variables, metrics and events are named after it',
  sameWords: 'people and commands could not say which of the two they mean',
  reserved: 'the deallocator has something of its own by that name',
  keyAttributes: 'a table has a partition key, and perhaps a sort key',
  keyNotText: 'names, attachments and filters are texts; numbers and binaries are written in more than one way',
  template: 'nobody could read the id out of such a key again',
  constantKey: 'all its items would be one item',
  unknownKind: 'nothing can be kept for items that are not declared',
  doubleDependency: 'its items would be counted twice, or under two rules',
  ring: 'each would wait for another, and none of them could ever go',
  ownKey: 'a key begins with all of another item only if the two keys differ',
  byIndex: 'an index is eventually consistent, so it can never prove that nothing is there',
  notUnderKey: 'no strongly consistent query finds all that depend on one, and only those',
  keysLookAlike: 'an item of one would be taken for one of the other',
  bareTakesOthers: 'a part alone takes every text, so items of the other kind would be taken for its own',
  otherKeys: 'a table has one key',
  sharedTable:
    'a policy sees partition keys only, so guarded items would lose their lock, and one stream can wake few functions',
  cascade: 'what deletes children by itself needs a proof of its own, which is not built yet',
  setNull: 'it would change your items with no one left to own the truth',
  setByValue: 'only what lies under a key is found and told by one query; telling holders is not built yet',
  setAttribute:
    'that attribute decides what the item depends on, or whether it is there, and only its program may say that',
  where: 'without exactly one of the two nobody knows which values count',
  path: 'a path is names with dots between, and [] behind a list',
  valueParts: 'a value must name one item, and no more than one',
  attributeTaken: 'one attribute would mean two things',
  goneWhen: 'a filter and a count compare one text with a few others',
  idleGoneWhen: 'it says when an item lets go of others; no item is deleted for it',
  tooMany: 'a transaction of DynamoDB takes 100 actions',
  tooLarge: 'AWS takes no more',
} as const;

/** Stable. docs/your-own-kinds.md has what each means. */
export type RefusalCode = keyof typeof REASONS;

/** One thing that a lifecycle says and that can't be had. */
export interface Refusal {
  /** Stable. */
  readonly code: RefusalCode;
  /** Of which kind; absent: of the lifecycle as a whole. */
  readonly kind?: string;
  /** What is wrong. */
  readonly what: string;
  /** Why it is refused. */
  readonly why: string;
  /** The way out. */
  readonly instead: string;
}

export function refusalText({ kind, what, why, instead }: Refusal): string {
  return `${kind === undefined ? 'the lifecycle' : `kind ${kind}`} ${what}: ${why}; ${instead}`;
}

/** A lifecycle was refused. A `DeallocatorError` of the code `InvalidArgument`; `refusals` has all, not only the first. */
export class LifecycleError extends DeallocatorError {
  /** All that is wrong, in the order of the declaration. */
  readonly refusals: readonly Refusal[];

  constructor(refusals: readonly Refusal[]) {
    const [first, ...others] = refusals.map(refusalText);
    super(
      'InvalidArgument',
      others.length === 0 ? String(first) : [`${others.length + 1} refusals`, first, ...others].join('\n- '),
    );
    this.refusals = refusals;
  }
}

/** By what it carries, not `instanceof`: two copies of the package may meet in one program. */
export function isLifecycleError(error: unknown): error is LifecycleError {
  return (
    error instanceof Error &&
    error.name === 'DeallocatorError' &&
    Array.isArray((error as { refusals?: unknown }).refusals)
  );
}

/** @param kind whose declaration it is; undefined: the lifecycle's as a whole */
export function refusal(code: RefusalCode, kind: string | undefined, what: string, instead: string): Refusal {
  return { code, ...(kind !== undefined && { kind }), what, why: REASONS[code], instead };
}
