import { Duration } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { createWorld, type streamFunctions } from './world.ts';

const world = createWorld();

describe('event source mappings', () => {
  test('there are four: one reader a stream, of the two that a stream can bear', () => {
    world.template.resourceCountIs('AWS::Lambda::EventSourceMapping', 4);
  });

  test.each([
    ['task-deleted', 'tasks', 1],
    ['attachment-deleted', 'attachments', 1],
    ['service-updated', 'services', 0],
    ['network-updated', 'networks', 1],
  ] as const)('%s reads the stream of %s with every option written out', (name, table, windowSeconds) => {
    const { FilterCriteria: _, EventSourceArn, FunctionName, ...options } = world.mappingOf(name);
    expect(world.nameOf(EventSourceArn)).toBe(`${table}/stream`);
    expect(FunctionName).toEqual(world.stack.resolve(world.deallocator.functions[name].functionName));
    expect(options).toEqual({
      Enabled: true,
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 4000,
      MaximumBatchingWindowInSeconds: windowSeconds,
      ParallelizationFactor: 1,
      MaximumRetryAttempts: 5,
      MaximumRecordAgeInSeconds: 3600,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      TumblingWindowInSeconds: 0,
      MetricsConfig: { Metrics: ['EventCount'] },
      DestinationConfig: {
        OnFailure: { Destination: world.stack.resolve(world.deallocator.deadLetterQueue.queueArn) },
      },
    });
  });

  const patterns = (name: (typeof streamFunctions)[number], from = world) => {
    const criteria = from.mappingOf(name).FilterCriteria as { Filters: { Pattern: string }[] } | undefined;
    return criteria?.Filters.map((one) => JSON.parse(one.Pattern));
  };

  test.each(['task-deleted', 'attachment-deleted'] as const)('%s is woken by removals only', (name) => {
    expect(patterns(name)).toEqual([{ eventName: ['REMOVE'] }]);
  });

  test('task-deleted is woken by tasks that end as well, where these are gone', () => {
    const states = ['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned'];
    expect(patterns('task-deleted', createWorld({ taskIsGone: 'terminal' }))).toEqual([
      { eventName: ['REMOVE'] },
      { eventName: ['MODIFY'], dynamodb: { NewImage: { status: { M: { state: { S: states } } } } } },
    ]);
  });

  test('network-updated is woken by what is or was marked, and by what was meant as a mark', () => {
    expect(patterns('network-updated')).toEqual([
      { dynamodb: { NewImage: { pendingDelete: { BOOL: [true] } } } },
      { dynamodb: { OldImage: { pendingDelete: { BOOL: [true] } } } },
      { dynamodb: { NewImage: { pendingDelete: { S: [{ exists: true }] } } } },
      { dynamodb: { NewImage: { pendingDelete: { N: [{ exists: true }] } } } },
    ]);
  });

  test('service-updated is woken by every write', () => {
    expect(patterns('service-updated')).toBeUndefined();
  });

  test('the options of one stream can be chosen, and the others keep theirs', () => {
    const chosen = createWorld({
      mappings: {
        'task-deleted': {
          batchSize: 10_000,
          maxBatchingWindow: Duration.seconds(30),
          parallelizationFactor: 10,
          retryAttempts: 0,
          maxRecordAge: Duration.minutes(1),
        },
        'network-updated': { batchSize: 1, maxBatchingWindow: undefined },
      },
    });
    expect(chosen.mappingOf('task-deleted')).toMatchObject({
      BatchSize: 10_000,
      MaximumBatchingWindowInSeconds: 30,
      ParallelizationFactor: 10,
      MaximumRetryAttempts: 0,
      MaximumRecordAgeInSeconds: 60,
    });
    expect(chosen.mappingOf('network-updated')).toMatchObject({ BatchSize: 1, MaximumBatchingWindowInSeconds: 1 });
    expect(chosen.mappingOf('service-updated')).toEqual(world.mappingOf('service-updated'));
    expect(chosen.mappingOf('attachment-deleted')).toEqual(world.mappingOf('attachment-deleted'));
  });
});
