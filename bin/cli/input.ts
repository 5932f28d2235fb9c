/** Standard input: ids that another program prints, and a person's answer. */
import { interruptible } from '../../lib/operate/interruptible.ts';
import type { Given } from './arguments.ts';
import { UsageError } from './errors.ts';
import type { Input, Io } from './io.ts';
import { fitted, terminalOf } from './terminal.ts';

/** All of it, or its first line. */
async function readInput(input: Input, { onlyLine }: { readonly onlyLine: boolean }): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of input) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (onlyLine && text.includes('\n')) break;
  }
  return onlyLine ? (text.split('\n')[0] ?? '') : text;
}

export async function readWholeInput(io: Io): Promise<string> {
  if (io.input === undefined) return '';
  return interruptible(readInput(io.input, { onlyLine: false }), io);
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
  const answer = await interruptible(readInput(io.input, { onlyLine: true }), io);
  return /^\s*y(es)?\s*$/i.test(answer);
}
