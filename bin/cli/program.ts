/** The commands for commander, which reads the arguments, prints the help, and guesses what was meant. */
import { createRequire } from 'node:module';
import { CommanderError, Option, Command as Program } from 'commander';
import type { Given } from './arguments.ts';
import { type Command, DEPLOYED_STACK_OPTION, GLOBAL_OPTIONS, GROUPS, type Option as Told } from './command.ts';
import { UsageError } from './errors.ts';
import { guessesOf } from './guesses.ts';
import type { Io, Output } from './io.ts';
import { fitted } from './terminal.ts';

const { version } = createRequire(import.meta.url)('deallocator/package.json') as { readonly version: string };

const AFTER_COMMANDS = `
KIND ID is such as "service web" or "service/web". For ID also a name does that one object has, or the beginning of an id as Docker makes them. An id of several parts has slashes between: "directory/bob/docs", with %2F for a slash within a part.
Without --deployment or --config a command speaks to the local cloud that "npx deallocator local" (in a clone "npm run local") has started in the same directory.
Exit status: 0 done, 1 error, 2 wrong usage, 3 blocked or timed out, 130 ended by Ctrl-C.
"deallocator COMMAND --help" has the command's options, and examples.`;

/** @param act runs the command, if the arguments name one and fit it */
export function programOf(
  commands: readonly Command[],
  io: Io,
  act: (command: Command, given: Given) => Promise<void>,
) {
  const program = configure(new Program('deallocator'), io)
    .usage('COMMAND [ARGUMENTS] [OPTIONS]')
    .description('Shows and steers what a deployed deallocator deletes, and when.')
    .version(version, '--version', 'prints the version')
    // What follows a command's name is the command's own.
    .enablePositionalOptions()
    .helpCommand('help [COMMAND]', 'the same as COMMAND --help')
    .commandsGroup('Help:')
    .showSuggestionAfterError(false)
    .addHelpText('after', fitted(AFTER_COMMANDS, { width: helpColumns(io.out) }));
  for (const group of GROUPS) {
    for (const command of commands.filter((one) => one.group === group)) {
      const own = ownProgramOf(command, io);
      program.addCommand(own.action(() => act(command, givenTo(own, command))));
    }
  }
  program.on('command:*', ([typed = '']: string[]) => {
    const guesses = guessesOf(typed, commands);
    const guess = guesses.length === 0 ? '' : ` (Did you mean ${guesses.join(' or ')}?)`;
    throw new UsageError(`unknown command '${typed}'${guess}`);
  });
  return program;
}

/** Reads what follows the command's name. Throws a UsageError. */
export function readArguments(command: Command, args: readonly string[], io: Io): Given {
  const program = ownProgramOf(command, io).action(() => {});
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    throw asUsageError(error);
  }
  return givenTo(program, command);
}

/** Translates what commander throws where it would end the process; other errors are returned unchanged. */
export function asUsageError(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  // Commander puts its guess on a line of its own.
  return new UsageError(error.message.replace(/^error: /, '').replace('\n', ' '), { cause: error });
}

/** Whether commander has printed what was asked for: help, or the version. */
export const isAnswered = (error: unknown): boolean => error instanceof CommanderError && error.exitCode === 0;

function ownProgramOf(command: Command, io: Io): Program {
  const { name, aliases = [], group, takes, says, options, examples } = command;
  const width = Math.max(...examples.map(([line]) => line.length));
  const also = aliases.length === 0 ? '' : ` Also called ${aliases.join(', ')}.`;
  const program = configure(new Program(name), io)
    .aliases(aliases)
    .helpGroup(`${group}:`)
    .usage([takes, '[OPTIONS]'].filter(Boolean).join(' '))
    .summary(says)
    .description(`${says[0]?.toUpperCase()}${says.slice(1)}.${also}`)
    // The commands say themselves what is missing, or one too many.
    .argument('[arguments...]')
    .addHelpText(
      'after',
      `\nExamples:\n${examples.map((example) => exampleText(example, width, helpColumns(io.out))).join('\n')}`,
    );
  addOptions(program, 'Options:', options);
  if (!command.isAlone) addOptions(program, OPTIONS_OF_EACH, GLOBAL_OPTIONS);
  if (!command.isAlone && !ownsStack(command))
    program.addOption(new Option(`--${DEPLOYED_STACK_OPTION} <NAME>`).hideHelp());
  return program.addHelpOption(new Option('-h, --help', 'this text').helpGroup(OPTIONS_OF_EACH));
}

const OPTIONS_OF_EACH = 'Options of each command:';

/** Whether `--stack` is about the command's objects. */
const ownsStack = ({ options }: Command) => Object.hasOwn(options, DEPLOYED_STACK_OPTION);

function addOptions(program: Program, heading: string, options: Readonly<Record<string, Told>>): void {
  for (const [name, { value, short, says }] of Object.entries(options)) {
    const flags = `${short ? `-${short}, ` : ''}--${name}${value ? ` <${value}>` : ''}`;
    program.addOption(new Option(flags, says).helpGroup(heading));
  }
}

function configure(program: Program, { out, err }: Io): Program {
  return program
    .exitOverride()
    .helpOption('-h, --help', 'this text')
    .configureHelp({
      minWidthToWrap: HELP_TEXT_COLUMNS_MIN,
      visibleArguments: () => [],
      subcommandTerm: (command) => command.name(),
      commandUsage: (command) => [command.parent?.name(), command.name(), command.usage()].filter(Boolean).join(' '),
    })
    .configureOutput({
      writeOut: (text) => void out.write(text),
      writeErr: (text) => void err.write(text),
      // The one that catches it prints it, with invisible characters made visible.
      outputError: () => {},
      getOutHelpWidth: () => helpColumns(out),
      getErrHelpWidth: () => helpColumns(err),
    });
}

/** Of what is said of an option: it is wrapped into no less. */
const HELP_TEXT_COLUMNS_MIN = 16;
/** In a file and a pipe, and at most: longer lines are hard to read. */
const HELP_COLUMNS = 120;

function helpColumns({ isTTY, columns }: Output): number {
  return isTTY === true ? Math.min(HELP_COLUMNS, columns || HELP_COLUMNS) : HELP_COLUMNS;
}

/** A line that is to be copied is never wrapped: where both have no room beside each other, it stands below what it is for. */
function exampleText([line, why]: Command['examples'][number], width: number, columns: number): string {
  const beside = `  ${line.padEnd(width)}  # ${why}`;
  return beside.length <= columns ? beside : `${fitted(`  # ${why}`, { width: columns })}\n  ${line}`;
}

function givenTo(program: Program, command: Command): Given {
  const read = (name: string) => {
    const option = program.options.find(({ long }) => long === `--${name}`);
    return option && program.getOptionValue(option.attributeName());
  };
  return {
    positionals: program.args,
    deployment: read('deployment') ?? (ownsStack(command) ? undefined : read(DEPLOYED_STACK_OPTION)),
    text: (name) => read(name),
    flag: (name) => read(name) === true,
  };
}
