/** Completion: a script for the shell, which asks this program what could come next. */
import type { ParentKind } from '../../../lib/protocol/model.ts';
import { type Command, DONE, GLOBAL_OPTIONS, type Session } from '../command.ts';
import { openDeployment } from '../connection.ts';
import { UsageError } from '../errors.ts';
import { readArguments } from '../program.ts';

/** The program filters by what is typed already, since `compgen -W` would evaluate an id. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_deallocator() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" completion bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _deallocator deallocator`,
  zsh: `#compdef deallocator
_deallocator() {
  local -a found
  found=("\${(@f)$("\${words[1]}" completion zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=("\${(@)found:#}")
  if (( \${#found} )); then compadd -- "\${found[@]}"; else _files; fi
}
compdef _deallocator deallocator`,
};

/** One page: more would not help to choose. */
const IDS_MAX = 100;
/** An id with other characters would have to be quoted, and each shell quotes in its own way. */
const SAFE_ID = /^[\w.:@%+,/-]+$/;
/** Commands that work only on what is marked. */
const OF_MARKED: readonly string[] = ['undelete', 'wait'];

/** @param commands all of them, this one included */
export function completionOf(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    takes: 'SHELL',
    says: 'prints the script that completes commands, options, kinds and ids in bash or zsh',
    options: {},
    examples: [
      ['source <(deallocator completion bash)', 'now; or in ~/.bashrc, for ever'],
      ['source <(deallocator completion zsh)', 'the same in ~/.zshrc, after compinit'],
    ],
    async run(session, { positionals: [shell = '', ...words] }) {
      const script = SCRIPTS[shell];
      if (script === undefined) {
        throw new UsageError(`"${shell}" is not a known shell; allowed: ${Object.keys(SCRIPTS).join(', ')}`);
      }
      if (words.length === 0) session.print(script);
      else for (const found of await complete(commands(), session, words)) session.print(found);
      return DONE;
    },
  };
}

async function complete(commands: readonly Command[], session: Session, words: readonly string[]): Promise<string[]> {
  const typed = words.at(-1) ?? '';
  const startsAsTyped = (found: string) => found.startsWith(typed);
  if (words.length === 1) return commands.map(({ name }) => name).filter(startsAsTyped);
  const command = commands.find(({ name }) => name === words[0]);
  if (command === undefined) return [];
  if (typed.startsWith('-')) {
    const options = [...Object.keys({ ...command.options, ...GLOBAL_OPTIONS }), 'help'];
    return options.map((name) => `--${name}`).filter(startsAsTyped);
  }
  if (command.name === 'completion') return Object.keys(SCRIPTS).filter(startsAsTyped);
  if (!command.takes.includes('KIND')) return [];
  const given = readArguments(command, words.slice(1, -1), session.io);
  const [kind] = given.positionals;
  if (kind === undefined) return ['service', 'network'].filter(startsAsTyped);
  if (kind !== 'service' && kind !== 'network') return [];
  // Not the session's: the deployment is the one that the completed line names.
  const deployment = await openDeployment(given, session.io);
  try {
    const ids = await listIds(deployment.client, kind, OF_MARKED.includes(command.name));
    return ids.filter((id) => SAFE_ID.test(id) && startsAsTyped(id) && !given.positionals.includes(id)).sort();
  } finally {
    deployment.close();
  }
}

async function listIds(
  client: Awaited<ReturnType<typeof openDeployment>>['client'],
  kind: ParentKind,
  onlyMarked: boolean,
): Promise<string[]> {
  const page = { limit: IDS_MAX };
  const isService = kind === 'service';
  const listMarked = () => (isService ? client.listMarkedServices(page) : client.listMarkedNetworks(page));
  const listAll = () => (isService ? client.listServices(page) : client.listNetworks(page));
  const { items } = onlyMarked ? await listMarked() : await listAll();
  return items.map(({ id }) => id);
}
