/** CloudFormation's own schemas, by cfn-lint where it is installed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { expect, test } from 'vitest';
import { Deallocator } from '../../lib/infra/index.ts';
import { regulated } from './regulated.ts';

const { status } = spawnSync('cfn-lint', ['--version']);
const isInstalled = status === 0;
if (!isInstalled)
  console.warn('NOT CHECKED: cfn-lint is not installed, so no template is linted (pip install cfn-lint)');

test.skipIf(!isInstalled)('finds nothing in a default deployment, and nothing in one with every prop', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'cfn-lint-'));
  const app = new App({ outdir, analyticsReporting: false });
  const env = { account: '111122223333', region: 'eu-central-1' };
  new Deallocator(new Stack(app, 'Default', { env }), 'Deallocator');
  const stack = new Stack(app, 'Regulated', { env });
  new Deallocator(stack, 'Deallocator', regulated(stack));
  app.synth();
  const templates = ['Default', 'Regulated'].map((name) => join(outdir, `${name}.template.json`));
  // W3005 is a DependsOn that a reference implies already: the CDK writes these, and they do no harm.
  const linted = spawnSync('cfn-lint', ['--ignore-checks', 'W3005', '--', ...templates], { encoding: 'utf8' });
  rmSync(outdir, { recursive: true });
  expect(linted.stdout + linted.stderr).toBe('');
});
