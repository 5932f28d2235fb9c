/** protect and unprotect: one request of the typed client for each object. */
import { idOf } from '../../../lib/lifecycle/ids.ts';
import { type ItemKey, itemName } from '../../../lib/lifecycle/keys.ts';
import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { called, listed } from '../../../lib/operate/names.ts';
import { steering } from '../../../lib/operate/reports/apply.ts';
import type { Cluster } from '../../../lib/operate/reports/cluster.ts';
import { findDeleted } from '../../../lib/operate/reports/history.ts';
import { keyOf } from '../../../lib/operate/reports/order.ts';
import { type DeallocatorError, isDeallocatorError } from '../../../lib/protocol/errors.ts';
import { PARENTS_IN_PARALLEL } from '../../../lib/protocol/limits.ts';
import { mapInParallel } from '../../../lib/protocol/parallel.ts';
import { type Given, readParents } from '../arguments.ts';
import { BLOCKED, type Command, DONE, FAILED, type Session } from '../command.ts';
import type { Deployment } from '../connection.ts';
import { ask, mustAsk } from '../input.ts';
import { shortOutcomes } from '../lists.ts';
import { findTyped, openTyped } from '../objects.ts';
import { targetLine } from '../target.ts';
import { visible } from '../text.ts';
import { absenceWords } from '../words.ts';

/** What became of one object. `error` with `code` says why not. */
interface Outcome {
  readonly object: string;
  readonly name?: string;
  readonly outcome: string;
  /** Of what is not there: whether a receipt tells that it was deleted. */
  readonly absence?: 'gone' | 'not there';
  /** False, of what is not there: not all receipts were read, and one of the others may tell of it. */
  readonly isWhole?: false;
  readonly error?: { readonly code: string; readonly message: string; readonly blockers: readonly string[] };
}

/** One object after the other: a refusal of one does not stop the others. */
async function forEach(
  session: Session,
  { cluster }: Deployment,
  parents: readonly (ItemKey & { readonly name?: string })[],
  apply: (parent: ItemKey) => Promise<string>,
): Promise<number> {
  const { io, isJson, report, printJson } = session;
  const results: Outcome[] = [];
  for (const parent of parents) {
    io.signal.throwIfAborted();
    const object = { object: itemName(parent), ...(parent.name !== undefined && { name: parent.name }) };
    try {
      results.push({ ...object, outcome: await apply(parent) });
    } catch (error) {
      if (!isDeallocatorError(error) || concernsAll(error)) throw error;
      const { code, message, blockers } = error;
      results.push({ ...object, outcome: 'refused', error: { code, message, blockers } });
    }
  }
  const told = await withAbsence(cluster, results);
  if (isJson) printJson({ results: told });
  else {
    const texts = told.map((one) => describe(cluster.plan, one));
    for (const line of shortOutcomes(told, texts, ({ error }) => error !== undefined)) report(line);
  }
  if (results.some(({ error }) => error?.code === 'FailedPrecondition')) return BLOCKED;
  return results.some(({ error }) => error !== undefined) ? FAILED : DONE;
}

/** No answer, wrong table names, missing grants. */
function concernsAll({ code, blockers }: DeallocatorError): boolean {
  return code === 'Unavailable' || (code === 'FailedPrecondition' && blockers.length === 0);
}

async function withAbsence(cluster: Cluster, results: readonly Outcome[]): Promise<readonly Outcome[]> {
  const isAbsent = ({ error }: Outcome) => error?.code === 'NotFound';
  const { deletions, isWhole } = await findDeleted(
    cluster,
    results.filter(isAbsent).map(({ object }) => keyOf(cluster.plan, object)),
  );
  return results.map((result) => {
    if (!isAbsent(result)) return result;
    const deletion = deletions.get(result.object);
    if (deletion === undefined) return { ...result, absence: 'not there', ...(!isWhole && { isWhole }) };
    const { name } = deletion;
    return { ...result, ...(name !== undefined && { name }), absence: 'gone' };
  });
}

function describe(plan: Plan, { object, name, outcome, absence, isWhole, error }: Outcome): string {
  if (error === undefined) return visible(`${called(plan, object, name)}: ${outcome}`);
  const why =
    absence === undefined ? error.message : `${called(plan, object, name)}: ${absenceWords(absence, isWhole)}`;
  return visible(`${why} [${error.code}]`);
}

/** What is marked may go at once, so a person on a terminal is asked before. */
async function mayUnprotect(
  { io }: Session,
  given: Given,
  deployment: Deployment,
  parents: readonly ItemKey[],
): Promise<boolean> {
  if (!mustAsk(io, given, false)) return true;
  const found = await mapInParallel(parents, PARENTS_IN_PARALLEL, (key) => deployment.cluster.readParent(key));
  const { plan } = deployment.cluster;
  const marked = found.flatMap((parent) =>
    parent?.pendingDelete ? [called(plan, itemName(parent.key), parent.name)] : [],
  );
  if (marked.length === 0) return true;
  const where = targetLine(deployment.target);
  const verb = marked.length === 1 ? 'is marked and goes' : 'are marked and go';
  const question = `Unprotect on ${where}? ${listed(marked)} ${verb} as soon as nothing else holds them back.`;
  const isMeant = await ask(io, visible(question));
  if (!isMeant) io.err.write('Nothing was unprotected.\n');
  return isMeant;
}

function protection(name: 'protect' | 'unprotect', says: string, done: string, before: string): Command {
  return {
    name,
    group: 'Remove and keep',
    takes: 'KIND ID…',
    says,
    options: name === 'unprotect' ? { yes: { says: 'does not ask; without a terminal nothing is asked anyway' } } : {},
    examples: [
      [`deallocator ${name} network ingress`, 'one'],
      [`deallocator ${name} service web api --json`, 'two, for a script'],
    ],
    async run(session, given) {
      const { deployment, typed } = await openTyped(session, (plan) => readParents(plan, given));
      const { client, cluster } = deployment;
      const parents = await findTyped(session, deployment, typed);
      if (name === 'unprotect' && !(await mayUnprotect(session, given, deployment, parents))) return FAILED;
      return forEach(session, deployment, parents, async (parent) => {
        const { changed } = await steering(client)[name](parent.kind, idOf(cluster.plan, parent));
        return changed ? done : before;
      });
    },
  };
}

export const protect = protection(
  'protect',
  'keeps services or networks from being marked and deleted, until they are unprotected',
  'protected',
  'was protected before',
);
export const unprotect = protection(
  'unprotect',
  'lets them be marked and deleted again',
  'unprotected',
  'was not protected',
);
