/** `npm start`: the demo. Exit status: 0 all is as promised, 1 anything is off, 2 usage, 128 + n after signal n. */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LocalError } from '../lib/local/ground/local-error.ts';
import { parseSnapshot } from '../lib/operate/snapshots/entries.ts';
import type { Snapshot } from '../lib/operate/snapshots/snapshot.ts';
import { DeallocatorError, isDeallocatorError } from '../lib/protocol/errors.ts';
import { isDrawable } from './cli/io.ts';
import { readLifecycleFile } from './cli/lifecycle-file.ts';
import { DemoFailure, runDemo } from './demo/demo.ts';
import { runKindsDemo } from './demo/kinds-demo.ts';
import { DEMO_TIMEOUT_MILLIS } from './demo/limits.ts';
import { plainScreen } from './demo/plain-screen.ts';
import type { Screen } from './demo/screen.ts';
import { listStacks, planStackRemoval } from './demo/stack-removal.ts';
import { terminalScreen } from './demo/terminal-screen.ts';
import { seconds } from './demo/text.ts';
import { BESIDE_CLOUD, besideKinds, nextSteps, START_CLOUD } from './next-steps.ts';
import { SynthesisError } from './synthesize.ts';

const USAGE = `Usage: npm start [-- --snapshot FILE] [-- --stack NAME] [-- --seed N]
       npm start -- --lifecycle FILE [--export NAME] [--seed N]

Runs the deallocator on this machine: loads a cluster, removes one of its stacks while
its tasks stop at random and the others go on, and checks what is left.

  --snapshot FILE   your own cluster, as JSON: {"services": […], "networks": […],
                    "tasks": […]} (default: the sample, bin/sample-cluster.json)
  --stack NAME      the stack to remove (default: the first one in the snapshot);
                    stacks are told by the label com.docker.stack.namespace
  --lifecycle FILE  kinds of your own instead, such as bin/examples/ideas.ts: makes items
                    of each, removes a set of them, and checks what is left
  --export NAME     which lifecycle of FILE, where it exports several
  --seed N          which tasks stop when, to see the same again (default: any)
  --help            this text

Needs Java 17 or newer. Nothing is sent to AWS.
`;
const SAMPLE_PATH = join(import.meta.dirname, 'sample-cluster.json');
const SEED_MAX = 2 ** 32 - 1;

interface Options {
  readonly snapshot: string | undefined;
  readonly stack: string | undefined;
  readonly seed: number;
  readonly lifecycle: string | undefined;
  readonly export: string | undefined;
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        snapshot: { type: 'string' },
        stack: { type: 'string' },
        seed: { type: 'string' },
        lifecycle: { type: 'string' },
        export: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    if (values.help === true) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    const seed = Number(values.seed ?? randomInt(SEED_MAX));
    if (!/^\d+$/.test(values.seed ?? '0') || seed > SEED_MAX) {
      throw new Error(`--seed is "${values.seed}", allowed: a whole number from 0 to ${SEED_MAX}`);
    }
    const { snapshot, stack, lifecycle } = values;
    if (lifecycle !== undefined && (snapshot ?? stack) !== undefined) {
      throw new Error(
        '--lifecycle is given beside --snapshot or --stack, which are of services; leave out one of them',
      );
    }
    return { snapshot, stack, seed, lifecycle, export: values.export };
  } catch (error) {
    process.stderr.write(`start: ${(error as Error).message}\nTry "npm start -- --help".\n`);
    process.exit(2);
  }
}

function readSnapshot(path: string | undefined): Snapshot {
  if (path === undefined) return parseSnapshot(readFileSync(SAMPLE_PATH, 'utf8'));
  // npm runs us in the package's folder, and tells where it was called.
  const file = resolve(process.env.INIT_CWD ?? '.', path);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new DeallocatorError('NotFound', `the snapshot could not be read: ${(cause as Error).message}`, { cause });
  }
  return parseSnapshot(text);
}

/** The kinds of a file, drained. */
async function showKinds(file: string, options: Options, screen: Screen, signal: AbortSignal): Promise<void> {
  // npm runs us in the package's folder, and tells where it was called.
  const directory = process.env.INIT_CWD ?? '.';
  const lifecycle = await readLifecycleFile(file, { directory }, options.export);
  screen.line(`Kinds of ${file}: ${Object.keys(lifecycle.kinds).join(', ')}; seed ${options.seed}\n`);
  const kinds = { lifecycle: resolve(directory, file), export: options.export };
  await runKindsDemo({ lifecycle, kinds, seed: options.seed, screen, signal });
}

/** A stack of the sample, or of the reader's own cluster, removed. */
async function showStack(options: Options, screen: Screen, signal: AbortSignal): Promise<void> {
  const snapshot = readSnapshot(options.snapshot);
  const stack = chooseStack(snapshot, options.stack);
  const plan = planStackRemoval(snapshot, stack);
  const rest = listStacks(snapshot).filter((other) => other !== stack);
  screen.line(`Removing stack ${stack}${rest.length > 0 ? ` beside ${rest.join(', ')}` : ''}; seed ${options.seed}\n`);
  await runDemo({ snapshot, plan, seed: options.seed, screen, signal });
}

function chooseStack(snapshot: Snapshot, wanted: string | undefined): string {
  const stack = wanted ?? listStacks(snapshot)[0];
  if (stack !== undefined) return stack;
  throw new DeallocatorError(
    'NotFound',
    'no service of the snapshot has a stack label, so there is no stack to remove',
  );
}

/** The first signal stops the demo in order; a second one ends the process at once. */
function abortOnSignals(controller: AbortController): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(128 + constants.signals[name]);
      controller.abort(new Stopped(`stopped by ${name}`, 128 + constants.signals[name]));
    });
  }
}

class Stopped extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** An error that the reader can act on needs no stack trace; any other is a bug of ours, and needs one. */
function describe(error: unknown): string {
  if (isDeallocatorError(error) || error instanceof LocalError) return `${error.message} [${error.code}]`;
  if (error instanceof DemoFailure || error instanceof SynthesisError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function main(): Promise<number> {
  const options = readOptions();
  const startMillis = performance.now();
  const controller = new AbortController();
  const { signal } = controller;
  abortOnSignals(controller);
  // A demo that is no longer read, as by `head`, ends.
  process.stdout.on('error', () => controller.abort(new Stopped('its output is no longer read', 1)));
  const tooLong = new DemoFailure(`the demo was not done after ${seconds(DEMO_TIMEOUT_MILLIS)} (DEMO_TIMEOUT_MILLIS)`);
  setTimeout(() => controller.abort(tooLong), DEMO_TIMEOUT_MILLIS).unref();
  try {
    const { stdout } = process;
    const screen = isDrawable(stdout, process.env) ? terminalScreen(stdout) : plainScreen(stdout);
    if (options.lifecycle === undefined) await showStack(options, screen, signal);
    else await showKinds(options.lifecycle, options, screen, signal);
    const millis = performance.now() - startMillis;
    screen.line(`All is as promised: in the tables nothing is missing or left over.\n${seconds(millis)} in all.\n`);
    const next =
      options.lifecycle === undefined ? [START_CLOUD, ...BESIDE_CLOUD] : besideKinds(options.lifecycle, options.export);
    screen.line(`Next, the others beside the first, in another terminal:\n${nextSteps(next)}`);
    return 0;
  } catch (error) {
    if (signal.reason instanceof Stopped) {
      process.stderr.write(`\nstart: ${signal.reason.message}; everything it had started is gone\n`);
      return signal.reason.status;
    }
    process.stderr.write(`\nstart: ${describe(signal.aborted ? signal.reason : error)}\n`);
    return 1;
  }
}

process.exit(await main());
