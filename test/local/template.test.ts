import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readJavaMajorVersion } from '../../lib/local/dynamodb/engine.ts';
import { readTables } from '../../lib/local/dynamodb/tables.ts';
import { readRateMillis, readRules } from '../../lib/local/events/schedule.ts';
import { readFunctions } from '../../lib/local/lambda/functions.ts';
import { readMappings } from '../../lib/local/streams/mapping-properties.ts';
import { readAssembly } from '../../lib/local/template/assembly.ts';
import { resolveValue, type Scope } from '../../lib/local/template/intrinsics.ts';
import { readStack } from '../../lib/local/template/stack.ts';
import { type FixtureStack, writeFixtureAssembly } from './fixture.ts';

const scope: Scope = {
  stackName: 'Fixture',
  template: { Resources: {}, Parameters: { Stage: { Default: 'test' } } },
  resources: new Map([['Things', { ref: 'things', attributes: { Arn: 'arn:things' } }]]),
};

/** Reads everything that can be read before the engine runs. */
function readAll(stack: FixtureStack): void {
  const directory = writeFixtureAssembly(stack);
  try {
    const assembly = readAssembly(directory, 'Fixture');
    const read = readStack(assembly);
    readTables(read);
    read.scope.resources.set('Things', { ref: 'things', attributes: { StreamArn: 'arn:stream' } });
    readFunctions(read, assembly);
    readMappings(read);
    readRules(read);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('intrinsic functions', () => {
  it.each([
    [{ Ref: 'Things' }, 'things'],
    [{ Ref: 'Stage' }, 'test'],
    [{ Ref: 'AWS::Region' }, 'us-east-1'],
    [{ 'Fn::GetAtt': ['Things', 'Arn'] }, 'arn:things'],
    [{ 'Fn::Join': ['/', ['a', { Ref: 'Things' }]] }, 'a/things'],
    [
      { 'Fn::Sub': ['$', '{Things}-', '$', '{AWS::AccountId}-', '$', '{!Not}'].join('') },
      `things-000000000000-\${Not}`,
    ],
    [{ 'Fn::Select': [1, { 'Fn::Split': [',', 'a,b'] }] }, 'b'],
    [
      { list: [{ Ref: 'Things' }], number: 3 },
      { list: ['things'], number: 3 },
    ],
  ])('resolves %j', (value, expected) => {
    expect(resolveValue(value, scope)).toEqual(expected);
  });

  it.each([
    [{ 'Fn::ImportValue': 'x' }, 'template.unknownIntrinsic'],
    [{ Ref: 'Nothing' }, 'template.unknownReference'],
    [{ 'Fn::GetAtt': ['Things', 'Nothing'] }, 'template.unknownReference'],
  ])('refuses %j', (value, code) => {
    expect(() => resolveValue(value, scope)).toThrow(expect.objectContaining({ code }));
  });
});

describe('template', () => {
  it('reads the fixture', () => {
    expect(() => readAll({})).not.toThrow();
  });

  const rule = (Properties: unknown) => ({ resources: { Rule: { Type: 'AWS::Events::Rule', Properties } } });
  it.each([
    ['an unknown resource type', { resources: { T: { Type: 'AWS::SNS::Topic' } } }, 'template.unknownResourceType'],
    ['an unknown mapping property', { mapping: { Queues: [] } }, 'template.unknownProperty'],
    ['an unknown function property', { functionProperties: { Layers: [] } }, 'template.unknownProperty'],
    ['a runtime that is not Node', { functionProperties: { Runtime: 'python3.14' } }, 'template.invalidProperty'],
    ['a batch size that AWS refuses', { mapping: { BatchSize: 10_001 } }, 'template.invalidProperty'],
    ['a record age that AWS refuses', { mapping: { MaximumRecordAgeInSeconds: 59 } }, 'template.invalidProperty'],
    ['a tumbling window', { mapping: { TumblingWindowInSeconds: 30 } }, 'template.invalidProperty'],
    ['an unknown asset', { functionProperties: { Code: { S3Key: 'other.zip' } } }, 'assembly.unknownAsset'],
    ['a cron schedule', rule({ ScheduleExpression: 'cron(0 * * * ? *)' }), 'schedule.unsupportedExpression'],
    ['an event of another service', rule({ EventPattern: { source: ['aws.s3'] } }), 'schedule.unsupportedPattern'],
    ['a condition', { resources: { Q: { Type: 'AWS::SQS::Queue', Condition: 'C' } } }, 'template.unsupportedCondition'],
  ])('refuses %s', (_name, stack, code) => {
    expect(() => readAll(stack)).toThrow(expect.objectContaining({ code }));
  });

  it('refuses a stack that the assembly does not have', () => {
    const directory = writeFixtureAssembly({});
    expect(() => readAssembly(directory, 'Other')).toThrow(expect.objectContaining({ code: 'assembly.unknownStack' }));
    rmSync(directory, { recursive: true });
  });
});

describe('small readers', () => {
  it.each([
    ['rate(1 minute)', 60_000],
    ['rate(15 minutes)', 900_000],
    ['rate(2 hours)', 7_200_000],
    ['rate(1 day)', 86_400_000],
  ])('%s is %d ms', (expression, millis) => {
    expect(readRateMillis(expression)).toBe(millis);
  });

  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['java version "1.8.0_402"', 8],
    ['openjdk version "21" 2023-09-19', 21],
    ['nothing', undefined],
  ])('finds the version in %s', (output, major) => {
    expect(readJavaMajorVersion(output)).toBe(major);
  });
});
