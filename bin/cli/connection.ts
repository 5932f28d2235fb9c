/** The deployment that a command speaks to, and the clients for it. */
import { resolve } from 'node:path';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DeallocatorClient } from '../../lib/client/client.ts';
import type { Connection } from '../../lib/dynamodb/client.ts';
import { connect } from '../../lib/dynamodb/document-client.ts';
import type { Where } from '../../lib/dynamodb/failure-row.ts';
import { whereIs } from '../../lib/dynamodb/requests.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import type { Surroundings } from '../../lib/operate/deployed/surroundings.ts';
import type { SweepPort } from '../../lib/operate/recovery/settle-parents.ts';
import { openSweepFunction } from '../../lib/operate/recovery/sweep-function.ts';
import { Cluster } from '../../lib/operate/reports/cluster.ts';
import { isDocument, isEndpoint, readConfig } from '../../lib/streams/configuration.ts';
import {
  CONFIGURATION_VARIABLE,
  type DeploymentNames,
  readOutputs,
  splitStackName,
} from '../../lib/streams/deployment.ts';
import type { Given } from './arguments.ts';
import { UsageError } from './errors.ts';
import { readText } from './files.ts';
import type { Io } from './io.ts';
import { onOneLine, readLifecycleFile } from './lifecycle-file.ts';
import { findRunningCloud } from './running-clouds.ts';
import { findConfigLifecycle, findStackLifecycle } from './stack-lifecycle.ts';
import { readStackOutputs } from './stack-outputs.ts';
import { openSurroundings } from './surroundings.ts';
import { accountOfQueue, isLocal, type Target, targetOf } from './target.ts';

export interface Deployment extends DeploymentNames {
  /** What it is, and where: for plans and reports. */
  readonly target: Target;
  readonly connection: Connection;
  /** Where its requests go. */
  readonly where: Where;
  readonly db: DynamoDBDocumentClient;
  readonly client: DeallocatorClient;
  /** What the reports read. */
  readonly cluster: Cluster;
  readonly sweep: SweepPort;
  /** Absent where there are only tables. */
  readonly around?: Surroundings;
  close(): void;
}

export async function openDeployment(given: Given, io: Io): Promise<Deployment> {
  const { of, account, connection, lifecycle, ...names } = await findDeployment(given, io);
  const db = connect(connection);
  const { tables, rules, sweepFunctionName } = names;
  const where = await whereIs(db);
  return {
    ...names,
    target: targetOf(of, where, account ?? accountOfQueue(names.deadLetterQueueUrl)),
    connection,
    where,
    db,
    client: openClient({ tables, client: db, lifecycle }),
    cluster: new Cluster(db, tables, { plan: planOf(lifecycle), rules, chance: io.chance }),
    sweep: openSweepFunction(connection, sweepFunctionName, io.signal),
    around: openSurroundings({
      connection,
      endpoint: where.endpoint,
      deadLetterQueueUrl: names.deadLetterQueueUrl,
      signal: io.signal,
    }),
    close: () => db.destroy(),
  };
}

/** Its kinds are known when it runs: commands that need SwarmKit's ask for these. */
function openClient(options: ConstructorParameters<typeof DeallocatorClient>[0]): DeallocatorClient {
  return new DeallocatorClient(options);
}

interface Found extends DeploymentNames {
  readonly of: Pick<Target, 'stack' | 'config'>;
  readonly connection: Connection;
  readonly account?: string | undefined;
  readonly lifecycle: Lifecycle;
}

async function findDeployment(given: Given, io: Io): Promise<Found> {
  const region = given.text('region');
  const endpoint = readEndpoint(given.text('endpoint'));
  const { stack, config } = readContext(given, io.environment);
  const file = given.text('lifecycle');
  const lifecycle = file === undefined ? undefined : await readDeclared(file, io);
  if (stack !== undefined) {
    const connection: Connection = { ...(region && { region }), ...(endpoint && { endpoint }) };
    const { outputs, account, ...at } = await readStackOutputs(splitStackName(stack)[0], connection);
    // The Region may come from a profile: then it is not among what was given.
    const named = connection.region === undefined && at.region !== undefined ? { region: at.region } : {};
    const where = { ...connection, ...named };
    const found = lifecycle ?? (await findStackLifecycle(readOutputs(stack, outputs), where));
    const names = readOutputs(stack, outputs, planOf(found));
    return { of: { stack }, connection: where, account, ...names, lifecycle: found };
  }
  const document =
    config === undefined ? await findRunningCloud(io.directory, endpoint) : await readConfigFile(config, io);
  const told = readConfig(document.name, document.text, 'as told');
  const { accessKeyId, secretAccessKey } = told;
  const at = endpoint ?? told.endpoint;
  const connection: Connection = {
    ...regionOf(region ?? told.region, at),
    ...(at && { endpoint: at }),
    ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
  };
  const kinds = lifecycle ?? told.lifecycle ?? (await findConfigLifecycle(told.names, connection));
  const found = readConfig(document.name, document.text, kinds);
  return {
    of: { ...(config !== undefined && { config: document.name }) },
    connection,
    lifecycle: kinds,
    ...found.names,
  };
}

/** Checked, so that what is refused is told before anything is asked. */
async function readDeclared(file: string, io: Io): Promise<Lifecycle> {
  try {
    const lifecycle = await readLifecycleFile(file, io);
    planOf(lifecycle);
    return lifecycle;
  } catch (error) {
    throw onOneLine(file, error);
  }
}

/** DynamoDB Local takes any. On AWS a Region that nobody has named would be another deployment's. */
const REGION_LOCAL = 'us-east-1';

function regionOf(named: string | undefined, endpoint: string | undefined): Pick<Connection, 'region'> {
  const region = named ?? (endpoint !== undefined && isLocal(endpoint) ? REGION_LOCAL : undefined);
  return region === undefined ? {} : { region };
}

/** What was typed goes before what the environment says; of each, only one may be there. */
function readContext(
  given: Given,
  environment: Io['environment'],
): { readonly stack?: string; readonly config?: string } {
  const [stack, config] = [given.deployment, given.text('config')];
  if (stack !== undefined && config !== undefined) {
    throw new UsageError('--deployment and --config exclude each other');
  }
  if (stack !== undefined) return { stack };
  if (config !== undefined) return { config };
  const { DEALLOCATOR_STACK, DEALLOCATOR_CONFIG } = environment;
  if (DEALLOCATOR_STACK && DEALLOCATOR_CONFIG) {
    throw new UsageError(
      `the environment has both DEALLOCATOR_STACK (${DEALLOCATOR_STACK}) and DEALLOCATOR_CONFIG${isDocument(DEALLOCATOR_CONFIG) ? '' : ` (${DEALLOCATOR_CONFIG})`}; unset one, or choose with --deployment or --config`,
    );
  }
  if (DEALLOCATOR_STACK) return { stack: DEALLOCATOR_STACK };
  return DEALLOCATOR_CONFIG ? { config: DEALLOCATOR_CONFIG } : {};
}

/** The document itself is as good: so `connect` gives it. */
async function readConfigFile(config: string, io: Io): Promise<{ readonly name: string; readonly text: string }> {
  if (isDocument(config)) return { name: CONFIGURATION_VARIABLE, text: config };
  return { name: config, text: await readText(config, resolve(io.directory, config)) };
}

function readEndpoint(text: string | undefined): string | undefined {
  if (text === undefined || isEndpoint(text)) return text;
  throw new UsageError(`--endpoint is "${text}", allowed: a URL such as http://127.0.0.1:8000`);
}
