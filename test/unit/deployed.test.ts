/** What is deployed beside what is needed, on answers that a test makes: each difference has its name, and what can't be seen is said. */
import {
  DescribeTableCommand,
  type DescribeTableCommandOutput,
  DescribeTimeToLiveCommand,
  GetResourcePolicyCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { SANDBOX } from '../../bin/examples/sandbox.ts';
import { type PhysicalNames, RECEIPT_EXPIRY } from '../../lib/dynamodb/schema.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import type { Fault } from '../../lib/operate/deployed/check.ts';
import { type Guard, guardsOf, namesInOrder, neededPolicy } from '../../lib/operate/deployed/guards.ts';
import { inspect, inspectTables } from '../../lib/operate/deployed/inspect.ts';
import type {
  DeployedFunction,
  DeployedMapping,
  StartRule,
  Surroundings,
} from '../../lib/operate/deployed/surroundings.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { writeEnvironment } from '../../lib/streams/deployment.ts';
import { PHYSICAL_NAMES } from '../support/dynamodb.ts';
import { mockedRequests, sdkError } from '../support/sdk-mock.ts';

type Table = NonNullable<DescribeTableCommandOutput['Table']>;

const SWARMKIT_PLAN: Plan = planOf(SWARMKIT);
/** Of SwarmKit's tables as everywhere; others are called as in their plan. */
const nameIn = (table: string) => (PHYSICAL_NAMES as Readonly<Record<string, string>>)[table] ?? `other-${table}`;
const streamArn = (table: string) => `arn:aws:dynamodb:::table/${nameIn(table)}/stream/1`;
const roleOf = (name: string) => `arn:aws:iam::000000000000:role/${name}`;

/** A deployment that is right; a test changes one thing. */
function deployment(lifecycle: Lifecycle = SWARMKIT) {
  const plan: Plan = planOf(lifecycle);
  const names = namesInOrder(plan);
  const physical = Object.fromEntries(Object.keys(plan.tables).map((table) => [table, nameIn(table)]));
  const roles = Object.fromEntries(names.map((name) => [name, roleOf(name)]));
  const keys = (hash: string, range?: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    ...(range === undefined ? [] : [{ AttributeName: range, KeyType: 'RANGE' as const }]),
  ];
  const tables = Object.fromEntries(
    Object.entries(plan.tables).map(([name, planned]): [string, Table] => {
      const { partitionKey, sortKey, markedIndex, stream: StreamViewType } = planned;
      return [
        name,
        {
          TableArn: `arn:aws:dynamodb:::table/${nameIn(name)}`,
          KeySchema: keys(partitionKey, sortKey),
          DeletionProtectionEnabled: true,
          ...(StreamViewType && {
            LatestStreamArn: streamArn(name),
            StreamSpecification: { StreamEnabled: true, StreamViewType },
          }),
          ...(markedIndex && {
            GlobalSecondaryIndexes: [
              {
                IndexName: markedIndex.name,
                IndexStatus: 'ACTIVE' as const,
                KeySchema: keys(markedIndex.partitionKey, markedIndex.sortKey),
              },
            ],
          }),
        },
      ];
    }),
  );
  const policies = Object.fromEntries(
    Object.entries(guardsOf(plan)).map(([table, guard]) => [table, neededPolicy(guard, true, roles)]),
  );
  const functions = Object.fromEntries(
    names.map((functionName): [string, DeployedFunction] => [
      functionName,
      {
        name: functionName,
        arn: functionName,
        roleArn: roleOf(functionName),
        environment: writeEnvironment({
          lifecycle,
          plan,
          tables: physical as PhysicalNames,
          rules: DEFAULT_RULES,
          functionName,
          metricsNamespace: 'Shop',
          logLevel: 'INFO',
        }),
        state: 'Active',
        reservedConcurrency: undefined,
      },
    ]),
  );
  const mappings = Object.fromEntries(
    Object.entries(plan.functions).map(([name, { filters }]): [string, DeployedMapping] => [
      name,
      {
        id: `mapping-${name}`,
        functionArn: name,
        state: 'Enabled',
        lastResult: 'OK',
        filters,
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
  );
  const expiry: Record<string, string | undefined> = { receipts: RECEIPT_EXPIRY };
  const rule = { name: 'Schedule', isOn: true, schedule: 'rate(15 minutes)' };
  const pipes: { name: string; state: string }[] = [];
  return {
    plan,
    physical,
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

async function look(
  change: Change,
  around: Partial<Surroundings> = {},
  { isOfTables = false, lifecycle }: { isOfTables?: boolean; lifecycle?: Lifecycle } = {},
) {
  const world = deployment(lifecycle);
  change(world);
  const { mock, open } = mockedRequests();
  const nameOf = (physical: unknown) =>
    Object.keys(world.physical).find((name) => String(physical).endsWith(nameIn(name))) as string;
  mock.on(DescribeTableCommand).callsFake(({ TableName }) => ({ Table: world.tables[nameOf(TableName)] }));
  mock.on(DescribeTimeToLiveCommand).callsFake(({ TableName }) => {
    const AttributeName = world.expiry[nameOf(TableName)];
    return { TimeToLiveDescription: AttributeName ? { TimeToLiveStatus: 'ENABLED', AttributeName } : {} };
  });
  mock.on(GetResourcePolicyCommand).callsFake(({ ResourceArn }) => {
    const Policy = world.policies[nameOf(ResourceArn)];
    if (Policy === undefined) throw sdkError('PolicyNotFoundException');
    return { Policy };
  });
  const all: Surroundings = {
    mappingsOf: async (arn) =>
      Object.entries(world.plan.functions).flatMap(([name, one]) =>
        streamArn(one.table) === arn ? (world.mappings[name] ?? []) : [],
      ),
    readFunction: async (name) => world.functions[name] as DeployedFunction,
    rulesOf: async () => [world.rule],
    pipesOf: async () => world.pipes,
    invoke: untold,
    alarms: untold,
    metricSum: untold,
    deadLetters: untold,
    ...around,
  };
  const database = open(world.physical as PhysicalNames, undefined, world.plan);
  if (isOfTables) return await inspectTables(database, all, 'sweep');
  return (await inspect(database, all, world.sweepFunctionName)).checks;
}

const differences = async (change: Change, around?: Partial<Surroundings>) =>
  (await look(change, around)).filter(({ result }) => result !== 'passed');

type Change = (world: World) => unknown;
const tell =
  (table: string, more: Partial<Table>): Change =>
  ({ tables }) =>
    Object.assign(tables[table] as Table, more);
const run =
  (name: string, more: Partial<DeployedFunction>): Change =>
  ({ functions }) =>
    Object.assign(functions[name] as DeployedFunction, more);
const say = (variable: string, text: string) =>
  run('sweep', { environment: { ...deployment().functions.sweep?.environment, [variable]: text } });
const map = (more: Partial<DeployedMapping>, name = 'task-deleted'): Change => {
  return ({ mappings }) => Object.assign(mappings[name] as DeployedMapping, more);
};
const schedule =
  (more: Partial<StartRule>): Change =>
  ({ rule }) =>
    Object.assign(rule, more);
const expire =
  (attributes: Record<string, string | undefined>): Change =>
  ({ expiry }) =>
    Object.assign(expiry, attributes);
const streamed = (table: string) =>
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
  [say('GRACE_PERIOD_SECONDS', '5'), 'wrong environment', /^function sweep$/, /gracePeriodMillis is 5000, not 0/],
  [
    say('LIFECYCLE', JSON.stringify(swarmkit({ taskIsGone: 'terminal' }))),
    'wrong environment',
    /^function sweep$/,
    /its lifecycle says otherwise of .*task/,
  ],
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
    const own = mappings['task-deleted'] as DeployedMapping;
    const twice = [own, { ...own, id: 'other' }];
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
    const right = await look(() => undefined, {}, { isOfTables: true });
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
      const failed = (await look(change, {}, { isOfTables: true })).filter(({ result }) => result === 'failed');
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
    expect(found).toHaveLength(
      5 + 4 + 1 + Object.values(guardsOf(SWARMKIT_PLAN)).filter(({ onlyThem }: Guard) => onlyThem).length,
    );
  });

  it('are the sweep and its roles where nobody tells its name', async () => {
    const found = await differences((world) => Object.assign(world, { sweepFunctionName: undefined }));
    expect(found.map(({ result }) => result)).toEqual(found.map(() => 'not looked at'));
    expect(found.map(({ name }) => name)).toContain('function sweep');
  });
});

function tableOf({ functionArn }: DeployedMapping): string {
  return `/${nameIn(SWARMKIT_PLAN.functions[functionArn]?.table ?? '')}/`;
}

it('a stream of keys is enough for leaves that only go, and for nothing else', async () => {
  const keysOnly = (table: string) =>
    tell(table, { StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } });
  expect(await differences(keysOnly('tasks'))).toEqual([]);
  expect(await differences(keysOnly('services'))).toMatchObject([{ fault: 'wrong view type' }]);
});

describe('what other kinds have', () => {
  const found = async (change: Change) =>
    (await look(change, {}, { lifecycle: SANDBOX })).filter(({ result }) => result !== 'passed');

  it('passes where it is as the plan says', async () => {
    expect(await found(() => undefined)).toEqual([]);
    const names = (await look(() => undefined, {}, { lifecycle: SANDBOX })).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['mapping of lease-template-updated', 'stream of other-leases']));
  });

  it.each<[Change, Fault, string]>([
    [tell('blueprints', { KeySchema: [{ AttributeName: 'PK', KeyType: 'HASH' }] }), 'another table', 'key PK, SK'],
    [tell('leaseTemplates', { GlobalSecondaryIndexes: [] }), 'missing index', 'on uuid, markedAt'],
    [expire({ leaseTemplates: 'ttl' }), 'time to live on a guarded table', 'off'],
    [map({ filters: [] }, 'blueprint-updated'), 'wrong filter', 'enabled'],
    [map({ filters: [] }, 'attachment-deleted'), 'wrong filter', 'enabled'],
  ])('is named where it differs', async (change, fault, expected) => {
    const [one, ...others] = await found(change);
    expect(one).toMatchObject({ fault, expected: expect.stringContaining(expected) });
    expect(others).toEqual([]);
  });

  it('may be deleted from by others where its table was brought along and may hold items of no kind', async () => {
    const [one, ...others] = await found(({ policies }) => Object.assign(policies, { blueprints: undefined }));
    expect(one).toMatchObject({ result: 'not looked at', name: 'policy of other-blueprints' });
    expect(others).toEqual([]);
  });

  it('may not be those of another declaration', async () => {
    const { lease, ...kinds } = SANDBOX.kinds;
    const { goneWhen: _, ...forever } = lease;
    const LIFECYCLE = JSON.stringify({ kinds: { ...kinds, lease: forever } });
    const [one] = await found(({ functions }) => Object.assign(functions.sweep?.environment ?? {}, { LIFECYCLE }));
    expect(one).toMatchObject({
      fault: 'wrong environment',
      seen: 'its lifecycle says otherwise of lease',
    });
  });

  it('is left alone by a time to live on a table from which its users delete', async () => {
    expect(await found(expire({ leases: 'ttl' }))).toEqual([]);
  });
});
