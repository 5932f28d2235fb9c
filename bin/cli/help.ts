/** The texts of --help. */
import { type Command, GLOBAL_OPTIONS, type Option } from './command.ts';

const NAME_COLUMNS = 20;

export function describeCommands(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return `Usage: deallocator COMMAND [ARGUMENTS] [OPTIONS]

Shows and steers what a deployed deallocator deletes, and when. Without --stack or --config it
speaks to the local cloud that "npm run local" has started in the same directory.

${commands.map(({ name, says }) => `  ${name.padEnd(width)}  ${says}`).join('\n')}

Options of each command:
${listOptions(GLOBAL_OPTIONS)}

Exit status: 0 done, 1 error, 2 wrong usage, 3 blocked or timed out, 130 ended by Ctrl-C.
"deallocator COMMAND --help" has the command's own options, and examples.`;
}

export function describeCommand({ name, takes, says, options, examples }: Command): string {
  const own = Object.keys(options).length > 0 ? `\n${listOptions(options)}\n` : '';
  const width = Math.max(...examples.map(([line]) => line.length));
  return `Usage: deallocator ${[name, takes, '[OPTIONS]'].filter(Boolean).join(' ')}

${says[0]?.toUpperCase()}${says.slice(1)}.
${own}
Options of each command:
${listOptions(GLOBAL_OPTIONS)}

Examples:
${examples.map(([line, why]) => `  ${line.padEnd(width)}  # ${why}`).join('\n')}`;
}

function listOptions(options: Readonly<Record<string, Option>>): string {
  return Object.entries(options)
    .map(([name, { value, says }]) => `  ${`--${name}${value ? ` ${value}` : ''}`.padEnd(NAME_COLUMNS)}  ${says}`)
    .join('\n');
}
