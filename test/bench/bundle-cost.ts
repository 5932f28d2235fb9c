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
    { variant: 'the functions', code: OURS },
    { variant: 'the functions, with all of the SDK’s client', code: OURS, options: { alias: {} } },
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

/** @param starts of each variant */
export async function measureBundles(starts: number, variants = VARIANTS): Promise<readonly BundleCost[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bundles-'));
  try {
    const costs: BundleCost[] = [];
    for (const [n, { variant, code, options }] of variants.entries()) {
      const { outputFiles } = await build({
        ...bundleOptions(ROOT),
        ...options,
        stdin: { contents: code, resolveDir: ROOT, loader: 'ts' },
      });
      const contents = outputFiles?.[0]?.contents ?? new Uint8Array();
      const file = join(folder, `${n}.js`);
      writeFileSync(file, contents);
      const times = Array.from({ length: starts }, () => load(file));
      costs.push({ variant, kilobytes: contents.length / 1024, importMillis: Math.min(...times) });
    }
    return costs;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function load(file: string): number {
  const { stdout, stderr } = spawnSync(process.execPath, ['--eval', LOAD, file], {
    env: environment(),
    encoding: 'utf8',
  });
  const millis = Number(stdout);
  if (millis > 0) return millis;
  // Node shows the line first, which is the whole bundle.
  throw new Error(`the bundle could not be loaded: ${stderr.slice(-1000)}`);
}
