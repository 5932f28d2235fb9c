/** Runs what would be deployed: a cloud assembly's tables, functions, mappings, queues and rules, without AWS. */
import { type Closers, type Deployment, deploy } from './deployment.ts';
import { startEngine } from './dynamodb/engine.ts';
import type { Intercept } from './dynamodb/faults.ts';
import type { Meter } from './dynamodb/meter.ts';
import { QUIESCE_TIMEOUT_MILLIS_DEFAULT } from './ground/limits.ts';
import { type Authorizer, BREAK_GLASS } from './iam/authorizer.ts';
import type { InvocationResult } from './lambda/pool.ts';
import { checkOptions, type LocalCloudOptions } from './options.ts';
import { waitForQuiet } from './quiesce.ts';
import type { DeadLetter } from './sqs/queues.ts';
import type { Delivery } from './streams/delivery.ts';
import type { RecordIntercept } from './streams/record-intercept.ts';
import { readAssembly } from './template/assembly.ts';
import { REGION } from './template/intrinsics.ts';
import { readStack } from './template/stack.ts';

export type { LocalCloudOptions } from './options.ts';

export interface LocalCloud {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The access key of an administrator who has lifted the tables' policies. They bind `accessKeyId`. */
  readonly breakGlassKeyId: string;
  readonly enginePort: number;
  readonly outputs: Readonly<Record<string, string>>;
  readonly meter: Meter;
  /** Knows who may do what, and what each principal was allowed or denied so far. */
  readonly authorizer: Authorizer;
  /** Every message that is in a queue, received or not, until it is deleted. */
  deadLetters(): readonly DeadLetter[];
  /** Process ids by the function's logical id. */
  functions(): Readonly<Record<string, readonly number[]>>;
  /** What the template sets in the environment of a function. */
  variables(functionKey: string): Readonly<Record<string, string>>;
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

/** Throws a {@link LocalError} if anything in the template is unknown; nothing is left running then. */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const checked = checkOptions(options);
  const assembly = readAssembly(options.assemblyDirectory, options.stackName);
  const stack = readStack(assembly);
  const ownEngine = options.engine === undefined ? await startEngine() : undefined;
  const closers: Closers = ownEngine === undefined ? [] : [() => ownEngine.stop()];
  try {
    const enginePort = ownEngine?.port ?? options.engine?.port ?? 0;
    const deployment = await deploy(assembly, stack, checked, enginePort, closers);
    return toLocalCloud(deployment, checked.databaseId, enginePort, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function closeAll(closers: Closers): Promise<void> {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
}

function toLocalCloud(deployment: Deployment, databaseId: string, enginePort: number, closers: Closers): LocalCloud {
  const { stack, meter, authorizer, gateway, endpoint, queues, pool, asyncInvocations, mappings } = deployment;
  let stopping: Promise<void> | undefined;
  return {
    endpoint,
    region: REGION,
    accessKeyId: databaseId,
    secretAccessKey: SECRET_ACCESS_KEY,
    breakGlassKeyId: BREAK_GLASS,
    enginePort,
    outputs: stack.outputs(),
    meter,
    authorizer,
    deadLetters: () => queues.messages(),
    functions: () => pool.pids(),
    variables: (functionKey) => pool.properties(functionKey).environment,
    invoke: (functionKey, event) => pool.invoke(functionKey, event),
    invokeAsync: (functionKey, event) => asyncInvocations.accept(functionKey, event),
    setIntercept: (intercept) => gateway.setIntercept(intercept),
    setRecordIntercept: (intercept) => mappings.setRecordIntercept(intercept),
    onDelivery: (listener) => mappings.onDelivery(listener),
    killFunctions: (functionKey) => pool.kill(functionKey),
    pauseMappings: () => mappings.pause(),
    resumeMappings: () => mappings.resume(),
    quiesce: ({ timeoutMillis = QUIESCE_TIMEOUT_MILLIS_DEFAULT } = {}) => waitForQuiet(deployment, timeoutMillis),
    stop() {
      stopping ??= closeAll(closers);
      return stopping;
    },
  };
}
