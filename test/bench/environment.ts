/** One execution environment of a contender's functions: its client, its part of a core, its handlers. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import { documentClient } from '../../lib/dynamodb/document-client.ts';
import type { TableName } from '../../lib/dynamodb/schema.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import { swarmkitPlan } from '../../lib/lifecycle/swarmkits.ts';
import type { Chance } from '../../lib/protocol/chance.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import type { FunctionPorts } from '../../lib/streams/ports.ts';
import { sweepRequested } from '../../lib/streams/sweep-requested.ts';
import { type CarryOut, MEMORY_NAMES, memoryClient } from '../../lib/testing/memory/client.ts';
import { type Handler, handlersOf } from '../../lib/testing/memory/stream-functions.ts';
import { CPU_MILLIS_PER_RECORD, coreShare, cpuMillis, latencyMillis } from './latency.ts';
import { Sockets, type VirtualTime } from './virtual-time.ts';

export interface ContenderPorts extends FunctionPorts {
  /** The plain SDK client, for contenders that bring their own requests. */
  readonly client: DynamoDBClient;
}

/** How children's removals are counted. All else, marks, proof and deletion, is the same for all. */
export interface Contender {
  readonly name: string;
  /** Sockets of its SDK client: the SDK's default is 50. */
  readonly sockets: number;
  childDeleted(table: string, ports: ContenderPorts): Handler;
}

export interface Environment {
  readonly handlers: Partial<Record<TableName, Handler>>;
  readonly sweep: ReturnType<typeof sweepRequested>;
  /** What reading a batch takes of the core, before anything else. */
  readRecords(count: number): Promise<void>;
}

export function openEnvironment(
  { sockets: socketCount, childDeleted }: Contender,
  time: VirtualTime,
  moments: Chance,
  carryOut: CarryOut,
  megabytes: number,
): Environment {
  const share = coreShare(megabytes);
  const sockets = new Sockets(socketCount);
  const core = new Sockets(1);
  const client = memoryClient((operation, input) =>
    sockets.use(async () => {
      await core.use(() => time.wait(cpuMillis(input) / share));
      await time.wait(latencyMillis(operation));
      return carryOut(operation, input);
    }),
  );
  const chance: Chance = {
    ...moments,
    nowEpochMillis: () => moments.nowEpochMillis() + time.nowMillis,
    pause: (millis) => time.wait(millis),
  };
  const db = documentClient(client);
  const ports: ContenderPorts = {
    client,
    chance,
    plan: swarmkitPlan(),
    rules: DEFAULT_RULES,
    openStore: (observer) => new DynamoDBStore(openDatabase(db, MEMORY_NAMES, { chance, observer })),
    telemetry: {
      functionName: 'bench',
      namespace: 'Bench',
      nowEpochMillis: chance.nowEpochMillis,
      writeLine: () => {},
    },
  };
  return {
    handlers: handlersOf(ports, childDeleted),
    sweep: sweepRequested(ports),
    readRecords: (count) => core.use(() => time.wait((count * CPU_MILLIS_PER_RECORD) / share)),
  };
}
