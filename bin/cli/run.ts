/** One call of the command line: finds the command, runs it, and reports how it went in words and status. */

import type { Where } from '../../lib/dynamodb/failure-row.ts';
import { interruptible } from '../../lib/operate/interruptible.ts';
import type { Given } from './arguments.ts';
import { type Command, commandNamed, DONE, FAILED, INTERRUPTED, type Session, USAGE } from './command.ts';
import { COMMANDS } from './commands.ts';
import { type Deployment, openDeployment } from './connection.ts';
import { errorWords, UsageError } from './errors.ts';
import type { Io } from './io.ts';
import { asUsageError, isAnswered, programOf } from './program.ts';
import { targetLine } from './target.ts';
import { fitted, sayBeside, terminalOf } from './terminal.ts';
import { visible } from './text.ts';

/** How a command finds what it speaks to: tests have another way. */
export type Open = typeof openDeployment;

/** Resolves with the exit status; never rejects. */
export async function run(args: readonly string[], io: Io, open: Open = openDeployment): Promise<number> {
  let status = DONE;
  const program = programOf(COMMANDS, io, async (command, given) => {
    status = await runCommand(command, given, io, open);
  });
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return USAGE;
  }
  try {
    await program.parseAsync(isHelpOfUnknown(args) ? args.slice(1) : args, { from: 'user' });
    return status;
  } catch (error) {
    if (isAnswered(error)) return DONE;
    return report(asUsageError(error), commandNamed(COMMANDS, args[0])?.name, io);
  }
}

/** Commander would answer with the program's help; for the name alone it suggests what may have been meant. */
function isHelpOfUnknown([first, second]: readonly string[]): boolean {
  return first === 'help' && second !== undefined && commandNamed(COMMANDS, second) === undefined;
}

async function runCommand(command: Command, given: Given, io: Io, open: Open): Promise<number> {
  let deployment: Deployment | undefined;
  let isTargetTold = false;
  const print = (text: string) => void io.out.write(`${text}\n`);
  const say = (text: string) => print(fitted(text, terminalOf(io.out, io.environment)));
  const session: Session = {
    io,
    isJson: given.flag('json'),
    open: async (line = given) => {
      deployment ??= await open(line, io);
      return deployment;
    },
    print,
    say,
    report: (text) => {
      if (deployment !== undefined && !isTargetTold) say(visible(`On ${targetLine(deployment.target)}`));
      isTargetTold = true;
      say(text);
    },
    printJson: (document) =>
      print(JSON.stringify({ ...(deployment !== undefined && { target: deployment.target }), ...document })),
  };
  try {
    return await endingSoon(command.run(session, given), io, command.orderlyEndMillis);
  } catch (error) {
    return report(error, command.name, io, deployment?.where);
  } finally {
    deployment?.close();
  }
}

/** A request without an answer would be tried again for most of a minute; after Ctrl-C, a command has this long to end in order. */
const ORDERLY_END_MILLIS = 500;

/** As {@link interruptible}, but what ends by itself soon after Ctrl-C may do so. */
async function endingSoon<T>(
  work: Promise<T>,
  { signal, chance }: Io,
  orderlyEndMillis = ORDERLY_END_MILLIS,
): Promise<T> {
  const late = new AbortController();
  const onAbort = () => void chance.pause(orderlyEndMillis).then(() => late.abort(signal.reason));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort);
  return interruptible(work, late).finally(() => signal.removeEventListener('abort', onAbort));
}

function report(error: unknown, command: string | undefined, io: Io, where: Where = {}): number {
  const { signal, environment } = io;
  const said = ['deallocator', command].filter(Boolean).join(' ');
  if (signal.aborted) {
    sayBeside(io, `${said}: interrupted`);
    return INTERRUPTED;
  }
  if (error instanceof UsageError) {
    sayBeside(io, `${said}: ${visible(error.message)}\nTry "${said} --help".`);
    return USAGE;
  }
  sayBeside(io, `${said}: ${errorWords(error, environment, where)}`);
  return FAILED;
}
