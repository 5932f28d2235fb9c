/** Which kinds a command speaks: those that a file declares, or that the deployment itself tells. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type Deployment, openDeployment } from '../../bin/cli/connection.ts';
import { IDEAS } from '../../bin/examples/ideas.ts';
import type { Lifecycle } from '../../lib/lifecycle/declaration.ts';
import { type Plan, planOf } from '../../lib/lifecycle/plan.ts';
import { SWARMKIT, swarmkit } from '../../lib/lifecycle/swarmkit.ts';
import { DEFAULT_RULES } from '../../lib/protocol/rules.ts';
import { LIFECYCLE_VARIABLE, writeOutputs } from '../../lib/streams/deployment.ts';
import { memoryNames } from '../../lib/testing/memory/client.ts';
import { call } from '../support/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'deallocator-kinds-'));
const stacks = mockClient(CloudFormationClient);
const functions = mockClient(LambdaClient);
afterEach(() => {
  stacks.reset();
  functions.reset();
});
afterAll(() => {
  stacks.restore();
  functions.restore();
  rmSync(folder, { recursive: true });
});

const IDEAS_PLAN = planOf(IDEAS);
const write = (name: string, document: unknown) => writeFileSync(join(folder, name), JSON.stringify(document));

/** The kinds of the deployment that these arguments name, and what was said. */
async function kindsOf(...args: string[]) {
  let plan: Plan | undefined;
  const open: typeof openDeployment = async (given, io): Promise<Deployment> => {
    const deployment = await openDeployment(given, io);
    plan = deployment.cluster.plan;
    deployment.close();
    throw new Error('enough');
  };
  const { stderr } = await call(['status', ...args], { directory: folder, open });
  return { plan, kinds: plan && Object.keys(plan.kinds), stderr };
}

describe('the kinds of a configuration', () => {
  const tables = memoryNames(IDEAS_PLAN);

  it('are those of its field lifecycle, and else SwarmKit’s', async () => {
    write('ideas.json', { tables, lifecycle: IDEAS });
    expect((await kindsOf('--config', 'ideas.json')).kinds).toEqual(Object.keys(IDEAS.kinds));
    write('swarm.json', { tables: memoryNames(planOf(SWARMKIT)) });
    expect((await kindsOf('--config', 'swarm.json')).kinds).toEqual(Object.keys(SWARMKIT.kinds));
  });

  it('are what its sweep function has, where its tables are others than SwarmKit’s, as a local cloud’s may be', async () => {
    write('local.json', { tables, sweepFunctionName: 'sweep', endpoint: 'http://127.0.0.1:1' });
    const Variables = { LIFECYCLE: JSON.stringify(IDEAS) };
    functions.on(GetFunctionConfigurationCommand, { FunctionName: 'sweep' }).resolves({ Environment: { Variables } });
    expect((await kindsOf('--config', 'local.json')).kinds).toEqual(Object.keys(IDEAS.kinds));
  });

  it('are those that are typed, before its own', async () => {
    write('bare.json', { tables });
    write('kinds.json', IDEAS);
    expect((await kindsOf('--config', 'bare.json', '--lifecycle', 'kinds.json')).kinds).toEqual(
      Object.keys(IDEAS.kinds),
    );
    const { stderr } = await kindsOf('--config', 'bare.json');
    expect(stderr).toContain('bare.json names no table for services, tasks, networks');
  });

  it('are refused on one line, before anything is asked', async () => {
    write('wrong.json', { kinds: { a: { table: 'as', key: { id: 'a' } } } });
    const { stderr, kinds } = await kindsOf('--config', 'bare.json', '--lifecycle', 'wrong.json');
    expect(kinds).toBeUndefined();
    expect(stderr).toMatch(
      /^deallocator status: wrong\.json declares what is refused: kind a has the key a: .*; .* \[InvalidArgument\]\n$/,
    );
  });
});

describe('the kinds of a stack', () => {
  const outputsOf = (tables: Record<string, string>) => {
    const names = { tables, rules: DEFAULT_RULES, sweepFunctionName: 'Shop-sweep', deadLetterQueueUrl: 'https://q' };
    return Object.entries(writeOutputs(names as never)).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
  };
  const deployed = (tables: Record<string, string>) =>
    stacks.on(DescribeStacksCommand).resolves({
      Stacks: [
        { StackName: 'Shop', CreationTime: new Date(0), StackStatus: 'CREATE_COMPLETE', Outputs: outputsOf(tables) },
      ],
    });
  const args = ['--deployment', 'Shop', '--region', 'eu-west-1'];

  it.each<[string, Lifecycle]>([
    ['SwarmKit’s', SWARMKIT],
    ['SwarmKit’s by its choices', swarmkit({ taskIsGone: 'terminal', taskNetworks: true })],
    ['others', IDEAS],
  ])('are what its sweep function has in its environment: %s', async (_, lifecycle) => {
    const plan: Plan = planOf(lifecycle);
    deployed(memoryNames(plan));
    const Variables = { LIFECYCLE: LIFECYCLE_VARIABLE.write(lifecycle) };
    functions
      .on(GetFunctionConfigurationCommand, { FunctionName: 'Shop-sweep' })
      .resolves({ Environment: { Variables } });
    const found = await kindsOf(...args);
    expect(found.kinds).toEqual(Object.keys(lifecycle.kinds));
    expect(found.plan).toEqual(plan);
  });

  it('are not taken for SwarmKit’s where the function may not be asked', async () => {
    deployed(memoryNames(planOf(SWARMKIT)));
    const denied = Object.assign(new Error('not authorized to perform: lambda:GetFunctionConfiguration'), {
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 403 },
    });
    functions.on(GetFunctionConfigurationCommand).rejects(denied);
    const { kinds, stderr } = await kindsOf(...args);
    expect(kinds).toBeUndefined();
    expect(stderr).toMatch(/; or give the file that declares them, with --lifecycle FILE \[\w+\]\n$/);
  });

  it.each([
    [{}, /the variable LIFECYCLE of Shop-sweep is not set; give the file that declares them, with --lifecycle FILE/],
    [{ LIFECYCLE: '{' }, /is no lifecycle; give the file/],
    [{ LIFECYCLE: '{"kinds":{}}' }, /is no lifecycle; give the file/],
  ])('are asked for where it has %j', async (Variables, words) => {
    deployed(memoryNames(IDEAS_PLAN));
    functions.on(GetFunctionConfigurationCommand).resolves({ Environment: { Variables } });
    expect((await kindsOf(...args)).stderr).toMatch(words);
    write('kinds.json', IDEAS);
    expect((await kindsOf(...args, '--lifecycle', 'kinds.json')).kinds).toEqual(Object.keys(IDEAS.kinds));
  });
});
