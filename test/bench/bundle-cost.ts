/** What a function's bundle weighs, and what it takes to load it: as it is built, and with parts more or fewer. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { bundleOptions } from '../../lib/infra/bundle.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { writeEnvironment } from '../../lib/streams/deployment.ts';
import { forTables } from '../support/swarmkit.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export interface BundleCost {
  readonly variant: string;
  readonly kilobytes: number;
  /** Processor time to load it and make its client, on one core: the quickest of several starts. */
  readonly importMillis: number;
  /** The same where Node.js finds it compiled. On Lambda a cold start never does: its folder is empty then. */
  readonly compiledMillis: number;
}

const COMMANDS = [
  'BatchExecuteStatement',
  'BatchGetItem',
  'DeleteItem',
  'ExecuteStatement',
  'GetItem',
  'Query',
  'Scan',
  'TransactWriteItems',
  'UpdateItem',
];
const CLIENT = `
  import { DynamoDBClient, ${COMMANDS.map((name) => `${name}Command`).join(', ')} } from '@aws-sdk/client-dynamodb';
  const client = new DynamoDBClient({});
  globalThis.kept = [client, ${COMMANDS.map((name) => `${name}Command`).join(', ')}];`;
const DOCUMENT = `
  import { DynamoDBDocumentClient, BatchGetCommand, GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
  globalThis.more = [DynamoDBDocumentClient.from(client), BatchGetCommand, GetCommand, QueryCommand, UpdateCommand];`;
/** What the functions loaded besides, until the release before. */
const DOCUMENT_ALONE = `
  import { DynamoDBDocumentClient, BatchGetCommand, DeleteCommand, GetCommand, QueryCommand, ScanCommand, TransactWriteCommand,
    UpdateCommand } from '@aws-sdk/lib-dynamodb';
  globalThis.more = [DynamoDBDocumentClient, BatchGetCommand, DeleteCommand, GetCommand, QueryCommand, ScanCommand,
    TransactWriteCommand, UpdateCommand];`;
export const FUNCTIONS = 'the functions';
export const BEFORE = 'the functions, built as before';
const OURS = "export { handler } from './functions/index.ts';";
const POWERTOOLS = `
  import { BatchProcessor, processPartialResponse } from '@aws-lambda-powertools/batch';
  import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
  import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
  globalThis.theirs = [BatchProcessor, processPartialResponse, IdempotencyConfig, makeIdempotent, DynamoDBPersistenceLayer];`;

export const VARIANTS: readonly { readonly variant: string; readonly code: string; readonly options?: BuildOptions }[] =
  [
    { variant: 'nothing but Node', code: '' },
    { variant: 'the SDK’s client, alone', code: CLIENT },
    { variant: 'client and document client', code: CLIENT + DOCUMENT },
    { variant: FUNCTIONS, code: OURS },
    {
      variant: BEFORE,
      code: OURS + DOCUMENT_ALONE,
      options: {
        alias: { '@aws-sdk/credential-provider-node': join(ROOT, 'lib', 'infra', 'lambda-credentials.ts') },
        plugins: [],
        supported: {},
      },
    },
    { variant: 'the functions, with all of the SDK’s client', code: OURS, options: { alias: {}, plugins: [] } },
    {
      variant: 'the functions, with esbuild’s usual main fields',
      code: OURS,
      options: { mainFields: ['main', 'module'] },
    },
    { variant: 'the functions, with Powertools’ batch and idempotency', code: OURS + POWERTOOLS },
  ];

const LOAD =
  'const before = process.cpuUsage(); require(process.argv[1]); const { user, system } = process.cpuUsage(before); ' +
  'console.log((user + system) / 1000);';

function environment(): Record<string, string> {
  const variables = writeEnvironment({
    lifecycle: SWARMKIT,
    plan: planOf(SWARMKIT),
    tables: forTables((name) => name),
    rules: DEFAULT_RULES,
    functionName: 'task-deleted',
    metricsNamespace: 'Bench',
    logLevel: 'INFO',
  });
  return { ...variables, AWS_REGION: 'us-east-1' };
}

/** In turns. @param starts of each variant */
export async function measureBundles(starts: number, variants = VARIANTS): Promise<readonly BundleCost[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bundles-'));
  try {
    const costs = await Promise.all(
      variants.map(async ({ variant, code, options }, n) => {
        const stdin = { contents: code, resolveDir: ROOT, loader: 'ts' } as const;
        const { outputFiles } = await build({ ...bundleOptions(ROOT), ...options, stdin });
        const contents = outputFiles?.[0]?.contents ?? new Uint8Array();
        const file = join(folder, `${n}.js`);
        writeFileSync(file, contents);
        return { variant, file, kilobytes: contents.length / 1024, importMillis: Infinity, compiledMillis: Infinity };
      }),
    );
    const compiled = { NODE_COMPILE_CACHE: join(folder, 'compiled') };
    for (const { file } of costs) load(file, compiled);
    for (let start = 0; start < starts; start++) {
      for (const cost of costs) {
        cost.importMillis = Math.min(cost.importMillis, load(cost.file));
        cost.compiledMillis = Math.min(cost.compiledMillis, load(cost.file, compiled));
      }
    }
    return costs;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function load(file: string, cache: Readonly<Record<string, string>> = {}): number {
  const { stdout, stderr } = spawnSync(process.execPath, ['--eval', LOAD, file], {
    env: { ...environment(), ...cache },
    encoding: 'utf8',
  });
  const millis = Number(stdout);
  if (millis > 0) return millis;
  // Node shows the line first, which is the whole bundle.
  throw new Error(`the bundle could not be loaded: ${stderr.slice(-1000)}`);
}
