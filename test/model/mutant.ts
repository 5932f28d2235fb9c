import type { ModelPromise } from './checker.ts';
import type { Configuration } from './model.ts';
import type { Rules } from './rules.ts';

export interface Mutant {
  readonly name: string;
  /** What the protocol has and this one hasn't. */
  readonly without: string;
  /** The rule that it leaves out: a row of docs/design.md §4.3, or of the two sections after it. */
  readonly source: string;
  readonly rules: Partial<Rules>;
  readonly world: Configuration;
  /** Where the mistake is in the world: the world without it. */
  readonly worldWithout?: Configuration;
  readonly breaks: ModelPromise;
}
