/** One call of the command line: finds the command, runs it, and says in words and status how it went. */
import { isDeallocatorError } from '../../lib/protocol/errors.ts';
import { type Command, DONE, FAILED, INTERRUPTED, readArguments, type Session, USAGE, UsageError } from './command.ts';
import { COMMANDS } from './commands.ts';
import { type Deployment, openDeployment } from './connection.ts';
import { describeCommand, describeCommands } from './help.ts';
import type { Io } from './io.ts';
import { visible } from './text.ts';

/** Resolves with the exit status; fails never. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === 'help') {
    (name === undefined ? io.err : io.out).write(`${describeCommands(COMMANDS)}\n`);
    return name === undefined ? USAGE : DONE;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) {
    const wish = `deallocator: "${visible(name)}" is no command; allowed: ${COMMANDS.map((known) => known.name).join(', ')}`;
    io.err.write(`${wish}\nTry "deallocator --help".\n`);
    return USAGE;
  }
  let deployment: Deployment | undefined;
  try {
    const given = readArguments(command, rest);
    if (given.flag('help')) {
      io.out.write(`${describeCommand(command)}\n`);
      return DONE;
    }
    const session: Session = {
      io,
      isJson: given.flag('json'),
      open: async () => {
        deployment ??= await openDeployment(given, io);
        return deployment;
      },
      print: (text) => void io.out.write(`${text}\n`),
      printJson: (document) => void io.out.write(`${JSON.stringify(document)}\n`),
    };
    return await command.run(session, given);
  } catch (error) {
    return report(error, command, io);
  } finally {
    deployment?.close();
  }
}

function report(error: unknown, { name }: Command, { err, signal }: Io): number {
  if (signal.aborted) {
    err.write(`deallocator ${name}: interrupted\n`);
    return INTERRUPTED;
  }
  if (error instanceof UsageError) {
    err.write(`deallocator ${name}: ${visible(error.message)}\nTry "deallocator ${name} --help".\n`);
    return USAGE;
  }
  err.write(`deallocator ${name}: ${explain(error)}\n`);
  return FAILED;
}

/** What the AWS SDK throws before or instead of an answer, in words that say what to do. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/Credentials|TokenProvider/, 'sign in as for any AWS tool: AWS_PROFILE, "aws sso login", or AWS_ACCESS_KEY_ID'],
  [/ExpiredToken|InvalidSignature|UnrecognizedClient|TooSkewed/, 'sign in again, and check the clock'],
  [/AccessDenied|NotAuthorized/, 'ask for the permission that it names'],
  [/ResourceNotFound|NonExistentQueue/, 'check the Region and the names: is this the stack that was meant?'],
  [/^Error$|ECONNREFUSED|ENOTFOUND|Timeout/, 'nothing answers there; check --endpoint, or start it'],
];

function explain(error: unknown): string {
  if (!(error instanceof Error)) return visible(String(error));
  if (isDeallocatorError(error)) return `${visible(error.message)} [${error.code}]`;
  const { code, syscall, $metadata } = error as NodeJS.ErrnoException & { $metadata?: unknown };
  const isOutside = $metadata !== undefined || syscall !== undefined || /Credentials|TokenProvider/.test(error.name);
  // A mistake of ours: whoever mends it needs to know where.
  if (!isOutside) return error.stack ?? error.message;
  const said = visible(error.message || code || error.name);
  // A file, not a network: it says all there is to say.
  if (code !== undefined && /^E(NOENT|ACCES|ISDIR|PERM|EXIST|ROFS|NOSPC)$/.test(code)) return said;
  const [, advice] = ADVICE.find(([names]) => names.test(`${error.name}`) || names.test(code ?? '')) ?? [];
  return [error.name === 'Error' ? said : `${error.name}: ${said}`, ...(advice ? [advice] : [])].join('; ');
}
