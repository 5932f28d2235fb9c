/** From what was typed to the objects that are meant: ids, names and their beginnings. */

import { type ItemKey, itemName } from '../../lib/lifecycle/keys.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import { typedId } from '../../lib/lifecycle/told.ts';
import { interruptible } from '../../lib/operate/interruptible.ts';
import { called, parseTypedName, planned, typedName } from '../../lib/operate/names.ts';
import {
  type Candidate,
  NAME_PAGES_MAX,
  type Resolved,
  type ResolveOptions,
  resolve,
} from '../../lib/operate/reports/resolve.ts';
import type { Given } from './arguments.ts';
import type { Session } from './command.ts';
import type { Deployment } from './connection.ts';
import { sayBeside } from './terminal.ts';
import { visible } from './text.ts';

/** With its name, where its spec has one. */
type Found = ItemKey & { readonly name?: string };

/**
 * The deployment, and what was typed, read by the kinds that it has. What is wrong with that is said also where no deployment can be
 * opened, by SwarmKit's kinds.
 */
export async function openTyped<T>(
  session: Session,
  read: (plan: Plan) => T,
  given?: Given,
): Promise<{ readonly deployment: Deployment; readonly typed: T }> {
  let typo: unknown;
  try {
    read(planOf(SWARMKIT));
  } catch (error) {
    typo = error;
  }
  const deployment = await session.open(given).catch((error) => {
    throw typo ?? error;
  });
  return { deployment, typed: read(deployment.cluster.plan) };
}

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
  const { plan } = cluster;
  for (const note of isJson ? [] : found.map((one) => noteOf(plan, one)))
    if (note !== undefined) sayBeside(io, visible(note));
  return found;
}

function noteOf(plan: Plan, { asked, key, name, by, near, isWhole }: Resolved): string | undefined {
  const id = typedId(plan, asked);
  if (by === 'beginning') return `"${id}" is taken for ${called(plan, itemName(key), name)}`;
  if (by !== 'nothing') return undefined;
  const { kind } = asked;
  const { singular, plural } = planned(plan, kind).words;
  const inner = innerOf(plan, id);
  if (inner !== undefined) {
    const how = inner.kind === kind ? '' : ` Then give each object its kind: ${kind}/ID ${typedName(plan, inner)}`;
    return `no ${singular} is called "${id}"; did you mean ${called(plan, itemName(inner), undefined)}?${how}`;
  }
  if (!isWhole) {
    return `no ${singular} has the id "${id}"; names were looked for in the first ${NAME_PAGES_MAX} MB of the ${plural} only`;
  }
  if (near.length === 0) return undefined;
  return `no ${singular} is called "${id}"; did you mean ${near.map((one) => candidateWords(plan, one)).join(' or ')}?`;
}

/** An object that was typed as an id. */
function innerOf(plan: Plan, id: string): ItemKey | undefined {
  try {
    return parseTypedName(plan, id);
  } catch {
    return undefined; // of another kind, it could be none
  }
}

function candidateWords(plan: Plan, { key, name }: Candidate): string {
  return called(plan, itemName(key), name);
}
