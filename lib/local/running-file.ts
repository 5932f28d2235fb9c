/** Where the last local cloud that was started says how to reach it, for other commands of the same repository. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export function writeRunningFile(path: string, connection: Readonly<Record<string, unknown>>): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ ...connection, pid: process.pid })}\n`);
}

/** Only if it is still ours: a cloud that was started later has overwritten it. */
export function removeRunningFile(path: string): void {
  try {
    if (JSON.parse(readFileSync(path, 'utf8')).pid === process.pid) rmSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
