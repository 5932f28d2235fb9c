/** What a client is made of, and how the environment tells it. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Connection, connectPlainly, type DynamoDBClientGiven } from '../dynamodb/client.ts';
import { type Database, openDatabase } from '../dynamodb/database.ts';
import type { PhysicalNames } from '../dynamodb/schema.ts';
import type { Lifecycle } from '../lifecycle/declaration.ts';
import { type Plan, planOf } from '../lifecycle/plan.ts';
import { SWARMKIT } from '../lifecycle/swarmkit.ts';
import { checkOptions, invalid, shown } from '../protocol/arguments.ts';
import type { Chance } from '../protocol/chance.ts';
import { readConfigVariable } from '../streams/configuration.ts';

/** What a client needs to know, and what it may be given. */
export interface DeallocatorClientOptions {
  /** Physical table names: the construct's `tableNames`, or `tables` of the line that the local cloud prints. */
  readonly tables: Readonly<Record<string, string>>;
  /**
   * The same declaration as the deployment's: kinds of your own, or SwarmKit's as its props have chosen them, such as
   * `swarmkit({ taskNetworks: true })`.
   * @default SWARMKIT: services, tasks and networks
   */
  readonly lifecycle?: Lifecycle;
  /**
   * A `DynamoDBClient` of your own, of any version of the SDK that the package allows. The deallocator's client tries again by
   * itself, so give it `maxAttempts: 1`.
   * @default one made from `connection`, with every timeout and limit set
   */
  readonly client?: DynamoDBClientGiven;
  /** Region, endpoint and credentials. Not used with `client`. @default the usual AWS chain */
  readonly connection?: Connection;
  /** Time and randomness, for tests. @default the system's */
  readonly chance?: Chance;
}

/** What `fromEnvironment` may be given beside the environment. */
export interface EnvironmentOptions extends Pick<DeallocatorClientOptions, 'client' | 'chance' | 'lifecycle'> {
  /** The environment's variables. @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** What `options` give goes before what the environment says. */
export function optionsFrom({
  environment = process.env,
  client,
  chance,
  lifecycle: given,
}: EnvironmentOptions): DeallocatorClientOptions {
  const config = readConfigVariable(environment, given);
  const { names, lifecycle, endpoint, region, accessKeyId, secretAccessKey } = config;
  return {
    tables: names.tables,
    connection: {
      ...(endpoint && { endpoint }),
      ...(region && { region }),
      ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
    },
    ...(client && { client }),
    ...(chance && { chance }),
    ...(lifecycle && { lifecycle }),
  };
}

/** Checked at once, and not at the first request. */
export function openFor(options: DeallocatorClientOptions): Database {
  checkOptions(options);
  const { tables, client, connection, chance } = options;
  const plan = planOf(options.lifecycle ?? SWARMKIT) as Plan;
  checkTables(plan, tables);
  checkClient(client);
  const db = client === undefined ? connectPlainly(connection) : (client as DynamoDBClient);
  return openDatabase(db, tables as PhysicalNames, { plan, chance });
}

/** A name that is missing is a mistake in the wiring. */
function checkTables(plan: Plan, tables: unknown): void {
  const given = (typeof tables === 'object' && tables !== null ? tables : {}) as Readonly<Record<string, unknown>>;
  const wrong = Object.keys(plan.tables).filter((table) => typeof given[table] !== 'string' || given[table] === '');
  const [first] = wrong;
  if (first === undefined) return;
  throw invalid(
    `tables.${first} is ${shown(given[first])}, and must be the name of a table (wrong or missing: ${wrong.join(', ')}); give deallocator.tableNames of the construct, or let deallocator.connect(fn) set the environment and call DeallocatorClient.fromEnvironment()`,
  );
}

/** A made-up client would fail at the first request, deep in the SDK. */
function checkClient(client: unknown): void {
  if (client === undefined) return;
  const { send, config, middlewareStack } = (client ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof send === 'function' && config && middlewareStack) return;
  throw invalid(`client is ${shown(client)}; it must be a DynamoDBClient of @aws-sdk/client-dynamodb`);
}
