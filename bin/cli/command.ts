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
  readonly says: string;
}

export interface Session {
  readonly io: Io;
  /** One JSON document on stdout, and nothing else there. */
  readonly isJson: boolean;
  /** Connects at the first call. */
  open(): Promise<Deployment>;
  /** To stdout, with a line feed. */
  print(text: string): void;
  printJson(document: unknown): void;
}

export interface Command {
  readonly name: string;
  /** Positional arguments, as the usage shows them. */
  readonly takes: string;
  readonly says: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Command line, and what it is for. */
  readonly examples: readonly (readonly [string, string])[];
  /** Resolves with the exit status. */
  run(session: Session, given: Given): Promise<number>;
}

export const GLOBAL_OPTIONS: Readonly<Record<string, Option>> = {
  stack: { value: 'NAME', says: 'a deployed stack: reads its outputs; credentials as for any AWS tool' },
  region: { value: 'REGION', says: 'the Region of that stack (default: as for any AWS tool)' },
  config: { value: 'FILE', says: 'a file with the line that "npm run local" prints' },
  endpoint: { value: 'URL', says: 'the address of DynamoDB, Lambda and SQS, instead of the usual ones' },
  json: { says: 'one JSON document on stdout' },
};
