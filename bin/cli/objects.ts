/** From what was typed to the objects that are meant: ids, names and their beginnings. */

import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import { interruptible } from '../../lib/operate/interruptible.ts';
import { called, kindWords, parseTypedName, typedName } from '../../lib/operate/names.ts';
import {
  type Candidate,
  NAME_PAGES_MAX,
  type Resolved,
  type ResolveOptions,
  resolve,
} from '../../lib/operate/reports/resolve.ts';
import type { Session } from './command.ts';
import type { Deployment } from './connection.ts';
import { sayBeside } from './terminal.ts';
import { visible } from './text.ts';

/** With its name, where its spec has one. */
type Found = ItemKey & { readonly name?: string };

/** What was not found stays as it was typed, for the command to say what that means. Notes go to stderr. */
export async function findTyped(
  session: Session,
  deployment: Deployment,
  asked: readonly ItemKey[],
  options: ResolveOptions = {},
): Promise<Found[]> {
  const found = await resolveTyped(session, deployment, asked, options);
  return found.map(({ key, name }) => ({ ...key, ...(name !== undefined && { name }) }));
}

/** The same, with how each was found. */
export async function resolveTyped(
  { io, isJson }: Session,
  { cluster }: Deployment,
  asked: readonly ItemKey[],
  options: ResolveOptions = {},
): Promise<Resolved[]> {
  const found = await interruptible(resolve(cluster, asked, options), io);
  for (const note of isJson ? [] : found.map(noteOf)) if (note !== undefined) sayBeside(io, visible(note));
  return found;
}

function noteOf({ asked, key, name, by, near, isWhole }: Resolved): string | undefined {
  if (by === 'beginning') return `"${asked.id}" is taken for ${called(itemName(key), name)}`;
  if (by !== 'nothing') return undefined;
  const { kind, id } = asked;
  const inner = parseTypedName(id);
  if (inner !== undefined) {
    const how = inner.kind === kind ? '' : ` Then give each object its kind: ${kind}/ID ${typedName(inner)}`;
    return `no ${kind} is called "${id}"; did you mean ${inner.kind} ${inner.id}?${how}`;
  }
  if (!isWhole) {
    return `no ${kind} has the id "${id}"; names were looked for in the first ${NAME_PAGES_MAX} MB of the ${kindWords(kind).plural} only`;
  }
  if (near.length === 0) return undefined;
  return `no ${kind} is called "${id}"; did you mean ${near.map(candidateWords).join(' or ')}?`;
}

function candidateWords({ key, name }: Candidate): string {
  return called(itemName(key), name);
}
