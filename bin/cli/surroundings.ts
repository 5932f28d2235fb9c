/** Lambda, EventBridge, Pipes, CloudWatch and SQS, as a deployment's inspection asks them. Each client is loaded when it is needed. */
import type { Connection } from '../../lib/dynamodb/client.ts';
import type { DeployedMapping, Surroundings } from '../../lib/operate/deployed/surroundings.ts';
import { CONNECT_TIMEOUT_MILLIS, REQUEST_TIMEOUT_MILLIS } from '../../lib/protocol/limits.ts';
import type { Pattern } from '../../lib/streams/functions.ts';
import { isLocal } from './target.ts';

/** Tries of one request; whoever asks says what it could not see. */
const TRIES_MAX = 3;
/** An invocation of a stream's function may take its whole minute. */
const INVOKE_TIMEOUT_MILLIS = 90_000;
/** Pages of 100 alarms: more than an account's default quota of 5,000. */
const ALARM_PAGES_MAX = 100;
const PERIOD_SECONDS = 60;

export interface AskedOf {
  readonly connection: Connection;
  readonly endpoint: string | undefined;
  readonly deadLetterQueueUrl: string | undefined;
  readonly signal: AbortSignal;
}

export function openSurroundings(asked: AskedOf): Surroundings {
  return { ...lambdaOf(asked), ...invokerOf(asked), ...eventsOf(asked), ...watchOf(asked) };
}

function configOf({ connection }: AskedOf, requestTimeout = REQUEST_TIMEOUT_MILLIS) {
  return {
    ...connection,
    maxAttempts: TRIES_MAX,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MILLIS, requestTimeout },
  };
}

function refuseLocal({ endpoint }: AskedOf, service: string): void {
  if (endpoint !== undefined && isLocal(endpoint)) throw new Error(`the local cloud has no ${service}`);
}

function lambdaOf(asked: AskedOf): Pick<Surroundings, 'mappingsOf' | 'readFunction'> {
  const options = { abortSignal: asked.signal };
  return {
    async mappingsOf(streamArn) {
      const { LambdaClient, ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda');
      return await using(new LambdaClient(configOf(asked)), async (lambda) => {
        const command = new ListEventSourceMappingsCommand({ EventSourceArn: streamArn });
        // A stream has two readers at most, so there is one page.
        const { EventSourceMappings = [] } = await lambda.send(command, options);
        return EventSourceMappings.map(
          (one): DeployedMapping => ({
            id: one.UUID ?? '',
            functionArn: one.FunctionArn ?? '',
            state: one.State ?? '',
            lastResult: one.LastProcessingResult ?? '',
            filters: (one.FilterCriteria?.Filters ?? []).map(({ Pattern = '{}' }) => JSON.parse(Pattern) as Pattern),
            batchSize: one.BatchSize ?? 0,
            windowSeconds: one.MaximumBatchingWindowInSeconds ?? 0,
            retryAttempts: one.MaximumRetryAttempts ?? -1,
            recordAgeSeconds: one.MaximumRecordAgeInSeconds ?? -1,
            tumblingWindowSeconds: one.TumblingWindowInSeconds ?? 0,
            startingPosition: one.StartingPosition ?? '',
            reportsFailures: one.FunctionResponseTypes?.includes('ReportBatchItemFailures') === true,
            bisects: one.BisectBatchOnFunctionError === true,
            onFailureArn: one.DestinationConfig?.OnFailure?.Destination,
          }),
        );
      });
    },
    async readFunction(nameOrArn) {
      const { GetFunctionConcurrencyCommand, GetFunctionConfigurationCommand, LambdaClient } = await import(
        '@aws-sdk/client-lambda'
      );
      return await using(new LambdaClient(configOf(asked)), async (lambda) => {
        const asked = { FunctionName: nameOrArn };
        const found = await lambda.send(new GetFunctionConfigurationCommand(asked), options);
        const { ReservedConcurrentExecutions } = await lambda.send(new GetFunctionConcurrencyCommand(asked), options);
        return {
          name: found.FunctionName ?? nameOrArn,
          arn: found.FunctionArn ?? nameOrArn,
          roleArn: found.Role ?? '',
          environment: found.Environment?.Variables ?? {},
          state: found.State ?? '',
          reservedConcurrency: ReservedConcurrentExecutions,
        };
      });
    },
  };
}

function invokerOf(asked: AskedOf): Pick<Surroundings, 'invoke'> {
  const options = { abortSignal: asked.signal };
  return {
    async invoke(nameOrArn, event) {
      const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
      return await using(
        new LambdaClient({ ...configOf(asked, INVOKE_TIMEOUT_MILLIS), maxAttempts: 1 }),
        async (lambda) => {
          const Payload = Buffer.from(JSON.stringify(event));
          const command = new InvokeCommand({ FunctionName: nameOrArn, LogType: 'Tail', Payload });
          const { FunctionError, Payload: answer, LogResult = '' } = await lambda.send(command, options);
          const text = answer === undefined ? 'null' : Buffer.from(answer).toString();
          const log = Buffer.from(LogResult, 'base64').toString();
          return { error: FunctionError === undefined ? undefined : text, answer: JSON.parse(text || 'null'), log };
        },
      );
    },
  };
}

function eventsOf(asked: AskedOf): Pick<Surroundings, 'rulesOf' | 'pipesOf'> {
  const options = { abortSignal: asked.signal };
  return {
    async rulesOf(functionArn) {
      const { DescribeRuleCommand, EventBridgeClient, ListRuleNamesByTargetCommand } = await import(
        '@aws-sdk/client-eventbridge'
      );
      return await using(new EventBridgeClient(configOf(asked)), async (events) => {
        const asked = new ListRuleNamesByTargetCommand({ TargetArn: functionArn });
        const { RuleNames = [] } = await events.send(asked, options);
        return await Promise.all(
          RuleNames.map(async (Name) => {
            const rule = await events.send(new DescribeRuleCommand({ Name }), options);
            return { name: Name, isOn: rule.State !== 'DISABLED', schedule: rule.ScheduleExpression };
          }),
        );
      });
    },
    async pipesOf(streamArn) {
      refuseLocal(asked, 'pipes');
      const { ListPipesCommand, PipesClient } = await import('@aws-sdk/client-pipes');
      return await using(new PipesClient(configOf(asked)), async (client) => {
        const { Pipes = [] } = await client.send(new ListPipesCommand({ SourcePrefix: streamArn }), options);
        return Pipes.map(({ Name = '', CurrentState = '' }) => ({ name: Name, state: CurrentState }));
      });
    },
  };
}

function watchOf(asked: AskedOf): Pick<Surroundings, 'alarms' | 'metricSum' | 'deadLetters'> {
  const options = { abortSignal: asked.signal };
  return {
    async alarms() {
      refuseLocal(asked, 'CloudWatch');
      const { CloudWatchClient, paginateDescribeAlarms } = await import('@aws-sdk/client-cloudwatch');
      return await using(new CloudWatchClient(configOf(asked)), async (client) => {
        const found = [];
        let pages = 0;
        for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client }, { AlarmTypes: ['MetricAlarm'] })) {
          found.push(...MetricAlarms);
          pages += 1;
          if (pages === ALARM_PAGES_MAX) throw new Error(`the account has more than ${found.length} alarms`);
        }
        return found.map((one) => {
          const metrics = [one, ...(one.Metrics ?? []).flatMap(({ MetricStat }) => MetricStat?.Metric ?? [])];
          return {
            name: one.AlarmName ?? '',
            state: one.StateValue ?? '',
            reason: one.StateReason ?? '',
            hasAction: one.ActionsEnabled !== false && (one.AlarmActions ?? []).length > 0,
            about: metrics.flatMap(({ Namespace, Dimensions = [] }) => [
              Namespace ?? '',
              ...Dimensions.map(({ Value = '' }) => Value),
            ]),
          };
        });
      });
    },
    async metricSum(namespace, metric, dimensions, sinceEpochMillis) {
      refuseLocal(asked, 'CloudWatch');
      const { CloudWatchClient, GetMetricStatisticsCommand } = await import('@aws-sdk/client-cloudwatch');
      return await using(new CloudWatchClient(configOf(asked)), async (client) => {
        const command = new GetMetricStatisticsCommand({
          Namespace: namespace,
          MetricName: metric,
          Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
          StartTime: new Date(Math.floor(sinceEpochMillis / 1000 / PERIOD_SECONDS) * PERIOD_SECONDS * 1000),
          // Its minute has not ended.
          EndTime: new Date(sinceEpochMillis + 60 * 60 * 1000),
          Period: PERIOD_SECONDS,
          Statistics: ['Sum'],
        });
        const { Datapoints = [] } = await client.send(command, options);
        return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
      });
    },
    async deadLetters() {
      if (asked.deadLetterQueueUrl === undefined) throw new Error('the dead-letter queue is not known');
      const { GetQueueAttributesCommand, SQSClient } = await import('@aws-sdk/client-sqs');
      return await using(new SQSClient(configOf(asked)), async (sqs) => {
        const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
        const command = new GetQueueAttributesCommand({
          QueueUrl: asked.deadLetterQueueUrl,
          AttributeNames: [...AttributeNames],
        });
        const { Attributes = {} } = await sqs.send(command, options);
        return AttributeNames.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
      });
    },
  };
}

async function using<C extends { destroy(): void }, T>(client: C, ask: (client: C) => Promise<T>): Promise<T> {
  try {
    return await ask(client);
  } finally {
    client.destroy();
  }
}
