/** What a client is made of, and how the environment tells it. */
import type { Connection, DynamoDBClientGiven } from '../dynamodb/client.ts';
import type { PhysicalNames } from '../dynamodb/schema.ts';
import type { Chance } from '../protocol/chance.ts';
import { readConfigVariable } from '../streams/configuration.ts';

/** What a client needs to know, and what it may be given. */
export interface DeallocatorClientOptions {
  /** Physical table names: the construct's `tableNames`, or `tables` of the line that the local cloud prints. */
  readonly tables: PhysicalNames;
  /**
   * A `DynamoDBClient` of your own, of any version of the SDK that the package allows. The deallocator's client tries again by
   * itself, so give it `maxAttempts: 1`.
   * @default one made from `connection`, with every timeout and limit set
   */
  readonly client?: DynamoDBClientGiven;
  /** Region, endpoint and credentials. Not used with `client`. @default the usual AWS chain */
  readonly connection?: Connection;
  /** Whether the deployment has the prop `taskNetworks`: each task then holds its own `networks`. @default false */
  readonly taskNetworks?: boolean;
  /** Time and randomness, for tests. @default the system's */
  readonly chance?: Chance;
}

/** What `fromEnvironment` may be given beside the environment. */
export interface EnvironmentOptions extends Pick<DeallocatorClientOptions, 'client' | 'chance'> {
  /** The environment's variables. @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** What `options` give goes before what the environment says. */
export function optionsFrom({
  environment = process.env,
  client,
  chance,
}: EnvironmentOptions): DeallocatorClientOptions {
  const { names, endpoint, region, accessKeyId, secretAccessKey } = readConfigVariable(environment);
  return {
    tables: names.tables,
    taskNetworks: names.rules.taskNetworks,
    connection: {
      ...(endpoint && { endpoint }),
      ...(region && { region }),
      ...(accessKeyId && secretAccessKey && { credentials: { accessKeyId, secretAccessKey } }),
    },
    ...(client && { client }),
    ...(chance && { chance }),
  };
}
