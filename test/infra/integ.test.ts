/** The integration test for a real account is synthesized, and runs the selftest on what it deploys. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Manifest } from '@aws-cdk/cloud-assembly-schema';
import { expect, it } from 'vitest';
import { COMMANDS } from '../../bin/cli/commands.ts';

const INTEG = join(import.meta.dirname, '..', 'integ');

it.each(readdirSync(INTEG).filter((file) => file.startsWith('integ.')))(
  '%s is synthesized, and runs a command that exists',
  (file) => {
    const outdir = mkdtempSync(join(tmpdir(), 'integ-'));
    try {
      execFileSync(process.execPath, [join(INTEG, file)], {
        env: { ...process.env, CDK_OUTDIR: outdir },
        stdio: 'pipe',
      });
      const { testCases } = Manifest.loadIntegManifest(join(outdir, 'integ.json'));
      const [test, ...others] = Object.values(testCases);
      expect(others).toEqual([]);
      const [stack = ''] = test?.stacks ?? [];
      const [hook = ''] = test?.hooks?.postDeploy ?? [];
      expect(hook).toMatch(
        new RegExp(
          `^node dist/command/deallocator.js (${COMMANDS.map(({ name }) => name).join('|')}) --stack ${stack}`,
        ),
      );
      const { Resources } = JSON.parse(readFileSync(join(outdir, `${stack}.template.json`), 'utf8'));
      const policies = Object.values<{ Type: string; DeletionPolicy?: string }>(Resources).filter(
        ({ Type }) => Type === 'AWS::DynamoDB::Table',
      );
      // It must go away again.
      expect(policies.map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(policies.map(() => 'Delete'));
      expect(existsSync(join(outdir, 'manifest.json'))).toBe(true);
    } finally {
      rmSync(outdir, { recursive: true });
    }
  },
);
