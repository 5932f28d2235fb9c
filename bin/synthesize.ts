/** What would be deployed, as files: builds the functions' code and writes the template to cdk.out. */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { PhysicalNames } from '../lib/dynamodb/schema.ts';
import { type FunctionProperties, readFunctions } from '../lib/local/lambda/functions.ts';
import { readAssembly } from '../lib/local/template/assembly.ts';
import { readStack } from '../lib/local/template/stack.ts';

const ROOT = dirname(import.meta.dirname);
export const ASSEMBLY_DIRECTORY = join(ROOT, 'cdk.out');
export const STACK_NAME = 'Deallocator';
/** Where `npm run local` tells how to reach it. */
export const RUNNING_PATH = join(ROOT, '.local', 'cloud.json');

/** A program of ours that was run and failed. Its output is the message: it says more than we know. */
export class SynthesisError extends Error {
  override readonly name = 'SynthesisError';
}

export async function synthesize(signal: AbortSignal): Promise<void> {
  await run(['bin/build.ts', '--functions'], {}, signal);
  await run(['bin/app.ts'], { CDK_OUTDIR: ASSEMBLY_DIRECTORY }, signal);
}

async function run(args: readonly string[], environment: Record<string, string>, signal: AbortSignal): Promise<void> {
  const env = { ...process.env, ...environment };
  try {
    await promisify(execFile)(process.execPath, args, { cwd: ROOT, env, signal });
  } catch (error) {
    // The terminal's Ctrl-C reaches the program before it reaches us: a program that a signal has ended did not fail.
    const { stderr, signal: endedBy } = error as { stderr?: string; signal?: string };
    signal.throwIfAborted();
    if (endedBy === 'SIGINT') throw new DOMException(`node ${args.join(' ')} was interrupted`, 'AbortError');
    throw new SynthesisError(`node ${args.join(' ')} failed: ${stderr?.trim() || String(error)}`, { cause: error });
  }
}

export interface SynthesizedStack {
  readonly tables: PhysicalNames;
  readonly functions: readonly FunctionProperties[];
  readonly sweepFunctionName: string;
}

/** Throws a LocalError when nothing was synthesized. */
export function readSynthesizedStack(): SynthesizedStack {
  const assembly = readAssembly(ASSEMBLY_DIRECTORY, STACK_NAME);
  const stack = readStack(assembly);
  const outputs = stack.outputs();
  return {
    tables: readTables(outputs),
    functions: readFunctions(stack, assembly),
    sweepFunctionName: readOutput(outputs, 'SweepFunctionName'),
  };
}

/** The physical names that the stack puts out. */
export function readTables(outputs: Readonly<Record<string, string>>): PhysicalNames {
  return {
    services: readOutput(outputs, 'ServicesTableName'),
    tasks: readOutput(outputs, 'TasksTableName'),
    networks: readOutput(outputs, 'NetworksTableName'),
    attachments: readOutput(outputs, 'AttachmentsTableName'),
    counters: readOutput(outputs, 'CountersTableName'),
    receipts: readOutput(outputs, 'ReceiptsTableName'),
  };
}

export interface StackNames {
  readonly tables: PhysicalNames;
  readonly sweepFunctionName: string;
  readonly deadLetterQueueUrl: string;
  /** What the deployment has chosen, as the stack puts it out: reports are told by the same rules. */
  readonly rules: Readonly<Record<string, string>>;
}

const RULE_OUTPUTS = ['TaskIsGone', 'TaskNetworks', 'GracePeriodSeconds'];

/** Everything that a program needs to know of a deployed stack. */
export function readNames(outputs: Readonly<Record<string, string>>): StackNames {
  return {
    tables: readTables(outputs),
    sweepFunctionName: readOutput(outputs, 'SweepFunctionName'),
    deadLetterQueueUrl: readOutput(outputs, 'DeadLetterQueueUrl'),
    rules: Object.fromEntries(Object.entries(outputs).filter(([name]) => RULE_OUTPUTS.includes(name))),
  };
}

function readOutput(outputs: Readonly<Record<string, string>>, name: string): string {
  const value = outputs[name];
  if (value !== undefined) return value;
  throw new SynthesisError(`the stack has no output ${name}; it has ${Object.keys(outputs).join(', ')}`);
}
