/** What an unknown command may have meant: the nearest in meaning, never the opposite. */
import { isNear, slips } from '../../lib/operate/nearness.ts';
import type { Command } from './command.ts';

/** Words of other tools, by the command that does what they mean. */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  rm: ['destroy', 'discard', 'drop', 'erase', 'kill', 'mark', 'purge', 'terminate', 'trash', 'unlink'],
  undelete: [
    ...['abort', 'cancel', 'keep', 'recover', 'rescue', 'restore', 'revert', 'rollback'],
    ...['undestroy', 'undo', 'undrop', 'unmark', 'unpurge', 'unremove', 'unrm', 'untrash'],
  ],
  ls: ['dir', 'find', 'ps', 'search', 'services', 'networks', 'show'],
  explain: ['why'],
  describe: ['desc', 'info', 'inspect', 'view'],
  status: ['marked', 'pending', 'state', 'stat', 'top', 'watch'],
  history: ['deleted', 'deletions', 'events', 'journal', 'log', 'logs', 'receipts'],
  wait: ['await', 'poll', 'until'],
  protect: ['guard', 'hold', 'lock', 'pin'],
  unprotect: ['release', 'unguard', 'unhold', 'unlock', 'unpin'],
  audit: ['check', 'doctor', 'fix', 'fsck', 'heal', 'mend', 'repair', 'validate', 'verify'],
  sweep: ['clean', 'cleanup', 'gc', 'prune'],
  redrive: ['dlq', 'replay', 'retry'],
  import: ['load', 'restore-from', 'upload'],
  export: ['backup', 'dump', 'save', 'snapshot'],
};

/** With these a word means the reverse of what it means without. */
const REVERSES = /^(?:un|de(?=protect|mark))/;

/** A beginning that is shorter could be anything's. */
const BEGINNING_CHARACTERS_MIN = 3;
/** A shorter word of another tool has too many neighbours: nobody who types `stop` means `top`. */
const MEANT_CHARACTERS_MIN = 5;

/** Names of the commands that are nearest to what was typed, in letters or in meaning; none where nothing is near. */
export function guessesOf(typed: string, commands: readonly Command[]): string[] {
  const word = typed.toLowerCase();
  const isReverse = REVERSES.test(word);
  const found = commands.flatMap(({ name, aliases = [] }) => {
    const own = [name, ...aliases].map((called) => ({ name, called, far: farFrom(word, called) }));
    const meant = (MEANT[name] ?? []).map((called) => ({ name, called, far: farFromMeant(word, called) }));
    return [...own, ...meant].filter(({ called }) => REVERSES.test(called) === isReverse);
  });
  const least = Math.min(...found.map(({ far }) => far));
  return Number.isFinite(least) ? [...new Set(found.filter(({ far }) => far === least).map(({ name }) => name))] : [];
}

/** The word itself first, then what begins so, then a slip of the finger. Infinite where nobody would take one for the other. */
function farFrom(word: string, called: string): number {
  if (word === called) return 0;
  if (word.length >= BEGINNING_CHARACTERS_MIN && called.startsWith(word)) return 1 / 3;
  return isNear(word, called) ? slips(word, called) : Number.POSITIVE_INFINITY;
}

/** A word of another tool comes behind a command's own, and may be mistyped by one letter at most. */
function farFromMeant(word: string, called: string): number {
  const far = farFrom(word, called);
  if (far < 1) return far * 2;
  return far === 1 && word.length >= MEANT_CHARACTERS_MIN ? far : Number.POSITIVE_INFINITY;
}
