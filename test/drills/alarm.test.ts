/** The evaluator that the drills rely on, by CloudWatch's own rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AlarmProperties, type AlarmState, type Datapoint, embeddedMetrics, evaluate } from './alarm.ts';
import { readAlarms } from './drill.ts';

const alarm: AlarmProperties = {
  Namespace: 'Shop',
  MetricName: 'Failures',
  Dimensions: [{ Name: 'function', Value: 'sweep' }],
  Statistic: 'Sum',
  Period: 300,
  EvaluationPeriods: 1,
  Threshold: 3,
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  TreatMissingData: 'notBreaching',
};
const NOW = 1_000_000_000;
const point = (value: number, more: Partial<Datapoint> = {}): Datapoint => ({
  namespace: 'Shop',
  metric: 'Failures',
  dimensions: { function: 'sweep' },
  atEpochMillis: NOW - 1000,
  value,
  ...more,
});
const state = (points: Datapoint[], more: Partial<AlarmProperties> = {}, before: AlarmState = 'OK') =>
  evaluate({ ...alarm, ...more }, points, NOW, before);

describe('an alarm', () => {
  it('rings at its threshold, and not below', () => {
    expect(state([point(1), point(2)])).toBe('ALARM');
    expect(state([point(2)])).toBe('OK');
    expect(state([point(2), point(2)], { Statistic: 'Maximum' })).toBe('OK');
    expect(state([point(0)], { ComparisonOperator: 'LessThanThreshold', Threshold: 1 })).toBe('ALARM');
  });

  it.each([
    ['another namespace', { namespace: 'Other' }],
    ['another metric', { metric: 'Errors' }],
    ['another function', { dimensions: { function: 'task-deleted' } }],
    ['one dimension more', { dimensions: { function: 'sweep', stack: 's' } }],
    ['no dimension', { dimensions: {} }],
    ['the period before', { atEpochMillis: NOW - 300_000 }],
  ])('does not hear %s', (_, more) => {
    expect(state([point(9, more)])).toBe('OK');
  });

  it.each([
    ['breaching', 'ALARM', 'ALARM'],
    ['notBreaching', 'OK', 'OK'],
    ['ignore', 'OK', 'ALARM'],
  ])('takes no data for %s', (TreatMissingData, fromOk, fromAlarm) => {
    expect(state([], { TreatMissingData }, 'OK')).toBe(fromOk);
    expect(state([], { TreatMissingData }, 'ALARM')).toBe(fromAlarm);
  });

  it.each([
    ['Statistic', 'Average'],
    ['ComparisonOperator', 'GreaterThanUpperThreshold'],
    ['EvaluationPeriods', 2],
  ])('refuses a %s that is not known here: %s', (property, value) => {
    expect(() => state([point(1)], { [property]: value })).toThrow(/known/);
  });
});

it('a line makes a data point of each value, and a line that is none makes nothing', () => {
  const line = {
    _aws: {
      Timestamp: NOW,
      CloudWatchMetrics: [{ Namespace: 'Shop', Dimensions: [['function']], Metrics: [{ Name: 'Failures' }] }],
    },
    function: 'sweep',
    Failures: [1, 2],
  };
  expect(embeddedMetrics(line)).toEqual([point(1, { atEpochMillis: NOW }), point(2, { atEpochMillis: NOW })]);
  expect(embeddedMetrics({ decision: 'failed', Failures: [1] })).toEqual([]);
});

it('each alarm of the template rings in a drill', () => {
  const files = readdirSync(import.meta.dirname).filter((file) => file !== basename(import.meta.filename));
  const drills = files
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'));
  const expected = drills.flatMap((text) =>
    [...text.matchAll(/ringing\(\)\)\.toEqual\(\[([^\]]*)\]/g)].map(([, names]) => names),
  );
  const silent = readAlarms().alarms.filter(({ name }) => !expected.some((names) => names?.includes(`'${name}'`)));
  expect(silent.map(({ name }) => name)).toEqual([]);
});
