/**
 * A deployment to a real account that proves itself, by the CDK's convention for such tests. `npx integ-runner` deploys it, runs the
 * selftest, and destroys it:
 *
 * ```sh
 * npm run build
 * npx integ-runner --directory test/integ --test-regex 'integ\\..*\\.ts$' --app 'npx node {filePath}' --update-on-failed
 * ```
 *
 * It writes the runner's manifest by itself: @aws-cdk/integ-tests-alpha would add assertions that run in a function of their own, and the
 * selftest needs none.
 */
import { join } from 'node:path';
import { Manifest } from '@aws-cdk/cloud-assembly-schema';
import { App, RemovalPolicy } from 'aws-cdk-lib';
import { DeallocatorStack } from '../../lib/infra/index.ts';

const STACK_NAME = 'DeallocatorIntegration';

const app = new App({ analyticsReporting: false });
new DeallocatorStack(app, STACK_NAME, { deletionProtection: false, removalPolicy: RemovalPolicy.DESTROY });
const { directory } = app.synth();
const postDeploy = [`node dist/command/deallocator.js selftest --stack ${STACK_NAME} --verbose`];
Manifest.saveIntegManifest(
  {
    version: Manifest.version(),
    enableLookups: false,
    testCases: { selftest: { stacks: [STACK_NAME], hooks: { postDeploy } } },
  },
  join(directory, 'integ.json'),
);
