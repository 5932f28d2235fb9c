/** Deploys a stack: each service is created from the template and from the services below it. */
import { EngineConnection } from './dynamodb/engine-connection.ts';
import { Gateway } from './dynamodb/gateway.ts';
import { Meter } from './dynamodb/meter.ts';
import { createTables } from './dynamodb/tables.ts';
import { eventsApi } from './events/api.ts';
import { readRules, startSchedule } from './events/schedule.ts';
import { checkExecutionRoles } from './execution-roles.ts';
import { Authorizer } from './iam/authorizer.ts';
import { readExecutionRoles, readPolicies } from './iam/policies.ts';
import { lambdaApi } from './lambda/api.ts';
import { AsyncInvocations, readInvokeConfigs } from './lambda/async-invocation.ts';
import { descriptionApi } from './lambda/description-api.ts';
import { readFunctions } from './lambda/functions.ts';
import { LogTails } from './lambda/log-tails.ts';
import { FunctionPool } from './lambda/pool.ts';
import type { CheckedOptions } from './options.ts';
import { sqsApi } from './sqs/api.ts';
import { Queues } from './sqs/queues.ts';
import { readMappings } from './streams/mapping-properties.ts';
import { EventSourceMappings } from './streams/mappings.ts';
import type { Assembly } from './template/assembly.ts';
import type { Stack } from './template/stack.ts';

export interface Deployment {
  readonly stack: Stack;
  readonly meter: Meter;
  readonly authorizer: Authorizer;
  readonly gateway: Gateway;
  readonly endpoint: string;
  readonly queues: Queues;
  readonly pool: FunctionPool;
  readonly asyncInvocations: AsyncInvocations;
  readonly mappings: EventSourceMappings;
}

/** What must be closed, in the order of its start. */
export type Closers = (() => Promise<void> | void)[];

/** Adds to `closers` what it starts, even if it fails. */
export async function deploy(
  assembly: Assembly,
  stack: Stack,
  options: CheckedOptions,
  enginePort: number,
  closers: Closers,
): Promise<Deployment> {
  const { log, databaseId, clockRate, port = 0, timeoutMillis, keepTimedOut } = options;
  const meter = new Meter();
  const engine = new EngineConnection(enginePort, databaseId);
  closers.push(() => engine.close());
  await createTables(stack, engine, options.isUpdate === true);

  const policies = readPolicies(stack);
  const authorizer = new Authorizer(policies, readExecutionRoles(stack, policies.roles));
  await authorizer.checkPolicies();
  // First the endpoint: it is in the queues' URLs, which functions and outputs may refer to.
  const gateway = new Gateway({ engine, port, authorizer, meter });
  const endpoint = `http://127.0.0.1:${await gateway.listen()}`;
  closers.push(() => gateway.close());

  const queues = new Queues(stack, endpoint);
  const functions = readFunctions(stack, assembly);
  const enabledMappings = readMappings(stack).filter((mapping) => mapping.enabled);
  const invokeConfigs = readInvokeConfigs(stack);
  await checkExecutionRoles(authorizer, functions, enabledMappings, invokeConfigs);

  const onInvocation = (functionLogicalId: string) => meter.addInvocation(functionLogicalId);
  const tails = new LogTails();
  const poolOptions = { endpoint, log: tails.over(log), onInvocation, timeoutMillis, keepTimedOut };
  const pool = new FunctionPool(functions, poolOptions);
  const asyncInvocations = new AsyncInvocations(pool, queues, invokeConfigs, clockRate);
  gateway.setApis([
    lambdaApi({ authorizer, pool, asyncInvocations, tails }),
    descriptionApi(stack, authorizer),
    sqsApi(queues, authorizer),
    eventsApi(stack, authorizer),
  ]);
  const mappings = new EventSourceMappings(enabledMappings, {
    enginePort,
    databaseId,
    clockRate,
    log,
    pool,
    queues,
    gateway,
  });
  const deployment = { stack, meter, authorizer, gateway, endpoint, queues, pool, asyncInvocations, mappings };
  start(deployment, options, closers);
  return deployment;
}

function start(
  { stack, pool, asyncInvocations, mappings }: Deployment,
  options: CheckedOptions,
  closers: Closers,
): void {
  const { onDelivery, clockRate, schedules = true } = options;
  const rules = readRules(stack);
  closers.push(async () => {
    // First nothing is retried any more, then the processes end, then all that waits for them.
    const stopped = Promise.all([mappings.stop(), asyncInvocations.stop()]);
    await pool.stop();
    await stopped;
  });
  if (onDelivery !== undefined) mappings.onDelivery(onDelivery);
  mappings.start();
  if (!schedules) return;
  const send = (functionKey: string, event: unknown) => asyncInvocations.accept(functionKey, event);
  closers.push(startSchedule(rules, stack.scope.stackName, clockRate, send));
}
