/** Runs what would be deployed: a cloud assembly's tables, functions, mappings, queues and rules, without AWS. */

import { type Engine, startEngine } from './dynamodb/engine.ts';
import { EngineConnection } from './dynamodb/engine-connection.ts';
import type { Intercept } from './dynamodb/faults.ts';
import { Gateway } from './dynamodb/gateway.ts';
import { Meter } from './dynamodb/meter.ts';
import { createTables } from './dynamodb/tables.ts';
import { readRules, Schedule } from './events/schedule.ts';
import { checkExecutionRoles } from './execution-roles.ts';
import { QUIESCE_TIMEOUT_MILLIS_DEFAULT } from './ground/limits.ts';
import { LocalError } from './ground/local-error.ts';
import { type Log, logLocal } from './ground/log.ts';
import { Pause } from './ground/pause.ts';
import { Authorizer, BREAK_GLASS } from './iam/authorizer.ts';
import { readExecutionRoles, readPolicies } from './iam/policies.ts';
import { invokeApi } from './lambda/api.ts';
import { AsyncInvocations, readInvokeConfigs } from './lambda/async-invocation.ts';
import { readFunctions } from './lambda/functions.ts';
import { FunctionPool, type InvocationResult } from './lambda/pool.ts';
import { waitForQuiet } from './quiesce.ts';
import { sqsApi } from './sqs/api.ts';
import { type DeadLetter, Queues } from './sqs/queues.ts';
import type { Delivery } from './streams/delivery.ts';
import { EventSourceMapping } from './streams/mapping.ts';
import { readMappings } from './streams/mapping-properties.ts';
import { StreamReader } from './streams/reader.ts';
import type { RecordIntercept } from './streams/record-intercept.ts';
import { readAssembly } from './template/assembly.ts';
import { REGION } from './template/intrinsics.ts';
import { readStack } from './template/stack.ts';

export interface LocalCloudOptions {
  readonly assemblyDirectory: string;
  readonly stackName: string;
  /** A running engine to share. @default one is started, and stopped with the cloud */
  readonly engine?: Pick<Engine, 'port'>;
  /** The endpoint's port. @default 0, any free one */
  readonly port?: number;
  /** Letters and digits. Clouds that share an engine must each have their own. @default 'local' */
  readonly databaseId?: string;
  /**
   * How many times faster than real time polls, batching windows, back-off, record ages and schedules go. Functions and
   * their timeouts stay as they are. @default 1
   */
  readonly clockRate?: number;
  /** Whether rules fire by themselves, at their rate and after deployment. @default true */
  readonly schedules?: boolean;
  /** Asked at each invocation for the timeout in real milliseconds. @default undefined: the template's */
  readonly timeoutMillis?: (functionLogicalId: string) => number | undefined;
  /**
   * Whether a process whose invocation timed out is left running: nobody listens to it any more, and it may finish late.
   * @default false: it is killed, as by Lambda
   */
  readonly keepTimedOut?: boolean;
  readonly log: Log;
  /** Told of every invocation by a mapping, and of every group of records that was given up. */
  readonly onDelivery?: (delivery: Delivery) => void;
}

export interface LocalCloud {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** An access key of an administrator who has lifted the tables' policies; the other one's is held by them. */
  readonly breakGlassKeyId: string;
  readonly enginePort: number;
  readonly outputs: Readonly<Record<string, string>>;
  /** Physical names by logical id. */
  readonly tables: Readonly<Record<string, string>>;
  readonly meter: Meter;
  /** Who may do what, and what everybody was allowed or denied so far. */
  readonly authorizer: Authorizer;
  /** Every message that is in a queue, received or not, until it is deleted. */
  deadLetters(): readonly DeadLetter[];
  /** Process ids by the function's logical id. */
  functions(): Readonly<Record<string, readonly number[]>>;
  /** By logical id, name or ARN; resolves when the function has ended, well or not. */
  invoke(functionKey: string, event: unknown): Promise<InvocationResult>;
  /** Lambda's "Event" invocation: retried, then given up to the dead-letter queue. */
  invokeAsync(functionKey: string, event: unknown): void;
  setIntercept(intercept: Intercept | undefined): void;
  /** Loses, repeats and delays records between a stream and its function. */
  setRecordIntercept(intercept: RecordIntercept | undefined): void;
  onDelivery(listener: (delivery: Delivery) => void): () => void;
  /** Kills with SIGKILL, busy or idle; returns how many. */
  killFunctions(functionKey?: string): number;
  /** Nothing is read or delivered until `resumeMappings`. */
  pauseMappings(): Promise<void>;
  resumeMappings(): void;
  /** Resolves when nothing is left to happen. Throws `cloud.notQuiet`, `cloud.mappingsPaused`. */
  quiesce(options?: { readonly timeoutMillis?: number }): Promise<void>;
  stop(): Promise<void>;
}

const SECRET_ACCESS_KEY = 'local';

function checkOptions({ databaseId = 'local', clockRate = 1 }: LocalCloudOptions): void {
  if (!/^[A-Za-z0-9]+$/.test(databaseId)) {
    throw new LocalError('cloud.invalidOption', `databaseId is "${databaseId}", allowed: letters and digits`);
  }
  if (!(clockRate > 0 && Number.isFinite(clockRate))) {
    throw new LocalError('cloud.invalidOption', `clockRate is ${clockRate}, allowed: a number above 0`);
  }
}

/** Throws a {@link LocalError} if anything in the template is unknown; nothing is left running then. */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  checkOptions(options);
  const assembly = readAssembly(options.assemblyDirectory, options.stackName);
  const stack = readStack(assembly);
  const ownEngine = options.engine === undefined ? await startEngine() : undefined;
  const running: Running = { closers: ownEngine === undefined ? [] : [() => ownEngine.stop()] };
  try {
    const enginePort = ownEngine?.port ?? options.engine?.port ?? 0;
    return await deploy(options, assembly, stack, enginePort, running);
  } catch (error) {
    await closeAll(running);
    throw error;
  }
}

/** What must be closed, in the order of its start. */
interface Running {
  readonly closers: (() => Promise<void> | void)[];
}

async function closeAll({ closers }: Running): Promise<void> {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
}

async function deploy(
  options: LocalCloudOptions,
  assembly: ReturnType<typeof readAssembly>,
  stack: ReturnType<typeof readStack>,
  enginePort: number,
  running: Running,
): Promise<LocalCloud> {
  const { log, databaseId = 'local', clockRate = 1, schedules = true } = options;
  const meter = new Meter();
  const pause = new Pause();
  const listeners = new Set<(delivery: Delivery) => void>(options.onDelivery === undefined ? [] : [options.onDelivery]);

  const engine = new EngineConnection(enginePort, databaseId);
  running.closers.push(() => engine.close());
  const tables = await createTables(stack, engine);

  const policies = readPolicies(stack);
  const authorizer = new Authorizer(policies, readExecutionRoles(stack, policies.roles));
  await authorizer.checkPolicies();
  // First the endpoint: it is in the queues' URLs, which functions and outputs may refer to.
  const gateway = new Gateway({ enginePort, databaseId, port: options.port ?? 0, authorizer, meter });
  const endpoint = `http://127.0.0.1:${await gateway.listen()}`;
  running.closers.push(() => gateway.close());

  const queues = new Queues(stack, endpoint);
  const functions = readFunctions(stack, assembly);
  const mappingProperties = readMappings(stack).filter((mapping) => mapping.enabled);
  const invokeConfigs = readInvokeConfigs(stack);
  const rules = readRules(stack);
  await checkExecutionRoles(authorizer, { functions, mappings: mappingProperties, invokeConfigs });

  const onInvocation = (properties: { readonly logicalId: string }) => meter.addInvocation(properties.logicalId);
  const { timeoutMillis, keepTimedOut } = options;
  const pool = new FunctionPool(functions, { endpoint, log, onInvocation, timeoutMillis, keepTimedOut });
  const asyncInvocations = new AsyncInvocations(pool, queues, invokeConfigs, clockRate);
  const functionNames = functions.map(({ name }) => name);
  gateway.setApis([invokeApi({ authorizer, pool, asyncInvocations, functionNames }), sqsApi(queues, authorizer)]);

  let recordIntercept: RecordIntercept | undefined;
  const mappings = mappingProperties.map((properties) => {
    const reader = new StreamReader(enginePort, databaseId, properties.streamArn);
    return new EventSourceMapping(properties, {
      pool,
      reader,
      clockRate,
      lastWriteMillis: () => gateway.lastWriteMillis(properties.streamArn.replace(/\/stream\/.*$/s, '')),
      interceptRecord: (arrival) => recordIntercept?.(arrival),
      sendToQueue: (arn, body) => queues.send(arn, body),
      observe: (delivery) => {
        for (const listener of listeners) listener(delivery);
      },
      fail: (error) => logLocal(log, `mapping "${properties.logicalId}" has stopped: ${String(error)}`),
    });
  });
  const schedule = new Schedule(rules, {
    stackName: assembly.stackName,
    clockRate,
    send: (functionKey, event) => asyncInvocations.accept(functionKey, event),
  });
  running.closers.push(async () => {
    schedule.stop();
    pause.close();
    // First nobody retries any more, then the processes end, then everybody who waits for them.
    const stopped = Promise.all([...mappings.map((mapping) => mapping.stop()), asyncInvocations.stop()]);
    await pool.stop();
    await stopped;
  });

  for (const mapping of mappings) mapping.start();
  if (schedules) {
    schedule.start();
    schedule.announceDeployment();
  }

  let paused = false;
  let stopping: Promise<void> | undefined;
  return {
    endpoint,
    region: REGION,
    accessKeyId: databaseId,
    secretAccessKey: SECRET_ACCESS_KEY,
    breakGlassKeyId: BREAK_GLASS,
    enginePort,
    outputs: stack.outputs(),
    tables,
    meter,
    authorizer,
    deadLetters: () => queues.messages(),
    functions: () => pool.pids(),
    invoke: (functionKey, event) => pool.invoke(functionKey, event),
    invokeAsync: (functionKey, event) => asyncInvocations.accept(functionKey, event),
    setIntercept: (intercept) => gateway.setIntercept(intercept),
    setRecordIntercept(intercept) {
      recordIntercept = intercept;
    },
    onDelivery(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    killFunctions: (functionKey) => pool.kill(functionKey),
    async pauseMappings() {
      paused = true;
      await Promise.all(mappings.map((mapping) => mapping.pause()));
    },
    resumeMappings() {
      paused = false;
      for (const mapping of mappings) mapping.resume();
    },
    async quiesce({ timeoutMillis = QUIESCE_TIMEOUT_MILLIS_DEFAULT } = {}) {
      if (paused) {
        throw new LocalError(
          'cloud.mappingsPaused',
          'the mappings are paused, so nothing gets done; resume them first',
        );
      }
      await waitForQuiet({ gateway, pool, asyncInvocations, mappings }, timeoutMillis, pause);
    },
    async stop() {
      stopping ??= closeAll(running);
      await stopping;
    },
  };
}
