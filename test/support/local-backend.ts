/** The synthesized template and the built bundles on the local cloud, a database of its own in the tests' engine. */
import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { ASSEMBLY_DIRECTORY, readTables, STACK_NAME } from '../../bin/synthesize.ts';
import { DeallocatorClient } from '../../lib/client/index.ts';
import type { PhysicalNames } from '../../lib/dynamodb/schema.ts';
import { type LocalCloud, startLocalCloud } from '../../lib/local/local-cloud.ts';
import type { SweepAnswer } from '../../lib/streams/sweep.ts';
import type { Backend, LogLine } from './backend.ts';
import { connectRaw, rawAccess } from './dynamodb.ts';

export interface LocalBackend extends Backend {
  readonly cloud: LocalCloud;
  readonly client: DeallocatorClient;
  readonly tables: PhysicalNames;
}

/** Polls and back-off pass this much faster than on AWS. */
const CLOCK_RATE = 25;

export async function localBackend(): Promise<LocalBackend> {
  const log: LogLine[] = [];
  const cloud = await startLocalCloud({
    assemblyDirectory: ASSEMBLY_DIRECTORY,
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
  const tables = readTables(outputs);
  const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  return {
    ...rawAccess(connectRaw(connection), tables),
    cloud,
    client: new DeallocatorClient({ tables, connection }),
    tables,
    log,
    deliver: () => cloud.quiesce(),
    sweep: async (request) => {
      const result = await cloud.invoke(outputs.SweepFunctionName as string, request ?? {});
      if (result.error !== undefined) throw new Error(`the sweep failed: ${JSON.stringify(result.error)}`);
      return result.payload as SweepAnswer;
    },
    close: () => cloud.stop(),
  };
}
