/** Once for all tests: the bundles and the template that would be deployed, and one DynamoDB Local. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEngine } from '../../lib/local/engine.ts';

declare module 'vitest' {
  interface ProvidedContext {
    enginePort: number;
  }
}

export default async function setup(project: TestProject) {
  const root = join(import.meta.dirname, '..', '..');
  const run = (args: string[], env = {}) =>
    execFileSync(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...env },
    });
  run(['bin/build.ts', '--functions']);
  run(['bin/app.ts'], { CDK_OUTDIR: join(root, 'cdk.out') });
  const engine = await startEngine();
  project.provide('enginePort', engine.port);
  return () => engine.stop();
}
