/** Where the processes of a simulated world run: the real functions and the real client, on a wire of the world's. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DeallocatorClient } from '../../client/index.ts';
import { openDatabase } from '../../dynamodb/database.ts';
import { documentClient } from '../../dynamodb/document-client.ts';
import type { PhysicalNames } from '../../dynamodb/schema.ts';
import { DynamoDBStore } from '../../dynamodb/store.ts';
import type { Plan } from '../../lifecycle/plan.ts';
import { type SwarmkitOptions, swarmkit } from '../../lifecycle/swarmkit.ts';
import { swarmkitPlan } from '../../lifecycle/swarmkits.ts';
import type { Chance } from '../../protocol/chance.ts';
import type { Rules } from '../../protocol/rules.ts';
import type { Store } from '../../protocol/store.ts';
import type { FunctionPorts } from '../../streams/ports.ts';
import { sweepRequested } from '../../streams/sweep-requested.ts';
import { memoryClient, memoryNames } from '../memory/client.ts';
import { type Handler, handlersOf } from '../memory/stream-functions.ts';
import type { Input, Process } from './processes.ts';

export type Handlers = Readonly<Record<string, Handler>>;

type Send = (process: Process, operation: string, input: Input) => Promise<unknown>;

/** What may stand between a process and the product's right code, and tells when it changes something. */
export interface Tampering {
  send?: Send;
  /** @param open under other choices than the deployment's */
  openStore?(open: (choices?: SwarmkitOptions) => Store, took: () => void): Store;
  /** @param under the right handlers under other choices */
  handlers?(right: Handlers, under: (choices: SwarmkitOptions) => Handlers, took: () => void): Handlers;
}

interface Context {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** What is deployed in a world. */
export interface Deployed {
  readonly rules: Rules;
  /** Of SwarmKit's kinds, where they are these. */
  readonly choices: SwarmkitOptions;
  readonly plan: Plan;
  /** Nothing in the tables is older than its declaration. */
  readonly isLearned: boolean;
}

/**
 * A place where a process runs: client, functions and typed client, made once and used by one process after another, since
 * making them costs more than a whole short story.
 */
export class Place {
  process: Process | undefined;
  readonly db: DynamoDBDocumentClient;
  /** As a program makes it that is not ours: with the SDK's own retries. */
  readonly raw: DynamoDBDocumentClient;
  readonly tables: PhysicalNames;
  readonly #openWriter: () => DeallocatorClient;
  #writer: DeallocatorClient | undefined;
  readonly handlers: Handlers;
  readonly sweep: ReturnType<typeof sweepRequested>;

  constructor({ rules, choices, plan, isLearned }: Deployed, tampering: Tampering = {}) {
    const tables = memoryNames(plan);
    const took = () => this.#occupant.surroundings.onTampering();
    const send: Send = tampering.send ?? ((process, operation, input) => process.send(operation, input));
    const client = memoryClient((operation, input) => send(this.#occupant, operation, input));
    this.db = documentClient(client);
    this.raw = documentClient(memoryClient((operation, input) => sendAsSdk(send, this.#occupant, operation, input)));
    const chance: Chance = {
      nowEpochMillis: () => this.#occupant.clockEpochMillis(),
      pause: (millis) => this.#occupant.pause(millis),
      fraction: () => this.#occupant.fraction(),
      fresh: () => this.#occupant.fresh(),
    };
    this.tables = tables;
    this.#openWriter = () => new DeallocatorClient({ tables, client, chance, lifecycle: swarmkit(choices) });
    const planUnder = (others: SwarmkitOptions) =>
      plan === swarmkitPlan(choices) ? swarmkitPlan({ ...choices, ...others }) : plan;
    const ports: FunctionPorts = {
      openStore: (observer) => {
        const open = (others: SwarmkitOptions = {}) =>
          new DynamoDBStore(
            openDatabase(this.db, tables, { chance, observer, plan: planUnder(others), rules, isLearned }),
          );
        return tampering.openStore?.(open, took) ?? open();
      },
      chance,
      plan,
      rules,
      telemetry: {
        functionName: 'simulated',
        namespace: 'Simulated',
        nowEpochMillis: chance.nowEpochMillis,
        writeLine: (line) => this.#occupant.surroundings.log(line),
      },
    };
    const right = handlersOf(ports);
    const under = (others: SwarmkitOptions) => handlersOf({ ...ports, plan: planUnder(others) });
    this.handlers = tampering.handlers?.(right, under, took) ?? right;
    this.sweep = sweepRequested(ports);
  }

  /** The client of SwarmKit's kinds. */
  get writer(): DeallocatorClient {
    this.#writer ??= this.#openWriter();
    return this.#writer;
  }

  context(): Context {
    const process = this.#occupant;
    return {
      awsRequestId: process.name,
      getRemainingTimeInMillis: () => process.deadlineEpochMillis - process.surroundings.nowEpochMillis(),
    };
  }

  get #occupant(): Process {
    if (this.process === undefined) throw new Error('a process that is dead went on');
    return this.process;
  }
}

/** The SDK's default: one try and two more. https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html */
const SDK_TRIES_MAX = 3;
const SDK_TRIES_AGAIN = ['ThrottlingException', 'InternalServerError', 'TimeoutError'];

/** A transaction gets a token from the SDK, so that a repeat writes nothing; a single write has none. */
async function sendAsSdk(send: Send, process: Process, operation: string, given: Input): Promise<unknown> {
  const isTransaction = operation === 'TransactWriteItems' && given.ClientRequestToken === undefined;
  const input = isTransaction ? ({ ...given, ClientRequestToken: process.fresh() } as unknown as Input) : given;
  for (let tries = 1; ; tries++) {
    try {
      return await send(process, operation, input);
    } catch (error) {
      if (tries === SDK_TRIES_MAX || !SDK_TRIES_AGAIN.includes((error as Error).name)) throw error;
    }
  }
}

/** Made once, and used by one world after another under the same rules, with the same kinds and the same tampering. */
type Free = Map<Tampering | undefined, Map<Rules, Map<Plan, Place[]>>>;
const [learned, learning]: readonly [Free, Free] = [new Map(), new Map()];

export function freePlacesOf({ rules, plan, isLearned }: Deployed, tampering: Tampering | undefined): Place[] {
  const freePlaces = isLearned ? learned : learning;
  const byRules = freePlaces.get(tampering) ?? new Map<Rules, Map<Plan, Place[]>>();
  const byPlan = byRules.get(rules) ?? new Map<Plan, Place[]>();
  const places = byPlan.get(plan) ?? [];
  freePlaces.set(tampering, byRules);
  byRules.set(rules, byPlan);
  byPlan.set(plan, places);
  return places;
}
