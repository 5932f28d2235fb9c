/** What an unknown command may have meant: the nearest in meaning, never the opposite. */
import { isNear } from '../../lib/operate/nearness.ts';
import type { Command } from './command.ts';

/** Words of other tools, by the command that does what they mean. */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  rm: ['destroy', 'drop', 'erase', 'kill', 'mark', 'purge', 'unlink'],
  undelete: ['cancel', 'keep', 'recover', 'restore', 'revert', 'undo', 'unmark', 'unremove', 'unrm'],
  ls: ['dir', 'find', 'ps', 'search', 'services', 'networks', 'show'],
  explain: ['why'],
  describe: ['desc', 'info', 'inspect', 'view'],
  status: ['marked', 'pending', 'state', 'stat', 'top', 'watch'],
  history: ['deleted', 'deletions', 'events', 'journal', 'log', 'logs', 'receipts'],
  protect: ['lock', 'pin'],
  unprotect: ['unlock', 'unpin'],
  audit: ['check', 'doctor', 'fsck', 'repair', 'validate', 'verify'],
  sweep: ['clean', 'cleanup', 'gc', 'prune'],
  redrive: ['dlq', 'replay', 'retry'],
  import: ['load', 'restore-from', 'upload'],
  export: ['backup', 'dump', 'save', 'snapshot'],
};

/** With these a word means the reverse of what it means without. */
const REVERSES = /^(?:un|de(?=protect|mark))/;

/** Names of commands; none where nothing is near. */
export function guessesOf(typed: string, commands: readonly Command[]): string[] {
  const word = typed.toLowerCase();
  const isReverse = REVERSES.test(word);
  const names = commands.map(({ name }) => name);
  const meant = names.filter((name) => MEANT[name]?.includes(word));
  if (meant.length > 0) return meant;
  const words = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases].map((called) => ({ name, called })));
  const near = words.filter(({ called }) => REVERSES.test(called) === isReverse && isNear(word, called));
  return [...new Set(near.map(({ name }) => name))];
}
