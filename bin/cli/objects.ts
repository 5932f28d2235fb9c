/** From what was typed to the objects that are meant: ids, names and their beginnings. */
import { interruptible } from '../../lib/operate/interruptible.ts';
import { KIND_WORDS, spoken, spokenWith } from '../../lib/operate/names.ts';
import { readHistory } from '../../lib/operate/reports/history.ts';
import {
  type Candidate,
  NAME_PAGES_MAX,
  type Resolved,
  type ResolveOptions,
  resolve,
} from '../../lib/operate/reports/resolve.ts';
import { type ParentKey, parentName } from '../../lib/protocol/model.ts';
import type { Session } from './command.ts';
import type { Deployment } from './connection.ts';
import { visible } from './text.ts';

/** What was not found stays as it was typed, for the command to say what that means. Notes go to stderr. */
export async function findTyped(
  { io, isJson }: Session,
  { cluster }: Deployment,
  asked: readonly ParentKey[],
  options: ResolveOptions = {},
): Promise<ParentKey[]> {
  const found = await interruptible(resolve(cluster, asked, options), io);
  const keys: ParentKey[] = [];
  for (const one of found) {
    // Where an object of that very id was deleted, it is the one that is meant.
    const wasThere =
      one.by === 'beginning' && (await readHistory(cluster, { ...one.asked, limit: 1 })).deletions.length > 0;
    const resolved: Resolved = wasThere
      ? { ...one, key: one.asked, by: 'nothing', near: [{ key: one.key, name: undefined }] }
      : one;
    keys.push(resolved.key);
    const note = isJson ? undefined : noteOf(resolved);
    if (note !== undefined) io.err.write(`${visible(note)}\n`);
  }
  return keys;
}

function noteOf({ asked, key, by, near, isWhole }: Resolved): string | undefined {
  if (by === 'beginning') return `"${asked.id}" is taken for ${spoken(parentName(key))}`;
  if (by !== 'nothing') return undefined;
  const { kind, id } = asked;
  if (!isWhole) {
    return `no ${kind} has the id "${id}"; names were looked for in the first ${NAME_PAGES_MAX} MB of the ${KIND_WORDS[kind].plural} only`;
  }
  if (near.length === 0) return undefined;
  return `no ${kind} is called "${id}"; did you mean ${near.map(candidateWords).join(' or ')}?`;
}

function candidateWords({ key, name }: Candidate): string {
  const object = parentName(key);
  return spokenWith(name === undefined ? {} : { [object]: name }, object);
}
