/** lifecycle: what a declaration of kinds causes, before anything is deployed. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Lifecycle } from '../../../lib/lifecycle/declaration.ts';
import type { Plan } from '../../../lib/lifecycle/plan.ts';
import { isLifecycleError } from '../../../lib/lifecycle/refusals.ts';
import { DeallocatorError } from '../../../lib/protocol/errors.ts';
import { refuseMore } from '../arguments.ts';
import { type Command, DONE, FAILED } from '../command.ts';
import { readText } from '../files.ts';
import { terminalOf } from '../terminal.ts';

export const lifecycle: Command = {
  name: 'lifecycle',
  group: 'Set up',
  takes: '[FILE]',
  says: 'says what a declaration of kinds causes: who is asked before something goes, and what is deployed for it',
  options: { export: { value: 'NAME', says: 'which lifecycle of FILE, where it exports several' } },
  examples: [
    ['deallocator lifecycle', "SwarmKit's kinds: services, tasks and networks"],
    ['deallocator lifecycle kinds.ts', 'what a file of yours exports, by defineLifecycle; a file of JSON does too'],
  ],
  async run({ io, isJson, say, printJson }, given) {
    refuseMore(given, 1);
    const [file] = given.positionals;
    // No other command needs these.
    const [{ planOf }, { SWARMKIT }, { lifecycleWords, refusalLines }] = await Promise.all([
      import('../../../lib/lifecycle/plan.ts'),
      import('../../../lib/lifecycle/swarmkit.ts'),
      import('../lifecycle-words.ts'),
    ]);
    try {
      const declared =
        file === undefined ? SWARMKIT : await load(file, resolve(io.directory, file), given.text('export'));
      const plan: Plan = planOf(declared);
      if (isJson) printJson({ lifecycle: declared, plan });
      else {
        say(lifecycleWords(plan, terminalOf(io.out, io.environment)));
        say('Nothing is deployed from a declaration yet: services, tasks and networks are what there is.');
      }
      return DONE;
    } catch (error) {
      if (!isLifecycleError(error)) throw error;
      if (isJson) printJson({ refusals: error.refusals });
      else say(refusalLines(error.refusals));
      return FAILED;
    }
  },
};

/** @param wanted the name of an export */
async function load(file: string, path: string, wanted: string | undefined): Promise<Lifecycle> {
  const text = await readText(file, path);
  if (path.endsWith('.json')) return parse(file, text);
  const exported = await importModule(file, path);
  const found = Object.entries(exported).filter(([, value]) => hasKinds(value));
  const [[, only] = []] = wanted === undefined ? found : found.filter(([name]) => name === wanted);
  if (only !== undefined && (found.length === 1 || wanted !== undefined)) return only as Lifecycle;
  const names = found.map(([name]) => name).join(', ');
  const what =
    wanted !== undefined ? `no lifecycle ${wanted}` : found.length === 0 ? 'no lifecycle' : 'several lifecycles';
  const way =
    found.length === 0
      ? 'export one: export const KINDS = defineLifecycle({ … })'
      : `choose one with --export: ${names}`;
  throw new DeallocatorError('InvalidArgument', `${file} exports ${what}; ${way}`);
}

const hasKinds = (value: unknown) => typeof value === 'object' && value !== null && 'kinds' in value;

function parse(file: string, text: string): Lifecycle {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DeallocatorError('InvalidArgument', `${file} is no JSON: ${(cause as Error).message}; correct it`, {
      cause,
    });
  }
}

/** A declaration that is refused throws while its file is loaded. */
async function importModule(file: string, path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    if (isLifecycleError(cause)) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const isUnknown = code === 'ERR_UNKNOWN_FILE_EXTENSION';
    const way = isUnknown
      ? 'use Node.js 22.18 or newer for TypeScript, or give a file of JavaScript or JSON'
      : 'correct that';
    throw new DeallocatorError('InvalidArgument', `${file} can't be loaded: ${message}; ${way}`, { cause });
  }
}
