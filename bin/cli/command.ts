/** What a command is. */
import type { Given } from './arguments.ts';
import type { Deployment } from './connection.ts';
import type { Io } from './io.ts';

/** The exit statuses that scripts can go by. */
export const DONE = 0;
export const FAILED = 1;
export const USAGE = 2;
/** Not done yet: something is in the way, or the time ran out. */
export const BLOCKED = 3;
export const INTERRUPTED = 130;

export interface Option {
  /** What the help calls the value. Absent: a flag. */
  readonly value?: string;
  /** One letter, for `-o`. */
  readonly short?: string;
  readonly says: string;
}

export interface Session {
  readonly io: Io;
  /** One JSON document on stdout, and nothing else there. */
  readonly isJson: boolean;
  /** Connects at the first call. @param given another line than the command's own: its deployment */
  open(given?: Given): Promise<Deployment>;
  /** To stdout, with a line feed, as it is: data for a pipe. */
  print(text: string): void;
  /** For people: as `print`, and on a terminal wrapped to its width. */
  say(text: string): void;
  /** As `say`: before the first one, a line says what deployment it is about. */
  report(text: string): void;
  /** With `target` as its first field, where a deployment was opened. */
  printJson(document: object): void;
}

/** The parts of the help, in its order. */
export const GROUPS = ['Look', 'Remove and keep', 'Check and repair', 'Move data', 'Set up'] as const;

export interface Command {
  readonly name: string;
  /** Words of other tools for the same. */
  readonly aliases?: readonly string[];
  readonly group: (typeof GROUPS)[number];
  /** Positional arguments, as the usage shows them. */
  readonly takes: string;
  readonly says: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Command line, and what it is for. */
  readonly examples: readonly (readonly [string, string])[];
  /** It speaks to no deployment, and has none of the options of each command. */
  readonly isAlone?: true;
  /** How long it may take to end in order after Ctrl-C, if that is more than a moment. */
  readonly orderlyEndMillis?: number;
  /** Resolves with the exit status. */
  run(session: Session, given: Given): Promise<number>;
}

/** The command of that name, or of that alias. */
export function commandNamed(commands: readonly Command[], word: string | undefined): Command | undefined {
  return commands.find(({ name, aliases = [] }) => name === word || (word !== undefined && aliases.includes(word)));
}

export const GLOBAL_OPTIONS: Readonly<Record<string, Option>> = {
  deployment: { value: 'NAME', says: 'a deployed stack: reads its outputs; credentials as for any AWS tool' },
  region: { value: 'REGION', says: 'the Region of that stack (default: as for any AWS tool)' },
  config: {
    value: 'FILE',
    says: 'a file with the line of JSON that a local cloud prints, or with the names of your tables',
  },
  lifecycle: {
    value: 'FILE',
    says: 'a file that declares the kinds, as "deallocator lifecycle FILE" reads it (default: what the deployment tells)',
  },
  endpoint: { value: 'URL', says: 'the address of DynamoDB, Lambda and SQS, instead of the usual ones' },
  json: { says: 'one JSON document on stdout' },
};

/** The other word for `--deployment`, where a command has no use of its own for it. */
export const DEPLOYED_STACK_OPTION = 'stack';
