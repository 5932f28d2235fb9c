/**
 * The CDK app. The CDK's command line runs it. Run by hand, it writes to cdk.out too, checked by the same rules.
 *
 * Context: `lifecycle`, a file that declares kinds of one's own; `export`, which of its exports; `stackName`.
 */
import { readFileSync } from 'node:fs';
import { join, parse, relative } from 'node:path';
import { App } from 'aws-cdk-lib';
import { DeallocatorStack } from '../lib/infra/index.ts';
import { isDeallocatorError } from '../lib/protocol/errors.ts';
import { readLifecycleFile } from './cli/lifecycle-file.ts';

// The command line passes on the context of cdk.json. Run by hand, the app reads it itself.
const { context } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'cdk.json'), 'utf8'));
const byHand = process.env.CDK_OUTDIR === undefined;

const app = new App({ context, analyticsReporting: false, ...(byHand && { outdir: 'cdk.out' }) });
/** The CDK's command line shows what is thrown with all that Node.js knows of it: more than its author needs. */
function end(error: unknown): never {
  if (!isDeallocatorError(error)) throw error;
  console.error(`${error.message} [${error.code}]`);
  process.exit(1);
}

const textOf = (name: string): string | undefined => app.node.tryGetContext(name);
const file = textOf('lifecycle');
const lifecycle =
  file === undefined
    ? undefined
    : await readLifecycleFile(file, { directory: process.cwd() }, textOf('export'), '-c export=NAME').catch(end);
// Other kinds have other tables: a stack of the same name would leave those of the former ones behind.
const ownName = file && `Deallocator-${parse(file).name.replaceAll(/[^A-Za-z0-9]/g, '-')}`;
const stack = new DeallocatorStack(app, 'Deallocator', {
  stackName: textOf('stackName') ?? ownName,
  description: `Deletes ${lifecycle === undefined ? 'services and networks' : 'what is marked'} when nothing uses ${lifecycle === undefined ? 'them' : 'it'} any more`,
  lifecycle,
});
const { directory } = app.synth();
if (byHand) console.log(`${stack.stackName} → ${relative('.', join(directory, stack.templateFile))}`);
