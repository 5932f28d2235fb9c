/** The deployment that a command speaks to, and the clients for it. */
import { join, resolve } from 'node:path';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DeallocatorClient } from '../../lib/client/client.ts';
import { type Connection, connect } from '../../lib/dynamodb/client.ts';
import type { SweepPort } from '../../lib/operate/recovery/settle-parents.ts';
import { openSweepFunction } from '../../lib/operate/recovery/sweep-function.ts';
import { Cluster } from '../../lib/operate/reports/cluster.ts';
import { DeallocatorError } from '../../lib/protocol/errors.ts';
import { type DeploymentNames, readOutputs } from '../../lib/streams/deployment.ts';
import type { Given } from './arguments.ts';
import { isEndpoint, readConfig } from './config.ts';
import { UsageError } from './errors.ts';
import { readText } from './files.ts';
import type { Io } from './io.ts';
import { readStackOutputs } from './stack-outputs.ts';

/** Where "npm run local" writes what it has printed, from the directory in which it was started. */
export const RUNNING_FILE = join('.local', 'cloud.json');

export interface Deployment extends DeploymentNames {
  /** Its name in messages. */
  readonly title: string;
  readonly connection: Connection;
  readonly db: DynamoDBDocumentClient;
  readonly client: DeallocatorClient;
  /** What the reports read. */
  readonly cluster: Cluster;
  readonly sweep: SweepPort;
  close(): void;
}

export async function openDeployment(given: Given, io: Io): Promise<Deployment> {
  const { title, connection, ...names } = await findDeployment(given, io);
  const db = connect(connection);
  const { tables, rules, sweepFunctionName } = names;
  return {
    ...names,
    title,
    connection,
    db,
    client: new DeallocatorClient({ tables, client: db, taskNetworks: rules.taskNetworks }),
    cluster: new Cluster(db, tables, { rules, chance: io.chance }),
    sweep: openSweepFunction(connection, sweepFunctionName, io.signal),
    close: () => db.destroy(),
  };
}

type Found = DeploymentNames & { readonly title: string; readonly connection: Connection };

async function findDeployment(given: Given, io: Io): Promise<Found> {
  const [stack, config, region] = [given.text('stack'), given.text('config'), given.text('region')];
  const endpoint = readEndpoint(given.text('endpoint'));
  if (stack !== undefined && config !== undefined) throw new UsageError('--stack and --config exclude each other');
  if (stack !== undefined) {
    const connection: Connection = { ...(region && { region }), ...(endpoint && { endpoint }) };
    const outputs = await readStackOutputs(stack, connection);
    return { title: `stack ${stack}`, connection, ...readOutputs(stack, outputs) };
  }
  const found = readConfig(...(await readConfigFile(config, io)));
  const { accessKeyId, secretAccessKey } = found;
  const at = endpoint ?? found.endpoint;
  const connection: Connection = {
    region: region ?? found.region,
    ...(at && { endpoint: at }),
    ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
  };
  return { title: at ?? 'AWS', connection, ...found.names };
}

async function readConfigFile(config: string | undefined, io: Io): Promise<[name: string, text: string]> {
  const name = config ?? RUNNING_FILE;
  try {
    return [name, await readText(name, resolve(io.directory, name))];
  } catch (error) {
    const { cause } = error as DeallocatorError;
    if (config !== undefined || (cause as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new DeallocatorError(
      'FailedPrecondition',
      'no local cloud runs beside this directory; start one with "npm run local", or say where the deployment is with --stack NAME or --config FILE',
      { cause },
    );
  }
}

function readEndpoint(text: string | undefined): string | undefined {
  if (text === undefined || isEndpoint(text)) return text;
  throw new UsageError(`--endpoint is "${text}", allowed: a URL such as http://127.0.0.1:8000`);
}
