/** What would be deployed, as files: builds the functions' code and writes the template, by default to cdk.out. */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type FunctionProperties, readFunctions } from '../lib/local/lambda/functions.ts';
import { readAssembly } from '../lib/local/template/assembly.ts';
import { readStack } from '../lib/local/template/stack.ts';
import { type NamesDocument, readOutputs, writeNames } from '../lib/streams/deployment.ts';

const ROOT = dirname(import.meta.dirname);
export const ASSEMBLY_DIRECTORY = join(ROOT, 'cdk.out');
export const STACK_NAME = 'Deallocator';
/** Where each `npm run local` says how to reach it. */
export const RUNNING_DIRECTORY = join(ROOT, '.local', 'clouds');

/** A program of this repository failed. Its output is the message: it says more than we know. */
export class SynthesisError extends Error {
  override readonly name = 'SynthesisError';
}

export async function synthesize(signal: AbortSignal): Promise<void> {
  await buildFunctions(signal);
  await writeTemplate(signal, { validate: true });
}

export async function buildFunctions(signal: AbortSignal): Promise<void> {
  await run(['bin/build.ts', '--functions'], {}, signal);
}

export interface TemplateChoices {
  /** Four fifths of its time are the CDK's own validation, which changes nothing of what is written. */
  readonly validate: boolean;
  /** The path of a file that declares kinds. @default - SwarmKit's kinds */
  readonly lifecycle?: string | undefined;
  /** Which of its exports. */
  readonly export?: string | undefined;
}

/** Of other kinds than SwarmKit's each process has its own, so that nobody runs another's. */
export function assemblyDirectoryOf({ lifecycle }: Pick<TemplateChoices, 'lifecycle'>): string {
  return lifecycle === undefined ? ASSEMBLY_DIRECTORY : join(ROOT, '.local', 'assemblies', String(process.pid));
}

export async function writeTemplate(signal: AbortSignal, { validate, ...context }: TemplateChoices): Promise<void> {
  const environment = {
    CDK_OUTDIR: assemblyDirectoryOf(context),
    // As the CDK's command line passes it on.
    CDK_CONTEXT_JSON: JSON.stringify(context),
    ...(!validate && { CDK_VALIDATION: 'false' }),
  };
  await run(['bin/app.ts'], environment, signal);
}

async function run(args: readonly string[], environment: Record<string, string>, signal: AbortSignal): Promise<void> {
  const env = { ...process.env, ...environment };
  try {
    await promisify(execFile)(process.execPath, args, { cwd: ROOT, env, signal });
  } catch (error) {
    // The terminal's Ctrl-C reaches the program before it reaches this process. A program that a signal ended did not fail.
    const { stderr, signal: endedBy } = error as { stderr?: string; signal?: string };
    signal.throwIfAborted();
    if (endedBy === 'SIGINT') throw new DOMException(`node ${args.join(' ')} was interrupted`, 'AbortError');
    throw new SynthesisError(`node ${args.join(' ')} failed: ${stderr?.trim() || String(error)}`, { cause: error });
  }
}

/** What our own stack puts out. */
export type StackNames = Required<NamesDocument>;

/** What a configuration file says of a deployed stack. */
export function readNames(outputs: Readonly<Record<string, string>>): StackNames {
  const { sweepFunctionName, deadLetterQueueUrl, ...names } = writeNames(readOutputs(STACK_NAME, outputs));
  if (sweepFunctionName !== undefined && deadLetterQueueUrl !== undefined) {
    return { ...names, sweepFunctionName, deadLetterQueueUrl };
  }
  const lacking = sweepFunctionName === undefined ? 'SweepFunctionName' : 'DeadLetterQueueUrl';
  throw new SynthesisError(`the stack has no output ${lacking}; it has ${Object.keys(outputs).join(', ')}`);
}

/** Throws a LocalError when nothing was synthesized. */
export function readSynthesizedStack(
  directory = ASSEMBLY_DIRECTORY,
): StackNames & { readonly functions: readonly FunctionProperties[] } {
  const assembly = readAssembly(directory, STACK_NAME);
  const stack = readStack(assembly);
  return { ...readNames(stack.outputs()), functions: readFunctions(stack, assembly) };
}
