/**
 * Once for all tests: the bundles and the template that would be deployed, one DynamoDB Local, and one place for temporary
 * files, which is gone afterwards: each app that is synthesized leaves a folder there, a thousand in a run.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { synthesize } from '../../bin/synthesize.ts';
import { startEngine } from '../../lib/local/dynamodb/engine.ts';

declare module 'vitest' {
  interface ProvidedContext {
    enginePort: number;
  }
}

export default async function setup(project: TestProject) {
  const before = process.env.TMPDIR;
  const folder = mkdtempSync(join(tmpdir(), 't-'));
  // The workers, which are not started yet, inherit it. Short, since outputs wrap by the paths that they name.
  process.env.TMPDIR = folder;
  await synthesize(new AbortController().signal);
  const engine = await startEngine();
  project.provide('enginePort', engine.port);
  return async () => {
    await engine.stop();
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, { recursive: true, force: true });
  };
}
