/** Files that the command line names. */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { DeallocatorError } from '../../lib/protocol/errors.ts';

/**
 * `InvalidArgument` for what can't be read as a text. The message names the file: Node.js does not where it is a directory, or
 * too large.
 *
 * @param name its name in messages
 */
export async function readText(name: string, path: string): Promise<string> {
  // Some editors and shells begin a text with a mark of its byte order.
  return (await readBytes(name, path)).toString('utf8').replace(/^\uFEFF/, '');
}

/** As {@link readText}, for what may be in another encoding. */
export async function readBytes(name: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { message } = cause as Error;
    throw new DeallocatorError('InvalidArgument', `${name} can't be read: ${message}; name a file that can`, { cause });
  }
}

/** Fails where the file is there, unless it may be overwritten. */
export async function openToWrite(path: string, mayOverwrite: boolean): Promise<FileHandle> {
  return await open(path, mayOverwrite ? 'w' : 'wx').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') {
      const why = `${path} can't be written: ${cause.message}; name a file that can`;
      throw new DeallocatorError('InvalidArgument', why, { cause });
    }
    throw new DeallocatorError('AlreadyExists', `${path} is there; name another file, or overwrite it with --force`, {
      cause,
    });
  });
}
