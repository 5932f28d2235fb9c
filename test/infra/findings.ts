/** What a rule pack of cdk-nag, and the CDK's own validation, find in a template. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type IPolicyValidationPlugin, Stack, Validations } from 'aws-cdk-lib';
import { root } from './world.ts';

const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));
export const env = { account: '111122223333', region: 'eu-central-1' };
export const arn = (service: string, name: string) => `arn:aws:${service}:${env.region}:${env.account}:${name}`;

/** `rule path` for each finding. `CDK_VALIDATION` must be set in the environment. */
export function findings(Pack: new (app: App) => IPolicyValidationPlugin, create: (stack: Stack) => void): string[] {
  const outdir = mkdtempSync(join(tmpdir(), 'checks-'));
  const app = new App({ context, outdir, analyticsReporting: false });
  Validations.of(app).addPlugins(new Pack(app));
  create(new Stack(app, 'Checked', { env }));
  let thrown: unknown;
  try {
    app.synth();
  } catch (error) {
    thrown = error;
  }
  const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as {
    pluginReports: { violations: { ruleName: string; violatingConstructs: { constructPath: string }[] }[] }[];
  };
  rmSync(outdir, { recursive: true });
  const found = report.pluginReports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${ruleName} ${constructPath}`),
    ),
  );
  if (thrown !== undefined && found.length === 0) throw thrown;
  return found;
}
