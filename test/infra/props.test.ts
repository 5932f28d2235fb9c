import { Duration } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import type { DeallocatorProps } from '../../lib/infra/index.ts';
import { createWorld } from './world.ts';

describe('props', () => {
  const refusals: [what: string, props: DeallocatorProps, message: RegExp][] = [
    ['no memory', { memorySize: 0 }, /memorySize is 0, .* from 128 to 10240/],
    ['half a megabyte', { memorySize: 512.5 }, /memorySize is 512.5, .*whole number/],
    ['no recovery', { pointInTimeRecoveryDays: 0 }, /pointInTimeRecoveryDays is 0, .* from 1 to 35/],
    ['36 days of recovery', { pointInTimeRecoveryDays: 36 }, /pointInTimeRecoveryDays is 36, .* from 1 to 35/],
    ['a nameless expiry', { expiryAttributes: { tasks: '' } }, /expiryAttributes.tasks is "".* leave it out/],
    [
      'an expiry of what is guarded',
      { expiryAttributes: { services: 'x' } },
      /expiryAttributes.services is "x", .* without a proof; name a table of what nothing depends on/,
    ],
    [
      'an expiry of counters',
      { expiryAttributes: { counters: 'x' } },
      /expiryAttributes.counters is "x", .* without a proof/,
    ],
    [
      'an expiry of no table',
      { expiryAttributes: { task: 'x' } },
      /expiryAttributes names task, and this deployment has services, tasks/,
    ],
    [
      'another end of tasks',
      { taskIsGone: 'Terminal' as 'terminal' },
      /taskIsGone is "Terminal", and must be "deleted" or/,
    ],
    ['31 days of grace', { gracePeriod: Duration.days(31) }, /gracePeriod is 2678400 seconds, .* from 0 to 2592000/],
    [
      'receipts for an hour',
      { receiptRetention: Duration.hours(1) },
      /receiptRetention is 3600 seconds, .* from 86400 to/,
    ],
    ['an empty namespace', { metricsNamespace: '' }, /metricsNamespace is "", .* choose a name/],
    ["AWS's namespace", { metricsNamespace: 'AWS/Lambda' }, /metricsNamespace is "AWS\/Lambda"/],
    ['a namespace of 256', { metricsNamespace: 'x'.repeat(256) }, /metricsNamespace is "x+", and must be 1 to 255/],
    ['a prefix with a dot', { resourcePrefix: 'a.b' }, /resourcePrefix is "a.b", and must be 1 to 40 letters/],
    ['a prefix of 41', { resourcePrefix: 'x'.repeat(41) }, /resourcePrefix is "x+", and must be 1 to 40/],
    ['an alarm at nothing', { alarms: { errors: 0 } }, /errors is 0, .* from 1 to 1000000/],
    [
      'an alarm beyond the stream',
      { alarms: { iteratorAge: Duration.hours(25) } },
      /iteratorAge is 90000 seconds, .* from 60 to 86400/,
    ],
    [
      'a period that CloudWatch has not',
      { alarms: { sweepMissing: Duration.seconds(90) } },
      /sweepMissing is 90 seconds, and must be whole minutes/,
    ],
    [
      'an empty batch',
      { mappings: { 'task-deleted': { batchSize: 0 } } },
      /mappings.task-deleted.batchSize is 0, .* from 1 to 10000/,
    ],
    [
      'a huge batch',
      { mappings: { 'service-updated': { batchSize: 10_001 } } },
      /mappings.service-updated.batchSize is 10001/,
    ],
    [
      'a window of 301 seconds',
      { mappings: { 'attachment-deleted': { maxBatchingWindow: Duration.seconds(301) } } },
      /mappings.attachment-deleted.maxBatchingWindow is 301 seconds, .* from 0 to 300/,
    ],
    [
      'half a second of window',
      { mappings: { 'task-deleted': { maxBatchingWindow: Duration.millis(500) } } },
      /mappings.task-deleted.maxBatchingWindow is 0.5 seconds, .*whole seconds/,
    ],
    [
      'parallelization 11',
      { mappings: { 'network-updated': { parallelizationFactor: 11 } } },
      /mappings.network-updated.parallelizationFactor is 11, .* from 1 to 10/,
    ],
    [
      'endless retries',
      { mappings: { 'task-deleted': { retryAttempts: -1 } } },
      /mappings.task-deleted.retryAttempts is -1, .*expire unseen/,
    ],
    [
      'an age of 59 seconds',
      { mappings: { 'task-deleted': { maxRecordAge: Duration.seconds(59) } } },
      /mappings.task-deleted.maxRecordAge is 59 seconds, .* from 60 to 86399/,
    ],
    [
      'an age that the stream does not reach',
      { mappings: { 'task-deleted': { maxRecordAge: Duration.hours(24) } } },
      /mappings.task-deleted.maxRecordAge is 86400 seconds, .*24 hours/,
    ],
  ];

  test.each(refusals)('refuses %s, and says where, what, the range and what to do', (_, props, message) => {
    expect(() => createWorld(props)).toThrow(message);
    expect(() => createWorld(props)).toThrow(/^World\/Deallocator[\w/]*: .*; (choose|name) /);
  });

  test('takes the ends of each range', () => {
    const least = {
      batchSize: 1,
      maxBatchingWindow: Duration.seconds(0),
      parallelizationFactor: 1,
      retryAttempts: 0,
      maxRecordAge: Duration.seconds(60),
    };
    const most = {
      batchSize: 10_000,
      maxBatchingWindow: Duration.minutes(5),
      parallelizationFactor: 10,
      retryAttempts: 10_000,
      maxRecordAge: Duration.seconds(86_399),
    };
    createWorld({
      memorySize: 128,
      pointInTimeRecoveryDays: 1,
      metricsNamespace: 'x',
      resourcePrefix: 'x',
      mappings: { 'task-deleted': least },
    });
    createWorld({
      memorySize: 10_240,
      pointInTimeRecoveryDays: 35,
      resourcePrefix: 'x'.repeat(40),
      mappings: { 'task-deleted': most },
    });
  });
});
