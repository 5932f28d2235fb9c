/** Standard input: ids that another program prints, and a person's answer. */
import { interruptible } from '../../lib/operate/interruptible.ts';
import { decodeText } from '../../lib/operate/snapshots/documents.ts';
import type { Given } from './arguments.ts';
import { UsageError } from './errors.ts';
import type { Input, Io } from './io.ts';
import { fitted, terminalOf } from './terminal.ts';

async function readLine(input: Input): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of input) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}

/** In any encoding that a shell writes. */
export async function readWholeInput(io: Io): Promise<string> {
  const parts: Uint8Array[] = [];
  const read = async () => {
    for await (const part of io.input ?? []) parts.push(typeof part === 'string' ? Buffer.from(part) : part);
  };
  await interruptible(read(), io);
  return decodeText('stdin', Buffer.concat(parts));
}

/** Whether a person sits there who can be asked. */
export function isTerminal({ input, err }: Io): boolean {
  return input?.isTTY === true && err.isTTY === true;
}

/** Whether a person is to be asked before anything is written. */
export function mustAsk(io: Io, given: Given, isInputTaken: boolean): boolean {
  if (given.flag('yes') || given.flag('dry-run')) return false;
  if (isInputTaken && io.err.isTTY === true) {
    throw new UsageError(
      'the ids come from standard input, so nobody can be asked; give --yes, or look at the plan with --dry-run',
    );
  }
  return isTerminal(io);
}

/** Only `y` and `yes` are a yes. */
export async function ask(io: Io, question: string): Promise<boolean> {
  if (io.input === undefined) return false;
  io.err.write(`${fitted(`${question} [y/N]`, terminalOf(io.err, io.environment))} `);
  const answer = await interruptible(readLine(io.input), io);
  return /^\s*y(es)?\s*$/i.test(answer);
}
