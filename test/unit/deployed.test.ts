/** What is deployed beside what is needed, on answers that a test makes: each difference has its name, and what can't be seen is said. */
import {
  DescribeTableCommand,
  type DescribeTableCommandOutput,
  DescribeTimeToLiveCommand,
  GetResourcePolicyCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { MARKED_INDEX, RECEIPT_EXPIRY, streamOf, TABLES, type TableName } from '../../lib/dynamodb/schema.ts';
import { planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT } from '../../lib/lifecycle/swarmkit.ts';
import type { Fault } from '../../lib/operate/deployed/check.ts';
import { GUARDS, type GuardedTable, neededPolicy, type Roles } from '../../lib/operate/deployed/guards.ts';
import { inspect, inspectTables } from '../../lib/operate/deployed/inspect.ts';
import type {
  DeployedFunction,
  DeployedMapping,
  StartRule,
  Surroundings,
} from '../../lib/operate/deployed/surroundings.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { writeEnvironment } from '../../lib/streams/deployment.ts';
import {
  FUNCTION_NAMES,
  FUNCTIONS,
  type FunctionName,
  STREAM_FUNCTION_NAMES,
  type StreamFunctionName,
} from '../../lib/streams/functions.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { mockedRequests, sdkError } from '../support/sdk-mock.ts';

type Table = NonNullable<DescribeTableCommandOutput['Table']>;

const NAMES = Object.keys(TABLES) as TableName[];
const streamArn = (table: TableName) => `arn:aws:dynamodb:::table/${PHYSICAL_NAMES[table]}/stream/1`;
const roleOf = (name: FunctionName) => `arn:aws:iam::000000000000:role/${name}`;
const roles: Roles = Object.fromEntries(FUNCTION_NAMES.map((name) => [name, roleOf(name)]));

/** A deployment that is right; a test changes one thing. */
function deployment() {
  const keys = (hash: string, range?: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    ...(range === undefined ? [] : [{ AttributeName: range, KeyType: 'RANGE' as const }]),
  ];
  const tables = Object.fromEntries(
    NAMES.map((name): [TableName, Table] => {
      const { partitionKey, sortKey, marked } = TABLES[name];
      const StreamViewType = streamOf(name, DEFAULT_RULES);
      return [
        name,
        {
          TableArn: `arn:aws:dynamodb:::table/${PHYSICAL_NAMES[name]}`,
          KeySchema: keys(partitionKey, sortKey),
          DeletionProtectionEnabled: true,
          ...(StreamViewType && {
            LatestStreamArn: streamArn(name),
            StreamSpecification: { StreamEnabled: true, StreamViewType },
          }),
          ...(marked && {
            GlobalSecondaryIndexes: [
              {
                IndexName: MARKED_INDEX.name,
                IndexStatus: 'ACTIVE' as const,
                KeySchema: keys(MARKED_INDEX.partitionKey, MARKED_INDEX.sortKey),
              },
            ],
          }),
        },
      ];
    }),
  ) as Record<TableName, Table>;
  const policies = Object.fromEntries(
    (Object.keys(GUARDS) as GuardedTable[]).map((table) => [table, neededPolicy(table, true, roles)]),
  ) as Record<GuardedTable, string>;
  const functions = Object.fromEntries(
    FUNCTION_NAMES.map((functionName): [FunctionName, DeployedFunction] => [
      functionName,
      {
        name: functionName,
        arn: functionName,
        roleArn: roleOf(functionName),
        environment: writeEnvironment({
          lifecycle: SWARMKIT,
          plan: planOf(SWARMKIT),
          tables: PHYSICAL_NAMES,
          rules: DEFAULT_RULES,
          functionName,
          metricsNamespace: 'Shop',
          logLevel: 'INFO',
        }),
        state: 'Active',
        reservedConcurrency: undefined,
      },
    ]),
  ) as Record<FunctionName, DeployedFunction>;
  const mappings = Object.fromEntries(
    STREAM_FUNCTION_NAMES.map((name): [string, DeployedMapping] => [
      name,
      {
        id: `mapping-${name}`,
        functionArn: name,
        state: 'Enabled',
        lastResult: 'OK',
        filters: FUNCTIONS[name as StreamFunctionName].filters(DEFAULT_RULES),
        batchSize: 4000,
        windowSeconds: 1,
        retryAttempts: 5,
        recordAgeSeconds: 3600,
        tumblingWindowSeconds: 0,
        startingPosition: 'TRIM_HORIZON',
        reportsFailures: true,
        bisects: true,
        onFailureArn: 'arn:aws:sqs:::queue',
      },
    ]),
  ) as Record<FunctionName, DeployedMapping>;
  const expiry: Partial<Record<TableName, string>> = { receipts: RECEIPT_EXPIRY };
  const rule = { name: 'Schedule', isOn: true, schedule: 'rate(15 minutes)' };
  const pipes: { name: string; state: string }[] = [];
  return {
    tables,
    policies,
    functions,
    mappings,
    expiry,
    rule,
    pipes,
    sweepFunctionName: 'sweep' as string | undefined,
  };
}

type World = ReturnType<typeof deployment>;

const untold = async () => {
  throw new Error('no test asks this');
};

async function look(change: Change, around: Partial<Surroundings> = {}, isOfTables = false) {
  const world = deployment();
  change(world);
  const { mock, open } = mockedRequests();
  const nameOf = (physical: unknown) =>
    NAMES.find((name) => String(physical).endsWith(PHYSICAL_NAMES[name])) as TableName;
  mock.on(DescribeTableCommand).callsFake(({ TableName }) => ({ Table: world.tables[nameOf(TableName)] }));
  mock.on(DescribeTimeToLiveCommand).callsFake(({ TableName }) => {
    const AttributeName = world.expiry[nameOf(TableName)];
    return { TimeToLiveDescription: AttributeName ? { TimeToLiveStatus: 'ENABLED', AttributeName } : {} };
  });
  mock.on(GetResourcePolicyCommand).callsFake(({ ResourceArn }) => {
    const Policy = world.policies[nameOf(ResourceArn) as GuardedTable];
    if (Policy === undefined) throw sdkError('PolicyNotFoundException');
    return { Policy };
  });
  const all: Surroundings = {
    mappingsOf: async (arn) =>
      Object.entries(FUNCTIONS).flatMap(([name, one]) =>
        'table' in one && streamArn(one.table) === arn ? (world.mappings[name as FunctionName] ?? []) : [],
      ),
    readFunction: async (name) => world.functions[name as FunctionName],
    rulesOf: async () => [world.rule],
    pipesOf: async () => world.pipes,
    invoke: untold,
    alarms: untold,
    metricSum: untold,
    deadLetters: untold,
    ...around,
  };
  const database = open(PHYSICAL_NAMES);
  if (isOfTables) return await inspectTables(database, all, 'sweep');
  return (await inspect(database, all, world.sweepFunctionName)).checks;
}

const differences = async (change: Change, around?: Partial<Surroundings>) =>
  (await look(change, around)).filter(({ result }) => result !== 'passed');

type Change = (world: World) => unknown;
const tell =
  (table: TableName, more: Partial<Table>): Change =>
  ({ tables }) =>
    Object.assign(tables[table], more);
const run =
  (name: FunctionName, more: Partial<DeployedFunction>): Change =>
  ({ functions }) =>
    Object.assign(functions[name], more);
const say = (variable: string, text: string) =>
  run('sweep', { environment: { ...deployment().functions.sweep.environment, [variable]: text } });
const map = (more: Partial<DeployedMapping>, name: FunctionName = 'task-deleted'): Change => {
  return ({ mappings }) => Object.assign(mappings[name], more);
};
const schedule =
  (more: Partial<StartRule>): Change =>
  ({ rule }) =>
    Object.assign(rule, more);
const expire =
  (attributes: Partial<Record<TableName, string | undefined>>): Change =>
  ({ expiry }) =>
    Object.assign(expiry, attributes);
const streamed = (table: TableName) =>
  tell(table, {
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    LatestStreamArn: streamArn(table),
  });

const ofTables: [Change, Fault, check: RegExp, says: RegExp][] = [
  [tell('tasks', { KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }] }), 'another table', /^table /, /key id/],
  [tell('networks', { GlobalSecondaryIndexes: [] }), 'missing index', /^table /, /no index "marked"/],
  [tell('counters', { Replicas: [{ RegionName: 'eu-west-1' }] }), 'replicas', /^table /, /1 replicas/],
  [streamed('services'), 'wrong view type', /^stream of /, /NEW_IMAGE/],
  [streamed('receipts'), 'stopped pipe', /^pipe of events$/, /no pipe/],
  [expire({ receipts: undefined }), 'no time to live', /^time to live of /, /off/],
  [expire({ services: 'ttl' }), 'time to live on a guarded table', /^time to live of /, /by ttl/],
  [({ policies }) => Object.assign(policies, { counters: undefined }), 'unguarded table', /^policy of /, /no policy/],
  [
    run('sweep', { roleArn: roleOf('sweep').replace('sweep', 'other') }),
    'roles of another deployment',
    /^policy of /,
    /denies (DeleteItem|PutItem) to sweep .*other/,
  ],
];

const ofFunctions: [Change, Fault, check: RegExp, says: RegExp][] = [
  [run('sweep', { reservedConcurrency: 0 }), 'throttled function', /^function sweep$/, /reserved concurrency of 0/],
  [run('task-deleted', { state: 'Failed' }), 'function not ready', /^function task-deleted$/, /is Failed/],
  [say('COUNTERS_TABLE', 'else'), 'wrong environment', /^function sweep$/, /counters is else/],
  [say('TASK_IS_GONE', 'terminal'), 'wrong environment', /^function sweep$/, /taskIsGone is terminal, not deleted/],
  [schedule({ isOn: false }), 'no schedule', /^schedule of the sweep$/, /is off/],
  [schedule({ schedule: undefined }), 'no schedule', /^schedule of the sweep$/, /no rule/],
];

const ofMappings: [Partial<DeployedMapping>, Fault, says: RegExp][] = [
  [{ state: 'Disabled' }, 'disabled mapping', /Disabled/],
  [{ lastResult: 'PROBLEM: no permission' }, 'failing mapping', /PROBLEM/],
  [{ filters: [] }, 'wrong filter', /is \[\], not/],
  [{ bisects: false }, 'unsafe mapping', /halve/],
  [{ reportsFailures: false }, 'unsafe mapping', /names of failed/],
  [{ onFailureArn: undefined }, 'unsafe mapping', /puts away nothing/],
  [{ retryAttempts: -1 }, 'unsafe mapping', /for ever/],
  [{ recordAgeSeconds: -1 }, 'unsafe mapping', /longer than the stream/],
  [{ recordAgeSeconds: 24 * 60 * 60 }, 'unsafe mapping', /longer than the stream/],
  [{ tumblingWindowSeconds: 1 }, 'unsafe mapping', /tumbling/],
  [{ startingPosition: 'LATEST' }, 'unsafe mapping', /begins at LATEST/],
];

const BROKEN = [
  ...ofTables,
  ...ofFunctions,
  ...ofMappings.map(([more, fault, says]) => [map(more), fault, /^mapping of task-deleted$/, says] as const),
].map(([change, fault, check, says]) => ({ change, fault, check, says }));

describe('what is deployed', () => {
  it('passes where it is as it must be', async () => {
    expect(await differences(() => undefined)).toEqual([]);
  });

  it.each(BROKEN)('is named where it differs: $fault, $says', async ({ change, fault, check, says }) => {
    const found = await differences(change);
    expect(found.map(({ fault }) => fault)).toContain(fault);
    for (const one of found) {
      expect(one).toMatchObject({ name: expect.stringMatching(check), fault, seen: expect.stringMatching(says) });
      expect(one.fix).toBeTruthy();
    }
  });

  it('has a function for each stream, and a stream for each function', async () => {
    const off = await differences(tell('services', { StreamSpecification: { StreamEnabled: false } }));
    expect(off.map(({ fault }) => fault)).toEqual(expect.arrayContaining(['no stream', 'no mapping']));
    const others = await differences(map({ functionArn: 'sweep' }));
    expect(others.find(({ fault }) => fault === 'no mapping')?.seen).toMatch(/^sweep reads the stream/);
  });

  it('may read a stream once only', async () => {
    const { mappings } = deployment();
    const twice = [mappings['task-deleted'], { ...mappings['task-deleted'], id: 'other' }];
    const found = await differences(() => undefined, {
      mappingsOf: async (arn) =>
        arn === streamArn('tasks') ? twice : Object.values(mappings).filter((one) => arn.includes(tableOf(one))),
    });
    expect(found.map(({ fault }) => fault)).toEqual(['several mappings']);
  });

  it('has pipes that run, where receipts become events', async () => {
    const beside = (state: string) =>
      differences((world) => {
        streamed('receipts')(world);
        world.pipes.push({ name: 'p', state: 'RUNNING' }, { name: 'q', state });
      });
    expect(await beside('RUNNING')).toEqual([]);
    expect(await beside('STOPPED')).toMatchObject([
      { fault: 'stopped pipe', fix: expect.stringContaining('start-pipe --name q') },
    ]);
  });
});

describe('the tables alone', () => {
  it('tell what is not as it must be, and whose roles were not compared', async () => {
    const right = await look(() => undefined, {}, true);
    expect(right.filter(({ result }) => result !== 'passed')).toEqual([]);
    const ofServices = right.find(({ name }) => name === `policy of ${PHYSICAL_NAMES.services}`);
    expect(ofServices?.seen).toMatch(/; the roles of task-deleted, service-updated were not compared$/);
    for (const { change, fault, fix } of [
      {
        change: run('sweep', { roleArn: roleOf('sweep').replace('sweep', 'other') }),
        fault: 'roles of another deployment',
        fix: /audit --deployed/,
      },
      {
        change: tell('services', { GlobalSecondaryIndexes: [] }),
        fault: 'missing index',
        fix: /^aws dynamodb update-table/,
      },
    ]) {
      const failed = (await look(change, {}, true)).filter(({ result }) => result === 'failed');
      expect(failed[0]).toMatchObject({ fault, fix: expect.stringMatching(fix) });
    }
  });
});

describe('what can’t be seen', () => {
  it('is said, and neither passes nor fails', async () => {
    const denied = async () => {
      throw sdkError('AccessDeniedException');
    };
    const found = await differences(() => undefined, { mappingsOf: denied, readFunction: denied, pipesOf: denied });
    expect(found.map(({ result }) => result)).toEqual(found.map(() => 'not looked at'));
    // Five functions, four mappings, the schedule, and the policies that name roles.
    expect(found).toHaveLength(5 + 4 + 1 + Object.values(GUARDS).filter(({ onlyThem }) => onlyThem).length);
  });

  it('are the sweep and its roles where nobody tells its name', async () => {
    const found = await differences((world) => Object.assign(world, { sweepFunctionName: undefined }));
    expect(found.map(({ result }) => result)).toEqual(found.map(() => 'not looked at'));
    expect(found.map(({ name }) => name)).toContain('function sweep');
  });
});

function tableOf({ functionArn }: DeployedMapping): string {
  const one = FUNCTIONS[functionArn as StreamFunctionName];
  return one !== undefined ? `/${PHYSICAL_NAMES[one.table]}/` : '';
}
