import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { bundleOptions } from '../../lib/infra/bundle.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/**
 * What a cold start reads and compiles: 266 KB, and 294 with what the SDK loads and no request comes to. With its whole client it
 * is half as much again. 12 KB are the texts for what comes from outside instead of an answer: strings, which are not compiled. 26 KB
 * are the plan of any kinds, and learning; the checks of a declaration stay at synth.
 */
const BUNDLE_BYTES_MAX = 270_000;

describe('the bundle', () => {
  it('of all functions has at most 270 KB', async () => {
    const { outputFiles } = await build({ ...bundleOptions(ROOT), entryPoints: ['functions/index.ts'] });
    expect(outputFiles).toHaveLength(1);
    expect(outputFiles[0]?.contents.length).toBeLessThanOrEqual(BUNDLE_BYTES_MAX);
    expect(outputFiles[0]?.contents.length).toBeGreaterThan(50_000);
  });

  it('has no competitors of the bench, no other ways to find credentials than the environment, and no checks of kinds', async () => {
    const { outputFiles } = await build({ ...bundleOptions(ROOT), entryPoints: ['functions/index.ts'] });
    const text = outputFiles[0]?.text ?? '';
    const has = (name: string) => text.includes(name);
    const foreign = ['makeIdempotent', 'BatchProcessor', 'AssumeRoleWithWebIdentity', 'notUnderKey'];
    expect(['AWS_SESSION_TOKEN', ...foreign].filter(has)).toEqual(['AWS_SESSION_TOKEN']);
  });
});
