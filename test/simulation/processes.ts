/**
 * The processes of a simulated world: function invocations, sweeps and writers, all of them the real code over the real
 * client, whose requests and pauses wait until the scheduler takes them up. A process that dies is never taken up again.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DeallocatorClient } from '../../lib/client/index.ts';
import { documentClient } from '../../lib/dynamodb/client.ts';
import { openDatabase } from '../../lib/dynamodb/database.ts';
import type { TableName } from '../../lib/dynamodb/schema.ts';
import { DynamoDBStore } from '../../lib/dynamodb/store.ts';
import type { Chance } from '../../lib/protocol/chance.ts';
import type { Rules } from '../../lib/protocol/rules.ts';
import type { StreamedTable } from '../../lib/streams/functions.ts';
import type { FunctionPorts } from '../../lib/streams/ports.ts';
import { sweepRequested } from '../../lib/streams/sweep-requested.ts';
import { MEMORY_NAMES, memoryClient } from '../support/memory-client.ts';
import type { LambdaRecord } from '../support/memory-tables.ts';
import { type Handler, handlersOf } from '../support/stream-functions.ts';
import { type Mistake, mistaken, type Parameters, type Sent } from './mistakes.ts';
import { random } from './random.ts';

export type Input = Record<string, AttributeValue>;

export interface Request {
  readonly number: number;
  readonly operation: string;
  readonly input: Input;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Timer {
  readonly dueMillis: number;
  readonly wake: () => void;
}

export type Role = TableName | 'sweep' | 'writer';

export type Carried = { readonly answer: unknown } | { readonly error: unknown };

/** What a process is told by its world. */
export interface Surroundings {
  nowEpochMillis(): number;
  /** For a process that does all at once: carries its request out instead of letting it wait for a turn. */
  readonly carryOutAtOnce?: ((operation: string, input: Input) => Carried) | undefined;
  /** One line of a function's log. */
  log(line: string): void;
  /** A mutant has just changed something. */
  onMistake(): void;
}

export class Process {
  readonly number: number;
  readonly role: Role;
  readonly skewMillis: number;
  readonly deadlineEpochMillis: number;
  readonly fraction: () => number;
  readonly requests = new Map<number, Request>();
  readonly timers = new Map<number, Timer>();
  readonly surroundings: Surroundings;
  /** All requests so far, for the story. */
  readonly sent: { readonly operation: string; readonly input: Input }[] = [];
  isAlive = true;
  onKilled: (() => void) | undefined;
  #freshCount = 0;
  #timerCount = 0;

  constructor(
    number: number,
    role: Role,
    surroundings: Surroundings,
    options: { readonly seed: number; readonly skewMillisMax: number; readonly lifeMillis: number },
  ) {
    this.number = number;
    this.role = role;
    this.surroundings = surroundings;
    // A row of dice of its own, so that what other processes do changes nothing here.
    this.fraction = random(options.seed * 31 + number);
    this.skewMillis = Math.round((this.fraction() * 2 - 1) * options.skewMillisMax);
    this.deadlineEpochMillis = surroundings.nowEpochMillis() + options.lifeMillis;
  }

  get name(): string {
    return `${NAMES[this.role]} ${this.number}`;
  }

  send(operation: string, input: Input): Promise<unknown> {
    const number = this.sent.push({ operation, input }) - 1;
    const carried = this.surroundings.carryOutAtOnce?.(operation, input);
    if (carried !== undefined)
      return 'error' in carried ? Promise.reject(carried.error) : Promise.resolve(carried.answer);
    return new Promise((resolve, reject) => {
      this.requests.set(number, { number, operation, input, resolve, reject });
    });
  }

  tell(request: number): string {
    const { operation, input } = this.sent[request] ?? {};
    return operation === undefined ? `request ${request}` : `${operation} ${subjectsOf(input as Input)}`;
  }

  pause(millis: number): Promise<void> {
    return new Promise((wake) => {
      this.timers.set(++this.#timerCount, { dueMillis: this.surroundings.nowEpochMillis() + millis, wake });
    });
  }

  fresh(): string {
    return `${this.number}.${++this.#freshCount}`;
  }

  clockEpochMillis(): number {
    return this.surroundings.nowEpochMillis() + this.skewMillis;
  }
}

const NAMES: Record<Role, string> = {
  tasks: 'task-deleted',
  attachments: 'attachment-deleted',
  services: 'service-updated',
  networks: 'network-updated',
  counters: 'no function',
  receipts: 'no function',
  sweep: 'sweep',
  writer: 'writer',
};

/** The keys that a request is about. */
function subjectsOf(input: Input): string {
  const texts = [...JSON.stringify(input).matchAll(/"(?:id|serviceId|networkId|:parent)":\{"S":"([^"]+)"/g)];
  return [...new Set(texts.map(([, text]) => text))].join(', ');
}

interface Context {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/**
 * A place where a process runs: client, functions and typed client, made once and used by one process after another, since
 * making them costs more than a whole short story.
 */
export class Place {
  process: Process | undefined;
  readonly db: DynamoDBDocumentClient;
  readonly writer: DeallocatorClient;
  readonly handlers: Readonly<Record<StreamedTable, Handler>>;
  readonly sweep: ReturnType<typeof sweepRequested>;

  constructor(rules: Rules, mistake: Mistake = {}) {
    const took = () => this.#occupant.surroundings.onMistake();
    const client = memoryClient((operation, input) => sendMistaken(this.#occupant, mistake, operation, input));
    this.db = documentClient(client);
    const chance: Chance = {
      nowEpochMillis: () => this.#occupant.clockEpochMillis(),
      pause: (millis) => this.#occupant.pause(millis),
      fraction: () => this.#occupant.fraction(),
      fresh: () => this.#occupant.fresh(),
    };
    const { taskNetworks } = rules;
    this.writer = new DeallocatorClient({ tables: MEMORY_NAMES, client, chance, taskNetworks });
    const ports: FunctionPorts = {
      openStore: (observer) => {
        const open = (under: Rules) =>
          new DynamoDBStore(openDatabase(this.db, MEMORY_NAMES, { chance, observer, rules: under }));
        return mistaken(open, rules, mistake, took);
      },
      chance,
      rules,
      telemetry: {
        functionName: 'simulated',
        namespace: 'Simulated',
        nowEpochMillis: chance.nowEpochMillis,
        writeLine: (line) => this.#occupant.surroundings.log(line),
      },
    };
    const right = handlersOf(ports);
    const tasksRules = mistake.tasksRules?.(rules);
    const told =
      tasksRules === undefined ? right : { ...right, tasks: handlersOf({ ...ports, rules: tasksRules }).tasks };
    const misled = (table: StreamedTable) => mistakenHandler(table, told[table], mistake, took);
    this.handlers = {
      tasks: misled('tasks'),
      attachments: misled('attachments'),
      services: misled('services'),
      networks: misled('networks'),
    };
    this.sweep = sweepRequested(ports);
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

/** @returns the answer, or what a mutant makes of it; of a request that it may have changed, too */
async function sendMistaken(process: Process, mistake: Mistake, operation: string, input: Input): Promise<unknown> {
  if (mistake.request === undefined && mistake.answer === undefined) return process.send(operation, input);
  const sent: Sent = { operation, input, role: process.role, fresh: () => process.fresh() };
  const instead = mistake.request?.(sent);
  if (instead !== undefined) process.surroundings.onMistake();
  const answer = await process.send(operation, (instead ?? input) as Input);
  const made = mistake.answer?.(sent, answer as Parameters);
  if (made !== undefined) process.surroundings.onMistake();
  return made ?? answer;
}

function mistakenHandler(
  table: TableName,
  handler: Handler,
  { misses, response, tasksRules }: Mistake,
  took: () => void,
): Handler {
  if (misses === undefined && response === undefined && tasksRules === undefined) return handler;
  return async ({ Records }, context) => {
    const left = Records.filter((record) => misses?.(table, record as LambdaRecord) !== true);
    if (left.length < Records.length || (tasksRules !== undefined && table === 'tasks')) took();
    const answered = await handler({ Records: left }, context);
    const instead = response?.(answered);
    if (instead !== undefined) took();
    return instead ?? answered;
  };
}
