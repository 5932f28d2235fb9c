/**
 * Every prop, in every surrounding: each either becomes a template or is refused in words. The table has a row for each prop by
 * its type: a new prop that is forgotten here is a type error.
 */
import { App, CfnParameter, Duration, Lazy, NestedStack, RemovalPolicy, Stack, Stage, Tags } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { BackupPlan } from 'aws-cdk-lib/aws-backup';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AttributeType, type CfnTable, ContributorInsightsMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { EventBus, Schedule } from 'aws-cdk-lib/aws-events';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { type CfnLogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { describe, expect, test } from 'vitest';
import type { AlarmThresholds, DeallocatorProps, MappingOptions } from '../../lib/infra/index.ts';
import { Deallocator } from '../../lib/infra/index.ts';
import { SWARMKIT_ALL } from '../../lib/lifecycle/swarmkit.ts';
import { createWorld, streamFunctions } from './world.ts';

type Case<T> = (stack: Stack) => T;
type Cases<T> = { readonly [P in keyof Required<T>]: Case<NonNullable<T[P]>> };

const mapping: Cases<MappingOptions> = {
  batchSize: () => 100,
  maxBatchingWindow: () => Duration.seconds(2),
  parallelizationFactor: () => 2,
  retryAttempts: () => 3,
  maxRecordAge: () => Duration.hours(2),
};
const alarms: Cases<AlarmThresholds> = {
  deadLetters: () => 2,
  iteratorAge: () => Duration.hours(1),
  errors: () => 2,
  sweepFailures: () => 2,
  sweepMissing: () => Duration.hours(2),
  oldestMark: () => Duration.days(2),
  sweptUp: () => 20,
  malformedMarks: () => 2,
  throttledFunctions: () => 1,
  nearTimeout: () => 80,
  throttledTables: () => 1,
  systemErrors: () => 1,
  consumedWriteUnits: () => 1_000_000,
  consumedReadUnits: () => 1_000_000,
};
const all = <T>(cases: Cases<T>, stack: Stack) =>
  Object.fromEntries(Object.entries<Case<unknown>>(cases).map(([name, value]) => [name, value(stack)])) as T;

/** Made anew for each stack, in that stack: what is of another one crosses over by exports. */
const key = (stack: Stack) => new Key(stack, `Key${stack.node.children.length}`);
const vpc = (stack: Stack) =>
  (stack.node.tryFindChild('Vpc') as Vpc | undefined) ?? new Vpc(stack, 'Vpc', { maxAzs: 2 });
const action = (stack: Stack) => new SnsAction(new Topic(stack, `Topic${stack.node.children.length}`));

/** A right value of each prop. */
const PROPS: Cases<DeallocatorProps> = {
  tables: (stack) => ({
    counters: new Table(stack, 'Own', { partitionKey: { name: 'id', type: AttributeType.STRING } }),
  }),
  tableEncryptionKey: key,
  queueEncryptionKey: key,
  logEncryptionKey: key,
  removalPolicy: () => RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  deletionProtection: () => false,
  pointInTimeRecoveryDays: () => 7,
  expiryAttributes: () => ({ tasks: 'expiresAt' }),
  maxWriteRequestUnits: () => 10_000,
  maxReadRequestUnits: () => 10_000,
  warmThroughput: () => ({ services: { readUnitsPerSecond: 12_000, writeUnitsPerSecond: 4_000 } }),
  backupPlan: (stack) => BackupPlan.daily35DayRetention(stack, 'Plan'),
  contributorInsights: () => ContributorInsightsMode.THROTTLED_KEYS,
  lifecycle: () => SWARMKIT_ALL,
  taskIsGone: () => 'terminal',
  gracePeriod: () => Duration.hours(1),
  stopTasks: () => true,
  taskNetworks: () => true,
  receiptRetention: () => Duration.days(30),
  resourcePrefix: () => 'shop-prod',
  logRetention: () => RetentionDays.ONE_WEEK,
  memorySize: () => 1024,
  logLevel: () => 'WARN',
  tracing: () => true,
  reservedConcurrency: () => ({ sweep: 2 }),
  managedPolicies: () => true,
  vpc,
  vpcSubnets: () => ({ subnetType: SubnetType.PRIVATE_WITH_EGRESS }),
  securityGroups: (stack) => [new SecurityGroup(stack, 'Group', { vpc: vpc(stack) })],
  mappings: (stack) => Object.fromEntries(streamFunctions.map((name) => [name, all(mapping, stack)])),
  sweepSchedule: () => Schedule.rate(Duration.minutes(5)),
  eventBus: (stack) => new EventBus(stack, 'Bus'),
  metricsNamespace: () => 'Shop',
  alarms: (stack) => all(alarms, stack),
  alarmAction: action,
  alarmActions: (stack) => ({ urgent: action(stack), deadLetters: action(stack) }),
  compositeAlarm: () => true,
  runbookUrl: () => 'https://wiki.example/deallocator',
  outputs: () => false,
  dashboard: () => false,
};
const NAMES = Object.keys(PROPS) as (keyof DeallocatorProps)[];
/** They mean nothing without the VPC. */
const NEED_VPC: readonly string[] = ['vpcSubnets', 'securityGroups'];

function synthesize(stack: Stack, props: DeallocatorProps, below: Construct = stack): string {
  new Deallocator(below, 'Deallocator', props);
  return JSON.stringify(Template.fromStack(stack).toJSON());
}

test.each(NAMES)('%s alone becomes a template, and changes it', (name) => {
  const stack = new Stack(new App(), 'Alone');
  const around = NEED_VPC.includes(name) ? { vpc: vpc(stack) } : {};
  const props = { ...around, [name]: PROPS[name](stack) } as DeallocatorProps;
  const base = new Stack(new App(), 'Alone');
  const without = NEED_VPC.includes(name) ? { vpc: vpc(base) } : {};
  const changed = synthesize(stack, props);
  // What has a default that is right here changes nothing: private subnets are the CDK's own choice.
  if (name !== 'vpcSubnets' && name !== 'outputs') expect(changed).not.toBe(synthesize(base, without));
});

/** All props at once, but for those that exclude each other. */
function everything(owner: Stack): DeallocatorProps {
  const { lifecycle: __, ...cases } = PROPS;
  return all(cases as Cases<DeallocatorProps>, owner);
}

describe('all props at once become a template', () => {
  const at = (region: string) => ({ account: '111122223333', region });
  const here: [where: string, stack: (app: App) => [stack: Stack, below?: Construct]][] = [
    ['an environment that is not known', (app) => [new Stack(app, 'All')]],
    ['a stage', (app) => [new Stack(new Stage(app, 'Prod'), 'All')]],
    ['a nested stack', (app) => [new NestedStack(new Stack(app, 'Outer'), 'All')]],
    ['China', (app) => [new Stack(app, 'All', { env: at('cn-northwest-1') })]],
    ['GovCloud', (app) => [new Stack(app, 'All', { env: at('us-gov-east-1') })]],
    [
      'a path of more than 255 characters',
      (app) => {
        const stack = new Stack(app, 'All', { stackName: 's'.repeat(128) });
        return [stack, new Construct(new Construct(stack, 'x'.repeat(200)), 'y z'.repeat(100))];
      },
    ],
  ];
  test.each(here)('in %s', (_, create) => {
    const [stack, below] = create(new App());
    const text = synthesize(stack, everything(stack), below);
    expect(text).not.toMatch(/\$\{Token|-1\.8+\d*e\+?289|\[object Object\]|"undefined|NaN/);
    // No partition, no domain and no Region is written down but the stack's own.
    expect(text.match(/arn:aws[a-z-]*:(?!iam::aws:)[a-z]+:/g) ?? []).toEqual([]);
  });

  test('with everything that is brought in another stack', () => {
    const app = new App();
    const [theirs, ours] = ['Theirs', 'Ours'].map((id) => new Stack(app, id, { env: at('eu-central-1') })) as [
      Stack,
      Stack,
    ];
    const props = everything(theirs);
    // A key's policy would have to name what depends on it.
    synthesize(ours, props);
    Template.fromStack(theirs).resourceCountIs('AWS::KMS::Key', 3);
  });
});

/** The place of every number and duration, by the value that the table has for it. */
function places(value: unknown, path: readonly string[]): { path: readonly string[]; isDuration: boolean }[] {
  if (typeof value === 'number') return [{ path, isDuration: false }];
  if (value instanceof Duration) return [{ path, isDuration: true }];
  if (Object.getPrototypeOf(value ?? 0) !== Object.prototype) return [];
  return Object.entries(value as object).flatMap(([name, inner]) => places(inner, [...path, name]));
}

describe('a token is refused by name', () => {
  const example = new Stack();
  const numeric = NAMES.filter((name) => name !== 'vpc' && name !== 'logRetention')
    .flatMap((name) => places(PROPS[name](example), [name]))
    .map(({ path, isDuration }) => [path.join('.'), path, isDuration] as const);

  test.each(numeric)('as %s, with what to do', (name, path, isDuration) => {
    const stack = new Stack(new App(), 'Tokens');
    const token = Lazy.number({ produce: () => 60 });
    const parameter = new CfnParameter(stack, 'Number', { type: 'Number' }).valueAsNumber;
    const hostile = isDuration ? [Duration.seconds(token), Duration.minutes(parameter)] : [token, parameter, token * 2];
    for (const [n, value] of hostile.entries()) {
      const props = path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) as DeallocatorProps;
      const deploy = () => new Deallocator(stack, `D${n}`, props);
      expect(deploy).toThrow(
        new RegExp(
          `^Tokens/D${n}[\\w/]*: ${name} is a token, and must be known when the stack is synthesized; choose a `,
        ),
      );
    }
  });

  test('in 40 places and more', () => expect(numeric.length).toBeGreaterThan(40));
});

test('a text that is a token goes through to CloudFormation', () => {
  const stack = new Stack(new App(), 'Texts');
  const text = (id: string) => new CfnParameter(stack, id).valueAsString;
  const template = synthesize(stack, {
    resourcePrefix: text('Prefix'),
    metricsNamespace: text('Namespace'),
    expiryAttributes: { tasks: text('Expiry') },
    runbookUrl: text('Runbook'),
  });
  for (const id of ['Prefix', 'Namespace', 'Expiry', 'Runbook']) expect(template).toContain(`{"Ref":"${id}"}`);
});

describe('what is hostile is refused in words', () => {
  const refused: [what: string, props: DeallocatorProps, message: RegExp][] = [
    [
      'a log level that is none',
      { logLevel: 'DEBUG' as 'INFO' },
      /logLevel is "DEBUG", and must be one of INFO, WARN, ERROR/,
    ],
    ['no concurrency', { reservedConcurrency: { sweep: 0 } }, /reservedConcurrency.sweep is 0, .* from 1 to/],
    ['a ceiling of nothing', { maxWriteRequestUnits: 0 }, /maxWriteRequestUnits is 0/],
    ['half a unit', { maxReadRequestUnits: 0.5 }, /maxReadRequestUnits is 0.5, .*whole number/],
    [
      'less warmth than every table has',
      { warmThroughput: { tasks: { writeUnitsPerSecond: 100 } } },
      /warmThroughput.tasks.writeUnitsPerSecond is 100, .* from 4000/,
    ],
    ['101 percent', { alarms: { nearTimeout: 101 } }, /alarms.nearTimeout is 101, .* from 1 to 100/],
    ['not a number', { memorySize: Number.NaN }, /memorySize is NaN/],
    [
      'a runbook that fills the description',
      { runbookUrl: `https://${'x'.repeat(1100)}` },
      /runbookUrl has 1108 characters/,
    ],
    [
      'a token where a word is due',
      { taskIsGone: Lazy.string({ produce: () => 'x' }) as 'deleted' },
      /taskIsGone is "/,
    ],
  ];
  test.each(refused)('%s', (_, props, message) => {
    expect(() => createWorld(props)).toThrow(message);
    expect(() => createWorld(props)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});

test('what has no prop can be set on the constructs, as docs/compliance.md shows', () => {
  const world = createWorld();
  const { functions, tables, deadLetterQueue } = world.deallocator;
  for (const one of Object.values(functions)) {
    (one.node.defaultChild as CfnFunction).addPropertyOverride('RuntimeManagementConfig', {
      UpdateRuntimeOn: 'FunctionUpdate',
    });
    (one.logGroup.node.defaultChild as CfnLogGroup).logGroupClass = 'INFREQUENT_ACCESS';
  }
  (deadLetterQueue.node.defaultChild as CfnQueue).visibilityTimeout = 300;
  (tables.tasks.node.defaultChild as CfnTable).kinesisStreamSpecification = { streamArn: 'arn' };
  Tags.of(world.deallocator).add('owner', 'platform');
  world.template.allResourcesProperties('AWS::Lambda::Function', {
    RuntimeManagementConfig: { UpdateRuntimeOn: 'FunctionUpdate' },
  });
  world.template.allResourcesProperties('AWS::Logs::LogGroup', { LogGroupClass: 'INFREQUENT_ACCESS' });
  world.template.hasResourceProperties('AWS::SQS::Queue', { VisibilityTimeout: 300 });
  world.template.hasResourceProperties('AWS::DynamoDB::Table', { KinesisStreamSpecification: { StreamArn: 'arn' } });
});
