/** The deployed template and bundles on the local cloud, on an engine in memory or on one that can be killed and goes on. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { inject } from 'vitest';
import { readWorld } from '../../bin/demo/world.ts';
import { ASSEMBLY_DIRECTORY, readSynthesizedStack, STACK_NAME } from '../../bin/synthesize.ts';
import { DeallocatorClient } from '../../lib/client/index.ts';
import type { SwarmkitNames } from '../../lib/dynamodb/schema.ts';
import { type Engine, startEngine } from '../../lib/local/dynamodb/engine.ts';
import { answerLost } from '../../lib/local/dynamodb/faults.ts';
import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from '../../lib/local/local-cloud.ts';
import type { World } from '../../lib/protocol/invariants.ts';
import type { SweepAnswer, SweepRequest } from '../../lib/streams/sweep-requested.ts';
import type { LogLine } from '../../lib/testing/memory/ports.ts';
import { connectRaw } from '../support/dynamodb.ts';
import { CLOCK_RATE } from './dials.ts';

export interface TortureCloud {
  readonly cloud: LocalCloud;
  readonly client: DeallocatorClient;
  readonly db: DynamoDBDocumentClient;
  readonly tables: SwarmkitNames;
  readonly databaseId: string;
  /** What the functions have logged. */
  readonly log: readonly LogLine[];
  /** What the local cloud itself has complained about. */
  readonly complaints: readonly string[];
  /** What the cloud's own does, but for the moments before the engine is killed. */
  setIntercept(intercept: Intercept | undefined): void;
  /** Withholds answers for some moments, then SIGKILL, then a new engine on the same port and files. Only on disk. */
  restartEngine(): Promise<void>;
  sweep(request: SweepRequest): Promise<SweepAnswer>;
  world(): Promise<World>;
  close(): Promise<void>;
}

/** Logical ids by the names that the functions call themselves. */
export function functionIds(): { readonly streams: readonly string[]; readonly sweep: string } {
  const { functions, sweepFunctionName } = readSynthesizedStack();
  const streams = functions.filter(({ name }) => name !== sweepFunctionName).map(({ logicalId }) => logicalId);
  return { streams, sweep: sweepFunctionName };
}

/**
 * DynamoDB Local may forget what it acknowledged right before it is killed (200 ms before were seen). DynamoDB never does. So
 * nothing is acknowledged in the last moments: writes are carried out, or not, and not answered.
 */
const UNANSWERED_MILLIS = 2_000;

type Intercept = NonNullable<Parameters<LocalCloud['setIntercept']>[0]>;

interface Place {
  engine: Engine | undefined;
  readonly port: number;
  readonly directory: string | undefined;
}

async function findPlace(onDisk: boolean): Promise<Place> {
  if (!onDisk) return { engine: undefined, port: inject('enginePort'), directory: undefined };
  const directory = mkdtempSync(join(tmpdir(), 'torture-'));
  const engine = await startEngine({ directory });
  return { engine, port: engine.port, directory };
}

export async function startTortureCloud(
  options: Partial<LocalCloudOptions> & { readonly onDisk?: boolean } = {},
): Promise<TortureCloud> {
  const { onDisk = false, ...cloudOptions } = options;
  const log: LogLine[] = [];
  const complaints: string[] = [];
  let intercept: Intercept | undefined;
  const place = await findPlace(onDisk);
  const databaseId = `test${randomUUID().replaceAll('-', '')}`;
  const cloud = await startLocalCloud({
    assemblyDirectory: ASSEMBLY_DIRECTORY,
    stackName: STACK_NAME,
    engine: place,
    databaseId,
    clockRate: CLOCK_RATE,
    schedules: false,
    log: ({ source, line }) => {
      if (source === 'local') complaints.push(line);
      else if (line.startsWith('{')) log.push(JSON.parse(line));
    },
    ...cloudOptions,
  });
  const { endpoint, region, accessKeyId, secretAccessKey } = cloud;
  const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  const { tables, sweepFunctionName } = readSynthesizedStack();
  const db = connectRaw(connection);
  await cloud.invoke(sweepFunctionName, { trigger: 'deployment' });
  return {
    cloud,
    client: new DeallocatorClient({ tables, connection }),
    db,
    tables,
    databaseId,
    log,
    complaints,
    setIntercept: (chosen) => {
      intercept = chosen;
      cloud.setIntercept(chosen);
    },
    restartEngine: async () => {
      if (place.engine === undefined) throw new Error('an engine in memory would forget everything');
      cloud.setIntercept(() => answerLost());
      await pause(UNANSWERED_MILLIS);
      await place.engine.kill();
      cloud.setIntercept(intercept);
      place.engine = await startEngine({ directory: place.directory as string, port: place.port });
    },
    sweep: async (request) => {
      const { payload, error } = await cloud.invoke(sweepFunctionName, request);
      if (error !== undefined) throw new Error(`the sweep failed: ${JSON.stringify(error)}`);
      return payload as SweepAnswer;
    },
    world: () => readWorld(db, tables),
    close: async () => {
      await cloud.stop();
      db.destroy();
      await place.engine?.stop();
      if (place.directory !== undefined) rmSync(place.directory, { recursive: true, force: true });
    },
  };
}
