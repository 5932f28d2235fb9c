/** The CDK app. The CDK's command line runs it. Run by hand, it writes to cdk.out too, checked by the same rules. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { App } from 'aws-cdk-lib';
import { DeallocatorStack } from '../lib/infra/index.ts';

// The command line passes on the context of cdk.json. Run by hand, the app reads it itself.
const { context } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'cdk.json'), 'utf8'));
const byHand = process.env.CDK_OUTDIR === undefined;

const app = new App({ context, analyticsReporting: false, ...(byHand && { outdir: 'cdk.out' }) });
const stack = new DeallocatorStack(app, 'Deallocator', {
  description: 'Deletes services and networks when nothing uses them any more',
});
const { directory } = app.synth();
if (byHand) console.log(`${stack.stackName} → ${relative('.', join(directory, stack.templateFile))}`);
