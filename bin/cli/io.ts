/** What a command may touch of the process, so that tests can give their own. */
import type { Chance } from '../../lib/protocol/chance.ts';

/** `process.stdout`, or whatever takes text. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Whether the cursor can be moved there. A terminal that calls itself dumb (an editor's, a CI's) would print the codes. */
export function isDrawable(output: Output, environment: Io['environment']): boolean {
  return output.isTTY === true && environment.TERM !== 'dumb';
}

/** `process.stdin`, or whatever gives text. */
export interface Input extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean;
}

export interface Io {
  /** Absent: nothing can be read. */
  readonly input?: Input;
  readonly out: Output;
  readonly err: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where relative paths begin, and where a running local cloud is looked for. */
  readonly directory: string;
  /** Who asks for a removal, unless `--by` says otherwise. */
  readonly userName: string | undefined;
  readonly chance: Chance;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** Whether stdout is no longer read. */
  readonly isReaderGone: () => boolean;
}
