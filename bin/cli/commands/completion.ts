/** Completion: a script for the shell, which asks this program what could come next. */
import type { Database } from '../../../lib/dynamodb/database.ts';
import { nameOf } from '../../../lib/dynamodb/descriptions.ts';
import { keyOfStored } from '../../../lib/dynamodb/item-reads.ts';
import { listMarkedIds } from '../../../lib/dynamodb/listings.ts';
import { listDescribed } from '../../../lib/dynamodb/reads.ts';
import { type Plan, planOf } from '../../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../../lib/lifecycle/swarmkit.ts';
import { typedId } from '../../../lib/lifecycle/told.ts';
import { kindOf, planned } from '../../../lib/operate/names.ts';
import { eachPage, type Page, type PageKey } from '../../../lib/protocol/pages.ts';
import { type Command, commandNamed, DONE, GLOBAL_OPTIONS, type Session } from '../command.ts';
import { UsageError } from '../errors.ts';
import { readArguments } from '../program.ts';

/**
 * The program filters by what is typed already, since `compgen -W` would evaluate an id. bash splits words at `:` and `=`
 * (COMP_WORDBREAKS), so it has its pieces put together again, and gets back only what belongs to the last one.
 */
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
  fish: `function __deallocator_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] completion fish -- $words[2..-1] 2>/dev/null
end
complete -c deallocator -f -a '(__deallocator_complete)'
complete -c deallocator -n '__fish_seen_subcommand_from import export lifecycle' -F
complete -c deallocator -l config -r -F`,
};

/** More would not help to choose. */
const FOUND_MAX = 100;
/** Pages of 1 MB that one Tab may read of a table or an index. */
const PAGES_MAX = 4;
/** An id or a name with other characters would have to be quoted, and each shell quotes in its own way. */
const SAFE = /^[\p{L}\p{N}_.:=@%+,/#-]+$/u;
/** Commands that work only on what is marked. */
const OF_MARKED: readonly string[] = ['undelete', 'wait'];

/** @param commands all of them, this one included */
export function completionOf(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    group: 'Set up',
    takes: 'SHELL',
    says: 'prints the script that completes commands, options, kinds and ids in bash, zsh or fish',
    options: {},
    isAlone: true,
    examples: [
      ['source <(deallocator completion bash)', 'now; or in ~/.bashrc, for ever'],
      ['source <(deallocator completion zsh)', 'the same in ~/.zshrc, after compinit'],
      ['deallocator completion fish | source', 'the same in ~/.config/fish/config.fish'],
    ],
    async run(session, { positionals: [shell = '', ...words] }) {
      const script = SCRIPTS[shell];
      if (script === undefined) {
        throw new UsageError(`"${shell}" is not a known shell; allowed: ${Object.keys(SCRIPTS).join(', ')}`);
      }
      if (words.length === 0) {
        session.print(script);
        return DONE;
      }
      const { joined, hasBefore } = shell === 'bash' ? joinPieces(words) : { joined: words, hasBefore: '' };
      for (const found of await complete(commands(), session, joined)) session.print(found.slice(hasBefore.length));
      return DONE;
    },
  };
}

/**
 * What bash has split at `:` and `=`, put together: `web`, `:`, `1` is `web:1`. `hasBefore` is what bash has in the pieces before
 * the last one, and does not want again.
 */
export function joinPieces(pieces: readonly string[]): { readonly joined: string[]; readonly hasBefore: string } {
  const joined: string[] = [];
  const isBreak = (piece: string | undefined) => piece !== undefined && /^[:=]+$/.test(piece);
  for (const [place, piece] of pieces.entries()) {
    const before = pieces[place - 1];
    const belongs = joined.length > 0 && piece !== '' && (isBreak(piece) || isBreak(before));
    if (belongs) joined.push(`${joined.pop()}${piece}`);
    else joined.push(piece);
  }
  const last = pieces.at(-1) ?? '';
  const typed = joined.at(-1) ?? '';
  return { joined, hasBefore: isBreak(last) ? typed : typed.slice(0, typed.length - last.length) };
}

async function complete(commands: readonly Command[], session: Session, words: readonly string[]): Promise<string[]> {
  const typed = words.at(-1) ?? '';
  const startsAsTyped = (found: string) => found.startsWith(typed);
  if (words.length === 1) {
    const names = commands.map(({ name }) => name).filter(startsAsTyped);
    return names.length > 0 ? names : commands.flatMap(({ aliases = [] }) => aliases).filter(startsAsTyped);
  }
  const command = commandNamed(commands, words[0]);
  if (command === undefined) return [];
  if (typed.startsWith('-')) {
    const options = [...Object.keys({ ...command.options, ...(command.isAlone ? {} : GLOBAL_OPTIONS) }), 'help'];
    return options.map((name) => `--${name}`).filter(startsAsTyped);
  }
  if (command.name === 'completion') return Object.keys(SCRIPTS).filter(startsAsTyped);
  if (!command.takes.includes('KIND')) return [];
  const given = readArguments(command, words.slice(1, -1), session.io);
  const [first] = given.positionals;
  // The deployment is the one that the completed line names.
  const deployment = await session.open(given).catch(() => undefined);
  const plan: Plan = deployment?.cluster.plan ?? planOf(SWARMKIT);
  const kind = first === undefined ? undefined : kindOf(plan, first);
  // `service web`, or `service/web`, which begins with its kind itself.
  const [, ahead = '', word = ''] = kind === undefined ? (/^(\w+[/#])(.*)$/s.exec(typed) ?? []) : [];
  const asked = kind ?? kindOf(plan, ahead.slice(0, -1));
  if (asked === undefined) return first === undefined ? kindsFrom(plan, startsAsTyped) : [];
  if (!command.takes.includes('ID') || deployment === undefined) return [];
  const { cluster } = deployment;
  const onlyMarked = OF_MARKED.includes(command.name);
  const found = await findCalled(cluster.database, asked, ahead === '' ? typed : word, onlyMarked);
  return found
    .map((one) => `${ahead}${one}`)
    .filter((one) => SAFE.test(one) && !given.positionals.includes(one))
    .sort();
}

/** Plurals and short words only where no kind itself begins so: `s` is one word, not two. */
function kindsFrom(plan: Plan, startsAsTyped: (word: string) => boolean): string[] {
  const kinds = plan.sweep.filter(startsAsTyped);
  if (kinds.length > 0) return kinds;
  return (
    plan.sweep
      .flatMap((kind) => [planned(plan, kind).words.plural, ...planned(plan, kind).words.short])
      // Words of two would have to be quoted.
      .filter((word) => !word.includes(' '))
      .filter(startsAsTyped)
  );
}

/**
 * Names, and ids where there is no name that begins so. The tables are asked for what begins so, until there are enough, or enough was
 * read; of what is marked, the index of marks too, which is small beside its table.
 */
async function findCalled(database: Database, kind: string, beginning: string, onlyMarked: boolean) {
  const { plan } = database;
  // Where an id has several parts, no key begins as all of it does.
  const asked = planned(plan, kind).parts.length === 1 ? beginning : '';
  const [marked, described] = await Promise.all([
    onlyMarked ? firstOf((from) => listMarkedIds(database, kind, asked, from)) : [],
    firstOf((from) => listDescribed(database, kind, { beginning: asked, isMarked: onlyMarked }, from)),
  ]);
  const words = new Map(marked.map((id) => typedId(plan, { kind, id })).map((id) => [id, id]));
  for (const item of described) {
    const key = keyOfStored(database, kind, item);
    if (key === undefined) continue;
    const id = typedId(plan, key);
    const name = nameOf(item);
    words.set(id, name?.startsWith(beginning) && SAFE.test(name) ? name : id);
  }
  return [...new Set(words.values())].filter((word) => word.startsWith(beginning)).slice(0, FOUND_MAX);
}

async function firstOf<T>(list: (from: PageKey | undefined) => Promise<Page<T>>): Promise<T[]> {
  const found: T[] = [];
  for await (const { items } of eachPage(list, { pagesMax: PAGES_MAX })) {
    found.push(...items);
    if (found.length >= FOUND_MAX) break;
  }
  return found;
}
