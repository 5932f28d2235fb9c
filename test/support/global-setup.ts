/** Once for all tests: the bundles and the template that would be deployed, and one DynamoDB Local. */
import type { TestProject } from 'vitest/node';
import { synthesize } from '../../bin/synthesize.ts';
import { startEngine } from '../../lib/local/dynamodb/engine.ts';

declare module 'vitest' {
  interface ProvidedContext {
    enginePort: number;
  }
}

export default async function setup(project: TestProject) {
  await synthesize(new AbortController().signal);
  const engine = await startEngine();
  project.provide('enginePort', engine.port);
  return () => engine.stop();
}
