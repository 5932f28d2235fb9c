/** The command `deallocator` within the test's own process: what it prints, and its exit status. */
import { writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { type Open, run } from '../../bin/cli/run.ts';
import { readNames } from '../../bin/synthesize.ts';
import { systemChance } from '../../lib/dynamodb/system-chance.ts';
import type { Chance } from '../../lib/protocol/chance.ts';
import type { LocalBackend } from './local-backend.ts';

/** What `--config` reads, of the backend's cloud. */
export function writeConfig(file: string, { cloud }: LocalBackend): void {
  const { endpoint, region, accessKeyId, secretAccessKey, outputs } = cloud;
  writeFileSync(file, JSON.stringify({ endpoint, region, accessKeyId, secretAccessKey, ...readNames(outputs) }));
}

export interface Called {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  readonly directory?: string;
  /** @default none at all */
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly chance?: Chance;
  /** Standard input. With `isTerminal`, a person types it, and reads stderr. */
  readonly input?: string | Uint8Array;
  readonly isTerminal?: boolean;
  /** Called with everything that is on stdout so far. */
  readonly onOutput?: (stdout: string) => void;
  /** Called with each text as it is written, to stdout or stderr: what a terminal shows. */
  readonly onText?: (text: string) => void;
  /** What it speaks to, instead of what the arguments name. */
  readonly open?: Open;
  /** Columns of a terminal, on stdout and stderr. @default no terminal on stdout */
  readonly columns?: number;
}

export async function call(args: readonly string[], options: CallOptions = {}): Promise<Called> {
  const output = { stdout: '', stderr: '' };
  const write = (stream: keyof typeof output) => (text: string) => {
    output[stream] += text;
    options.onText?.(text);
    if (stream === 'stdout') options.onOutput?.(output.stdout);
  };
  const size = options.columns === undefined ? {} : { isTTY: true, columns: options.columns };
  const io = {
    ...(options.input !== undefined && { input: inputOf(options.input, options.isTerminal === true) }),
    out: { write: write('stdout'), ...size },
    // A dumb terminal: nothing is drawn over what was written.
    err: { write: write('stderr'), isTTY: options.isTerminal === true, ...size },
    environment: { TERM: 'dumb', ...options.environment },
    directory: options.directory ?? process.cwd(),
    userName: 'ann',
    chance: options.chance ?? systemChance,
    signal: options.signal ?? new AbortController().signal,
    isReaderGone: () => false,
  };
  const status = await run(args, io, options.open);
  return { status, ...output };
}

/** As {@link call}, without the line with which a report begins: test/unit/exit-status has those. */
export async function callUntold(args: readonly string[], options: CallOptions = {}): Promise<Called> {
  const { stdout, ...others } = await call(args, options);
  return { ...others, stdout: stdout.replace(/^On local cloud at http:\S+, by \S+\n/, '') };
}

function inputOf(text: string | Uint8Array, isTTY: boolean) {
  return Object.assign(Readable.from([text]), { isTTY });
}
