/** protect and unprotect: one request of the typed client for each object. */
import type { DeallocatorClient } from '../../../lib/client/client.ts';
import { spoken } from '../../../lib/operate/names.ts';
import { type DeallocatorError, isDeallocatorError } from '../../../lib/protocol/errors.ts';
import { type ParentKey, parentName } from '../../../lib/protocol/model.ts';
import { readParents } from '../arguments.ts';
import { BLOCKED, type Command, DONE, FAILED, type Session } from '../command.ts';
import { visible } from '../text.ts';

/** What became of one object. `error` with `code` says why not. */
interface Outcome {
  readonly object: string;
  readonly outcome: string;
  readonly error?: { readonly code: string; readonly message: string; readonly blockers: readonly string[] };
}

/** One object after the other: a refusal of one does not stop the others. */
async function forEach(
  session: Session,
  parents: readonly ParentKey[],
  apply: (parent: ParentKey) => Promise<string>,
): Promise<number> {
  const { io, isJson, print, printJson } = session;
  const results: Outcome[] = [];
  for (const parent of parents) {
    io.signal.throwIfAborted();
    const object = parentName(parent);
    try {
      results.push({ object, outcome: await apply(parent) });
    } catch (error) {
      if (!isDeallocatorError(error) || concernsAll(error)) throw error;
      const { code, message, blockers } = error;
      results.push({ object, outcome: 'refused', error: { code, message, blockers } });
    }
  }
  if (isJson) printJson({ results });
  else for (const result of results) print(describe(result));
  if (results.some(({ error }) => error?.code === 'FailedPrecondition')) return BLOCKED;
  return results.some(({ error }) => error !== undefined) ? FAILED : DONE;
}

/** No answer, wrong table names, missing grants. */
function concernsAll({ code, blockers }: DeallocatorError): boolean {
  return code === 'Unavailable' || (code === 'FailedPrecondition' && blockers.length === 0);
}

function describe({ object, outcome, error }: Outcome): string {
  return visible(error === undefined ? `${spoken(object)}: ${outcome}` : `${error.message} [${error.code}]`);
}

function methodsOf(client: DeallocatorClient, { kind, id }: ParentKey) {
  return kind === 'service'
    ? { protect: () => client.protectService(id), unprotect: () => client.unprotectService(id) }
    : { protect: () => client.protectNetwork(id), unprotect: () => client.unprotectNetwork(id) };
}

function protection(name: 'protect' | 'unprotect', says: string, done: string, before: string): Command {
  return {
    name,
    takes: 'KIND ID…',
    says,
    options: {},
    examples: [
      [`deallocator ${name} network ingress`, 'one'],
      [`deallocator ${name} service web api --json`, 'two, for a script'],
    ],
    async run(session, given) {
      const parents = readParents(given);
      const { client } = await session.open();
      return forEach(session, parents, async (parent) => {
        const { changed } = await methodsOf(client, parent)[name]();
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
