/** The local cloud as `deallocator/testing` starts it. A module of its own: what it needs is loaded only where it is asked for. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeallocatorClient } from '../client/client.ts';
import { documentClient } from '../dynamodb/document-client.ts';
import type { Lifecycle } from '../lifecycle/declaration.ts';
import { type Plan, planOf } from '../lifecycle/plan.ts';
import { SWARMKIT } from '../lifecycle/swarmkit.ts';
import { isDefault } from '../lifecycle/swarmkits.ts';
import { LocalError } from '../local/ground/local-error.ts';
import { type LocalCloud, startLocalCloud } from '../local/local-cloud.ts';
import { DeallocatorError } from '../protocol/errors.ts';
import { LIFECYCLE_VARIABLE, readOutputs, writeNames } from '../streams/deployment.ts';
import type { SweepAnswer, SweepRequest } from '../streams/sweep-requested.ts';
import type { LocalCloudOptions, RunningCloud } from './running-cloud.ts';

/** The stack of the assembly that the package carries. */
const PACKED_STACK = 'Deallocator';
/** As a program without our client connects: with the SDK's own retries, for a machine that is busy. */
const SDK_TRIES_MAX = 10;
/** Of a request's id: enough to tell the lines of one invocation from others. */
const REQUEST_ID_SHOWN = 8;

/** @param packageRoot where the package's own template and functions are */
export async function start(options: LocalCloudOptions, packageRoot: string): Promise<RunningCloud> {
  const { assemblyDirectory = packedAssembly(packageRoot), stackName = PACKED_STACK, log = () => {} } = options;
  const { port, clockRate, schedules = false } = options;
  const cloud = await orSay({
    assemblyDirectory,
    stackName,
    ...(port !== undefined && { port }),
    ...(clockRate !== undefined && { clockRate }),
    schedules,
    log: ({ source, requestId, line }) =>
      log(`[${[source, requestId?.slice(0, REQUEST_ID_SHOWN)].filter(Boolean).join(' ')}] ${line}`),
  });
  log(`[local] engine on port ${cloud.enginePort}, which asks no policy and wakes no function`);
  const { endpoint, region, accessKeyId, secretAccessKey, outputs } = cloud;
  const lifecycle = lifecycleOf(cloud, stackName);
  const plan: Plan = planOf(lifecycle);
  const names = readOutputs(stackName, outputs, plan);
  const { tables, sweepFunctionName } = names;
  const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  const sdk = new DynamoDBClient({ ...connection, maxAttempts: SDK_TRIES_MAX });
  const sweep = async (request: SweepRequest): Promise<SweepAnswer> => {
    const { error, payload } = await cloud.invoke(sweepFunctionName ?? 'sweep', request);
    if (error === undefined) return payload as SweepAnswer;
    throw new DeallocatorError('Unavailable', `the sweep failed: ${error.errorMessage}; the log says more`);
  };
  // As after each deployment: until it has ended, the users of what is shared are being counted, and nothing of it goes.
  if (!schedules) await sweep({ trigger: 'deployment' });
  let client: DeallocatorClient | undefined;
  return {
    get client() {
      client ??= new DeallocatorClient({ lifecycle, tables, connection }) as DeallocatorClient;
      return client;
    },
    documentClient: documentClient(sdk),
    tables,
    config: {
      endpoint,
      region,
      accessKeyId,
      secretAccessKey,
      ...writeNames(names),
      ...(!isDefault(plan) && { lifecycle }),
    },
    quiesce: (timeoutMillis) => cloud.quiesce(timeoutMillis === undefined ? {} : { timeoutMillis }),
    sweep: (request = {}) => sweep(request),
    stop: async () => {
      sdk.destroy();
      await cloud.stop();
    },
  };
}

/** The kinds, as the sweep function has them in its environment; SwarmKit's where it is no sweep of ours. */
function lifecycleOf(cloud: LocalCloud, stackName: string): Lifecycle {
  const { sweepFunctionName } = readOutputs(stackName, cloud.outputs);
  const text = sweepFunctionName && cloud.variables(sweepFunctionName)[LIFECYCLE_VARIABLE.name];
  return text ? (JSON.parse(text) as Lifecycle) : SWARMKIT;
}

/** Its own errors are not the package's. */
async function orSay(options: Parameters<typeof startLocalCloud>[0]): Promise<LocalCloud> {
  try {
    return await startLocalCloud(options);
  } catch (cause) {
    if (!(cause instanceof LocalError)) throw cause;
    throw new DeallocatorError('FailedPrecondition', cause.message, { cause });
  }
}

function packedAssembly(packageRoot: string): string {
  const directory = join(packageRoot, 'dist', 'cloud');
  if (existsSync(join(directory, 'manifest.json'))) return directory;
  throw new DeallocatorError(
    'FailedPrecondition',
    `the package's own template is not at "${directory}"; run "npm run build" there, or give the assemblyDirectory of your app`,
  );
}
