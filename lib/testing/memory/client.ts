/**
 * The SDK's own client, with its own translation and all, whose requests end in the memory engine instead of the network:
 * what would be written to the wire is carried out, and what would be read from it is answered.
 */
import { type AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { openDatabase } from '../../dynamodb/database.ts';
import { documentClient } from '../../dynamodb/document-client.ts';
import type { RetryObserver } from '../../dynamodb/retry.ts';
import type { PhysicalNames, SwarmkitNames } from '../../dynamodb/schema.ts';
import { DynamoDBStore } from '../../dynamodb/store.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { swarmkitPlan } from '../../lifecycle/swarmkits.ts';
import type { Chance } from '../../protocol/chance.ts';
import type { Rules } from '../../protocol/rules.ts';
import type { Store } from '../../protocol/store.ts';
import { testChance } from './chance.ts';
import { MemoryEngine } from './engine.ts';
import type { MemoryTables } from './tables.ts';

/** Differ from ours on purpose: a name that is used where the other belongs fails. */
export function memoryNames({ tables }: Pick<Plan, 'tables'>): PhysicalNames {
  return Object.fromEntries(Object.keys(tables).map((name) => [name, `Memory-${name}`]));
}

/** Those of SwarmKit's kinds. */
export const MEMORY_NAMES = memoryNames(swarmkitPlan()) as SwarmkitNames;

const SERIALIZE = 'serializerMiddleware';
const DESERIALIZE = 'deserializerMiddleware';

/** Carries a request out, now or when its time has come. The input is as it would go over the wire. */
export type CarryOut = (operation: string, input: Record<string, AttributeValue>) => unknown;

export function memoryClient(carryOut: CarryOut): DynamoDBClient {
  const client = new DynamoDBClient({
    region: 'memory',
    endpoint: 'http://memory.invalid',
    credentials: { accessKeyId: 'memory', secretAccessKey: 'memory' },
    maxAttempts: 1,
  });
  const stack = withoutEndpoint(client.middlewareStack);
  for (const entry of stack.identify()) {
    const name = entry.split(' ')[0] as string;
    if (name !== SERIALIZE && name !== DESERIALIZE) stack.remove(name);
  }
  stack.remove('httpAuthSchemeMiddleware'); // which stands before the endpoint's, and has no place without it
  // The document client puts its translations around these two, by their names.
  stack.add((next) => next as never, { step: 'serialize', name: SERIALIZE, override: true });
  stack.add(
    (_, context) => async (args) => {
      const answer = await carryOut((context.commandName as string).replace('Command', ''), args.input as never);
      return { response: {}, output: { $metadata: {}, ...(answer as object) } } as never;
    },
    { step: 'deserialize', name: DESERIALIZE, override: true },
  );
  return client;
}

/**
 * Each command brings the rules that find its endpoint: half the time of a request that goes nowhere. Those of SDKs as old as 3.750
 * bring their own serializer and deserializer, too, which would take the place of ours.
 */
function withoutEndpoint<Stack extends DynamoDBClient['middlewareStack']>(stack: Stack): Stack {
  const concat = stack.concat.bind(stack);
  stack.concat = ((from: Stack) => {
    const brought = from.clone();
    for (const name of ['endpointV2Middleware', SERIALIZE, DESERIALIZE]) brought.remove(name);
    return withoutEndpoint(concat(brought as never));
  }) as never;
  return stack;
}

export interface MemoryStoreOptions {
  /** Items after which a page ends before its limit. */
  readonly pageItemsMax?: number;
  readonly chance?: Chance;
  readonly observer?: RetryObserver;
  readonly rules?: Rules;
  /** What its writer takes the kinds for. @default - those of the tables */
  readonly plan?: Plan;
  /** False: items may be older than the declaration of what they hold. @default true */
  readonly isLearned?: boolean;
}

/** The real store, over tables in memory. */
export function memoryStore(tables: MemoryTables, options: MemoryStoreOptions = {}): Store {
  const { pageItemsMax, chance = testChance(), observer, rules, plan = tables.plan, isLearned = true } = options;
  const names = memoryNames(tables.plan);
  const engine = new MemoryEngine({ tables, names, ...(pageItemsMax && { pageItemsMax }) });
  const client = memoryClient((operation, input) => engine.carryOut(operation, input));
  return new DynamoDBStore(
    openDatabase(documentClient(client), names, {
      chance,
      plan,
      rules,
      isLearned,
      ...(observer && { observer }),
    }),
  );
}
