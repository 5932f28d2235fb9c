/** Where each local cloud that runs says how to reach it, for other commands of the same repository: a file of its own. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The file, which is called by the endpoint's port: no two clouds have the same one. */
export function writeRunningFile(
  directory: string,
  connection: Readonly<Record<string, unknown>> & { readonly endpoint: string },
): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${new URL(connection.endpoint).port}.json`);
  writeFileSync(path, `${JSON.stringify({ ...connection, pid: process.pid })}\n`);
  return path;
}

export function removeRunningFile(path: string): void {
  rmSync(path, { force: true });
}
