/** The synthesized template and the built bundles on the local cloud, a database of its own in the tests' engine. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { ASSEMBLY_DIRECTORY, readNames, STACK_NAME } from '../../bin/synthesize.ts';
import { DeallocatorClient } from '../../lib/client/index.ts';
import type { SwarmkitNames } from '../../lib/dynamodb/schema.ts';
import type { DeallocatorProps, DeallocatorStack } from '../../lib/infra/index.ts';
import { type LocalCloud, startLocalCloud } from '../../lib/local/local-cloud.ts';
import type { Template } from '../../lib/local/template/assembly.ts';
import type { SweepAnswer } from '../../lib/streams/sweep-requested.ts';
import type { LogLine } from '../../lib/testing/memory/ports.ts';
import type { Backend } from './backend.ts';
import { connectRaw, rawAccess } from './dynamodb.ts';

export interface LocalBackend extends Backend {
  readonly cloud: LocalCloud;
  readonly client: DeallocatorClient;
  readonly tables: SwarmkitNames;
}

function clientOf(
  tables: SwarmkitNames,
  connection: Parameters<typeof connectRaw>[0],
  lifecycle: DeallocatorProps['lifecycle'],
): DeallocatorClient {
  if (lifecycle === undefined) return new DeallocatorClient({ tables, connection });
  return new DeallocatorClient({ lifecycle, tables, connection }) as DeallocatorClient;
}

/** How many times faster than on AWS polls, windows and back-off go. */
const CLOCK_RATE = 25;

/**
 * @param props other ones than the setup has synthesized
 * @param extend adds to the stack before it is synthesized
 * @param change breaks what was synthesized
 * @param isSwept whether the sweep after the deployment has ended; without it, all that is shared is being learned
 */
export async function localBackend(
  props?: DeallocatorProps,
  extend?: (stack: DeallocatorStack) => void,
  change?: (template: Template) => void,
  isSwept = true,
): Promise<LocalBackend> {
  const log: LogLine[] = [];
  const assemblyDirectory = props === undefined ? ASSEMBLY_DIRECTORY : await synthesizeWith(props, extend);
  if (change !== undefined) changeTemplate(assemblyDirectory, change);
  const cloud = await startLocalCloud({
    assemblyDirectory,
    stackName: STACK_NAME,
    engine: { port: inject('enginePort') },
    databaseId: `test${randomUUID().replaceAll('-', '')}`,
    clockRate: CLOCK_RATE,
    schedules: false,
    log: ({ source, line }) => {
      if (source !== 'local' && line.startsWith('{')) log.push(JSON.parse(line));
    },
  });
  const { endpoint, region, accessKeyId, secretAccessKey, outputs } = cloud;
  const { tables } = readNames(outputs);
  if (isSwept) {
    // A broken deployment's may fail; then its story tells of that.
    await cloud.invoke(outputs.SweepFunctionName as string, { trigger: 'deployment' });
    log.splice(0);
  }
  const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  const breakGlass = { accessKeyId: cloud.breakGlassKeyId, secretAccessKey };
  return {
    ...rawAccess(connectRaw(connection), tables),
    // The tables' policies let only the deallocator delete. A story with another deletion has lifted them before.
    delete: rawAccess(connectRaw({ ...connection, credentials: breakGlass }), tables).delete,
    cloud,
    client: clientOf(tables, connection, props?.lifecycle),
    tables,
    log,
    deliver: () => cloud.quiesce(),
    sweep: async (request) => {
      const result = await cloud.invoke(outputs.SweepFunctionName as string, request ?? {});
      if (result.error !== undefined) throw new Error(`the sweep failed: ${JSON.stringify(result.error)}`);
      return result.payload as SweepAnswer;
    },
    close: async () => {
      await cloud.stop();
      if (props !== undefined) rmSync(assemblyDirectory, { recursive: true });
    },
  };
}

/** Refuses the functions their tables meanwhile, so that all records end in the queue. */
export async function refusedMeanwhile(backend: LocalBackend, happens: () => Promise<void>): Promise<void> {
  const respond = {
    status: 400,
    body: { __type: 'com.amazon.coral.service#AccessDeniedException', message: 'not allowed' },
  };
  backend.cloud.setIntercept(({ principal }) => (principal === 'outside' ? undefined : { respond }));
  await happens();
  await backend.deliver();
  backend.cloud.setIntercept(undefined);
}

function changeTemplate(directory: string, change: (template: Template) => void): void {
  const file = join(directory, `${STACK_NAME}.template.json`);
  const template = JSON.parse(readFileSync(file, 'utf8')) as Template;
  change(template);
  writeFileSync(file, JSON.stringify(template));
}

/** With the bundles of the setup. The CDK is loaded only here, because that takes half a second of processor time. */
async function synthesizeWith(props: DeallocatorProps, extend?: (stack: DeallocatorStack) => void): Promise<string> {
  const { App } = await import('aws-cdk-lib');
  const { DeallocatorStack } = await import('../../lib/infra/index.ts');
  const outdir = mkdtempSync(join(tmpdir(), 'assembly-'));
  const app = new App({ outdir, analyticsReporting: false });
  const stack = new DeallocatorStack(app, STACK_NAME, props);
  extend?.(stack);
  app.synth();
  return outdir;
}
