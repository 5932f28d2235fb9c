/** `npm run local`: the deployed system on this machine. One line of JSON on stdout when ready; logs on stderr. */
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkEngine } from '../lib/local/dynamodb/engine.ts';
import { LocalError } from '../lib/local/ground/local-error.ts';
import { DeallocatorError } from '../lib/protocol/errors.ts';
import { keepLocalCloud } from './cli/commands/local.ts';
import { onNpmEnd } from './cli/npm-end.ts';
import { seconds } from './demo/text.ts';
import { BESIDE_CLOUD, nextSteps } from './next-steps.ts';
import { assemblyDirectoryOf, buildFunctions, RUNNING_DIRECTORY, STACK_NAME, writeTemplate } from './synthesize.ts';

const USAGE = `Usage: npm run local [-- --port N] [--lifecycle FILE] [--assembly DIR]

Builds and synthesizes the stack, and runs its tables and functions on this machine.
When ready, prints one line of JSON: endpoint, region, credentials, and the names of tables,
sweep function and dead-letter queue. Clients of DynamoDB, Lambda and SQS work with that endpoint.
Logs go to stderr. Ctrl-C stops it.

  --port N           the endpoint's port (default: any free one)
  --lifecycle FILE   kinds of your own, such as bin/examples/ideas.ts, or a file of JSON
                     (default: services, tasks and networks)
  --export NAME      which lifecycle of FILE, where it exports several
  --assembly DIR     run this cloud assembly and build nothing; other commands do not find it
  --help             this text

Needs Java 17 or newer.
`;

let stopping = false;

interface Options {
  readonly port: number;
  readonly assembly: string | undefined;
  readonly lifecycle: string | undefined;
  readonly export: string | undefined;
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        ...{ port: { type: 'string' }, assembly: { type: 'string' }, help: { type: 'boolean' } },
        ...{ lifecycle: { type: 'string' }, export: { type: 'string' } },
      },
    });
    if (values.help === true) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    const port = Number(values.port ?? 0);
    const { assembly, lifecycle, export: exported } = values;
    if (assembly !== undefined && lifecycle !== undefined) {
      throw new Error('--assembly is given beside --lifecycle, and has its kinds already; leave out one of them');
    }
    if (/^\d+$/.test(values.port ?? '0') && port <= 65_535) {
      // npm runs us in the package's folder, and tells where it was called.
      const file = lifecycle && resolve(process.env.INIT_CWD ?? '.', lifecycle);
      return { port, assembly, lifecycle: file, export: exported };
    }
    throw new Error(`--port is "${values.port}", allowed: a number from 0 to 65535`);
  } catch (error) {
    process.stderr.write(`local: ${(error as Error).message}\nTry "npm run local -- --help".\n`);
    process.exit(2);
  }
}

/** Resolves with the first reason to stop. A second signal ends the process at once. */
function waitForStop(): Promise<string> {
  return new Promise((resolve) => {
    const stop = (reason: string) => {
      if (stopping) process.exit(1);
      stopping = true;
      resolve(reason);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
    onNpmEnd(process.env, () => !stopping && stop('npm has ended'));
  });
}

const tell = (line: string) => void process.stderr.write(`${line}\n`);

/** Says what is being made, and how long it took. */
async function told(what: string, work: () => Promise<void>): Promise<void> {
  const startMillis = performance.now();
  tell(`local: ${what}`);
  await work();
  tell(`local: ${what} took ${seconds(performance.now() - startMillis)}`);
}

const { port, assembly, ...kinds } = readOptions();
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
const stopAsked = waitForStop();
try {
  if (assembly === undefined) {
    // Always from the sources: it takes seconds, and what runs is never old.
    const { signal } = new AbortController();
    await checkEngine();
    await told('bundling the functions', () => buildFunctions(signal));
    await told('writing the template', () => writeTemplate(signal, { validate: false, ...kinds }));
  }
  const isOurs = assembly === undefined;
  const own = assemblyDirectoryOf(kinds);
  await keepLocalCloud(
    { port, assemblyDirectory: assembly ?? own, stackName: STACK_NAME },
    {
      ...{ stopAsked, tell, print: (line) => void process.stdout.write(`${line}\n`) },
      directory: isOurs ? RUNNING_DIRECTORY : undefined,
      next:
        isOurs && process.stderr.isTTY ? `local: next, in another terminal:\n${nextSteps(BESIDE_CLOUD)}` : undefined,
    },
  );
  if (kinds.lifecycle !== undefined) rmSync(own, { recursive: true });
  process.exit(0);
} catch (error) {
  // The terminal's Ctrl-C also ends the builds, which then seem to fail.
  if (stopping) process.exit(0);
  const code = error instanceof LocalError || error instanceof DeallocatorError ? ` [${error.code}]` : '';
  tell(`local: ${(error as Error).message}${code}`);
  process.exit(1);
}
