/** A promise that was found broken, as all checks tell it. */

/** The promises, as docs/design.md §5 numbers them. */
export type Promised = 'S1' | 'S2' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7' | 'L1' | 'L2' | 'L3' | 'L4';

/** A promise that was found broken. */
export interface Violation {
  /** Which one: `S…` what never happens, `L…` what happens in the end. */
  readonly promise: Promised;
  /** What it is about: `service#web`, `attachment#network#front#service#web`, … */
  readonly subject: string;
  /** A sentence for the person who must act. */
  readonly message: string;
}

/** What a violation about an attachment, or about a missing one, calls it. */
export function attachmentSubject(held: string, holder: string): string {
  return `attachment#${held}#${holder}`;
}
