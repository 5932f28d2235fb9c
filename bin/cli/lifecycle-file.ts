/** A file that declares kinds: of JSON, or a module that exports them. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { isLifecycleError, refusalText } from '../../lib/lifecycle/refusals.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';
import { readText } from './files.ts';
import type { Io } from './io.ts';

/**
 * @param wanted the name of an export; undefined: the only one
 * @param option how that is said
 */
export async function readLifecycleFile(
  file: string,
  io: Pick<Io, 'directory'>,
  wanted?: string,
  option = '--export',
): Promise<Lifecycle> {
  const path = resolve(io.directory, file);
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
      : `choose one with ${option}: ${names}`;
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

/** All that is refused, on one line: where a command is about something else. */
export function onOneLine(name: string, error: unknown): unknown {
  if (!isLifecycleError(error)) return error;
  const refused = error.refusals.map(refusalText).join('; ');
  return new DeallocatorError('InvalidArgument', `${name} declares what is refused: ${refused}`, { cause: error });
}
