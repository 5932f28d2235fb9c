/** `npm run sweep`: runs the deployed sweep function beside a local cloud. Exit status: 0 done, 1 not, 2 usage. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import Table from 'cli-table3';
import { connect } from '../lib/dynamodb/client.ts';
import { FunctionPool } from '../lib/local/function-pool.ts';
import { REGION } from '../lib/local/intrinsics.ts';
import { LocalError } from '../lib/local/local-error.ts';
import type { LogEntry } from '../lib/local/log.ts';
import { mapInParallel } from '../lib/protocol/parallel.ts';
import type { SweepAnswer } from '../lib/streams/sweep.ts';
import { RUNNING_PATH, readSynthesizedStack, type SynthesizedStack } from './synthesize.ts';

const USAGE = `Usage: npm run sweep [-- --endpoint URL] [-- --full] [-- --json]

Settles everything that is marked on the local cloud that runs beside, with the function
that would be deployed. "npm run local" starts one.

  --endpoint URL   the local cloud's endpoint (default: of the last one started here)
  --full           also finds marks that were written without markedAt and whose record was
                   lost; reads the tables of services and networks whole
  --json           prints one JSON document; the function's log goes to stderr
  --help           this text
`;
/** One invocation settles for almost 15 minutes, some hundred thousand parents. More than this many are no local cloud. */
const INVOCATIONS_MAX = 100;
/** Rows of the table before it says how many more there are; --json has them all. */
const ROWS_MAX = 50;

interface Options {
  readonly endpoint: string | undefined;
  readonly full: boolean;
  readonly json: boolean;
}

/** All invocations together. */
interface SweepResult {
  readonly complete: boolean;
  readonly invocations: number;
  readonly settled: number;
  readonly deletedCount: number;
  readonly failedCount: number;
  readonly stillMarked: number;
  /** At most 1,000 names of each invocation. */
  readonly deleted: readonly string[];
  readonly failed: SweepAnswer['failed'];
  readonly oldestMarkSeconds: number;
  readonly seconds: number;
}

/** What the reader can mend. */
class SweepError extends Error {}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        endpoint: { type: 'string' },
        full: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    if (values.endpoint !== undefined && !/^https?:$/.test(URL.parse(values.endpoint)?.protocol ?? '')) {
      throw new Error(`--endpoint is "${values.endpoint}", allowed: a URL such as http://127.0.0.1:8000`);
    }
    return { endpoint: values.endpoint, full: values.full, json: values.json };
  } catch (error) {
    process.stderr.write(`sweep: ${(error as Error).message}\nTry "npm run sweep -- --help".\n`);
    process.exit(2);
  }
}

const START_ONE = 'start one with "npm run local", and leave it running';

function readRunningEndpoint(): string {
  let text: string;
  try {
    text = readFileSync(RUNNING_PATH, 'utf8');
  } catch (cause) {
    throw new SweepError(`no local cloud is running here; ${START_ONE}`, { cause });
  }
  return (JSON.parse(text) as { endpoint: string }).endpoint;
}

/** Else the function would only say that some table isn't there. */
async function checkTables(endpoint: string, { tables }: SynthesizedStack): Promise<void> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const db = connect({ endpoint, region: REGION, credentials });
  try {
    await mapInParallel(Object.values(tables), 5, async (TableName) => {
      await db.send(new DescribeTableCommand({ TableName }));
    });
  } catch (cause) {
    if ((cause as Error).name === 'ResourceNotFoundException') {
      throw new SweepError(
        `the tables of the stack in cdk.out are not all at ${endpoint}; is it a local cloud, and of this version? ${START_ONE}`,
        { cause },
      );
    }
    throw new SweepError(`no local cloud answers at ${endpoint} (${reasonOf(cause)}); ${START_ONE}`, { cause });
  } finally {
    db.destroy();
  }
}

/** Node's own message is empty where it tried more than one address. */
function reasonOf(error: unknown): string {
  const { code, message, name } = error as { code?: string; message?: string; name?: string };
  return code || message || name || String(error);
}

function log({ source, line }: LogEntry): void {
  process.stderr.write(`[${source}] ${line}\n`);
}

/** The table says the same as the function's own lines, so that beside it only what those don't cover is of use. */
function logUnstructured(entry: LogEntry): void {
  if (!entry.line.startsWith('{')) log(entry);
}

async function sweepAll(pool: FunctionPool, functionName: string, full: boolean): Promise<SweepResult> {
  const startMillis = performance.now();
  const answers: SweepAnswer[] = [];
  do {
    if (answers.length === INVOCATIONS_MAX) {
      throw new SweepError(`the sweep was not complete after ${INVOCATIONS_MAX} invocations; run it again to go on`);
    }
    const { payload, error } = await pool.invoke(functionName, {
      trigger: 'by hand',
      // From the beginning, whatever an unfinished sweep left: who asks by hand wants all of it, as it is now.
      restart: answers.length === 0,
      full,
    });
    if (error !== undefined)
      throw new SweepError(`the sweep function failed: ${error.errorType}: ${error.errorMessage}`);
    answers.push(payload as SweepAnswer);
  } while (answers.at(-1)?.complete !== true);
  const sum = (count: (answer: SweepAnswer) => number) => answers.reduce((total, answer) => total + count(answer), 0);
  return {
    complete: true,
    invocations: answers.length,
    settled: sum(({ settled }) => settled),
    deletedCount: sum(({ deletedCount }) => deletedCount),
    failedCount: sum(({ failedCount }) => failedCount),
    stillMarked: sum(({ stillMarked }) => stillMarked),
    deleted: answers.flatMap(({ deleted }) => deleted),
    failed: answers.flatMap(({ failed }) => failed),
    oldestMarkSeconds: Math.max(...answers.map(({ oldestMarkSeconds }) => oldestMarkSeconds)),
    seconds: Math.round(performance.now() - startMillis) / 1000,
  };
}

function describe(result: SweepResult): string {
  const { settled, deleted, deletedCount, failed, failedCount, stillMarked, oldestMarkSeconds, seconds } = result;
  const rows = [
    ...deleted.map((parent) => [parent, 'deleted']),
    ...failed.map(({ parent, error }) => [parent, `failed: ${error}`]),
  ];
  const table = new Table({ head: ['', 'what the sweep did'], style: { head: [], border: [], compact: true } });
  table.push(...rows.slice(0, ROWS_MAX));
  const rowCount = deletedCount + failedCount;
  const more = rowCount > ROWS_MAX ? `\n… and ${rowCount - ROWS_MAX} more; --json has up to 1,000 of each` : '';
  const oldest = oldestMarkSeconds > 0 ? `, the oldest mark is ${oldestMarkSeconds.toFixed(0)} s old` : '';
  return [
    ...(rows.length > 0 ? [table.toString() + more, ''] : []),
    `settled      ${settled}`,
    `deleted      ${deletedCount}`,
    `failed       ${failedCount}`,
    `still marked ${stillMarked}${oldest}`,
    `took         ${seconds.toFixed(1)} s`,
  ].join('\n');
}

async function main(): Promise<number> {
  const options = readOptions();
  let pool: FunctionPool | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const end = () => process.exit(128 + constants.signals[signal]);
      (pool?.stop() ?? Promise.resolve()).then(end, end);
    });
  }
  try {
    const endpoint = options.endpoint ?? readRunningEndpoint();
    const stack = readSynthesizedStack();
    await checkTables(endpoint, stack);
    pool = new FunctionPool(stack.functions, {
      endpoint,
      log: options.json ? log : logUnstructured,
      onInvocation: () => {},
    });
    const result = await sweepAll(pool, stack.sweepFunctionName, options.full);
    process.stdout.write(`${options.json ? JSON.stringify(result) : describe(result)}\n`);
    return result.failedCount > 0 ? 1 : 0;
  } catch (error) {
    const isExpected = error instanceof SweepError || error instanceof LocalError;
    process.stderr.write(`sweep: ${isExpected ? error.message : ((error as Error).stack ?? error)}\n`);
    return 1;
  } finally {
    await pool?.stop();
  }
}

process.exitCode = await main();
