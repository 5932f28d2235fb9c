/** Files that declare kinds. */
import { pathToFileURL } from 'node:url';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { isLifecycleError } from '../../lib/lifecycle/refusals.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';
import { readText } from './files.ts';

/**
 * What a file of JSON says, or what a module exports. `InvalidArgument` for what declares none, or several.
 *
 * @param file its name in messages
 * @param wanted the name of an export
 * @param option how that is said
 */
export async function readLifecycle(
  file: string,
  path: string,
  wanted: string | undefined,
  option = '--export',
): Promise<Lifecycle> {
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
